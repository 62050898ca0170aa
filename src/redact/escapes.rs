//! Escapes undone, so that a line end is a line end and a quote a quote.
//!
//! A record holds JSON, its strings hold JSON or code, and that holds strings
//! of its own: the same quote is `"`, `\"` or `\\\"`. All depths are undone at
//! once: a run of backslashes and what follows it is one escape. That reads
//! some texts wrongly (`C:\new`), which costs nothing here: places are told in
//! the bytes as they are.

use std::ops::Range;

/// A text without escapes, which knows where it came from.
pub(super) struct Unescaped {
    /// The text.
    pub(super) bytes: Vec<u8>,
    /// Where both go on after each escape: here, and in the original.
    marks: Vec<(usize, usize)>,
}

impl Unescaped {
    /// Undoes all escapes; `None` if there is not one backslash.
    pub(super) fn of(raw: &[u8]) -> Option<Unescaped> {
        let mut next = Some(memchr::memchr(b'\\', raw)?);
        let mut text = Unescaped { bytes: Vec::with_capacity(raw.len()), marks: vec![(0, 0)] };
        let mut done = 0;
        while let Some(at) = next {
            text.bytes.extend_from_slice(raw.get(done..at).unwrap_or_default());
            let rest = raw.get(at..).unwrap_or_default();
            let run = rest.iter().take_while(|b| **b == b'\\').count();
            let (byte, len) = escape(rest.get(run..).unwrap_or_default());
            text.bytes.push(byte);
            done = at + run + len;
            text.marks.push((text.bytes.len(), done));
            next = raw.get(done..).and_then(|rest| memchr::memchr(b'\\', rest)).map(|n| done + n);
        }
        text.bytes.extend_from_slice(raw.get(done..).unwrap_or_default());
        Some(text)
    }

    /// The span of the original that a span of the text stands for.
    pub(super) fn origin(&self, span: Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let n = self.marks.partition_point(|(here, _)| *here <= at).saturating_sub(1);
            self.marks.get(n).map_or(at, |(here, there)| there + (at - here))
        };
        place(span.start)..place(span.end)
    }
}

/// What follows the backslashes: the byte it stands for, and its length.
fn escape(rest: &[u8]) -> (u8, usize) {
    match rest.first() {
        Some(b'n') => (b'\n', 1),
        Some(b'r') => (b'\r', 1),
        Some(b't') => (b'\t', 1),
        Some(quote @ (b'"' | b'\'' | b'/' | b'`')) => (*quote, 1),
        Some(b'u') => match rest.get(1..5).and_then(number) {
            Some(code) => (u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(0x80), 5),
            None => (b'\\', 0),
        },
        // Of bytes, as Python, C and shells write them.
        Some(b'x') => match rest.get(1..3).and_then(number) {
            Some(code) => (u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(0x80), 3),
            None => (b'\\', 0),
        },
        _ => (b'\\', 0),
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, digit| Some(n << 4 | char::from(*digit).to_digit(16)?))
}
