//! A message taken apart.

use crate::object::commit::Usage;
use crate::object::escape;
use crate::object::id::checksum;
use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Block, Part, Status, Text};
use crate::object::split::Texts;
use crate::tool::parts::{Making, id_of};
use crate::tool::step::first_words;
use crate::tool::{Key, time};

use super::known::{Known, short};

/// How texts begin that the tool says in the user's name (0.44 to 0.61).
const NOTICES: &[&[u8]] = &[b"<session_context>", b"<hook_context>", b"<loaded_context>"];
/// How the summary begins that stands for what came before it; the model may
/// think aloud before.
const SUMMARY: &[u8] = b"<state_snapshot>";
const THOUGHT_BEFORE: &[u8] = b"<scratchpad>";
/// Stands before prompts that the tool would take for its own commands.
pub(super) const MASK: char = '\u{200B}';

/// The members of a message.
#[derive(Clone, Copy, Default)]
pub(super) struct Message<'t> {
    pub(super) kind: &'t [u8],
    pub(super) key: Option<Key>,
    pub(super) id: &'t [u8],
    pub(super) time: Option<i64>,
    pub(super) model: Option<Value<'t>>,
    content: Option<Value<'t>>,
    shown: Option<Value<'t>>,
    thoughts: Option<Value<'t>>,
    tokens: Option<Value<'t>>,
    calls: Option<Value<'t>>,
}

