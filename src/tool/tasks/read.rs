//! Reading: what the messages of a conversation mean.

use super::text::{self, Kind};
use super::{Making, UI, xml};
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::{Counted, Found, Key, Reader, Step};

/// The longest name of a model that is kept in mind.
const MODEL_MAX: usize = 128;
/// How much of the end of a text tells that a call may stand there.
const TAIL: usize = 64;

/// A reader of what a source of a task holds.
pub(in crate::tool) fn reader(found: &Found, state: &[u8]) -> Box<dyn Reader> {
    if found.part == UI { Box::new(Shown) } else { Box::new(TaskReader::new(found, state)) }
}

/// Reads what the window shows: none of it is part of the conversation.
struct Shown;

impl Reader for Shown {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let known = row.is_some_and(|(value, _)| value.get("ts").is_some() && value.get("type").is_some());
        Step { unknown: !known, ..Step::default() }
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Reads the messages of a task.
struct TaskReader {
    native: String,
    /// How many rows came before.
    rows: u64,
    /// Checksum of the directory told last.
    cwd: u64,
    /// One more than the row of a call in text that has no result yet.
    pending: u64,
    /// The model that was told last.
    model: String,
}

impl TaskReader {
    fn new(found: &Found, state: &[u8]) -> TaskReader {
        let (words, model) = state.split_at_checked(24).unwrap_or_default();
        let mut words = words.chunks_exact(8).map(|w| w.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)));
        let mut next = || words.next().unwrap_or_default();
        TaskReader {
            native: found.native.clone(),
            rows: next(),
            cwd: next(),
            pending: next(),
            model: String::from_utf8_lossy(model).into_owned(),
        }
    }

    fn row(&mut self, row: Value<'_>, texts: &mut Texts) -> Step {
        let told = row.get("ts").and_then(|ts| ts.int());
        // Old messages have no time; the task is called by the time it began.
        let begun = || self.native.parse().ok().filter(|_| self.rows == 0);
        let mut step = Step { time: told.or_else(begun), ..Step::default() };
        let is = |key: &str| row.get(key).is_some_and(|value| value.is_true());
        let mut making = Making::default();
        match row.get("role").map(|role| role.raw()).unwrap_or_default() {
            _ if is("isSummary") => whole(row, texts, &mut making, Block::Summary),
            _ if is("isTruncationMarker") => whole(row, texts, &mut making, Block::Notice),
            b"assistant" => {
                self.assistant(row, texts, &mut making, &mut step);
                making.finish(Role::Assistant, &mut step);
                return step;
            }
            b"user" => self.user(row, texts, &mut making, &mut step),
            _ => step.unknown = true,
        }
        making.finish(Role::User, &mut step);
        step
    }

    fn assistant(&mut self, row: Value<'_>, texts: &mut Texts, making: &mut Making, step: &mut Step) {
        thought(row, texts, making);
        let blocks = || row.get("content").into_iter().flat_map(|content| content.items());
        let calls = blocks().any(|block| is_kind(block, b"tool_use"));
        let text_of = |block: Value<'_>| is_kind(block, b"text");
        let last = blocks().filter(|block| text_of(*block)).last().map(|block| block.index());
        self.pending = 0;
        if let Some(content) = row.get("content").filter(|content| content.kind() == Type::String) {
            self.says(content, true, texts, making);
        }
        for block in blocks() {
            match block.get("text").filter(|text| text.kind() == Type::String && text_of(block)) {
                Some(text) => self.says(text, !calls && last == Some(block.index()), texts, making),
                None => making.block(block, texts),
            }
        }
        let model = row.path(&["modelInfo", "modelId"]).and_then(|model| model.str());
        if let Some(model) = model.filter(|model| !model.is_empty() && model.len() <= MODEL_MAX) {
            self.model = model.into_owned();
        }
        step.model = Some(self.model.clone()).filter(|model| !model.is_empty());
        step.usage = row.path(&["metrics", "tokens"]).map(|tokens| self.counted(tokens));
    }

    /// Adds what the model says, and the call that may stand at the end of it.
    fn says(&mut self, said: Value<'_>, may_call: bool, texts: &mut Texts, making: &mut Making) {
        // Only line ends may follow the last tag, as they are written in JSON.
        let raw = said.raw();
        let ends = raw.get(raw.len().saturating_sub(TAIL)..).is_some_and(|tail| tail.contains(&b'>'));
        let text = if may_call && ends { said.str() } else { None };
        let Some(call) = text.as_ref().and_then(|text| xml::call(text)) else {
            if !said.raw().is_empty() {
                making.blocks.push(Block::Text(texts.of(said)));
            }
            return;
        };
        if !call.before.is_empty() {
            making.blocks.push(Block::Text(texts.make(call.before.as_bytes())));
        }
        // What the model says at the end, and what it answers while it plans,
        // is said by a tool as well.
        let spoken = match call.name {
            "attempt_completion" => call.parameter("result"),
            "plan_mode_respond" => call.parameter("response"),
            _ => None,
        };
        if let Some(spoken) = spoken {
            making.blocks.push(Block::Text(texts.make(spoken.as_bytes())));
            return;
        }
        let action = super::names::action(call.name);
        making.files.extend(super::names::file_in_text(call.name, call.parameter("path")));
        making.calls.push(in_text(self.rows));
        self.pending = self.rows + 1;
        let input = texts.input(call.input().as_bytes());
        making.blocks.push(Block::Call { name: call.name.to_owned(), action, input });
    }

    fn counted(&self, tokens: Value<'_>) -> Counted {
        let count = |key| tokens.get(key).and_then(|v| v.int()).and_then(|n| u64::try_from(n).ok());
        let count = |key| count(key).unwrap_or_default();
        let usage = Usage {
            input: count("prompt"),
            cache_write: 0,
            cache_read: count("cached"),
            output: count("completion"),
        };
        Counted { api: in_text(self.rows), usage }
    }

    fn user(&mut self, row: Value<'_>, texts: &mut Texts, making: &mut Making, step: &mut Step) {
        let Some(content) = row.get("content") else {
            step.unknown = true;
            return;
        };
        let mut awaited = std::mem::take(&mut self.pending).checked_sub(1).map(in_text);
        let results = content.items().any(|block| is_kind(block, b"tool_result"));
        if content.kind() == Type::String {
            self.hears(content, true, &mut awaited, texts, making, step);
        }
        // A result may stand in texts of its own, up to what the tool adds.
        let mut open = false;
        for block in content.items() {
            let text =
                block.get("text").filter(|text| text.kind() == Type::String && is_kind(block, b"text"));
            let follows = open
                && text
                    .is_none_or(|text| !matches!(text::kind(&text.str().unwrap_or_default()), Kind::Notice));
            match text {
                Some(text) if follows => add_part(making, Part::Text(texts.of(text))),
                Some(text) => open = self.hears(text, !results, &mut awaited, texts, making, step),
                None => {
                    making.block(block, texts);
                    if is_kind(block, b"tool_result") {
                        making.words = making.words.take().or_else(|| asked(block));
                    }
                }
            }
        }
        if !results && making.blocks.iter().any(|block| matches!(block, Block::Image(..))) {
            // A picture alone asks for something, too.
            making.words.get_or_insert_default();
        }
    }

    /// Adds what stands as the user's; whether it is a result that goes on.
    /// `prompts`: whether words that nothing is known of are a prompt.
    fn hears(
        &mut self,
        said: Value<'_>,
        prompts: bool,
        awaited: &mut Option<Key>,
        texts: &mut Texts,
        making: &mut Making,
        step: &mut Step,
    ) -> bool {
        let text = said.str().unwrap_or_default();
        match text::kind(&text) {
            Kind::Wrapped(words, rest) => {
                making.blocks.push(Block::Text(texts.make(words.as_bytes())));
                making.words.get_or_insert_with(|| words.to_owned());
                if !rest.trim().is_empty() {
                    making.blocks.push(Block::Notice(texts.make(rest.as_bytes())));
                }
            }
            Kind::Notice => {
                self.details(&text, step);
                making.blocks.push(Block::Notice(texts.of(said)));
            }
            Kind::Plain => {
                let Some(body) = xml::result(&text) else {
                    if prompts && !text.trim().is_empty() {
                        making.words.get_or_insert_with(|| text.clone().into_owned());
                    }
                    if !text.is_empty() {
                        making.blocks.push(Block::Text(texts.of(said)));
                    }
                    return false;
                };
                let Some(call) = awaited.take() else {
                    making.blocks.push(Block::Notice(texts.of(said)));
                    return false;
                };
                let status = if xml::is_failure(body) { Status::Error } else { Status::Ok };
                let parts =
                    if body.is_empty() { Vec::new() } else { vec![Part::Text(texts.make(body.as_bytes()))] };
                making.results.push(call);
                making.blocks.push(Block::Result { call: None, status, parts });
                return body.is_empty();
            }
        }
        false
    }

    /// Learns from the environment's details.
    fn details(&mut self, details: &str, step: &mut Step) {
        if !details.starts_with("<environment_details>") {
            return;
        }
        if let Some(model) = text::model(details) {
            model.clone_into(&mut self.model);
        }
        let Some(cwd) = text::directory(details) else { return };
        let sum = Key::of(cwd.as_bytes()).0;
        if std::mem::replace(&mut self.cwd, sum) != sum {
            step.facts.cwd = Some(cwd.to_owned());
        }
    }
}

