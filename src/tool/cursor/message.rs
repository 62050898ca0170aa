//! Messages as the model is given them: AI-SDK JSON, one a blob.
//!
//! What a person wrote stands in `<user_query>` (with a line end on either
//! side); what the tool puts in stands around it or in messages of its own
//! (`<user_info>`, `<system_reminder>`, …). Tool calls and results are linked by
//! `toolCallId`. Binary values are `{"__type":"Uint8Array","hex":…}`. Observed
//! in stores of 2026.06 to 2026.09, and in what the SDK 1.0.18 writes.

use super::names;
use crate::object::escape::Style;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Input, Part, Role, Status, Text};
use crate::object::split::Texts;
use crate::tool::digest::unhex;
use crate::tool::step::{self, first_words};
use crate::tool::{Draft, Key, Step};

const OPEN: &str = "<user_query>";
const CLOSE: &str = "</user_query>";

/// How what the tool puts into the conversation begins.
const CONTEXT: &[&str] = &[
    "<additional_data>",
    "<agent_",
    "<attached_files>",
    "<available_",
    "<conversation_summary>",
    "<cursor_",
    "<custom_instructions>",
    "<git_status>",
    "<mcp_",
    "<open_and_recently_viewed_files>",
    "<project_layout>",
    "<rules>",
    "<system_reminder>",
    "<system-reminder>",
    "<terminal_",
    "<timestamp>",
    "<user_info>",
    "<user_rules>",
];

/// Whether a value is a message.
pub(super) fn is_message(value: Value<'_>) -> bool {
    value.get("role").is_some_and(|role| role.kind() == Type::String) && value.get("content").is_some()
}

/// What is said in a message by a person, put together; `None` if it is no
/// prompt.
pub(super) fn prompt(value: Value<'_>) -> Option<String> {
    if value.string("role")? != "user" || is_summary(value) {
        return None;
    }
    let mut said: Option<String> = None;
    for text in strings(value) {
        for piece in pieces(&text) {
            if let Piece::Said(words) = piece {
                said.get_or_insert_default().push_str(words);
            }
        }
    }
    let image = |part: Value<'_>| part.string("type").is_some_and(|kind| kind == "image");
    let has_image = value.get("content").is_some_and(|content| content.items().any(image));
    said.or_else(|| has_image.then(String::new))
}

/// The texts of a message.
pub(super) fn strings(value: Value<'_>) -> Vec<String> {
    let Some(content) = value.get("content") else { return Vec::new() };
    match content.str() {
        Some(text) => vec![text.into_owned()],
        None => content.items().filter_map(|part| part.string("text")).collect(),
    }
}

/// The ids of the calls in a message.
pub(super) fn calls(value: Value<'_>) -> Vec<String> {
    let content = value.get("content").into_iter().flat_map(|content| content.items().collect::<Vec<_>>());
    content
        .filter(|part| part.string("type").is_some_and(|kind| kind == "tool-call"))
        .filter_map(|part| part.string("toolCallId"))
        .collect()
}

/// The id of the request that a message was sent with.
pub(super) fn request(value: Value<'_>) -> Option<String> {
    value.path(&["providerOptions", "cursor", "requestId"])?.str().map(Into::into)
}

fn is_summary(value: Value<'_>) -> bool {
    value.path(&["providerOptions", "cursor", "isSummary"]).is_some_and(|flag| flag.is_true())
        || strings(value).first().is_some_and(|text| text.trim_start().starts_with("<conversation_summary>"))
}

/// A piece of a user's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Said(&'t str),
    Context(&'t str),
}

/// A user's text without the wrapper, and what stands around it.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let Some((before, rest)) = text.split_once(OPEN) else {
        let context = CONTEXT.iter().any(|tag| text.trim_start().starts_with(tag));
        out.push(if context { Piece::Context(text) } else { Piece::Said(text) });
        return out;
    };
    let (said, after) = rest.rsplit_once(CLOSE).unwrap_or((rest, ""));
    let said = said.strip_prefix('\n').unwrap_or(said);
    out.push(Piece::Context(before));
    out.push(Piece::Said(said.strip_suffix('\n').unwrap_or(said)));
    out.push(Piece::Context(after));
    out.retain(|piece| match piece {
        Piece::Said(text) | Piece::Context(text) => !text.trim().is_empty(),
    });
    out
}

/// What a message means, in the order in which it stands.
pub(super) fn steps(value: Value<'_>, texts: &mut Texts) -> Vec<Step> {
    match value.string("role").as_deref() {
        Some("system") => notice(value, texts),
        Some("user") => user(value, texts),
        Some("assistant") => assistant(value, texts),
        Some("tool") => results(value, texts),
        _ => vec![Step { unknown: true, ..Step::default() }],
    }
}

