//! Events to steps.
//!
//! Facts: sessions written by 0.215.0, published ones of January 2026, and what
//! the program reads when it resumes. Messages are those of Anthropic's API
//! whatever model is spoken to. `droid exec` prints another form, with calls
//! as events of their own, which some keep: it is understood as well.

use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::{Draft, Key, Link, Reader, Step, time};

/// Events that say nothing of the conversation.
const SILENT: &[&[u8]] = &[
    b"session_start",
    b"session_end",
    b"todo_state",
    b"agent_turn_outcome",
    b"system",
    b"completion",
    b"result",
];

/// What the tool puts around what it tells the model in the user's place.
const REMINDER: (&[u8], &[u8]) = (b"<system-reminder>", b"</system-reminder>");

/// What the tool's own tools do (0.215).
const ACTIONS: &[(&str, Action)] = &[
    ("Execute", Action::Shell),
    ("Read", Action::Read),
    ("Create", Action::Write),
    ("Edit", Action::Edit),
    ("MultiEdit", Action::Edit),
    ("ApplyPatch", Action::Edit),
    ("Grep", Action::Search),
    ("Glob", Action::Search),
    ("LS", Action::Search),
    ("WebSearch", Action::Fetch),
    ("FetchUrl", Action::Fetch),
    ("Task", Action::Task),
    ("TodoWrite", Action::Plan),
];

/// Reads the events of one session. Nothing must be known to go on: messages
/// say where they hang.
pub(super) struct EventReader;

