//! The records of a session in reading order, wherever they lie.
//!
//! Messages come in the order in which the tool sends them, each before its parts.
//! What may still change is held back in the trail: an answer that isn't
//! finished and what comes after it, prompts that nothing answers yet, and the row of the last prompt
//! (see [`early`]).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

use super::early;
use super::seen::{Seen, seen};
use crate::object::json::{Tape, Type, Value};
use crate::tool::{Frame, Pieces};

/// A session where it lies.
pub(super) trait Shelf {
    /// How many messages it has.
    fn count(&self) -> usize;

    /// The record of a message; `None` if it is gone.
    fn message(&mut self, n: usize) -> io::Result<Option<Vec<u8>>>;

    /// The records of its parts, in order.
    fn parts(&mut self, n: usize) -> io::Result<Vec<Vec<u8>>>;

    /// The record of the session if it says that the last turns are taken back.
    fn taken_back(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// What stands around the records. Only asked for after all else.
    fn frame(&mut self) -> io::Result<Frame>;
}

/// Reads a session.
pub(super) struct Order<S> {
    shelf: S,
    tape: Tape,
    /// The next message, and the first that is held back.
    at: usize,
    held: usize,
    ready: VecDeque<Vec<u8>>,
    /// The row of the last prompt.
    prompt: Option<Vec<u8>>,
    ended: bool,
}

/// Who speaks in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    User,
    Model { finished: bool },
    Nobody,
}

impl<S: Shelf> Order<S> {
    /// Begins at the beginning.
    pub(super) fn new(mut shelf: S) -> io::Result<Order<S>> {
        let (mut tape, mut held) = (Tape::default(), 0);
        for n in (0..shelf.count()).rev() {
            let row = shelf.message(n)?.unwrap_or_default();
            if let Speaker::Model { finished } = speaker(&row, &mut tape) {
                held = n + usize::from(finished);
                break;
            }
        }
        Ok(Order { shelf, tape, at: 0, held, ready: VecDeque::new(), prompt: None, ended: false })
    }

    /// Gets the next message ready with its parts.
    fn message(&mut self) -> io::Result<()> {
        let n = self.at;
        self.at += 1;
        let Some(row) = self.shelf.message(n)? else { return Ok(()) };
        let parts = self.shelf.parts(n)?;
        match speaker(&row, &mut self.tape) {
            Speaker::User => {
                self.ready.extend(self.prompt.take());
                let early = self.tape.read(&row).map(|_| seen(self.tape.root(&row)));
                if let Some(Seen::Message(id, data)) = early {
                    self.ready.push_back(early::prompt(id, data));
                }
                self.prompt = Some(row);
                self.prompt_parts(parts);
            }
            Speaker::Model { .. } | Speaker::Nobody => {
                self.ready.push_back(row);
                self.answer_parts(parts);
            }
        }
        Ok(())
    }

    /// What was typed comes before what goes with it.
    fn prompt_parts(&mut self, parts: Vec<Vec<u8>>) {
        let (typed, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| {
            self.data(part, |_, _, data| {
                data.get("type").is_some_and(|kind| kind.raw() == b"text")
                    && !["synthetic", "ignored"].iter().any(|key| data.get(key).is_some_and(|v| v.is_true()))
            })
            .unwrap_or(false)
        });
        self.ready.extend(typed.into_iter().chain(rest));
    }

    /// Calls that were made at once come before their results.
    fn answer_parts(&mut self, parts: Vec<Vec<u8>>) {
        let call = |id: &[u8], message: &[u8], data: Value<'_>| {
            let is_call = data.get("type").is_some_and(|kind| kind.raw() == b"tool");
            is_call.then(|| early::call(id, message, data))
        };
        let calls: Vec<_> = parts.iter().map(|part| self.data(part, call).flatten()).collect();
        let Some(last) = calls.iter().rposition(Option::is_some) else { return self.ready.extend(parts) };
        if calls.iter().flatten().count() < 2 {
            return self.ready.extend(parts);
        }
        let mut results = Vec::new();
        for (n, (part, call)) in parts.into_iter().zip(calls).enumerate() {
            match call {
                Some(call) => {
                    self.ready.push_back(call);
                    results.push(part);
                }
                None => self.ready.push_back(part),
            }
            if n == last {
                self.ready.extend(results.drain(..));
            }
        }
    }

    fn data<T>(&mut self, part: &[u8], f: impl FnOnce(&[u8], &[u8], Value<'_>) -> T) -> Option<T> {
        self.tape.read(part)?;
        match seen(self.tape.root(part)) {
            Seen::Part(id, message, data) => Some(f(id, message, data)),
            _ => None,
        }
    }
}

impl<S: Shelf> Pieces for Order<S> {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        while self.ready.is_empty() && self.at < self.held {
            self.message()?;
        }
        if self.ready.is_empty() && !self.ended {
            self.ended = true;
            self.ready.extend(self.shelf.taken_back()?);
        }
        Ok(self.ready.pop_front().map(Cow::Owned))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let mut held: Vec<Vec<u8>> = self.prompt.take().into_iter().collect();
        for n in self.held..self.shelf.count() {
            held.extend(self.shelf.message(n)?);
            held.extend(self.shelf.parts(n)?);
        }
        let mut frame = self.shelf.frame()?;
        if !frame.trail.is_empty() {
            held.push(std::mem::take(&mut frame.trail));
        }
        frame.trail = lines(&held);
        Ok(frame)
    }
}

/// Records, one a line.
pub(super) fn lines(records: &[Vec<u8>]) -> Vec<u8> {
    records.join(b"\n".as_slice())
}

fn speaker(row: &[u8], tape: &mut Tape) -> Speaker {
    let Some(Seen::Message(_, data)) = tape.read(row).map(|_| seen(tape.root(row))) else {
        return Speaker::Nobody;
    };
    match data.get("role").map(|role| role.raw()) {
        Some(b"user") => Speaker::User,
        Some(b"assistant") => {
            let end = data.path(&["time", "completed"]);
            Speaker::Model { finished: end.is_some_and(|end| end.kind() == Type::Number) }
        }
        _ => Speaker::Nobody,
    }
}
