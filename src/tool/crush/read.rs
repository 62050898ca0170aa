//! Reading: what each message means.

use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Action, Block, Input, Message, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::table::millis;
use crate::tool::{Draft, Key, Reader, Step};

/// What the tool's own tools do.
const ACTIONS: &[(&str, Action)] = &[
    ("bash", Action::Shell),
    ("view", Action::Read),
    ("write", Action::Write),
    ("edit", Action::Edit),
    ("multiedit", Action::Edit),
    ("patch", Action::Edit),
    ("glob", Action::Search),
    ("grep", Action::Search),
    ("ls", Action::Search),
    ("sourcegraph", Action::Search),
    ("fetch", Action::Fetch),
    ("agentic_fetch", Action::Fetch),
    ("download", Action::Fetch),
    ("web_search", Action::Fetch),
    ("agent", Action::Task),
    ("todos", Action::Plan),
];

/// Reads rows; each stands for itself.
pub(super) struct MessageReader {
    /// Whether they are messages, not texts of files.
    pub(super) says: bool,
}

impl Reader for MessageReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some(_) if !self.says => Step::default(),
            Some((value, texts)) => value.get("row").map_or_else(unknown, |row| message(row, texts)),
            None => unknown(),
        }
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

fn unknown() -> Step {
    Step { unknown: true, ..Step::default() }
}

fn raw<'v>(value: Value<'v>, key: &str) -> &'v [u8] {
    value.get(key).map(|value| value.raw()).unwrap_or_default()
}

fn message(row: Value<'_>, texts: &mut Texts) -> Step {
    let Some(parts) = row.get("parts").filter(|parts| parts.kind() == Type::Array) else { return unknown() };
    let mut made = Making::default();
    for part in parts.items() {
        made.part(raw(part, "type"), part.get("data").unwrap_or(part), texts);
    }
    let summary = raw(row, "is_summary_message") == b"1";
    let role = match raw(row, "role") {
        b"assistant" if summary => Role::System,
        b"assistant" => Role::Assistant,
        b"system" => Role::System,
        _ => Role::User,
    };
    if role == Role::System {
        step::demote(&mut made.blocks, summary);
    }
    let mut step = Step {
        time: row.get("created_at").and_then(|time| time.int()).map(millis),
        model: row.string("model").filter(|model| !model.is_empty()),
        ..Step::default()
    };
    if role == Role::User && made.results.is_empty() && !made.blocks.is_empty() {
        step.prompt = Some(first_words(&made.words.take().unwrap_or_default()));
    }
    // An answer that never came says why.
    let role = match made.blocks.is_empty() {
        true => Role::System,
        false => role,
    };
    if made.blocks.is_empty() {
        made.blocks.extend(made.ended.take());
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
    ended: Option<Block>,
}

impl Making {
    fn part(&mut self, kind: &[u8], data: Value<'_>, texts: &mut Texts) {
        let own =
            |key: &str| data.get(key).filter(|text| text.kind() == Type::String && !text.raw().is_empty());
        match kind {
            b"text" => {
                if let Some(text) = own("text") {
                    self.words = self.words.take().or_else(|| text.str().map(|text| text.into_owned()));
                    self.blocks.push(Block::Text(texts.of(text)));
                }
            }
            b"reasoning" => {
                let signature = own("signature").map(|signature| texts.of(signature));
                if own("thinking").is_some() || signature.is_some() {
                    let text = own("thinking").map(|text| texts.of(text));
                    let text = text.unwrap_or_else(|| texts.make(b""));
                    self.blocks.push(Block::Thinking { text, signature });
                }
            }
            b"image_url" => {
                let url = own("url");
                let image =
                    url.and_then(|url| texts.data_url(url)).map(|(media, data)| Block::Image(media, data));
                self.blocks.extend(image.or_else(|| Some(Block::Image(String::new(), texts.of(url?)))));
            }
            b"binary" => {
                let media = data.string("MIMEType").unwrap_or_default();
                if let Some(bytes) = own("Data") {
                    let bytes = texts.of(bytes);
                    self.blocks.push(if media.starts_with("image/") {
                        Block::Image(media, bytes)
                    } else {
                        Block::File(media, data.string("Path").unwrap_or_default(), bytes)
                    });
                }
            }
            b"tool_call" => self.call(data, texts),
            b"tool_result" => self.result(data, texts),
            b"finish" => self.ended = own("message").map(|message| Block::Notice(texts.of(message))),
            _ => self.blocks.push(Block::Other(texts.json(data))),
        }
    }

    fn call(&mut self, data: Value<'_>, texts: &mut Texts) {
        let name = data.string("name").unwrap_or_default();
        let action = step::action(ACTIONS, &name);
        let input = data.get("input").and_then(|input| input.bytes()).unwrap_or_default();
        let mut tape = Tape::default();
        let path = tape.read(&input).and_then(|_| tape.root(&input).string("file_path"));
        self.files.extend(path.and_then(|path| step::file(action, &path)));
        self.calls.push(Key::of(raw(data, "id")));
        let input: Input = texts.input(if input.is_empty() { b"{}" } else { &input });
        self.blocks.push(Block::Call { name, action, input });
    }

    fn result(&mut self, data: Value<'_>, texts: &mut Texts) {
        let status =
            if data.get("is_error").is_some_and(|is| is.is_true()) { Status::Error } else { Status::Ok };
        let mut parts: Vec<Part> =
            data.get("content").map(|text| Part::Text(texts.of(text))).into_iter().collect();
        let media = data.string("mime_type").unwrap_or_default();
        let picture = data.get("data").filter(|data| media.starts_with("image/") && !data.raw().is_empty());
        parts.extend(picture.map(|data| Part::Image(media, texts.of(data))));
        self.results.push(Key::of(raw(data, "tool_call_id")));
        self.blocks.push(Block::Result { call: None, status, parts });
    }
}
