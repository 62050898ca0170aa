//! Base64: found without decoding all that might be it.
//!
//! A string stands in base64 in one of three ways, depending on where in a
//! group of three bytes it begins; the letters that don't depend on what is
//! around it are what is looked for. Only there is anything decoded.

use std::ops::Range;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How much before and after is decoded, in letters.
const BEFORE: usize = 1024;
const AFTER: usize = 16 << 10;
/// Lines of at least so many letters go on in the next one.
const LINE: usize = 60;

/// The letters that stand for all of a string, and how many bytes of its
/// first group come before it.
pub(super) fn forms(string: &str) -> Vec<(String, usize)> {
    let form = |phase: usize| {
        let bits = |n: usize| -> Option<u8> {
            let byte = string.as_bytes().get((n / 8).checked_sub(phase)?)?;
            Some(byte >> (7 - n % 8) & 1)
        };
        let letter = |n: usize| (0..6).try_fold(0u8, |sum, bit| Some(sum << 1 | bits(n * 6 + bit)?));
        let letters = (0..(phase + string.len()) * 8 / 6).filter_map(letter);
        let letters: String =
            letters.filter_map(|n| LETTERS.get(usize::from(n))).map(|b| char::from(*b)).collect();
        (letters, phase)
    };
    (0..3).map(form).collect()
}

fn value(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// What some letters stand for.
pub(super) struct Run {
    /// It.
    pub(super) bytes: Vec<u8>,
    /// Where each letter stands.
    letters: Vec<usize>,
}

impl Run {
    /// The letters that a span of the bytes is written in.
    pub(super) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        let place = |n: usize| self.letters.get(n).copied();
        let last = (span.end * 4).div_ceil(3).checked_sub(1).and_then(place);
        let start = place(span.start * 4 / 3).unwrap_or_default();
        start..last.or_else(|| self.letters.last().copied()).map_or(start, |last| last + 1)
    }
}

/// Decodes the letters from `from` on, which begin a group.
pub(super) fn decode(text: &[u8], from: usize) -> Option<Run> {
    let mut run = Run { bytes: Vec::new(), letters: Vec::new() };
    let (mut bits, mut held, mut line) = (0u32, 0, 0);
    for (n, byte) in text.iter().enumerate().skip(from).take(AFTER) {
        let Some(six) = value(*byte) else {
            if matches!(byte, b'\r' | b'\n') && (line >= LINE || line == 0 && !run.letters.is_empty()) {
                line = 0;
                continue;
            }
            break;
        };
        line += 1;
        run.letters.push(n);
        bits = bits << 6 | six;
        held += 6;
        if held >= 8 {
            held -= 8;
            run.bytes.push(u8::try_from(bits >> held & 0xFF).unwrap_or_default());
        }
    }
    (!run.bytes.is_empty()).then_some(run)
}

/// What was decoded last, so that it isn't decoded for each string in it.
#[derive(Default)]
pub(super) struct Window {
    done: Range<usize>,
    phase: usize,
}

impl Window {
    /// Decodes what is around `at`, where the letters of a string begin.
    pub(super) fn decode(&mut self, text: &[u8], at: usize, phase: usize) -> Option<Run> {
        // The first letter that the string alone decides is the 1st, 3rd or 4th of its group.
        let first = at.checked_sub([0, 2, 3].get(phase).copied()?)?;
        let is_known = self.done.contains(&at) && self.phase == first % 4;
        if is_known && at + AFTER / 2 < self.done.end.max(self.done.start + AFTER) {
            return None;
        }
        let before = text.get(first.saturating_sub(BEFORE)..first)?;
        let groups = before.rchunks_exact(4).take_while(|group| group.iter().all(|b| value(*b).is_some()));
        let start = first - 4 * groups.count();
        let run = decode(text, start)?;
        self.done = start..run.letters.last().map_or(at, |last| last + 1);
        self.phase = first % 4;
        Some(run)
    }
}
