//! A session, cut: its first line, which is written anew when the title
//! changes, is what comes before the records; each other line is a record.

use std::borrow::Cow;
use std::io;

use crate::object::json::{Tape, Value};
use crate::object::split::Splitter;
use crate::tool::{Frame, Pieces, StepFacts};

/// A session's bytes. A line that isn't whole yet is what follows the records.
#[derive(Default)]
pub(super) struct Session {
    bytes: Vec<u8>,
    /// Where the records begin.
    head: usize,
    at: usize,
    splitter: Splitter,
    facts: StepFacts,
}

impl Session {
    /// Cuts a session.
    pub(super) fn of(bytes: Vec<u8>) -> Session {
        let line = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut tape = Tape::default();
        let head = tape.read(line).map(|len| (len, facts(tape.root(line))));
        let (head, facts) = match head {
            Some((len, Some(facts))) => (len, facts),
            _ => (0, StepFacts::default()),
        };
        Session { bytes, head, at: head, facts, ..Session::default() }
    }
}

/// What the first line tells; `None` if it is another one.
fn facts(head: Value<'_>) -> Option<StepFacts> {
    head.get("type").filter(|kind| kind.raw() == b"session_start")?;
    let text = |key: &str| head.string(key).filter(|text| !text.is_empty());
    // `title` was the first prompt as long as there was a `sessionTitle`.
    let title = text("sessionTitle").filter(|title| title != "New Session").or_else(|| text("title"));
    let given = head.get("isSessionTitleManuallySet").is_some_and(|given| given.is_true());
    let (user_title, tool_title) = if given { (title, None) } else { (None, title) };
    Some(StepFacts {
        user_title,
        tool_title,
        cwd: text("cwd"),
        parent: text("callingSessionId"),
        forked_from: text("parent"),
        ..StepFacts::default()
    })
}

impl Pieces for Session {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(piece) = self.splitter.next(rest) else { return Ok(None) };
        self.at += piece.end;
        Ok(rest.get(..piece.end).map(Cow::Borrowed))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let lead = self.bytes.get(..self.head).unwrap_or_default().to_vec();
        let trail = self.bytes.get(self.at..).unwrap_or_default().to_vec();
        Ok(Frame { lead, trail, facts: self.facts.clone() })
    }
}
