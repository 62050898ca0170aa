//! What is said as models' APIs have it: a text, or a list of blocks that say
//! what they are. For forms into which many programs write.
//!
//! Read off the public references of OpenAI's chat completions and Anthropic's
//! messages; kinds of either are understood wherever they stand.

use super::step::{self, first_words};
use super::{Draft, Key, Step, known};
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Input, Json, Message, Part, Role, Status, Text};
use crate::object::split::Texts;

/// A message until it is whole.
#[derive(Debug, Default)]
pub(super) struct Making {
    blocks: Vec<Block>,
    calls: Vec<Key>,
    results: Vec<Key>,
    files: Vec<String>,
    /// The first words that somebody says.
    words: Option<String>,
    /// Whether there is more than what answers calls.
    spoken: bool,
}

impl Making {
    /// Takes in all that is said in a value: a text, or a list of blocks.
    pub(super) fn content(&mut self, content: Value<'_>, texts: &mut Texts) {
        match content.kind() {
            Type::Array => content.items().for_each(|item| self.item(item, texts)),
            Type::Null => {}
            _ => self.item(content, texts),
        }
    }

    /// Takes in one block.
    fn item(&mut self, item: Value<'_>, texts: &mut Texts) {
        if let Some(text) = text_of(item) {
            return self.text(text, texts);
        }
        let kind = item.get("type").map(|kind| kind.raw()).unwrap_or_default();
        match kind {
            b"tool_use" | b"server_tool_use" => {
                let id = item.get("tool_use_id").or_else(|| item.get("id"));
                self.call(id, item.get("name"), item.get("input"), texts);
            }
            b"tool_result" => {
                let failed = item.get("is_error").is_some_and(|failed| failed.is_true());
                self.result(item.get("tool_use_id"), failed, item.get("content"), texts);
            }
            _ => {
                self.spoken = true;
                let block = special(kind, item, texts);
                self.blocks.push(block.unwrap_or_else(|| Block::Other(texts.json(item))));
            }
        }
    }

    fn text(&mut self, text: Value<'_>, texts: &mut Texts) {
        if text.raw().is_empty() {
            return;
        }
        self.spoken = true;
        if self.words.is_none() {
            self.words = Some(first_words(&String::from_utf8_lossy(&text.bytes().unwrap_or_default())));
        }
        self.blocks.push(Block::Text(texts.of(text)));
    }

    /// Takes in a call.
    pub(super) fn call(
        &mut self,
        id: Option<Value<'_>>,
        name: Option<Value<'_>>,
        input: Option<Value<'_>>,
        texts: &mut Texts,
    ) {
        self.spoken = true;
        let name = name.and_then(|name| name.str()).unwrap_or_default().into_owned();
        self.calls.push(Key::of(id.map_or(name.as_bytes(), |id| id.raw())));
        let action = known::action(&name);
        let input = match input {
            // Arguments come as a text that should be JSON.
            Some(text) if text.kind() == Type::String => texts.input(&text.bytes().unwrap_or_default()),
            Some(value) if !value.is_null() => Input::Json(texts.json(value)),
            _ => Input::Json(Json { literal: b"{}".to_vec(), holes: Vec::new() }),
        };
        let path = path_of(&input);
        self.files.extend(path.and_then(|path| step::file(action, &path)));
        self.blocks.push(Block::Call { name, action, input });
    }

    /// Takes in what came of a call.
    pub(super) fn result(
        &mut self,
        id: Option<Value<'_>>,
        failed: bool,
        content: Option<Value<'_>>,
        texts: &mut Texts,
    ) {
        self.results.push(Key::of(id.map(|id| id.raw()).unwrap_or_default()));
        let parts = match content {
            Some(list) if list.kind() == Type::Array => list.items().map(|item| part(item, texts)).collect(),
            Some(one) if !one.is_null() => vec![part(one, texts)],
            _ => Vec::new(),
        };
        let status = if failed { Status::Error } else { Status::Ok };
        self.blocks.push(Block::Result { call: None, status, parts });
    }

    /// Takes in a thought, and its proof.
    pub(super) fn thought(&mut self, text: Value<'_>, signature: Option<Value<'_>>, texts: &mut Texts) {
        self.spoken = true;
        let signature = signature.filter(|proof| proof.kind() == Type::String);
        let (text, signature) = (texts.of(text), signature.map(|proof| texts.of(proof)));
        self.blocks.push(Block::Thinking { text, signature });
    }

    /// Gives it to a step, if it says anything. What the user says begins a
    /// turn, unless it only answers calls.
    pub(super) fn finish(self, role: Role, step: &mut Step) {
        if self.blocks.is_empty() {
            return;
        }
        if role == Role::User && self.spoken && self.results.is_empty() {
            step.prompt = Some(self.words.unwrap_or_default());
        }
        step.files = self.files;
        let message = Message { role, blocks: self.blocks };
        step.message = Some(Draft { message, calls: self.calls, results: self.results });
    }

