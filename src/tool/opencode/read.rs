//! Reading: what the records of a session mean.

use super::seen::{Seen, seen};
use super::state::{Speaker, State};
use super::{answer, prompt};
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::{Counted, Draft, Key, Link, Reader, Step};

/// Reads the records of one session.
pub(in crate::tool) struct RowReader(State);

impl RowReader {
    /// A reader that goes on from a state.
    pub(in crate::tool) fn new(state: &[u8]) -> RowReader {
        RowReader(State::load(state))
    }

    fn record(&mut self, record: Value<'_>, texts: &mut Texts) -> Step {
        match seen(record) {
            Seen::EarlyPrompt(early) => {
                let id = Key::of(early.get("id").map(|id| id.raw()).unwrap_or_default());
                self.0.begin(Speaker::User, id.0, early.get("created").and_then(|time| time.int()));
                Step { time: self.0.time, ..Step::default() }
            }
            Seen::EarlyCall(early) => {
                self.0.early += 1;
                let start = early.get("start").and_then(|time| time.int()).or(self.0.time);
                let mut step = answer::call(id(early, "id"), early.get("tool"), early.get("input"), texts);
                step.time = start;
                self.model(step, false)
            }
            Seen::Message(id, data) => self.message(id, data, texts),
            Seen::Part(id, message, data) => self.part(id, message, data, texts),
            Seen::Session(row) => self.taken_back(row),
            Seen::Other => Step { unknown: true, ..Step::default() },
        }
    }

    fn message(&mut self, id: &[u8], data: Value<'_>, texts: &mut Texts) -> Step {
        let time = |key| data.path(&["time", key]).and_then(|time| time.int());
        match data.get("role").map(|role| role.raw()) {
            Some(b"assistant") => {
                let summary = data.get("summary").is_some_and(|summary| summary.is_true());
                let speaker = if summary { Speaker::Summary } else { Speaker::Model };
                self.0.begin(speaker, Key::of(id).0, time("created"));
                self.0.speaks(data.string("modelID"));
                self.0.usage = data.get("tokens").map(usage).filter(|usage| !usage.is_zero());
                let error =
                    data.path(&["error", "data", "message"]).filter(|text| text.kind() == Type::String);
                let message = error.filter(|text| !text.raw().is_empty()).map(|text| {
                    let blocks = vec![Block::Notice(texts.of(text))];
                    Draft::of(Role::System, blocks)
                });
                Step { time: self.0.time, message, model: self.0.model.clone(), ..Step::default() }
            }
            // What it says was said early.
            Some(b"user") => Step::default(),
            _ => Step { unknown: true, ..Step::default() },
        }
    }

    fn part(&mut self, id: &[u8], message: &[u8], data: Value<'_>, texts: &mut Texts) -> Step {
        if Key::of(message).0 != self.0.message {
            return Step { unknown: true, ..Step::default() };
        }
        let kind = data.get("type").map(|kind| kind.raw()).unwrap_or_default();
        match self.0.speaker {
            Speaker::Nobody => Step { unknown: true, ..Step::default() },
            Speaker::User => {
                let mut step = prompt::part(kind, data, texts);
                // A prompt of several parts is one prompt.
                step.prompt = step.prompt.filter(|_| self.0.begins());
                self.keyed(id, step)
            }
            Speaker::Model | Speaker::Summary => {
                let early = kind == b"tool" && self.0.early > 0;
                let step = match (early, self.0.speaker) {
                    (true, _) => {
                        self.0.early -= 1;
                        return self.keyed(&[id, b"="].concat(), answer::result(id, data, texts));
                    }
                    (false, Speaker::Summary) if kind == b"text" => answer::summary(data, texts),
                    (false, _) => answer::part(id, kind, data, texts),
                };
                let step = self.keyed(id, step);
                self.model(step, kind == b"step-finish")
            }
        }
    }

    /// Names a step that says something, and says when it was if it doesn't itself.
    fn keyed(&self, id: &[u8], mut step: Step) -> Step {
        step.key = step.message.is_some().then(|| Key::of(id));
        step.time = step.time.or(self.0.time.filter(|_| step.message.is_some()));
        step
    }

    /// Says of a step who speaks. The first that says something tells what the
    /// message cost, or else the one at its end.
    fn model(&mut self, mut step: Step, end: bool) -> Step {
        step.model = self.0.model.clone().filter(|_| step.message.is_some());
        if step.message.is_some() || end {
            let usage = self.0.usage.take();
            step.usage = usage.map(|usage| Counted { api: Key(self.0.message), usage });
        }
        step
    }

    /// The session says that what follows a message is taken back.
    fn taken_back(&mut self, row: Value<'_>) -> Step {
        let revert = row.get("revert").filter(|revert| revert.kind() == Type::Object);
        // One that begins within a message takes back less than turns.
        let message = revert.filter(|revert| revert.get("partID").is_none_or(|part| part.is_null()));
        let message = message.and_then(|revert| revert.get("messageID"));
        let turns = message.and_then(|message| self.0.take_back(Key::of(message.raw()).0));
        Step { link: turns.map_or(Link::Tip, Link::TurnsBack), ..Step::default() }
    }
}

impl Reader for RowReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some((value, texts)) => self.record(value, texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn state(&self) -> Vec<u8> {
        self.0.save()
    }
}

fn id<'t>(row: Value<'t>, key: &str) -> &'t [u8] {
    row.get(key).map(|id| id.raw()).unwrap_or_default()
}

/// Tokens as a message counts them: what was cached is not part of the input;
/// thoughts are part of the output only in some versions, but always of the total.
fn usage(tokens: Value<'_>) -> Usage {
    let number = |path: &[&str]| {
        tokens.path(path).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or_default()
    };
    let (input, read, write) = (number(&["input"]), number(&["cache", "read"]), number(&["cache", "write"]));
    let output = number(&["total"]).checked_sub(input.saturating_add(read).saturating_add(write));
    let counted = number(&["output"]).saturating_add(number(&["reasoning"]));
    Usage {
        input,
        cache_write: write,
        cache_read: read,
        output: output.filter(|n| *n > 0).unwrap_or(counted),
    }
}
