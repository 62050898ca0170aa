//! A history, cut at the lines that say who speaks; in the first form also
//! where a part of an answer ends.
//!
//! The program writes a file whole each time, the same up to what is new. So
//! what separates two messages, which only the next one tells, goes with the
//! next, and an answer that has nothing yet, or a call without its end, waits.

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::head::{self, head};
use crate::tool::{Frame, Pieces, StepFacts};

/// The line between two messages.
const RULE: &[u8] = b"---";
/// What a thought or a call begins and ends with.
const OPEN: &[(&[u8], &[u8])] =
    &[(b"<tool-use ", b"</details></tool-use>"), (b"<think><details>", b"</details></think>")];
/// What an end of a call may also be.
const CLOSED: &[u8] = b"</details>\n</tool-use>";

/// A history, cut.
pub(super) struct History {
    bytes: Vec<u8>,
    /// Where the first message begins, and one past each.
    first: usize,
    ends: Vec<usize>,
    at: usize,
    facts: StepFacts,
}

impl History {
    /// Cuts a history about a project.
    pub(super) fn of(bytes: Vec<u8>, project: Option<&Path>) -> History {
        let blocks = blocks(&bytes);
        let first = blocks.first().map_or(bytes.len(), |block| block.start);
        let mut ends: Vec<usize> = blocks.iter().map(|block| end(&bytes, block)).collect();
        let last = blocks.last().and_then(|block| bytes.get(block.start..end(&bytes, block)));
        if last.is_some_and(is_unfinished) {
            ends.pop();
        }
        let facts = StepFacts {
            tool_title: head::title(bytes.get(..first).unwrap_or_default()),
            cwd: project.map(|project| project.to_string_lossy().into_owned()),
            ..StepFacts::default()
        };
        History { first, ends, at: 0, facts, bytes }
    }
}

/// The lines of a text, each with its end.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    text.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        at += line.len();
        at - line.len()..at
    })
}

/// Where each message begins, up to the next.
fn blocks(bytes: &[u8]) -> Vec<Range<usize>> {
    let in_parts = head::is_first(bytes);
    let (mut starts, mut answer, mut fence) = (Vec::new(), false, 0);
    for span in lines(bytes) {
        let line = bytes.get(span.clone()).unwrap_or_default();
        if let Some(head) = head(line) {
            (answer, fence) = (!head.user, 0);
            starts.push(span.start);
        } else if in_parts && answer {
            fence = fenced(line, fence);
            if fence == 0 && line.trim_ascii() == RULE {
                starts.push(span.start);
            }
        }
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]).collect::<Vec<_>>();
    let blocks = starts.into_iter().zip(ends).map(|(start, end)| start..end);
    // A line that nothing follows says nothing.
    blocks.filter(|block| !text(bytes.get(block.clone()).unwrap_or_default()).is_empty()).collect()
}

/// How many backticks opened the code that follows a line; 0 outside of code.
fn fenced(line: &[u8], fence: usize) -> usize {
    let ticks = line.trim_ascii_start().iter().take_while(|byte| **byte == b'`').count();
    match (ticks, fence) {
        (0..3, _) => fence,
        (_, 0) => ticks,
        _ if ticks >= fence => 0,
        _ => fence,
    }
}

/// One past what a message says.
fn end(bytes: &[u8], block: &Range<usize>) -> usize {
    block.start + said(bytes.get(block.clone()).unwrap_or_default()).len()
}

/// A text without the rules and the white space at its end.
fn said(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_end();
        match text.strip_suffix(RULE).filter(|rest| rest.is_empty() || rest.ends_with(b"\n")) {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

/// A text without the rules around it.
pub(super) fn text(text: &[u8]) -> &[u8] {
    let mut text = said(text);
    while let Some(rest) = text.trim_ascii_start().strip_prefix(RULE).filter(|rest| rest.starts_with(b"\n")) {
        text = rest;
    }
    text.trim_ascii_start()
}

/// Whether the last message may still change: it has nothing but the line
/// before it, or a thought or a call is without an end or a word in it.
fn is_unfinished(block: &[u8]) -> bool {
    let block = text(block);
    let line = lines(block).next().unwrap_or_default();
    let begins = block.get(line.clone()).and_then(head).is_some();
    let rest = if begins { block.get(line.end..).unwrap_or_default() } else { block };
    if rest.trim_ascii().is_empty() {
        return true;
    }
    OPEN.iter().any(|(open, close)| {
        let Some(at) = memchr::memmem::rfind(rest, open) else { return false };
        let inside = rest.get(at..).unwrap_or_default();
        let end = memchr::memmem::find(inside, close).or_else(|| memchr::memmem::find(inside, CLOSED));
        end.is_none_or(|end| {
            let words = inside.get(..end).unwrap_or_default();
            let after = memchr::memmem::find(words, b"</summary>").map_or(0, |at| at + b"</summary>".len());
            words.get(after..).unwrap_or_default().trim_ascii().is_empty()
        })
    })
}

impl Pieces for History {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        let begin = self.at.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(self.first);
        let Some(end) = self.ends.get(self.at) else { return Ok(None) };
        self.at += 1;
        Ok(self.bytes.get(begin..*end).map(Cow::Borrowed))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let end = self.ends.last().copied().unwrap_or(self.first);
        let lead = self.bytes.get(..self.first).unwrap_or_default().to_vec();
        let trail = self.bytes.get(end..).unwrap_or_default().to_vec();
        Ok(Frame { lead, trail, facts: self.facts.clone() })
    }
}