impl Reader for EventReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        let mut step = Step { time: row.get("timestamp").and_then(when), ..Step::default() };
        match row.get("type").map(|kind| kind.raw()).unwrap_or_default() {
            b"message" => event(row, texts, &mut step),
            b"compaction_state" => {
                let summary = string(row, "summaryText").map(|text| Block::Summary(texts.of(text)));
                step.message = summary.map(|summary| Draft::of(Role::System, vec![summary]));
            }
            b"tool_call" => printed_call(row, texts, &mut step),
            b"tool_result" => step.message = Some(printed_result(row, texts)),
            b"error" => {
                let words = string(row, "message").map(|text| Block::Notice(texts.of(text)));
                step.message = words.map(|words| Draft::of(Role::System, vec![words]));
            }
            kind => step.unknown = !SILENT.contains(&kind),
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Printed events have a number.
fn when(value: Value<'_>) -> Option<i64> {
    value.int().or_else(|| time::parse(&value.bytes()?))
}

/// A message: of a file, or as printed.
fn event(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    step.key = string(row, "id").map(|id| Key::of(id.raw()));
    if let Some(parent) = string(row, "parentId") {
        step.link = Link::Key(Key::of(parent.raw()));
    }
    let message = row.get("message").unwrap_or(row);
    if message.get("hookEventName").is_some() {
        return;
    }
    let role = match message.get("role").map(|role| role.raw()).unwrap_or_default() {
        b"user" => Role::User,
        b"assistant" => Role::Assistant,
        b"system" => Role::System,
        _ => return step.unknown = true,
    };
    let mut making = Making::default();
    // A printed message is a text.
    let content = message.get("content").or_else(|| message.get("text"));
    let whole = content.filter(|content| content.kind() == Type::String);
    for item in whole.into_iter().chain(content.into_iter().flat_map(|content| content.items())) {
        making.item(item, role, texts);
    }
    if making.blocks.is_empty() {
        return;
    }
    // What one side alone sees was said by neither.
    let seen = string(message, "visibility").map_or(&b"both"[..], |seen| seen.raw());
    let spoken = making.spoken && seen == b"both";
    if role == Role::User && spoken && making.results.is_empty() {
        step.prompt = Some(making.words.take().unwrap_or_default());
    }
    let put_in = role == Role::User && !spoken && making.results.is_empty();
    step.model = string(message, "modelId").and_then(|model| model.str()).map(|model| model.into_owned());
    step.files = making.files;
    let blocks = if put_in { making.blocks.into_iter().map(noticed).collect() } else { making.blocks };
    let message = Message { role: if put_in { Role::System } else { role }, blocks };
    step.message = Some(Draft { message, calls: making.calls, results: making.results });
}

fn noticed(block: Block) -> Block {
    match block {
        Block::Text(text) => Block::Notice(text),
        other => other,
    }
}

/// What stands in a message.
#[derive(Default)]
struct Making {
    blocks: Vec<Block>,
    calls: Vec<Key>,
    results: Vec<Key>,
    files: Vec<String>,
    /// Whether anything in it is more than a reminder.
    spoken: bool,
    /// The first words that are no reminder.
    words: Option<String>,
}

impl Making {
    fn item(&mut self, item: Value<'_>, role: Role, texts: &mut Texts) {
        let kind = item.get("type").map(|kind| kind.raw()).unwrap_or_default();
        if let Some(text) = text_of(item) {
            if !text.raw().is_empty() {
                self.text(text, role, texts);
            }
            return;
        }
        self.spoken = true;
        let block = match kind {
            b"thinking" => thought(item, "thinking", "signature", texts),
            b"redacted_thinking" => {
                let proof = string(item, "data").map(|proof| texts.of(proof));
                proof.map(|proof| Block::Thinking { text: texts.make(b""), signature: Some(proof) })
            }
            b"tool_use" => {
                self.calls.push(native(item, "id"));
                Some(call(item, "name", "input", texts, &mut self.files))
            }
            b"tool_result" => {
                self.results.push(native(item, "tool_use_id"));
                let failed = item.get("is_error").is_some_and(|failed| failed.is_true());
                Some(result(failed, item.get("content"), texts))
            }
            b"image" => image(item, texts).map(|(media, data)| Block::Image(media, data)),
            _ => None,
        };
        self.blocks.push(block.unwrap_or_else(|| Block::Other(texts.json(item))));
    }

    fn text(&mut self, text: Value<'_>, role: Role, texts: &mut Texts) {
        let words = text.bytes().unwrap_or_default();
        let trimmed = words.trim_ascii();
        let reminds = trimmed.starts_with(REMINDER.0) && trimmed.ends_with(REMINDER.1);
        if role == Role::System || role == Role::User && reminds {
            return self.blocks.push(Block::Notice(texts.of(text)));
        }
        self.spoken = true;
        self.words = self.words.take().or_else(|| Some(first_words(&String::from_utf8_lossy(&words))));
        self.blocks.push(Block::Text(texts.of(text)));
    }
}

/// The text of a piece, if it is one.
fn text_of(item: Value<'_>) -> Option<Value<'_>> {
    match item.kind() {
        Type::String => Some(item),
        _ if item.get("type").is_some_and(|kind| kind.raw() == b"text") => {
            item.get("text").filter(|text| text.kind() == Type::String)
        }
        _ => None,
    }
}

/// A thought; its proof may be no more than the name of the field that it came in.
fn thought(item: Value<'_>, text: &str, proof: &str, texts: &mut Texts) -> Option<Block> {
    let text = texts.of(item.get(text).filter(|text| text.kind() == Type::String)?);
    Some(Block::Thinking { text, signature: string(item, proof).map(|proof| texts.of(proof)) })
}

fn call(item: Value<'_>, name: &str, input: &str, texts: &mut Texts, files: &mut Vec<String>) -> Block {
    let name = item.string(name).unwrap_or_default();
    let action = step::action(ACTIONS, &name);
    let input = item.get(input).filter(|input| !input.is_null());
    let path = input.and_then(|input| input.string("file_path").or_else(|| input.string("path")));
    files.extend(path.and_then(|path| step::file(action, &path)));
    let empty = || Json { literal: b"{}".to_vec(), holes: Vec::new() };
    Block::Call { name, action, input: Input::Json(input.map_or_else(empty, |input| texts.json(input))) }
}

fn result(failed: bool, content: Option<Value<'_>>, texts: &mut Texts) -> Block {
    let part = |item: Value<'_>, texts: &mut Texts| match (text_of(item), image(item, texts)) {
        (Some(text), _) => Part::Text(texts.of(text)),
        (None, Some((media, data))) => Part::Image(media, data),
        (None, None) => Part::Other(texts.json(item)),
    };
    let parts = match content {
        Some(list) if list.kind() == Type::Array => list.items().map(|item| part(item, texts)).collect(),
        Some(one) if !one.is_null() => vec![part(one, texts)],
        _ => Vec::new(),
    };
    let status = if failed { Status::Error } else { Status::Ok };
    Block::Result { call: None, status, parts }
}

fn image(item: Value<'_>, texts: &mut Texts) -> Option<(String, crate::object::message::Text)> {
    item.get("type").filter(|kind| kind.raw() == b"image")?;
    let source = item.get("source")?;
    let data = string(source, "data").or_else(|| string(source, "url"))?;
    let media = source.string("media_type").or_else(|| source.string("mediaType")).unwrap_or_default();
    Some((media, texts.of(data)))
}

/// A call as `droid exec` prints it.
fn printed_call(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let block = call(row, "toolName", "parameters", texts, &mut step.files);
    step.message = Some(Draft { calls: vec![native(row, "id")], ..Draft::of(Role::Assistant, vec![block]) });
}

/// What came of it.
fn printed_result(row: Value<'_>, texts: &mut Texts) -> Draft {
    let failed = row.get("isError").is_some_and(|failed| failed.is_true());
    let said = row.get("value").or_else(|| row.path(&["error", "message"])).or_else(|| row.get("error"));
    let block = result(failed, said, texts);
    Draft { results: vec![native(row, "id")], ..Draft::of(Role::User, vec![block]) }
}

fn native(value: Value<'_>, key: &str) -> Key {
    Key::of(value.get(key).map(|id| id.raw()).unwrap_or_default())
}

fn string<'t>(value: Value<'t>, key: &str) -> Option<Value<'t>> {
    value.get(key).filter(|v| v.kind() == Type::String && !v.raw().is_empty())
}
