//! Reading: what each message of a thread means.

use super::blocks;
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::split::Texts;
use crate::tool::{Counted, Key, Link, Reader, Step, time};

/// How many side conversations are remembered.
const SIDES: usize = 64;

/// Reads the messages of one thread.
#[derive(Default)]
pub(super) struct MessageReader {
    /// The calls whose subagents have spoken, the latest last.
    sides: Vec<u64>,
}

impl MessageReader {
    pub(super) fn new(state: &[u8]) -> MessageReader {
        let words = state.chunks_exact(8).filter_map(|word| word.try_into().ok());
        MessageReader { sides: words.map(u64::from_le_bytes).collect() }
    }

    fn message(&mut self, message: Value<'_>, texts: &mut Texts) -> Step {
        let mut step = Step { time: when(message), ..Step::default() };
        match message.get("role").map(|role| role.raw()) {
            Some(b"user") => blocks::user(message, texts, &mut step),
            Some(b"assistant") => {
                blocks::assistant(message, texts, &mut step);
                counted(message, &mut step);
            }
            Some(b"info") => blocks::info(message, texts, &mut step),
            _ => step.unknown = true,
        }
        if let Some(call) = message.get("parentToolUseId").filter(|call| call.kind() == Type::String) {
            self.aside(Key::of(call.raw()), &mut step);
        }
        step
    }

    /// Puts a message that a subagent said inside of a call aside.
    fn aside(&mut self, call: Key, step: &mut Step) {
        step.side = true;
        step.key = Some(call);
        step.prompt = None;
        step.link = if self.sides.contains(&call.0) { Link::Key(call) } else { Link::Root };
        self.sides.retain(|side| *side != call.0);
        self.sides.push(call.0);
        if self.sides.len() > SIDES {
            self.sides.remove(0);
        }
    }
}

impl Reader for MessageReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some((message, texts)) => self.message(message, texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn state(&self) -> Vec<u8> {
        self.sides.iter().flat_map(|side| side.to_le_bytes()).collect()
    }
}

/// When a message was sent, or was done. Results have no time of their own.
fn when(message: Value<'_>) -> Option<i64> {
    let sent = || message.path(&["meta", "sentAt"])?.int();
    let counted = || time::parse(message.path(&["usage", "timestamp"])?.raw());
    let done = || {
        let last = message.get("content")?.items().last()?;
        last.get("finalTime").or_else(|| last.get("startTime"))?.int()
    };
    sent().or_else(counted).or_else(done)
}

/// The model and its tokens.
fn counted(message: Value<'_>, step: &mut Step) {
    let Some(usage) = message.get("usage").filter(|usage| usage.kind() == Type::Object) else { return };
    step.model = usage.string("model").filter(|model| !model.is_empty());
    let number = |key: &str| usage.get(key).and_then(|n| u64::try_from(n.int()?).ok()).unwrap_or_default();
    let tokens = Usage {
        input: number("inputTokens"),
        cache_write: number("cacheCreationInputTokens"),
        cache_read: number("cacheReadInputTokens"),
        output: number("outputTokens"),
    };
    let id = message.get("messageId").map(|id| id.raw()).unwrap_or_default();
    step.usage = (!tokens.is_zero()).then(|| Counted { api: Key::of(id), usage: tokens });
}