fn step(role: Role, blocks: Vec<Block>) -> Step {
    let draft = Draft::of(role, blocks);
    Step { message: Some(draft), ..Step::default() }
}

/// The text of a string or of a part, as it stands.
fn whole(value: Value<'_>, texts: &mut Texts) -> Vec<Text> {
    let Some(content) = value.get("content") else { return Vec::new() };
    if content.kind() == Type::String {
        return vec![texts.of(content)];
    }
    let parts = content.items().filter_map(|part| part.get("text"));
    parts.filter(|text| text.kind() == Type::String).map(|text| texts.of(text)).collect()
}

fn notice(value: Value<'_>, texts: &mut Texts) -> Vec<Step> {
    let blocks: Vec<_> = whole(value, texts).into_iter().map(Block::Notice).collect();
    if blocks.is_empty() { Vec::new() } else { vec![step(Role::System, blocks)] }
}

fn user(value: Value<'_>, texts: &mut Texts) -> Vec<Step> {
    if is_summary(value) {
        let blocks = whole(value, texts).into_iter().map(Block::Summary).collect();
        return vec![step(Role::System, blocks)];
    }
    let (mut context, mut said) = (Vec::new(), Vec::new());
    let Some(content) = value.get("content") else { return Vec::new() };
    if content.kind() == Type::String {
        cut(content, texts, &mut context, &mut said);
    }
    for part in content.items() {
        match part.string("type").as_deref() {
            Some("text") => {
                if let Some(text) = part.get("text") {
                    cut(text, texts, &mut context, &mut said);
                }
            }
            Some("image" | "file") => said.push(picture(part, texts)),
            _ => said.push(Block::Other(texts.json(part))),
        }
    }
    let mut steps = Vec::new();
    if !context.is_empty() {
        steps.push(step(Role::System, context));
    }
    if !said.is_empty() {
        let mut step = step(Role::User, said);
        step.prompt = prompt(value).map(|words| first_words(&words));
        steps.push(step);
    }
    steps
}

/// A text of the user's, cut into what was said and what stands around it.
fn cut(text: Value<'_>, texts: &mut Texts, context: &mut Vec<Block>, said: &mut Vec<Block>) {
    let Some(bytes) = text.bytes() else { return };
    // What isn't UTF-8 is kept as it is: the wrapper can't be told in it.
    let Ok(words) = std::str::from_utf8(&bytes) else {
        said.push(Block::Text(texts.of(text)));
        return;
    };
    for piece in pieces(words) {
        match piece {
            Piece::Said("") => {}
            Piece::Said(words) if words.len() == bytes.len() => said.push(Block::Text(texts.of(text))),
            Piece::Said(words) => said.push(Block::Text(texts.make(words.as_bytes()))),
            Piece::Context(words) if words.len() == bytes.len() => {
                context.push(Block::Notice(texts.of(text)));
            }
            Piece::Context(words) => context.push(Block::Notice(texts.make(words.as_bytes()))),
        }
    }
}

/// A picture or a file of a part.
fn picture(part: Value<'_>, texts: &mut Texts) -> Block {
    let media = part.string("mimeType").or_else(|| part.string("mediaType")).unwrap_or_default();
    let file = part.string("type").is_some_and(|kind| kind == "file");
    let data = ["image", "data"].into_iter().find_map(|key| part.get(key));
    let found = data.and_then(|data| match data.kind() {
        Type::String => Some(texts.data_url(data).unwrap_or_else(|| (media.clone(), texts.of(data)))),
        _ => {
            let bytes = unhex(&data.get("hex")?.bytes()?)?;
            let mut base64 = Vec::new();
            Style::Base64.write(&bytes, &mut base64);
            Some((media.clone(), texts.make(&base64)))
        }
    });
    match found {
        Some((media, data)) if file && !media.starts_with("image/") => {
            Block::File(media, part.string("filename").unwrap_or_default(), data)
        }
        Some((media, data)) => Block::Image(media, data),
        None => Block::Other(texts.json(part)),
    }
}

