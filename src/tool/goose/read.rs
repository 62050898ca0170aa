//! Reading: what each message means, as a row or as a line.
//!
//! A message is shown to the user, to the model, or to both. One that only the
//! model sees is what a compaction left: a summary, said by the user, and how to go on.

use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Message, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::table::millis;
use crate::tool::{Draft, Key, Reader, Step};

/// Reads messages; each stands for itself.
pub(super) struct MessageReader;

impl Reader for MessageReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((value, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        if let Some(row) = value.get("row") {
            return message(&Parts::of_row(row), texts);
        }
        if value.get("working_dir").is_some() && value.get("role").is_none() {
            return head(value);
        }
        message(&Parts::of_line(value), texts)
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// What is needed of a message, wherever it stands.
struct Parts<'v> {
    role: &'v [u8],
    content: Option<Value<'v>>,
    created: Option<i64>,
    shown: Option<Value<'v>>,
}

impl<'v> Parts<'v> {
    fn of_row(row: Value<'v>) -> Parts<'v> {
        Parts {
            role: raw(row, "role"),
            content: row.get("content_json"),
            created: row.get("created_timestamp").and_then(|time| time.int()),
            shown: row.get("metadata_json"),
        }
    }

    fn of_line(line: Value<'v>) -> Parts<'v> {
        Parts {
            role: raw(line, "role"),
            content: line.get("content"),
            created: line.get("created").and_then(|time| time.int()),
            shown: line.get("metadata"),
        }
    }

    fn is_hidden_from(&self, whom: &str) -> bool {
        self.shown.and_then(|shown| shown.get(whom)).is_some_and(|shown| shown.kind() == Type::False)
    }
}

fn raw<'v>(value: Value<'v>, key: &str) -> &'v [u8] {
    value.get(key).map(|value| value.raw()).unwrap_or_default()
}

/// The first line of a file: about the session.
fn head(line: Value<'_>) -> Step {
    let mut step = Step::default();
    step.facts.cwd = line.string("working_dir");
    step.facts.tool_title = line.string("description").filter(|title| !title.is_empty());
    step
}

fn message(parts: &Parts<'_>, texts: &mut Texts) -> Step {
    let mut step = Step { time: parts.created.map(millis), ..Step::default() };
    let Some(content) = parts.content.filter(|content| content.kind() == Type::Array) else {
        step.unknown = true;
        return step;
    };
    let mut made = Making::default();
    content.items().for_each(|block| made.block(block, texts));
    let from_user = parts.role != b"assistant";
    let only_model = parts.is_hidden_from("userVisible");
    if only_model && made.results.is_empty() && made.calls.is_empty() {
        step::demote(&mut made.blocks, from_user);
    }
    let notices = |block: &Block| matches!(block, Block::Notice(_) | Block::Summary(_));
    let role = match (made.blocks.iter().all(notices), from_user) {
        (true, _) => Role::System,
        (false, true) => Role::User,
        (false, false) => Role::Assistant,
    };
    if role == Role::User && made.results.is_empty() {
        step.prompt = Some(first_words(&made.words.unwrap_or_default()));
    }
    step.files = made.files;
    if !made.blocks.is_empty() {
        let message = Message { role, blocks: made.blocks };
        step.message = Some(Draft { message, calls: made.calls, results: made.results });
    }
    step
}

#[derive(Default)]
struct Making {
    blocks: Vec<Block>,
    calls: Vec<Key>,
    results: Vec<Key>,
    words: Option<String>,
    files: Vec<String>,
}

impl Making {
    fn block(&mut self, block: Value<'_>, texts: &mut Texts) {
        let own = |key: &str| block.get(key).filter(|text| text.kind() == Type::String);
        match (raw(block, "type"), own("text"), own("thinking")) {
            (b"text", Some(text), _) => {
                if !text.raw().is_empty() {
                    self.words = self.words.take().or_else(|| text.str().map(|text| text.into_owned()));
                    self.blocks.push(Block::Text(texts.of(text)));
                }
            }
            (b"thinking", _, Some(text)) => {
                let signature = own("signature").filter(|s| !s.raw().is_empty()).map(|s| texts.of(s));
                self.blocks.push(Block::Thinking { text: texts.of(text), signature });
            }
            (b"reasoning", Some(text), _) => {
                self.blocks.push(Block::Thinking { text: texts.of(text), signature: None });
            }
            (b"image", ..) => {
                let media = block.string("mimeType").unwrap_or_default();
                self.blocks.extend(own("data").map(|data| Block::Image(media, texts.of(data))));
            }
            (b"toolRequest" | b"frontendToolRequest", ..) => self.call(block, texts),
            (b"toolResponse", ..) => self.result(block, texts),
            (
                b"systemNotification"
                | b"contextLengthExceeded"
                | b"summarizationRequested"
                | b"conversationCompacted",
                ..,
            ) => {
                self.blocks.extend(own("msg").map(|msg| Block::Notice(texts.of(msg))));
            }
            // Asked of the user in the tool's own window.
            (b"toolConfirmationRequest" | b"actionRequired", ..) => {}
            _ => self.blocks.push(Block::Other(texts.json(block))),
        }
    }

    fn call(&mut self, block: Value<'_>, texts: &mut Texts) {
        let call = block.get("toolCall");
        let call = call.and_then(|call| call.get("value")).or(call);
        let name = call.and_then(|call| call.string("name"));
        let arguments = call.and_then(|call| call.get("arguments"));
        let input = arguments.or(call.filter(|_| name.is_none())).map(|json| texts.json(json));
        let command = arguments.map(|arguments| raw(arguments, "command")).unwrap_or_default();
        let name = name.unwrap_or_default();
        let action = action(&name, command);
        let path = arguments.and_then(|arguments| arguments.string("path"));
        self.files.extend(path.and_then(|path| step::file(action, &path)));
        self.calls.push(Key::of(raw(block, "id")));
        self.blocks.push(Block::Call { name, action, input: Input::Json(input.unwrap_or_default()) });
    }

    fn result(&mut self, block: Value<'_>, texts: &mut Texts) {
        let result = block.get("toolResult");
        let value = result.and_then(|result| result.get("value")).or(result);
        let items = value.and_then(|value| value.get("content")).or(value);
        let mut parts: Vec<Part> =
            items.into_iter().flat_map(|items| items.items()).filter_map(|item| part(item, texts)).collect();
        let error =
            result.and_then(|result| result.get("error")).filter(|error| error.kind() == Type::String);
        parts.extend(error.map(|error| Part::Text(texts.of(error))));
        let failed =
            error.is_some() || value.and_then(|value| value.get("isError")).is_some_and(|is| is.is_true());
        let id = if raw(block, "id").is_empty() { raw(block, "toolCallId") } else { raw(block, "id") };
        self.results.push(Key::of(id));
        let status = if failed { Status::Error } else { Status::Ok };
        self.blocks.push(Block::Result { call: None, status, parts });
    }
}

/// A piece of a result; `None` for what only the user is shown.
fn part(item: Value<'_>, texts: &mut Texts) -> Option<Part> {
    let audience = item.path(&["annotations", "audience"]);
    let mut audience = audience.into_iter().flat_map(|audience| audience.items()).map(|whom| whom.raw());
    if audience.next() == Some(b"user") && audience.next().is_none() {
        return None;
    }
    Some(match (raw(item, "type"), item.get("text"), item.get("data")) {
        (b"text", Some(text), _) => Part::Text(texts.of(text)),
        (b"image", _, Some(data)) => Part::Image(item.string("mimeType").unwrap_or_default(), texts.of(data)),
        _ => Part::Other(texts.json(item)),
    })
}

/// What a tool does. Names have that of their extension before them.
fn action(name: &str, command: &[u8]) -> Action {
    match (name.rsplit("__").next().unwrap_or(name), command) {
        ("shell", _) => Action::Shell,
        ("text_editor", b"view") | ("read_file" | "read_image" | "image_processor", _) => Action::Read,
        ("text_editor", b"write") | ("write" | "write_file", _) => Action::Write,
        ("text_editor" | "edit" | "edit_file", _) => Action::Edit,
        ("rg" | "search" | "glob" | "tree" | "analyze" | "list_windows", _) => Action::Search,
        ("web_search" | "web_scrape" | "fetch", _) => Action::Fetch,
        ("subagent" | "delegate" | "dynamic_task", _) => Action::Task,
        ("todo_write" | "todo_read", _) => Action::Plan,
        _ => Action::Other,
    }
}
