//! A log, cut.
//!
//! A turn that is written while it is answered is spread over many lines, and
//! what becomes of it stands in the last ones. So the lines from the one that
//! begins it to the one that settles it are one record, and until it is settled
//! they are none. Any other line is a record of its own.

use std::borrow::Cow;
use std::io;

use super::entry::Entry;
use super::request::{self, is_finished};
use crate::object::split::Splitter;
use crate::tool::{Frame, Pieces};

/// A log's bytes.
#[derive(Default)]
pub(super) struct Log {
    bytes: Vec<u8>,
    /// One past each record.
    ends: Vec<usize>,
    at: usize,
}

impl Log {
    /// Cuts a log.
    pub(super) fn of(bytes: Vec<u8>) -> Log {
        let (mut cutter, mut splitter, mut at) = (Cutter::default(), Splitter::default(), 0);
        while let Some(piece) = splitter.next(bytes.get(at..).unwrap_or_default()) {
            let rest = bytes.get(at..).unwrap_or_default();
            at += piece.end;
            let entry = splitter.row(rest, piece).and_then(|(line, _)| Entry::of(line));
            cutter.line(entry.as_ref(), at);
        }
        Log { bytes, ends: cutter.ends, at: 0 }
    }
}

impl Pieces for Log {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        let begin = self.at.checked_sub(1).and_then(|n| self.ends.get(n)).copied().unwrap_or(0);
        let Some(end) = self.ends.get(self.at).copied() else { return Ok(None) };
        self.at += 1;
        Ok(self.bytes.get(begin..end).map(Cow::Borrowed))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let end = self.ends.last().copied().unwrap_or(0);
        let trail = self.bytes.get(end..).unwrap_or_default().to_vec();
        Ok(Frame { trail, ..Frame::default() })
    }
}

/// What is known while lines are cut.
#[derive(Default)]
struct Cutter {
    ends: Vec<usize>,
    /// How many turns there are.
    count: usize,
    open: Option<Open>,
}

/// The last turn, while it isn't settled.
struct Open {
    n: usize,
    /// One past the last of its lines so far.
    end: usize,
    /// Whether it is over, though there may be more of its answer.
    over: bool,
}

impl Cutter {
    /// Takes the line that ends at a place.
    fn line(&mut self, entry: Option<&Entry<'_>>, end: usize) {
        let listed = entry.and_then(Entry::listed);
        let about = |open: &Open| listed.is_none() && entry.and_then(Entry::request) == Some(open.n);
        // What comes after the last of an answer is no part of it.
        if let Some(over) = self.open.take_if(|open| open.over && !about(open)) {
            self.ends.push(over.end);
        }
        if let Some((at, list)) = listed {
            let requests = list.each();
            self.count = at.unwrap_or(self.count).min(self.count) + requests.len();
            let last = requests.last().filter(|last| !is_finished(**last));
            self.open = last.map(|_| Open { n: self.count.saturating_sub(1), end, over: false });
        } else if let Some(open) = &mut self.open {
            open.end = end;
            if let Some(entry) = entry.filter(|entry| entry.request() == Some(open.n)) {
                open.over |= entry.member("modelState").is_some_and(request::is_over);
                let told = entry.member("result").and_then(request::rounds).is_some();
                self.open.take_if(|_| told);
            }
        }
        if self.open.is_none() {
            self.ends.push(end);
        }
    }
}