    /// The same of what no user says: instructions, reminders.
    pub(super) fn finish_notice(mut self, role: Role, step: &mut Step) {
        step::demote(&mut self.blocks, false);
        self.spoken = false;
        self.finish(role, step);
    }
}

/// A block that is neither text nor call nor result.
fn special(kind: &[u8], item: Value<'_>, texts: &mut Texts) -> Option<Block> {
    match kind {
        b"thinking" | b"reasoning" => {
            let text = string(item, "thinking").or_else(|| string(item, "text"));
            let signature = string(item, "signature").filter(|proof| !proof.raw().is_empty());
            let text = match text {
                Some(text) => texts.of(text),
                None => texts.make(b""),
            };
            Some(Block::Thinking { text, signature: signature.map(|proof| texts.of(proof)) })
        }
        b"redacted_thinking" => {
            let proof = texts.of(string(item, "data")?);
            Some(Block::Thinking { text: texts.make(b""), signature: Some(proof) })
        }
        b"summary" => Some(Block::Summary(texts.of(string(item, "text")?))),
        b"refusal" => Some(Block::Text(texts.of(string(item, "refusal")?))),
        b"document" => {
            let (media, data) = source(item, texts)?;
            Some(Block::File(media, item.string("title").unwrap_or_default(), data))
        }
        b"file" => {
            let file = item.get("file")?;
            let (media, data) = at(string(file, "file_data")?, texts);
            Some(Block::File(media, file.string("filename").unwrap_or_default(), data))
        }
        _ => image(item, texts).map(|(media, data)| Block::Image(media, data)),
    }
}

/// A piece of what came of a call.
fn part(item: Value<'_>, texts: &mut Texts) -> Part {
    match (text_of(item), image(item, texts)) {
        (Some(text), _) => Part::Text(texts.of(text)),
        (None, Some((media, data))) => Part::Image(media, data),
        (None, None) => Part::Other(texts.json(item)),
    }
}

/// The text of a block, if it is one.
fn text_of(item: Value<'_>) -> Option<Value<'_>> {
    if item.kind() == Type::String {
        return Some(item);
    }
    let kind = item.get("type")?;
    let is_text = matches!(kind.raw(), b"text" | b"input_text" | b"output_text");
    is_text.then(|| string(item, "text")).flatten()
}

/// A picture: its media type, and its base64 text or URL.
fn image(item: Value<'_>, texts: &mut Texts) -> Option<(String, Text)> {
    match item.get("type")?.raw() {
        b"image" => source(item, texts),
        b"image_url" | b"input_image" => {
            let url = item.get("image_url")?;
            let url = if url.kind() == Type::String { url } else { string(url, "url")? };
            Some(at(url, texts))
        }
        _ => None,
    }
}

/// What stands in the `source` of a block: its media type, and its data or
/// where it is.
fn source(item: Value<'_>, texts: &mut Texts) -> Option<(String, Text)> {
    let source = item.get("source")?;
    let media = source.string("media_type").or_else(|| source.string("mediaType")).unwrap_or_default();
    let data = string(source, "data").or_else(|| string(source, "url"))?;
    Some((media, texts.of(data)))
}

/// What stands behind a URL, if it is a `data:` URL; else the URL.
fn at(url: Value<'_>, texts: &mut Texts) -> (String, Text) {
    texts.data_url(url).unwrap_or_else(|| (String::new(), texts.of(url)))
}

/// The file that a call names.
fn path_of(input: &Input) -> Option<String> {
    let Input::Json(json) = input else { return None };
    // A path is short: it stands in the literal.
    let mut tape = crate::object::json::Tape::default();
    let filled = filled(json);
    tape.read(&filled)?;
    let root = tape.root(&filled);
    ["file_path", "path", "filePath"].iter().find_map(|key| root.string(key))
}

/// JSON with an empty string in place of each long one.
fn filled(json: &Json) -> Vec<u8> {
    let (mut out, mut done) = (Vec::with_capacity(json.literal.len()), 0);
    for (at, _) in &json.holes {
        let end = usize::try_from(*at).unwrap_or(usize::MAX);
        out.extend_from_slice(json.literal.get(done..end).unwrap_or_default());
        out.extend_from_slice(b"\"\"");
        done = end;
    }
    out.extend_from_slice(json.literal.get(done..).unwrap_or_default());
    out
}

/// A member that is a string.
pub(super) fn string<'t>(value: Value<'t>, key: &str) -> Option<Value<'t>> {
    value.get(key).filter(|member| member.kind() == Type::String)
}

/// A time as a text, or as seconds or milliseconds since 1970.
pub(super) fn time(value: Value<'_>) -> Option<i64> {
    /// What is less is in seconds: of milliseconds it would be before 1973.
    const SECONDS: i64 = 100_000_000_000;
    if value.kind() == Type::String {
        return super::time::parse(&value.bytes()?);
    }
    let whole =
        value.raw().split(|byte| *byte == b'.').next().and_then(|digits| std::str::from_utf8(digits).ok());
    let number: i64 = whole?.parse().ok()?;
    if (-SECONDS..SECONDS).contains(&number) { number.checked_mul(1000) } else { Some(number) }
}
