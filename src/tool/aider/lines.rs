//! What a line of a history is.
//!
//! Aider writes what the user types as `#### …` and what it says itself as
//! `> …`, each line with two spaces at its end; what the model says stands as
//! it is. The two spaces tell a heading or a quote of the model's from them.

use std::ops::Range;

use crate::tool::time;

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but white space.
    Blank,
    /// The beginning of a chat.
    Head,
    /// Typed by the user.
    User,
    /// Said by aider.
    Tool,
    /// Said by aider, and not over at the end of the line.
    ToolBegins,
    /// Anything else: the model's.
    Model,
}

const HEAD: &[u8] = b"# aider chat started at ";

/// The lines of a text, each with its end.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        at += len;
        Some(at - len..at)
    })
}

/// What a line is. `plain` where the spaces at the ends of lines were lost, so
/// that they tell nothing.
pub(super) fn kind(line: &[u8], plain: bool) -> Kind {
    if line.trim_ascii().is_empty() {
        Kind::Blank
    } else if started(line).is_some() {
        Kind::Head
    } else if line.starts_with(b"#### ") && (plain || is_marked(line)) {
        Kind::User
    } else if line.starts_with(b"> ") {
        if plain || is_marked(line) { Kind::Tool } else { Kind::ToolBegins }
    } else {
        Kind::Model
    }
}

/// Whether the spaces at the ends of lines were lost, if a line tells: the first
/// of a chat that aider or the user wrote.
pub(super) fn is_plain(line: &[u8]) -> Option<bool> {
    (line.starts_with(b"#### ") || line.starts_with(b"> ")).then(|| !is_marked(line))
}

/// Whether a line ends as aider ends its own.
pub(super) fn is_marked(line: &[u8]) -> bool {
    let text = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    text.is_some_and(|text| text.ends_with(b"  "))
}

/// When a chat began, from its first line: as written, `2026-04-22 22:40:12`.
pub(super) fn started(line: &[u8]) -> Option<&str> {
    let when = std::str::from_utf8(line.strip_prefix(HEAD)?.trim_ascii_end()).ok()?;
    let digits = "0000-00-00 00:00:00";
    let fits = |(c, pattern): (char, char)| if pattern == '0' { c.is_ascii_digit() } else { c == pattern };
    (when.len() == digits.len() && when.chars().zip(digits.chars()).all(fits)).then_some(when)
}

/// The same in milliseconds since 1970. Which zone it is local to isn't
/// written, so it is taken as it stands.
pub(super) fn millis(when: &str) -> Option<i64> {
    time::parse(format!("{}.000Z", when.replace(' ', "T")).as_bytes())
}
