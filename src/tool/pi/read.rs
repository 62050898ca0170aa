//! Entries to steps.
//!
//! Facts: the tool's own page on its session format (versions 1 to 3), its
//! code in 0.73.1, and sessions that it wrote. Entries of version 1 have no
//! ids and stand in order. What the tool puts around a summary or a command
//! when it sends it to the model is put around it here, too.

use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::{Counted, Draft, Key, Link, Reader, Step, setting, time};

/// Entries that say nothing of the conversation.
const SILENT: &[&[u8]] = &[b"custom", b"label"];

/// What stands before and after the summary of a branch that was left.
const BRANCH: (&str, &str) = (
    "The following is a summary of a branch that this conversation came back from:\n\n<summary>\n",
    "</summary>",
);

/// Reads one session. Nothing must be known to go on: entries say where they hang.
pub(super) struct EntryReader;

impl Reader for EntryReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        let mut step = Step {
            key: string(row, "id").map(|id| Key::of(id.raw())),
            link: link(row.get("parentId")),
            time: string(row, "timestamp").and_then(|t| time::parse(&t.bytes()?)),
            ..Step::default()
        };
        match string(row, "type").map(|kind| kind.raw()).unwrap_or_default() {
            b"session" => head(row, &mut step),
            b"message" => match row.get("message") {
                Some(message) => said(message, texts, &mut step),
                None => step.unknown = true,
            },
            b"compaction" => step.message = string(row, "summary").map(|text| summary(text, texts)),
            b"branch_summary" => step.message = string(row, "summary").map(|text| branch(text, texts)),
            b"custom_message" => step.message = put_in(row, texts),
            b"session_info" => step.facts.user_title = row.string("name").filter(|name| !name.is_empty()),
            b"model_change" => step.settings.read(setting::PROVIDER, row.get("provider")),
            b"thinking_level_change" => step.settings.read(setting::EFFORT, row.get("thinkingLevel")),
            // Of a kindred tool, which writes it before the head.
            b"title" => step.facts.tool_title = row.string("title").filter(|title| !title.is_empty()),
            kind => step.unknown = !SILENT.contains(&kind),
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Where an entry hangs.
fn link(parent: Option<Value<'_>>) -> Link {
    match parent {
        Some(parent) if parent.kind() == Type::String => Link::Key(Key::of(parent.raw())),
        Some(parent) if parent.is_null() => Link::Root,
        _ => Link::Tip,
    }
}

/// The head, which is no entry: nothing hangs on it.
fn head(row: Value<'_>, step: &mut Step) {
    (step.key, step.link) = (None, Link::Tip);
    step.facts.cwd = row.string("cwd").filter(|cwd| !cwd.is_empty());
    step.settings.facts(&step.facts);
    let parent = row.string("parentSession");
    let file = parent.as_deref().and_then(|path| path.rsplit(['/', '\\']).next());
    step.facts.forked_from = file.and_then(super::find::native).map(str::to_owned);
}

fn said(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    match string(message, "role").map(|role| role.raw()).unwrap_or_default() {
        b"user" => user(message, texts, step),
        b"assistant" => assistant(message, texts, step),
        b"toolResult" => step.message = Some(outcome(message, texts)),
        b"bashExecution" => step.message = command(message, texts),
        // `hookMessage` up to version 2.
        b"custom" | b"hookMessage" => step.message = put_in(message, texts),
        b"branchSummary" => step.message = string(message, "summary").map(|text| branch(text, texts)),
        b"compactionSummary" => step.message = string(message, "summary").map(|text| summary(text, texts)),
        _ => step.unknown = true,
    }
}

fn user(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let blocks: Vec<Block> = content(message, |item| block(item, texts)).collect();
    if blocks.is_empty() {
        return;
    }
    let words =
        content(message, |item| text_of(item).and_then(|text| text.str().map(|text| first_words(&text))));
    step.prompt = Some(words.flatten().find(|words| !words.is_empty()).unwrap_or_default());
    step.message = Some(Draft::of(Role::User, blocks));
}

fn assistant(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    step.model = message.string("model").filter(|model| !model.is_empty());
    let api = step.key.unwrap_or_else(|| Key::of(message.raw()));
    step.usage = message.get("usage").map(|value| Counted { api, usage: usage(value) });
    let mut calls = Vec::new();
    let files = &mut step.files;
    let blocks: Vec<Block> = content(message, |item| {
        match string(item, "type").map(|kind| kind.raw()).unwrap_or_default() {
            b"thinking" => thought(item, texts),
            b"toolCall" => string(item, "name").map(|name| {
                calls.push(native(item, "id"));
                call(name, item.get("arguments"), texts, files)
            }),
            _ => None,
        }
        .unwrap_or_else(|| block(item, texts))
    })
    .collect();
    if !blocks.is_empty() {
        let message = Message { role: Role::Assistant, blocks };
        step.message = Some(Draft { message, calls, results: Vec::new() });
    }
}

/// `input` is without what was read from or written to the cache.
fn usage(value: Value<'_>) -> Usage {
    let count = |key| value.get(key).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Usage {
        input: count("input"),
        cache_write: count("cacheWrite"),
        cache_read: count("cacheRead"),
        output: count("output"),
    }
}

fn thought(item: Value<'_>, texts: &mut Texts) -> Option<Block> {
    let text = texts.of(string(item, "thinking")?);
    let signature = string(item, "thinkingSignature").filter(|proof| !proof.raw().is_empty());
    Some(Block::Thinking { text, signature: signature.map(|proof| texts.of(proof)) })
}

fn call(name: Value<'_>, arguments: Option<Value<'_>>, texts: &mut Texts, files: &mut Vec<String>) -> Block {
    let name = name.str().unwrap_or_default().into_owned();
    let action = action(&name);
    let path = arguments.and_then(|a| a.string("path").or_else(|| a.string("file_path")));
    files.extend(path.and_then(|path| step::file(action, &path)));
    let input = match arguments {
        Some(arguments) => texts.json(arguments),
        None => Json { literal: b"{}".to_vec(), holes: Vec::new() },
    };
    Block::Call { name, action, input: Input::Json(input) }
}

/// What the tool's own tools do (0.52 to 0.73).
fn action(name: &str) -> Action {
    match name {
        "bash" => Action::Shell,
        "read" => Action::Read,
        "write" => Action::Write,
        "edit" => Action::Edit,
        "grep" | "find" | "ls" => Action::Search,
        _ => Action::Other,
    }
}

fn outcome(message: Value<'_>, texts: &mut Texts) -> Draft {
    let parts = content(message, |item| match block(item, texts) {
        Block::Text(text) => Part::Text(text),
        Block::Image(media, data) => Part::Image(media, data),
        _ => Part::Other(texts.json(item)),
    });
    let parts: Vec<Part> = parts.collect();
    let failed = message.get("isError").is_some_and(|failed| failed.is_true());
    let status = if failed { Status::Error } else { Status::Ok };
    let blocks = vec![Block::Result { call: None, status, parts }];
    Draft { results: vec![native(message, "toolCallId")], ..Draft::of(Role::User, blocks) }
}

/// A command that the user ran, in the words in which the model is told of it.
fn command(message: Value<'_>, texts: &mut Texts) -> Option<Draft> {
    let command = message.string("command")?;
    let output = message.string("output").filter(|output| !output.is_empty());
    let mut text = format!("Ran `{command}`\n");
    match output {
        Some(output) => text.push_str(&format!("```\n{output}\n```")),
        None => text.push_str("(no output)"),
    }
    let code = message.get("exitCode").and_then(|code| code.int()).filter(|code| *code != 0);
    if message.get("cancelled").is_some_and(|v| v.is_true()) {
        text.push_str("\n\n(command cancelled)");
    } else if let Some(code) = code {
        text.push_str(&format!("\n\nCommand exited with code {code}"));
    }
    let text = texts.make(text.as_bytes());
    let hidden = message.get("excludeFromContext").is_some_and(|v| v.is_true());
    Some(if hidden {
        notice(vec![Block::Notice(text)])
    } else {
        Draft::of(Role::User, vec![Block::Text(text)])
    })
}

/// What an extension put in.
fn put_in(message: Value<'_>, texts: &mut Texts) -> Option<Draft> {
    let blocks: Vec<Block> = content(message, |item| match block(item, texts) {
        Block::Text(text) => Block::Notice(text),
        other => other,
    })
    .collect();
    (!blocks.is_empty()).then(|| notice(blocks))
}

fn summary(text: Value<'_>, texts: &mut Texts) -> Draft {
    notice(vec![Block::Summary(texts.of(text))])
}

/// What was done on a branch that was left: it takes the place of nothing, so
/// it is no summary of what came before.
fn branch(text: Value<'_>, texts: &mut Texts) -> Draft {
    let (before, after) = BRANCH;
    let text = format!("{before}{}{after}", text.str().unwrap_or_default());
    Draft::of(Role::User, vec![Block::Text(texts.make(text.as_bytes()))])
}

/// The pieces of a message's content, which may be a string alone; none of
/// them empty texts.
fn content<'t, T>(message: Value<'t>, read: impl FnMut(Value<'t>) -> T) -> impl Iterator<Item = T> {
    let content = message.get("content");
    let whole = content.filter(|content| content.kind() == Type::String);
    let items = content.into_iter().flat_map(|content| content.items());
    let empty = |item: &Value<'_>| text_of(*item).is_some_and(|text| text.raw().is_empty());
    whole.into_iter().chain(items).filter(move |item| !empty(item)).map(read)
}

/// The text of a piece, if it is one.
fn text_of(item: Value<'_>) -> Option<Value<'_>> {
    match item.kind() {
        Type::String => Some(item),
        _ => string(item, "text").filter(|_| item.get("type").is_some_and(|kind| kind.raw() == b"text")),
    }
}

fn block(item: Value<'_>, texts: &mut Texts) -> Block {
    if let Some(text) = text_of(item) {
        return Block::Text(texts.of(text));
    }
    match (item.get("type").map(|kind| kind.raw()), string(item, "data")) {
        (Some(b"image"), Some(data)) => {
            Block::Image(item.string("mimeType").unwrap_or_default(), texts.of(data))
        }
        _ => Block::Other(texts.json(item)),
    }
}

fn native(value: Value<'_>, key: &str) -> Key {
    Key::of(string(value, key).map(|id| id.raw()).unwrap_or_default())
}

fn string<'t>(value: Value<'t>, key: &str) -> Option<Value<'t>> {
    value.get(key).filter(|v| v.kind() == Type::String)
}

fn notice(blocks: Vec<Block>) -> Draft {
    Draft::of(Role::System, blocks)
}