impl Reader for TaskReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let step = match row {
            Some((value, texts)) => self.row(value, texts),
            None => Step { unknown: true, ..Step::default() },
        };
        self.rows += 1;
        step
    }

    fn state(&self) -> Vec<u8> {
        let words = [self.rows, self.cwd, self.pending].into_iter().flat_map(u64::to_le_bytes);
        words.chain(self.model.bytes()).collect()
    }
}

/// The id of a call in text: that of its row.
fn in_text(row: u64) -> Key {
    Key::of(&row.to_le_bytes())
}

fn is_kind(block: Value<'_>, kind: &[u8]) -> bool {
    block.get("type").is_some_and(|t| t.raw() == kind)
}

/// What a person answers to what the model hands in: the result of that call.
fn asked(result: Value<'_>) -> Option<String> {
    let content = result.get("content")?;
    let inside = content.items().find_map(|item| item.get("text"));
    let text = Some(content).filter(|content| content.kind() == Type::String).or(inside)?.str()?;
    text::wrapped(&text).map(|(words, _)| words.to_owned())
}

/// Adds a piece to the result that is made.
fn add_part(making: &mut Making, part: Part) {
    if let Some(Block::Result { status, parts, .. }) = making.blocks.last_mut() {
        if let Part::Text(crate::object::message::Text::Inline(bytes)) = &part
            && xml::is_failure(&String::from_utf8_lossy(bytes))
        {
            *status = Status::Error;
        }
        parts.push(part);
    }
}

