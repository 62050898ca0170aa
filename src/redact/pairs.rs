//! Texts that take two bytes a letter: UTF-16, and hexadecimal.
//!
//! UTF-16 of letters that secrets are made of has a NUL beside each: where there
//! is none, nothing is done. Hexadecimal is only undone where the digits of
//! something stand that a rule would be asked at.

use std::fmt::Write as _;
use std::ops::Range;

/// Fewer letters in UTF-16 are none: no secret is that short.
const LETTERS: usize = 8;
/// So many bytes are looked at at once, and these are every second one: in a
/// text of that many letters, one such word has NULs in all or none of them.
const WORD: usize = 8;
const SECOND: u64 = 0xFF00_FF00_FF00_FF00;
/// How much before and after is decoded, in bytes that stand there.
const BEFORE: usize = 512;
const AFTER: usize = 8 << 10;

/// What was undone.
pub(super) struct Pairs {
    /// The text.
    pub(super) bytes: Vec<u8>,
    /// Where it begins.
    start: usize,
}

impl Pairs {
    /// Where a span of the text stands.
    pub(super) fn origin(&self, span: &Range<usize>) -> Range<usize> {
        self.start + 2 * span.start..self.end(span.end)
    }

    fn end(&self, len: usize) -> usize {
        self.start + 2 * len
    }
}

/// All texts in UTF-16, of either order of bytes, in some bytes.
pub(super) fn wide(text: &[u8]) -> impl Iterator<Item = Pairs> + '_ {
    // In bytes that are no text there are many NULs that nothing follows from.
    let from = memchr::memchr(0, text).map_or(text.len(), |nul| nul - nul % WORD);
    let words = text.get(from..).unwrap_or_default().as_chunks::<WORD>().0.iter();
    let mut done = 0;
    words.enumerate().filter_map(move |(n, word)| {
        let at = from + n * WORD;
        let alternates = |bits: u64| u64::from_le_bytes(*word) & bits == 0;
        let second = alternates(SECOND);
        if !(second || alternates(!SECOND)) || at < done || *word == [0; WORD] {
            return None;
        }
        let pairs = around(text, at, usize::from(!second), done);
        done = pairs.end(pairs.bytes.len());
        (pairs.bytes.len() >= LETTERS).then_some(pairs)
    })
}

/// The letters around a place, where those of two bytes each begin.
fn around(text: &[u8], at: usize, letter: usize, done: usize) -> Pairs {
    let before = text.get(done..at).unwrap_or_default();
    let start = at - 2 * before.rchunks_exact(2).map_while(|pair| of_pair(pair, letter)).count();
    // What looks like the second of two may be the first, one byte before.
    let first =
        start.checked_sub(1).filter(|start| letter == 1 && text.get(*start).copied().is_some_and(is_letter));
    let (start, letter) = first.map_or((start, letter), |start| (start, 0));
    Pairs { bytes: letters(text, start, letter).collect(), start }
}

fn is_letter(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// The letters from a place on, each the first or the second of two bytes the
/// other of which is NUL.
fn letters(text: &[u8], start: usize, letter: usize) -> impl Iterator<Item = u8> {
    text.get(start..).unwrap_or_default().chunks_exact(2).map_while(move |pair| of_pair(pair, letter))
}

fn of_pair(pair: &[u8], letter: usize) -> Option<u8> {
    match (pair.get(letter), pair.get(1 - letter)) {
        (Some(byte), Some(0)) if is_letter(*byte) => Some(*byte),
        _ => None,
    }
}

/// Whether some bytes are letters in UTF-16, and if so, which of two they are.
pub(super) fn is_wide(bytes: &[u8]) -> Option<usize> {
    (0..2).find(|letter| bytes.len() >= 4 && letters(bytes, 0, *letter).count() * 2 == bytes.len())
}

/// A text in UTF-16.
pub(super) fn widened(text: &[u8], letter: usize) -> Vec<u8> {
    text.iter().flat_map(|byte| if letter == 0 { [*byte, 0] } else { [0, *byte] }).collect()
}

/// The digits of a string.
pub(super) fn digits(string: &str) -> String {
    string.bytes().fold(String::new(), |mut digits, byte| {
        // To write to a string can't fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Which digits were undone last, so that they aren't for each string in them.
#[derive(Default)]
pub(super) struct Window(Range<usize>);

impl Window {
    /// Undoes the digits around `at`, where those of a string begin.
    pub(super) fn decode(&mut self, text: &[u8], at: usize) -> Option<Pairs> {
        let is_known = self.0.contains(&at) && (at - self.0.start).is_multiple_of(2);
        if is_known && at + AFTER < self.0.start + 2 * AFTER {
            return None;
        }
        let before = text.get(at.saturating_sub(2 * BEFORE)..at)?;
        let start = at - 2 * before.rchunks_exact(2).map_while(byte).count();
        let bytes: Vec<u8> = text.get(start..)?.chunks_exact(2).take(AFTER).map_while(byte).collect();
        let pairs = Pairs { bytes, start };
        self.0 = start..pairs.end(pairs.bytes.len());
        Some(pairs)
    }
}

fn byte(digits: &[u8]) -> Option<u8> {
    digits
        .iter()
        .try_fold(0, |n: u32, digit| Some(n << 4 | char::from(*digit).to_digit(16)?))?
        .try_into()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<(String, usize)> {
        wide(bytes).map(|pairs| (String::from_utf8(pairs.bytes.clone()).unwrap(), pairs.start)).collect()
    }

    #[test]
    fn both_orders_are_undone_and_short_ones_are_not() {
        let little = widened(b"one and two", 0);
        let big = widened(b"three and four", 1);
        let all = [b"\xFF\xFE".as_slice(), &little, b"\xFE\xFF", &big, b"\0\0\0x\0y\0z"].concat();
        assert_eq!(texts(&all), [("one and two".to_owned(), 2), ("three and four".to_owned(), 26)]);
        assert_eq!(
            (is_wide(&little), is_wide(&big), is_wide(b"abcd"), is_wide(b"a\0")),
            (Some(0), Some(1), None, None)
        );
        assert_eq!(texts(b""), []);
        assert_eq!(texts(&[0; 99]), []);
    }

    #[test]
    fn digits_are_undone_where_a_string_begins() {
        let text = format!("abc {}!", digits("x=ghp_1"));
        let at = text.find(&digits("ghp_")).unwrap();
        let mut window = Window::default();
        let pairs = window.decode(text.as_bytes(), at).unwrap();
        assert_eq!(
            (pairs.bytes.as_slice(), pairs.origin(&(2..7))),
            (b"x=ghp_1".as_slice(), at..text.len() - 1)
        );
        assert!(window.decode(text.as_bytes(), at + 2).is_none(), "it was undone");
        assert_eq!(Window::default().decode(b"6", 5).map(|pairs| pairs.bytes), None);
    }
}
