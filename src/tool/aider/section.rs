//! A history cut into chats, and a chat into blocks: what is typed, what aider
//! says line by line, what the model says.
//!
//! A block begins with the blank lines before it, since aider writes them with
//! it. An answer is over at a blank line after which another block begins, and
//! aider writes that line with the answer. So a chat read while it goes on is cut as
//! it is when it is over; what isn't over yet is the trail.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use super::lines::{Kind, is_marked, is_plain, kind, lines, millis, started};
use super::read;
use crate::tool::{Frame, Pieces, StepFacts};

/// A chat in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chat {
    /// What tells it from others of the history; in the order of their beginnings.
    pub(super) name: String,
    /// When it began, in milliseconds since 1970.
    pub(super) started: Option<i64>,
    /// Where it is.
    pub(super) span: Range<usize>,
}

/// The chats of a history. All bytes are in one of them.
pub(super) fn sections(bytes: &[u8]) -> Vec<Chat> {
    let mut chats: Vec<Chat> = Vec::new();
    let mut blank = None;
    for span in lines(bytes) {
        let line = bytes.get(span.clone()).unwrap_or_default();
        if let Some(when) = started(line) {
            let start = if chats.is_empty() { 0 } else { blank.unwrap_or(span.start) };
            let name = when.replace(' ', "T");
            let again = chats.iter().filter(|chat| chat.name.starts_with(&name)).count();
            let name = if again > 0 { format!("{name}.{again:04}") } else { name };
            if let Some(before) = chats.last_mut() {
                before.span.end = start;
            }
            chats.push(Chat { name, started: millis(when), span: start..bytes.len() });
        }
        // The blank line right before a head belongs to it.
        blank = (line.trim_ascii().is_empty()).then_some(span.start);
    }
    if chats.is_empty() && !bytes.is_empty() {
        chats.push(Chat { name: "0".to_owned(), started: None, span: 0..bytes.len() });
    }
    chats
}

/// A chat, cut.
pub(super) struct Section {
    bytes: Vec<u8>,
    /// One past each block.
    ends: Vec<usize>,
    at: usize,
    cwd: Option<String>,
}

impl Section {
    /// Cuts a chat. `closed` if it is over, so that its last block is whole.
    pub(super) fn of(bytes: Vec<u8>, closed: bool, folder: Option<&Path>) -> Section {
        let plain = lines(&bytes).find_map(|span| is_plain(bytes.get(span)?)).unwrap_or(false);
        let mut cut = Cut { bytes: &bytes, plain, ends: Vec::new(), block: None, fence: 0, blank: None };
        lines(&bytes).for_each(|span| cut.line(span));
        let Cut { block, blank, mut ends, .. } = cut;
        let whole = match block {
            Some(Kind::User | Kind::Tool) => Some(blank.unwrap_or(bytes.len())),
            // They are written with the blank line after them.
            Some(Kind::Model | Kind::Head) => blank.map(|blank| end_of_line(&bytes, blank)),
            _ => None,
        };
        let whole = whole.filter(|_| bytes.ends_with(b"\n"));
        ends.extend(whole.or(block.filter(|_| closed).map(|_| bytes.len())));
        let cwd = folder.map(|folder| folder.to_string_lossy().into_owned());
        Section { bytes, ends, at: 0, cwd }
    }
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |end| at + end + 1)
}

/// In a thought, as if in code.
const THOUGHT: usize = usize::MAX;

struct Cut<'b> {
    bytes: &'b [u8],
    plain: bool,
    ends: Vec<usize>,
    /// What the block is that is read.
    block: Option<Kind>,
    /// How many backticks opened the code that is read; 0 outside of code, and
    /// [`THOUGHT`] in a thought.
    fence: usize,
    /// Where the blank lines begin that were read last, outside of code.
    blank: Option<usize>,
}

impl Cut<'_> {
    fn line(&mut self, span: Range<usize>) {
        let line = self.bytes.get(span.clone()).unwrap_or_default();
        let kind = kind(line, self.plain);
        match (self.block, kind) {
            // A message of aider's that has several lines ends as its lines do.
            (Some(Kind::ToolBegins), Kind::Blank | Kind::Model) => {
                if is_marked(line) {
                    self.ends.push(span.end);
                    self.block = None;
                }
            }
            (_, Kind::Blank) if self.fence == 0 => self.blank = self.blank.or(Some(span.start)),
            (_, Kind::Blank) => {}
            (Some(Kind::Model), Kind::Model) => self.model(line, span.start),
            (Some(Kind::User), Kind::User) if self.blank.is_none() => {}
            _ => {
                self.end(span.start);
                self.block = Some(kind);
                if kind == Kind::Model {
                    self.fence(line);
                }
            }
        }
    }

    /// A further line of an answer: after two blank lines it is another one.
    fn model(&mut self, line: &[u8], start: usize) {
        if let Some(blank) = self.blank.take() {
            let after = end_of_line(self.bytes, blank);
            if after < start {
                self.ends.push(after);
            }
        }
        self.fence(line);
    }

    /// Ends the block that is read: an answer with the blank line after it.
    fn end(&mut self, start: usize) {
        let blank = self.blank.take();
        self.fence = 0;
        match self.block.take() {
            None => {}
            Some(Kind::Model | Kind::Head) => {
                self.ends.push(blank.map_or(start, |blank| end_of_line(self.bytes, blank)));
            }
            Some(_) => self.ends.push(blank.unwrap_or(start)),
        }
    }

    fn fence(&mut self, line: &[u8]) {
        let marks = if self.fence == THOUGHT { read::THOUGHT_END } else { read::THOUGHT };
        if (self.fence == THOUGHT || self.fence == 0) && line.starts_with(marks.as_bytes()) {
            self.fence = if self.fence == 0 { THOUGHT } else { 0 };
        }
        if self.fence == THOUGHT {
            return;
        }
        let ticks = line.iter().take_while(|byte| **byte == b'`').count();
        if ticks < 3 {
            return;
        }
        if self.fence == 0 {
            self.fence = ticks;
        } else if ticks >= self.fence {
            self.fence = 0;
        }
    }
}

impl Pieces for Section {
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        let start = self.at.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0);
        let Some(end) = self.ends.get(self.at) else { return Ok(None) };
        self.at += 1;
        Ok(self.bytes.get(start..*end).map(Cow::Borrowed))
    }

    fn frame(&mut self) -> std::io::Result<Frame> {
        let end = self.ends.last().copied().unwrap_or(0);
        let facts = StepFacts { cwd: self.cwd.clone(), ..StepFacts::default() };
        Ok(Frame { lead: Vec::new(), trail: self.bytes.get(end..).unwrap_or_default().to_vec(), facts })
    }
}
