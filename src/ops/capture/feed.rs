//! The records of a source, one after another, however it is cut.

use std::io;

use super::input::{Input, Passed, Windows};
use crate::object::split::{Piece, Splitter};
use crate::store::refs::Mark;
use crate::tool::{Found, Frame, Pieces, Stamp, Tool};

/// Where records come from.
pub(super) enum Feed {
    /// Lines of a file.
    Lines(Input),
    /// What the adapter cuts.
    Pieces {
        pieces: Box<dyn Pieces>,
        stamp: Stamp,
        /// The record that is next.
        record: Vec<u8>,
    },
}

/// A source that is open.
pub(super) struct Opened {
    pub(super) feed: Feed,
    pub(super) seen: Passed,
    /// Whether the feed goes on where the mark ends.
    pub(super) grown: bool,
}

impl Feed {
    /// Opens a source at the place where `mark` ends, if what was before that
    /// is unchanged; else at its beginning.
    pub(super) fn open(tool: &dyn Tool, found: &Found, mark: Option<&Mark>) -> io::Result<Opened> {
        if found.framing.is_opened() {
            return Feed::open_pieces(tool, found, mark);
        }
        let (input, grown) = Input::open(found, mark)?;
        let offset = mark.filter(|_| grown).map_or(0, |mark| mark.offset);
        let windows = if offset > 0 { Windows::resume(&found.path, offset)? } else { Windows::default() };
        Ok(Opened { feed: Feed::Lines(input), seen: Passed::Windows(windows), grown })
    }

    fn open_pieces(tool: &dyn Tool, found: &Found, mark: Option<&Mark>) -> io::Result<Opened> {
        let mut pieces = tool.open(found)?;
        let known = match mark.filter(|mark| mark.offset > 0) {
            Some(mark) => pieces.pass(mark.offset, mark.start)?,
            None => None,
        };
        let grown = known.is_some();
        if mark.is_some() && !grown {
            pieces = tool.open(found)?;
        }
        let feed = Feed::Pieces { pieces, stamp: found.stamp, record: Vec::new() };
        Ok(Opened { feed, seen: Passed::All(Box::new(known.unwrap_or_default())), grown })
    }

    /// What the source was when it was opened.
    pub(super) fn stamp(&self) -> Stamp {
        match self {
            Feed::Lines(input) => input.stamp,
            Feed::Pieces { stamp, .. } => *stamp,
        }
    }

    /// What was read and not yet taken.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Feed::Lines(input) => input.bytes(),
            Feed::Pieces { record, .. } => record,
        }
    }

    /// The record `taken` bytes into what was read; `None` when more must be
    /// read first.
    pub(super) fn piece(&self, splitter: &mut Splitter, taken: usize) -> Option<Piece> {
        let rest = self.bytes().get(taken..)?;
        match self {
            Feed::Lines(_) => splitter.next(rest),
            Feed::Pieces { .. } => (!rest.is_empty()).then(|| splitter.document(rest)),
        }
    }

    /// Takes bytes from the front.
    pub(super) fn take(&mut self, n: usize) {
        match self {
            Feed::Lines(input) => input.take(n),
            Feed::Pieces { record, .. } => drop(record.drain(..n.min(record.len()))),
        }
    }

    /// Reads more; false at the end.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        match self {
            Feed::Lines(input) => input.more(),
            Feed::Pieces { pieces, record, .. } => {
                record.clear();
                while record.is_empty() {
                    let Some(next) = pieces.next()? else { return Ok(false) };
                    record.extend_from_slice(&next);
                }
                Ok(true)
            }
        }
    }

    /// What stands around the records. Of lines, what is left: it has no end yet.
    pub(super) fn end(mut self) -> io::Result<Frame> {
        match &mut self {
            Feed::Lines(input) => Ok(Frame { trail: input.bytes().to_vec(), ..Frame::default() }),
            Feed::Pieces { pieces, .. } => pieces.frame(),
        }
    }
}