/// Thoughts that stand beside the content (Roo Code).
fn thought(row: Value<'_>, texts: &mut Texts, making: &mut Making) {
    let string = |key: &str| row.get(key).filter(|v| v.kind() == Type::String && !v.raw().is_empty());
    let plain = string("reasoning_content");
    let sealed = string("encrypted_content");
    let summary = row.get("summary").into_iter().flat_map(|summary| summary.items());
    let summed: Vec<String> = summary.filter_map(|item| item.string("text")).collect();
    if plain.is_none() && sealed.is_none() && summed.is_empty() {
        return;
    }
    let text = match plain {
        Some(plain) => texts.of(plain),
        None => texts.make(summed.join("\n").as_bytes()),
    };
    making.blocks.push(Block::Thinking { text, signature: sealed.map(|sealed| texts.of(sealed)) });
}

/// A message that is one kind of block throughout.
fn whole(
    row: Value<'_>,
    texts: &mut Texts,
    making: &mut Making,
    block: fn(crate::object::message::Text) -> Block,
) {
    let Some(content) = row.get("content") else { return };
    if content.kind() == Type::String {
        making.blocks.push(block(texts.of(content)));
    }
    for item in content.items() {
        match item.get("text").filter(|text| text.kind() == Type::String) {
            Some(text) => making.blocks.push(block(texts.of(text))),
            None => making.block(item, texts),
        }
    }
}
