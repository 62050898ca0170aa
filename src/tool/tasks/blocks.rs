//! Blocks of the Messages API, as these tools store them.

use super::names;
use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Block, Input, Json, Message, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::first_words;
use crate::tool::{Draft, Key, Step};

/// A message while it is read.
#[derive(Default)]
pub(in crate::tool) struct Making {
    pub(in crate::tool) blocks: Vec<Block>,
    pub(in crate::tool) calls: Vec<Key>,
    pub(in crate::tool) results: Vec<Key>,
    pub(in crate::tool) files: Vec<String>,
    /// The words by which a person asks for something, if one does.
    pub(in crate::tool) words: Option<String>,
}

impl Making {
    /// Adds a block that isn't text.
    pub(in crate::tool) fn block(&mut self, block: Value<'_>, texts: &mut Texts) {
        let string = |key: &str| block.get(key).filter(|v| v.kind() == Type::String);
        let kind = block.get("type").map(|kind| kind.raw()).unwrap_or_default();
        let made = match kind {
            b"thinking" => string("thinking").map(|text| Block::Thinking {
                text: texts.of(text),
                signature: string("signature").filter(|s| !s.raw().is_empty()).map(|s| texts.of(s)),
            }),
            b"redacted_thinking" => string("data")
                .map(|data| Block::Thinking { text: texts.make(b""), signature: Some(texts.of(data)) }),
            b"reasoning" => string("text").map(|text| Block::Thinking {
                text: texts.of(text),
                signature: string("encrypted_content").map(|s| texts.of(s)),
            }),
            b"tool_use" => string("name").map(|name| self.call(block, name, texts)),
            b"tool_result" => Some(self.result(block, texts)),
            b"image" => picture(block, texts).map(|(media, data)| Block::Image(media, data)),
            b"file" => string("content").map(|content| {
                let name = block.string("path").unwrap_or_default();
                Block::File("text/plain".to_owned(), name, texts.of(content))
            }),
            b"document" => picture(block, texts)
                .map(|(media, data)| Block::File(media, block.string("title").unwrap_or_default(), data)),
            _ => None,
        };
        self.blocks.push(made.unwrap_or_else(|| Block::Other(texts.json(block))));
    }

    fn call(&mut self, block: Value<'_>, name: Value<'_>, texts: &mut Texts) -> Block {
        let name = name.str().unwrap_or_default().into_owned();
        let action = names::action(&name);
        self.calls.push(native(block.get("id")));
        let input = block.get("input").filter(|input| !input.is_null());
        self.files.extend(input.into_iter().flat_map(|input| names::files(&name, input)));
        let nothing = || Json { literal: b"{}".to_vec(), holes: Vec::new() };
        let input = Input::Json(input.map_or_else(nothing, |input| texts.json(input)));
        Block::Call { name, action, input }
    }

    fn result(&mut self, block: Value<'_>, texts: &mut Texts) -> Block {
        let (mut parts, mut failures) = (Vec::new(), 0);
        match block.get("content") {
            Some(content) if content.kind() == Type::Array => {
                failures = content.items().filter(|item| is_failure(*item)).count();
                parts.extend(content.items().map(|item| part(item, texts)));
            }
            Some(content) if content.kind() == Type::String => {
                parts.push(Part::Text(written(content, texts).unwrap_or_else(|| texts.of(content))));
            }
            Some(content) if !content.is_null() => parts.push(Part::Other(texts.json(content))),
            _ => {}
        }
        self.results.push(native(block.get("tool_use_id")));
        let failed = block.get("is_error").is_some_and(|e| e.is_true());
        let all_failed = failures > 0 && failures == parts.len();
        let status = if failed || all_failed { Status::Error } else { Status::Ok };
        Block::Result { call: None, status, parts }
    }

    /// Makes it the message of a step. What only the tool says is the tool's.
    pub(in crate::tool) fn finish(self, role: Role, step: &mut Step) {
        let own = |block: &Block| matches!(block, Block::Notice(_) | Block::Summary(_));
        let role = if self.blocks.iter().all(own) { Role::System } else { role };
        if role == Role::User {
            step.prompt = self.words.map(|words| first_words(&words));
        }
        step.files = self.files;
        if !self.blocks.is_empty() {
            let message = Message { role, blocks: self.blocks };
            step.message = Some(Draft { message, calls: self.calls, results: self.results });
        }
    }
}

fn native(id: Option<Value<'_>>) -> Key {
    Key::of(id.map(|id| id.raw()).unwrap_or_default())
}

/// `{query, result, success: false}`: how the SDK's tools say that they failed.
fn is_failure(item: Value<'_>) -> bool {
    item.get("success").is_some_and(|success| success.kind() == Type::False)
}

/// What came of it: `{query, result, success}`, where the query is a part of
/// the call's input; of a failure, what is said of it.
fn outcome(item: Value<'_>) -> Option<Value<'_>> {
    let string = |key: &str| item.get(key).filter(|value| value.kind() == Type::String);
    let known = |(key, _): (&[u8], Value<'_>)| {
        matches!(key, b"query" | b"result" | b"error" | b"success" | b"duration")
    };
    if string("query").is_none() || !item.members().all(known) {
        return None;
    }
    let said = string("result")?;
    if said.raw().is_empty() { string("error").or(Some(said)) } else { Some(said) }
}

/// The same written as a string: how the SDK's editor answers.
fn written(content: Value<'_>, texts: &mut Texts) -> Option<crate::object::message::Text> {
    if !content.raw().starts_with(br#"{\"query\":"#) {
        return None;
    }
    let inside = content.bytes()?;
    let mut tape = Tape::default();
    tape.read(&inside).filter(|len| *len == inside.len())?;
    let said = outcome(tape.root(&inside))?.bytes()?;
    Some(texts.make(&said))
}

/// A picture or document: `source` as in the API, or `data` and `mediaType`
/// as the SDK has it.
fn picture(block: Value<'_>, texts: &mut Texts) -> Option<(String, crate::object::message::Text)> {
    let source = block.get("source").unwrap_or(block);
    let data = source.get("data").or_else(|| source.get("url")).filter(|v| v.kind() == Type::String)?;
    let media = source.string("media_type").or_else(|| source.string("mediaType"));
    match (texts.data_url(data), media) {
        (Some((inside, data)), media) => Some((media.unwrap_or(inside), data)),
        (None, media) => Some((media.unwrap_or_default(), texts.of(data))),
    }
}

fn part(item: Value<'_>, texts: &mut Texts) -> Part {
    let text = item.get("text").filter(|text| text.kind() == Type::String);
    match (item.get("type").map(|kind| kind.raw()).unwrap_or_default(), text) {
        (b"text", Some(text)) => Part::Text(texts.of(text)),
        (b"", _) => match outcome(item) {
            Some(said) => Part::Text(texts.of(said)),
            None => Part::Other(texts.json(item)),
        },
        (b"image", _) => match picture(item, texts) {
            Some((media, data)) => Part::Image(media, data),
            None => Part::Other(texts.json(item)),
        },
        _ => Part::Other(texts.json(item)),
    }
}
