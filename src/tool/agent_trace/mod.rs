//! Agent Trace: which lines of which files are by whom, without what was said.
//!
//! A record tells of files, and of each the ranges of lines that came from a
//! conversation, which it names by a URL alone. So what is imported is no
//! conversation: a file of records becomes a session of notices, one for each
//! record, in which nobody speaks. It can be listed, shown and searched; there
//! is nothing in it to resume. Read off the specification 0.1.0
//! (<https://agent-trace.dev>) and its reference implementation, which keeps
//! records a line each.

mod read;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::form::{Form, Writes, first_line, stem};
use super::{Discovery, Found, Frame, Framing, Pieces, Places, Reader, Step, Tool, absolute_place, stamp};
use crate::object::id::checksum;
use crate::object::json::Tape;

/// The longest document that is read to recognise it, in bytes.
const LEN_MAX: u64 = 64 << 20;

/// The adapter.
pub(super) struct AgentTrace;

impl Tool for AgentTrace {
    fn name(&self) -> &'static str {
        "agent-trace"
    }

    fn title(&self) -> &'static str {
        "Agent Trace"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its files may be anywhere, so places are absolute paths.
    fn root(&self, _: &Places) -> PathBuf {
        PathBuf::from("/")
    }

    /// What stands in a file now goes before what stood there.
    fn shares_files(&self) -> bool {
        true
    }

    fn looks_at(&self, _: &Places) -> Vec<PathBuf> {
        Vec::new()
    }

    fn discover(&self, _: &Places) -> Discovery {
        Discovery::default()
    }

    fn copies(&self, _: &Step) -> bool {
        false
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> io::Result<Box<dyn Pieces>> {
        Ok(Box::new(Whole(Some(std::fs::read(&found.path)?))))
    }

    fn reader(&self, found: &Found, _: &[u8]) -> Box<dyn Reader> {
        Box::new(read::RecordReader::new(found))
    }

    fn form(&self) -> Option<&dyn Form> {
        Some(self)
    }
}

impl Form for AgentTrace {
    fn is_in(&self, path: &Path) -> io::Result<bool> {
        Ok(path.is_file() && first(path)?.is_some())
    }

    fn sources(&self, path: &Path) -> io::Result<Vec<Found>> {
        let Some((stamp, (first, framing))) = stamp(path).zip(first(path)?) else { return Ok(Vec::new()) };
        Ok(vec![Found {
            native: format!("{}-{:016x}", stem(path), checksum(&first)),
            part: String::new(),
            path: path.to_owned(),
            place: absolute_place(path),
            framing,
            stamp,
            side: Vec::new(),
        }])
    }

    fn writes(&self) -> Writes<'_> {
        Writes::Lines
    }
}

/// The first record of a file, and whether it is one of lines; `None` if the
/// file has none.
fn first(path: &Path) -> io::Result<Option<(Vec<u8>, Framing)>> {
    let Some(line) = first_line(path)? else { return Ok(None) };
    let mut tape = Tape::default();
    let value = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line).trim_ascii();
    if tape.read(value) == Some(value.len()) {
        return Ok(read::is_record(tape.root(value)).then(|| (value.to_vec(), Framing::Lines)));
    }
    // A record that is laid out in lines.
    if value.first() != Some(&b'{') || stamp(path).is_none_or(|stamp| stamp.len > LEN_MAX) {
        return Ok(None);
    }
    let bytes = std::fs::read(path)?;
    let value = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).trim_ascii();
    let is_record = tape.read(value) == Some(value.len()) && read::is_record(tape.root(value));
    Ok(is_record.then(|| (value.to_vec(), Framing::Document)))
}

/// A document that is one record.
struct Whole(Option<Vec<u8>>);

impl Pieces for Whole {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        Ok(self.0.take().map(Cow::Owned))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        Ok(Frame::default())
    }
}