impl<'t> Message<'t> {
    pub(super) fn of(value: Value<'t>) -> Message<'t> {
        let mut message = Message::default();
        for (name, member) in value.members() {
            let some = Some(member).filter(|member| !member.is_null());
            match name {
                b"type" => message.kind = member.raw(),
                b"id" if member.kind() == Type::String => {
                    message.id = member.raw();
                    message.key = Some(Key::of(member.raw()));
                }
                b"timestamp" => message.time = time::parse(member.raw()),
                b"model" => message.model = some,
                b"content" => message.content = some,
                b"displayContent" => message.shown = some,
                b"thoughts" => message.thoughts = some,
                b"tokens" => message.tokens = some,
                b"toolCalls" => message.calls = some,
                _ => {}
            }
        }
        message
    }

    /// A short form of its id; of a message without one, 0.
    pub(super) fn short(&self) -> u32 {
        self.key.map_or(0, short)
    }

    /// The parts of its content; a string is one of them.
    fn parts(&self) -> impl Iterator<Item = Value<'t>> + use<'t> {
        let lone = self.content.filter(|content| content.kind() != Type::Array);
        lone.into_iter().chain(self.content.into_iter().flat_map(|content| content.items()))
    }

    /// What it is in the list of messages.
    pub(super) fn sort(&self) -> Sort {
        match self.kind {
            b"gemini" => return Sort::Spoken,
            b"info" | b"error" | b"warning" => return Sort::Shown,
            b"user" => {}
            _ => return Sort::Unknown,
        }
        let (mut results, mut notices, mut others) = (false, false, false);
        for part in self.parts() {
            match text_of(part) {
                Some(text) if is_notice(text.raw()) => notices = true,
                Some(text) => others |= !text.raw().is_empty(),
                None if part.get("functionResponse").is_some() => results = true,
                None => others |= !results,
            }
        }
        match (others, results, notices) {
            (true, false, _) => Sort::Spoken,
            (_, true, _) => Sort::Results,
            (false, false, true) => Sort::Notice,
            (false, false, false) => Sort::Shown,
        }
    }

    /// Whether it is the summary that stands for all before it.
    pub(super) fn sums_up(&self) -> bool {
        self.kind == b"user" && self.parts().filter_map(text_of).any(|text| is_summary(text.raw()))
    }

    /// What the user says, and what came of calls, as far as it isn't known.
    pub(super) fn user(&self, known: &mut Known, texts: &mut Texts, making: &mut Making) {
        // What follows a result is part of it.
        let mut known_result = false;
        for part in self.parts() {
            match text_of(part) {
                Some(text) => {
                    known_result = false;
                    if let Some(block) = user_text(text, texts) {
                        making.push(block);
                    }
                }
                None => {
                    if let Some(response) = part.get("functionResponse") {
                        known_result = !known.results(id_of(response));
                    }
                    if !known_result {
                        making.other(part, texts);
                    }
                }
            }
        }
    }

    /// The first words of a prompt, as they are shown.
    pub(super) fn words(&self) -> String {
        let shown = Message { content: self.shown, ..Message::default() };
        let texts = shown.parts().chain(self.parts()).filter_map(text_of);
        let said = texts.filter(|text| !is_notice(text.raw())).filter_map(|text| text.str());
        let plain = said.map(|text| text.trim_matches(MASK).to_owned());
        first_words(&plain.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default())
    }

    /// The sum of what the model says, without thoughts; 0 if it says nothing.
    pub(super) fn sum(&self) -> u32 {
        let mut said = Vec::new();
        for text in self.parts().filter(|part| !is_thought(*part)).filter_map(text_of) {
            said.extend_from_slice(text.raw());
        }
        if said.is_empty() { 0 } else { short(Key(checksum(&said))) | 1 }
    }

    /// What the model thinks and says.
    pub(super) fn says(&self, texts: &mut Texts, making: &mut Making) {
        if !self.parts().any(is_thought) {
            for thought in self.thoughts.into_iter().flat_map(|thoughts| thoughts.items()) {
                making.push(thinking(thought, texts));
            }
        }
        for part in self.parts() {
            match text_of(part) {
                Some(text) if is_thought(part) => making.thought(part, text, texts),
                Some(text) if text.raw().is_empty() => {}
                Some(text) => making.push(Block::Text(texts.of(text))),
                None if part.get("functionCall").is_some() => {}
                None => making.other(part, texts),
            }
        }
    }

    /// The calls that the model makes, as far as they aren't known. Where they
    /// stand in the content, `toolCalls` only shows them (from 0.44).
    pub(super) fn calls(&self, known: &mut Known, texts: &mut Texts, making: &mut Making) {
        let message = self.key.unwrap_or(Key(0));
        let mut inside = self.parts().filter_map(|part| part.get("functionCall")).peekable();
        let beside = inside.peek().is_none();
        for call in inside {
            if known.calls(message, id_of(call)) {
                making.call(call, texts);
            }
        }
        for call in self.tool_calls().filter(|_| beside) {
            if known.calls(message, id_of(call)) {
                making.call(call, texts);
            }
        }
    }

    fn tool_calls(&self) -> impl Iterator<Item = Value<'t>> + use<'t> {
        self.calls.into_iter().flat_map(|calls| calls.items())
    }

    /// What came of its calls, as far as it isn't known; and when.
    pub(super) fn results(&self, known: &mut Known, texts: &mut Texts, making: &mut Making) -> Option<i64> {
        let mut last = None;
        for call in self.tool_calls() {
            let result = call.get("result").filter(|result| !result.is_null());
            let Some(result) = result.filter(|_| known.results(id_of(call))) else { continue };
            last = call.get("timestamp").and_then(|t| time::parse(t.raw())).or(last);
            let from = making.blocks().len();
            one_result(call, result, texts, making);
            if call.get("status").is_some_and(|status| matches!(status.raw(), b"error" | b"cancelled")) {
                making.failed(from);
            }
        }
        last
    }

    /// The tokens that the answer took. The prompt counts what was cached as
    /// well; the answer doesn't count the thoughts.
    pub(super) fn usage(&self) -> Option<Usage> {
        let tokens = self.tokens?;
        let number = |key: &str| {
            tokens.get(key).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
        };
        let cached = number("cached");
        Some(Usage {
            input: number("input").saturating_sub(cached).saturating_add(number("tool")),
            cache_write: 0,
            cache_read: cached,
            output: number("output").saturating_add(number("thoughts")),
        })
    }
}

/// What a message is in the list of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Someone speaks.
    Spoken,
    /// It holds what came of calls.
    Results,
    /// The tool speaks in the user's name.
    Notice,
    /// It is only shown, or says nothing.
    Shown,
    /// Not known.
    Unknown,
}

/// Tells whether an answer at the end of a document is still written on: it
/// says nothing yet, or its calls have no results yet.
pub(super) fn is_unfinished(element: &[u8]) -> bool {
    let element = element.trim_ascii_start();
    let element = element.strip_prefix(b",").unwrap_or(element);
    let mut tape = Tape::default();
    if tape.read(element).is_none() {
        return false;
    }
    let message = Message::of(tape.root(element));
    let open = |call: Value<'_>| {
        let done = |status: Value<'_>| matches!(status.raw(), b"success" | b"error" | b"cancelled");
        call.get("result").is_none_or(|result| result.is_null()) && !call.get("status").is_some_and(done)
    };
    let mut calls = message.tool_calls().peekable();
    let silent = calls.peek().is_none() && message.sum() == 0;
    message.kind == b"gemini" && (silent || calls.any(open))
}

