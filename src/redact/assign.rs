//! Assignments: a name that promises a secret, and a value that keeps it.

use std::ops::Range;

use super::{Hit, judge, token};

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Something that a person may have thought of.
    Password,
    /// Something that a machine drew.
    Key,
}

/// The parts of names, in any letters.
pub(super) const WORDS: &[(&str, Word)] = &[
    ("password", Word::Password),
    ("passwd", Word::Password),
    ("passphrase", Word::Password),
    ("pwd", Word::Password),
    ("secret", Word::Key),
    ("token", Word::Key),
    ("apikey", Word::Key),
    ("api_key", Word::Key),
    ("api-key", Word::Key),
    ("accesskey", Word::Key),
    ("access_key", Word::Key),
    ("access-key", Word::Key),
    ("accountkey", Word::Key),
    ("account_key", Word::Key),
    ("private_key", Word::Key),
    ("privatekey", Word::Key),
    ("signing_key", Word::Key),
    ("encryption_key", Word::Key),
    ("auth_key", Word::Key),
    ("authkey", Word::Key),
    ("credential", Word::Key),
];

/// Parts of names of what is no secret, though it may look like one.
const HARMLESS: &[&str] = &[
    "page",
    "next",
    "curs",
    "csrf",
    "xsrf",
    "public",
    "hash",
    "digest",
    "checksum",
    "etag",
    "sha1",
    "sha256",
    "tokeniz",
    "cancellation",
    "continuation",
    "sync",
    "resume",
    "count",
    "limit",
    "usage",
];

/// How far a name or a value is followed.
const NAME_MAX: usize = 48;
const VALUE_MAX: usize = 512;

/// The value that is assigned to the name in which a word was found at `at`.
pub(super) fn assignment(word: Word, text: &[u8], at: Range<usize>) -> Option<Hit> {
    let in_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let before = text.get(..at.start)?.iter().rev().take(NAME_MAX).take_while(in_name).count();
    let after = text.get(at.end..)?.iter().take(NAME_MAX).take_while(in_name).count();
    let name = at.start - before..at.end + after;
    let mut rest = Rest { text, at: name.end };
    let tagged = text.get(..name.start)?.ends_with(b"<") && rest.take(b">");
    if !tagged {
        let option = text.get(name.clone())?.starts_with(b"--");
        rest.take_any(b"\"'`]");
        let spaced = rest.spaces();
        let assigned = rest.assigns();
        if !(assigned || option && spaced) {
            return None;
        }
        rest.spaces();
    }
    let (value, quoted) = rest.value();
    let bytes = text.get(value.clone())?;
    let good = match word {
        Word::Password => judge::is_password(bytes, quoted),
        Word::Key => judge::is_key(bytes, quoted),
    };
    let small = text.get(name)?.to_ascii_lowercase();
    let harmless = |part: &str| memchr::memmem::find(&small, part.as_bytes()).is_some();
    if !good || HARMLESS.iter().any(|part| harmless(part)) {
        return None;
    }
    Some(Hit { rule: token::number("assignment"), secret: bytes.to_vec(), span: value })
}

/// What follows a name.
struct Rest<'t> {
    text: &'t [u8],
    at: usize,
}

impl Rest<'_> {
    fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, string: &[u8]) -> bool {
        let there = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(string));
        self.at += if there { string.len() } else { 0 };
        there
    }

    fn take_any(&mut self, bytes: &[u8]) -> bool {
        let there = self.next().is_some_and(|b| bytes.contains(&b));
        self.at += usize::from(there);
        there
    }

    /// Passes some blanks; tells whether there were any.
    fn spaces(&mut self) -> bool {
        let from = self.at;
        while self.at - from < 8 && self.take_any(b" \t") {}
        self.at > from
    }

    fn assigns(&mut self) -> bool {
        [b"===".as_slice(), b"==", b"=>", b":=", b"=", b":"].iter().any(|operator| self.take(operator))
    }

    /// The value here, and whether it stands in quotes.
    fn value(&mut self) -> (Range<usize>, bool) {
        let letter = self.next().is_some_and(|b| matches!(b, b'b' | b'f' | b'r' | b'@'));
        let quote_after = |b: &u8| matches!(b, b'"' | b'\'' | b'`');
        if letter && self.text.get(self.at + 1).is_some_and(quote_after) {
            self.at += 1;
        }
        let quote = self.next().filter(quote_after);
        self.at += usize::from(quote.is_some());
        let ends = |b: &u8| match quote {
            Some(quote) => *b == quote || *b == b'\n',
            None => b.is_ascii_whitespace() || b"\"'`,;)}]<>|&(\\".contains(b),
        };
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest.iter().take(VALUE_MAX).take_while(|b| !ends(b)).count();
        // A call, or a value without its end, is not a value.
        let whole = match rest.get(len) {
            Some(b'(' | b'[') => quote.is_some(),
            Some(b) => quote.is_none_or(|quote| *b == quote),
            None => true,
        };
        (self.at..self.at + if whole { len } else { 0 }, quote.is_some())
    }
}
