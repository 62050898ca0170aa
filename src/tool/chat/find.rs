//! Which conversations stand in a file, and where.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::read::{Role, role};
use crate::object::id::Checksum;
use crate::object::json::{Tape, Type, Value};
use crate::tool::document::Document;
use crate::tool::form::{blank, first_line, stem};
use crate::tool::{Found, Framing, Pieces, Stamp, absolute_place, stamp};

/// What the list of a conversation's messages is called.
const LISTS: &[&str] = &["messages", "conversations", "conversation"];

/// The longest document that is read, in bytes.
const DOCUMENT_MAX: u64 = 1 << 30;

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A message a line.
    Messages,
    /// A conversation a line.
    Conversations,
    /// One conversation, as a document.
    Document,
}

/// How a file is laid out, by its first line; `None` if it is none of these.
pub(super) fn layout(path: &Path) -> io::Result<Option<Layout>> {
    let Some(line) = first_line(path)? else { return Ok(None) };
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line);
    let mut tape = Tape::default();
    if tape.read(line).is_some_and(|len| blank(line.get(len..).unwrap_or_default())) {
        let root = tape.root(line);
        return Ok(match root.kind() {
            Type::Object if messages(root).is_some() => Some(Layout::Conversations),
            Type::Object if role(root).is_some() => Some(Layout::Messages),
            Type::Array if root.items().next().is_some_and(|item| role(item).is_some()) => {
                Some(Layout::Document)
            }
            _ => None,
        });
    }
    // A document that is laid out in lines. Its first message tells.
    let is_document = matches!(line.trim_ascii_start().first(), Some(b'{' | b'['));
    if !is_document || stamp(path).is_none_or(|stamp| stamp.len > DOCUMENT_MAX) {
        return Ok(None);
    }
    let mut document = open_list(std::fs::read(path)?);
    let first = document.next()?.map(std::borrow::Cow::into_owned).unwrap_or_default();
    let is_message = tape.read(&first).is_some() && role(tape.root(&first)).is_some();
    Ok(is_message.then_some(Layout::Document))
}

/// The messages of a conversation, if it is one.
fn messages(row: Value<'_>) -> Option<Value<'_>> {
    let mut lists = LISTS.iter().filter_map(|name| row.get(name));
    lists.find(|list| list.items().next().is_some_and(|item| role(item).is_some()))
}

/// What stands in a file.
pub(super) fn sources(path: &Path) -> io::Result<Vec<Found>> {
    let Some(stamp) = stamp(path) else { return Ok(Vec::new()) };
    let found = |native: String, framing, stamp| Found {
        native,
        part: String::new(),
        path: path.to_owned(),
        place: absolute_place(path),
        framing,
        stamp,
        side: Vec::new(),
    };
    match layout(path)? {
        None => Ok(Vec::new()),
        Some(Layout::Messages) => Ok(vec![found(native_of_lines(path)?, Framing::Lines, stamp)]),
        Some(Layout::Document) => {
            let mut document = open_list(std::fs::read(path)?);
            let mut begin = Beginning::default();
            while let Some(record) = document.next()? {
                if begin.take(&record) {
                    break;
                }
            }
            // The whole of it: see `open`.
            let whole = Stamp { inode: 0, ..stamp };
            Ok(vec![found(begin.native(path), Framing::Document, whole)])
        }
        Some(Layout::Conversations) => {
            let spans = spans(path)?;
            let mut begin = Beginning::default();
            if let Some((at, len)) = spans.first() {
                let mut document = open_list(span(path, *at, *len)?);
                while document.next()?.is_some_and(|record| !begin.take(&record)) {}
            }
            let base = begin.native(path);
            let line = |(n, (at, len)): (usize, &(u64, u64))| {
                let stamp = Stamp { len: *len, mtime: stamp.mtime, inode: *at };
                found(format!("{base}-{n:08}"), Framing::Document, stamp)
            };
            Ok(spans.iter().enumerate().map(line).collect())
        }
    }
}

/// Where each conversation of a file stands: the offset and length of its
/// line, with the blank lines around it, so that all joined are the file.
fn spans(path: &Path) -> io::Result<Vec<(u64, u64)>> {
    let mut lines = BufReader::with_capacity(256 << 10, File::open(path)?);
    let (mut spans, mut at, mut line): (Vec<(u64, u64)>, u64, _) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let n = lines.read_until(b'\n', &mut line)? as u64;
        if n == 0 {
            return Ok(spans);
        }
        match spans.last_mut() {
            Some((_, len)) if blank(&line) => *len += n,
            None if blank(&line) => {}
            None => spans.push((0, at + n)),
            Some(_) => spans.push((at, n)),
        }
        at += n;
    }
}

/// A part of a file.
fn span(path: &Path, at: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a conversation that is a list. Which part of the file it is, its stamp
/// says: the length, and for the number of the file the offset, since a line
/// looks as it did if it is as long and stands where it stood.
pub(super) fn open(found: &Found) -> io::Result<Box<dyn Pieces>> {
    Ok(Box::new(open_list(span(&found.path, found.stamp.inode, found.stamp.len)?)))
}

/// Cuts a list of messages, or a document that has one.
fn open_list(bytes: Vec<u8>) -> Document {
    let begins = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).trim_ascii_start().first();
    if begins == Some(&b'[') {
        return Document::of(bytes, None);
    }
    let mut document = Document::of_first(bytes, LISTS);
    let title = document.string("title").filter(|title| !title.is_empty());
    document.tell(crate::tool::StepFacts { tool_title: title, ..Default::default() });
    document
}

fn native_of_lines(path: &Path) -> io::Result<String> {
    let mut lines = BufReader::new(File::open(path)?);
    let (mut begin, mut line) = (Beginning::default(), Vec::new());
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 || !blank(&line) && begin.take(&line) {
            return Ok(begin.native(path));
        }
    }
}

/// How a conversation begins: what it is known again by when it has grown.
#[derive(Default)]
struct Beginning {
    sum: Checksum,
    tape: Tape,
}

impl Beginning {
    /// Takes in a message; true when it is the first that isn't the system's.
    fn take(&mut self, record: &[u8]) -> bool {
        let record = record.trim_ascii();
        let record = record.strip_prefix(b",").unwrap_or(record).trim_ascii_start();
        self.sum.update(record);
        self.tape.read(record).is_none() || role(self.tape.root(record)) != Some(Role::System)
    }

    /// The native id of the conversation in a file.
    fn native(&self, path: &Path) -> String {
        format!("{}-{:016x}", stem(path), self.sum.finish())
    }
}
