//! Sessions up to 0.0.342: a JSON document with the messages of OpenAI's chat API.
//!
//! They have no times of their own; all get that of the session's start, which
//! the file's name tells.

use std::path::Path;

use super::content::{action, files_of};
use super::read::string;
use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Block, Input, Json, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::document::Document;
use crate::tool::step::first_words;
use crate::tool::{Draft, Found, Key, Reader, Step, StepFacts};

/// Opens a document.
pub(super) fn open(path: &Path) -> std::io::Result<Document> {
    let mut document = Document::read(path, Some("chatMessages"))?;
    document.tell(StepFacts { tool_title: document.string("summary"), ..StepFacts::default() });
    Ok(document)
}

/// Reads the messages of a document.
pub(super) struct OldReader {
    time: Option<i64>,
}

impl OldReader {
    pub(super) fn new(found: &Found) -> OldReader {
        let name = found.place.rsplit('/').next().unwrap_or_default();
        OldReader { time: super::find::parse_name(name).and_then(|(_, time)| time) }
    }
}

impl Reader for OldReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        let mut step = Step { time: self.time, ..Step::default() };
        match string(row, "role").map(|role| role.raw()).unwrap_or_default() {
            b"user" => user(row, texts, &mut step),
            b"assistant" => step.message = assistant(row, texts, &mut step.files),
            b"tool" => step.message = Some(outcome(row, texts)),
            // The prompt of the tool itself.
            b"system" | b"developer" => {}
            _ => step.unknown = true,
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

fn user(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let mut words = None;
    let mut blocks = Vec::new();
    let Some(content) = row.get("content") else { return };
    let whole = (content.kind() == Type::String).then_some(content);
    for item in whole.into_iter().chain(content.items()) {
        let text = if item.kind() == Type::String { Some(item) } else { string(item, "text") };
        if let Some(text) = text {
            let said = text.str().unwrap_or_default();
            let own = without_reminders(&said);
            if own.is_empty() {
                continue;
            }
            blocks.push(Block::Text(if own.len() == said.len() {
                texts.of(text)
            } else {
                texts.make(own.as_bytes())
            }));
            words.get_or_insert_with(|| first_words(own));
        } else {
            let url = item.path(&["image_url", "url"]);
            blocks.push(match url.and_then(|url| texts.data_url(url)) {
                Some((media, data)) => Block::Image(media, data),
                None => Block::Other(texts.json(item)),
            });
        }
    }
    if !blocks.is_empty() {
        step.prompt = Some(words.unwrap_or_default());
        step.message = Some(Draft::of(Role::User, blocks));
    }
}

/// A prompt without the time and the reminders that were put after it.
fn without_reminders(text: &str) -> &str {
    let Some((own, added)) = text.split_once("\n\n<current_datetime>") else { return text };
    let known = added.ends_with("</current_datetime>")
        || added.contains("</current_datetime>\n\n<reminder>") && added.trim_end().ends_with("</reminder>");
    if known { own } else { text }
}

fn assistant(row: Value<'_>, texts: &mut Texts, files: &mut Vec<String>) -> Option<Draft> {
    let mut said = Draft::of(Role::Assistant, Vec::new());
    let text = string(row, "content").filter(|text| !text.raw().is_empty());
    said.message.blocks.extend(text.map(|text| Block::Text(texts.of(text))));
    for call in row.get("tool_calls").into_iter().flat_map(|list| list.items()) {
        let Some(name) = call.path(&["function", "name"]).and_then(|name| name.str()) else {
            said.message.blocks.push(Block::Other(texts.json(call)));
            continue;
        };
        let arguments = call.path(&["function", "arguments"]).and_then(|text| text.bytes());
        let input = match &arguments {
            Some(text) => texts.input(text),
            None => Input::Json(Json { literal: b"{}".to_vec(), holes: Vec::new() }),
        };
        let mut tape = Tape::default();
        if let Some(text) = &arguments
            && tape.read(text).is_some()
        {
            files_of(&name, tape.root(text), files);
        }
        said.calls.push(Key::of(string(call, "id").map(|id| id.raw()).unwrap_or_default()));
        said.message.blocks.push(Block::Call { action: action(&name), name: name.into_owned(), input });
    }
    Some(said).filter(|said| !said.message.blocks.is_empty())
}

fn outcome(row: Value<'_>, texts: &mut Texts) -> Draft {
    let content = row.get("content").filter(|v| !v.is_null() && !v.raw().is_empty());
    let parts = content.map(|content| match content.kind() {
        Type::String => Part::Text(texts.of(content)),
        _ => Part::Other(texts.json(content)),
    });
    let block = Block::Result { call: None, status: Status::Ok, parts: parts.into_iter().collect() };
    let key = Key::of(string(row, "tool_call_id").map(|id| id.raw()).unwrap_or_default());
    Draft { results: vec![key], ..Draft::of(Role::User, vec![block]) }
}