/// The result of one call. The list of it may hold those of its siblings (0.61).
fn one_result(call: Value<'_>, result: Value<'_>, texts: &mut Texts, making: &mut Making) {
    let id = id_of(call);
    let from = making.draft.results.len();
    if result.kind() == Type::Array {
        let names = |part: &Value<'_>| part.get("functionResponse").map(id_of);
        let own = result.items().any(|part| names(&part) == Some(id));
        let mut taken = !own;
        for part in result.items() {
            taken = names(&part).map_or(taken, |of| !own || of == id);
            if !taken {
                continue;
            }
            match text_of(part) {
                Some(text) => append(making, from, id, texts.of(text)),
                None => making.other(part, texts),
            }
        }
    } else if let Some(text) = text_of(result) {
        append(making, from, id, texts.of(text));
    } else {
        making.other(result, texts);
    }
    // A result answers the call that it stands in, whatever it says itself.
    making.draft.results.iter_mut().skip(from).for_each(|answered| *answered = id);
}

/// Adds a text to the result that is being made, or begins one with it.
fn append(making: &mut Making, from: usize, id: Key, text: Text) {
    let begun = making.draft.results.len() > from;
    if let (true, Some(Block::Result { parts, .. })) = (begun, making.draft.message.blocks.last_mut()) {
        return parts.push(Part::Text(text));
    }
    making.draft.results.push(id);
    making.push(Block::Result { call: None, status: Status::Ok, parts: vec![Part::Text(text)] });
}

/// The text of a part.
fn text_of(part: Value<'_>) -> Option<Value<'_>> {
    let text = if part.kind() == Type::String { Some(part) } else { part.get("text") };
    text.filter(|text| text.kind() == Type::String)
}

fn is_thought(part: Value<'_>) -> bool {
    part.get("thought").is_some_and(|thought| thought.is_true())
}

/// A thought that stands beside the content, as the tool puts it into it.
fn thinking(thought: Value<'_>, texts: &mut Texts) -> Block {
    let said = |key: &str| thought.get(key).filter(|v| v.kind() == Type::String && !v.raw().is_empty());
    let text = match (said("subject"), said("description")) {
        (Some(subject), description) => {
            let description = description.and_then(|d| d.bytes()).unwrap_or_default();
            let subject = subject.bytes().unwrap_or_default();
            texts.make(&[b"**", &*subject, b"** ", &*description].concat())
        }
        (None, Some(description)) => texts.of(description),
        (None, None) => texts.make(b""),
    };
    Block::Thinking { text, signature: None }
}

fn begin(raw: &[u8]) -> &[u8] {
    let mut raw = raw.trim_ascii_start();
    while let Some(rest) = raw.strip_prefix(b"\\n") {
        raw = rest.trim_ascii_start();
    }
    raw
}

fn is_notice(raw: &[u8]) -> bool {
    NOTICES.iter().any(|notice| begin(raw).starts_with(notice))
}

fn is_summary(raw: &[u8]) -> bool {
    let raw = begin(raw);
    raw.starts_with(SUMMARY)
        || raw.starts_with(THOUGHT_BEFORE) && memchr::memmem::find(raw, SUMMARY).is_some()
}

/// A text in the user's name; `None` if there is nothing in it.
fn user_text(text: Value<'_>, texts: &mut Texts) -> Option<Block> {
    let raw = text.raw();
    let masked = |text: &[u8]| {
        let rest = text.strip_prefix(MASK.encode_utf8(&mut [0; 4]).as_bytes())?;
        let shown = rest.trim_ascii_start();
        (shown.is_empty() || matches!(shown.first(), Some(b'/' | b'?' | b'<'))).then(|| rest.to_vec())
    };
    if raw.is_empty() {
        return None;
    }
    if is_notice(raw) {
        return Some(Block::Notice(texts.of(text)));
    }
    if is_summary(raw) {
        return Some(Block::Summary(texts.of(text)));
    }
    match masked(&escape::decode(raw.get(..raw.len().min(64)).unwrap_or_default())) {
        Some(_) => {
            let rest = masked(&escape::decode(raw)).filter(|rest| !rest.is_empty())?;
            Some(Block::Text(texts.make(&rest)))
        }
        None => Some(Block::Text(texts.of(text))),
    }
}