fn assistant(value: Value<'_>, texts: &mut Texts) -> Vec<Step> {
    let mut step = step(Role::Assistant, Vec::new());
    let Some(draft) = &mut step.message else { return Vec::new() };
    let Some(content) = value.get("content") else { return Vec::new() };
    if content.kind() == Type::String {
        draft.message.blocks.push(Block::Text(texts.of(content)));
    }
    for part in content.items() {
        let text = part.get("text").filter(|text| text.kind() == Type::String);
        let model = part.path(&["providerOptions", "cursor", "modelName"]);
        step.model = model.and_then(|name| name.str()).map(Into::into).or(step.model);
        let block = match (part.string("type").as_deref(), text) {
            (Some("text"), Some(text)) => Block::Text(texts.of(text)),
            (Some("reasoning"), Some(text)) => {
                let signature = part.get("signature").filter(|it| it.kind() == Type::String);
                Block::Thinking { text: texts.of(text), signature: signature.map(|it| texts.of(it)) }
            }
            (Some("redacted-reasoning"), _) => Block::Thinking {
                text: Text::Inline(Vec::new()),
                signature: part.get("data").map(|data| texts.of(data)),
            },
            (Some("tool-call"), _) => {
                let id = part.get("toolCallId").and_then(|id| id.bytes()).unwrap_or_default();
                draft.calls.push(Key::of(&id));
                call(part, texts, &mut step.files)
            }
            (Some("image" | "file"), _) => picture(part, texts),
            _ => Block::Other(texts.json(part)),
        };
        draft.message.blocks.push(block);
    }
    draft.message.blocks.retain(|block| !matches!(block, Block::Text(text) if text.is_empty()));
    if draft.message.blocks.is_empty() { Vec::new() } else { vec![step] }
}

fn call(part: Value<'_>, texts: &mut Texts, files: &mut Vec<String>) -> Block {
    let name = part.string("toolName").unwrap_or_default();
    let name = name.strip_prefix(names::FOREIGN).map(str::to_owned).unwrap_or(name);
    let args = part.get("args").or_else(|| part.get("input"));
    let action = names::action(&name);
    let path =
        args.and_then(|args| ["path", "file_path", "target_file"].iter().find_map(|key| args.string(key)));
    files.extend(path.and_then(|path| step::file(action, &path)));
    let input = match args {
        Some(args) => match args.bytes() {
            Some(text) => texts.input(&text),
            None => Input::Json(texts.json(args)),
        },
        None => Input::Text(Text::Inline(Vec::new())),
    };
    Block::Call { name, action, input }
}

fn results(value: Value<'_>, texts: &mut Texts) -> Vec<Step> {
    let mut step = step(Role::User, Vec::new());
    let Some(draft) = &mut step.message else { return Vec::new() };
    let outer = value.path(&["providerOptions", "cursor", "highLevelToolCallResult", "isError"]);
    for part in value.get("content").into_iter().flat_map(|content| content.items()) {
        if part.string("type").as_deref() != Some("tool-result") {
            draft.message.blocks.push(Block::Other(texts.json(part)));
            continue;
        }
        let failed = part.get("isError").or(outer).is_some_and(|flag| flag.is_true());
        let id = part.get("toolCallId").and_then(|id| id.bytes()).unwrap_or_default();
        draft.results.push(Key::of(&id));
        draft.message.blocks.push(Block::Result {
            call: None,
            status: if failed { Status::Error } else { Status::Ok },
            parts: parts_of(part, texts),
        });
    }
    if draft.message.blocks.is_empty() { Vec::new() } else { vec![step] }
}

fn parts_of(part: Value<'_>, texts: &mut Texts) -> Vec<Part> {
    let rich = part.get("experimental_content").filter(|rich| rich.items().next().is_some());
    if let Some(rich) = rich {
        return rich.items().map(|item| part_of(item, texts)).collect();
    }
    let result = part.get("result").or_else(|| part.path(&["output", "value"]));
    match result {
        Some(result) if result.raw().is_empty() => Vec::new(),
        Some(result) if result.kind() == Type::String => vec![Part::Text(texts.of(result))],
        Some(result) if !result.is_null() => vec![Part::Other(texts.json(result))],
        _ => Vec::new(),
    }
}

fn part_of(item: Value<'_>, texts: &mut Texts) -> Part {
    match item.get("text").filter(|text| text.kind() == Type::String) {
        Some(text) => Part::Text(texts.of(text)),
        None => match picture(item, texts) {
            Block::Image(media, data) => Part::Image(media, data),
            _ => Part::Other(texts.json(item)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_told_from_what_stands_around_it() {
        let said = |text| pieces(text);
        assert_eq!(said("<user_query>\na\nb\n</user_query>"), [Piece::Said("a\nb")]);
        assert_eq!(said("plain"), [Piece::Said("plain")]);
        assert_eq!(said("<user_info>\nx\n</user_info>"), [Piece::Context("<user_info>\nx\n</user_info>")]);
        assert_eq!(
            said(
                "<rules>r</rules>\n<user_query>\nq </user_query> t\n</user_query>\n<timestamp>1</timestamp>"
            ),
            [
                Piece::Context("<rules>r</rules>\n"),
                Piece::Said("q </user_query> t"),
                Piece::Context("\n<timestamp>1</timestamp>"),
            ]
        );
        assert_eq!(said("<user_query>open"), [Piece::Said("open")]);
        assert_eq!(said("<user_query>\n\n</user_query>"), []);
    }
}
