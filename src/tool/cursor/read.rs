//! Records to steps.
//!
//! A record is a row (see [`crate::tool::rows`]) or a line of a transcript.
//! Where a conversation has a graph of blobs, its messages speak, and bubbles
//! before them tell when and by which model: the first blob comes before
//! the first bubble that doesn't speak (see [`super::weave`]).

use super::{bubble, message, transcript};
use crate::object::codec::{self, Decode, Encode};
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::Role;
use crate::object::split::Texts;
use crate::tool::{Counted, Found, Framing, Key, Reader, Step};

/// Longer names of models are not kept; nothing genuine has them.
const NAME_MAX: usize = 128;

/// What must be known to go on.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct State {
    /// Whether a message of the graph has been read.
    graph: bool,
    /// Of the first bubble since the last message of the graph.
    time: Option<i64>,
    /// The time of the last message that had one.
    before: Option<i64>,
    model: Option<String>,
    /// The tokens of the bubbles since, and the id of the last one counted.
    usage: Usage,
    counted: u64,
    /// Calls in a transcript so far.
    calls: u64,
}

/// Reads one source.
pub(super) struct RowReader {
    lines: bool,
    state: State,
}

impl RowReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> RowReader {
        RowReader { lines: found.framing == Framing::Lines, state: codec::decode(state).unwrap_or_default() }
    }

    fn row(&mut self, row: Value<'_>, texts: &mut Texts) -> Step {
        let Some(columns) = row.get("row") else { return unknown() };
        match row.string("table").as_deref() {
            Some("blobs") => columns.get("data").map_or_else(unknown, |data| self.blob(data, texts)),
            Some("cursorDiskKV") => {
                let key = columns.string("key").unwrap_or_default();
                let Some(value) = columns.get("value").map(unwrapped) else { return unknown() };
                match key.split(':').next() {
                    Some("bubbleId") => self.bubble(value, texts),
                    Some("agentKv") => self.blob(value, texts),
                    Some("composerData") => self.inline(value, texts),
                    _ => Step::default(),
                }
            }
            _ => Step::default(),
        }
    }

    /// A blob of the graph: one that is a message speaks.
    fn blob(&mut self, data: Value<'_>, texts: &mut Texts) -> Step {
        let value = unwrapped(data);
        if value.kind() != Type::Object || !message::is_message(value) {
            return Step::default();
        }
        self.state.graph = true;
        let mut steps = message::steps(value, texts);
        let time = self.state.time.take().or(self.state.before);
        self.state.before = time;
        for step in &mut steps {
            step.time = time;
            let spoken = step.message.as_ref().is_some_and(|draft| draft.message.role == Role::Assistant);
            if step.model.is_none() && spoken {
                step.model.clone_from(&self.state.model);
            }
        }
        let usage = std::mem::take(&mut self.state.usage);
        if let Some(last) = steps.last_mut().filter(|_| !usage.is_zero()) {
            last.usage = Some(Counted { api: Key(self.state.counted), usage });
        }
        let mut steps = steps.into_iter();
        let Some(mut first) = steps.next() else { return Step::default() };
        first.then = steps.collect();
        first
    }

    fn bubble(&mut self, value: Value<'_>, texts: &mut Texts) -> Step {
        if value.kind() != Type::Object {
            // Rows of bubbles that were thrown away hold nothing.
            return Step { unknown: !value.is_null(), ..Step::default() };
        }
        if let Some(model) = bubble::model(value).filter(|model| model.len() <= NAME_MAX) {
            self.state.model = Some(model);
        }
        if self.state.graph {
            self.state.time = self.state.time.or(bubble::time(value));
            if let Some(usage) = bubble::usage(value) {
                self.state.usage = self.state.usage.plus(&usage);
                let id = bubble::id(value).unwrap_or_default();
                self.state.counted = Key::of(id.as_bytes()).0;
            }
            return Step::default();
        }
        let mut step = bubble::step(value, texts);
        step.time = step.time.or(self.state.before);
        self.state.before = step.time;
        step
    }

    /// A conversation of the form before bubbles had rows of their own.
    fn inline(&mut self, value: Value<'_>, texts: &mut Texts) -> Step {
        let bubbles = value.get("conversation").into_iter().flat_map(|list| list.items());
        let mut steps = Vec::new();
        for item in bubbles {
            let mut step = self.bubble(item, texts);
            let then = std::mem::take(&mut step.then);
            steps.push(step);
            steps.extend(then);
        }
        let mut steps = steps.into_iter();
        let Some(mut first) = steps.next() else { return Step::default() };
        first.then = steps.collect();
        first
    }
}

/// What a column holds: JSON stands as it is, or marked if it was a blob.
fn unwrapped(value: Value<'_>) -> Value<'_> {
    value.get("$json_blob").unwrap_or(value)
}

fn unknown() -> Step {
    Step { unknown: true, ..Step::default() }
}

impl Reader for RowReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step::default() };
        if self.lines { transcript::step(row, texts, &mut self.state.calls) } else { self.row(row, texts) }
    }

    fn state(&self) -> Vec<u8> {
        // What can't be written is begun anew.
        codec::encode(&self.state).unwrap_or_default()
    }
}
