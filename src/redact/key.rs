//! Private keys in their usual wrapping, and what is left of one.

use std::ops::Range;

use super::{Hit, judge, token};

/// The longest key, in bytes.
const KEY_MAX: usize = 32 << 10;
/// The shortest body of one.
const BODY_MIN: usize = 40;

/// The key in whose first or last line `PRIVATE KEY` was found at `at`: from
/// `-----BEGIN` to the end of its last line or, where that is missing, of its
/// last byte.
pub(super) fn block(text: &[u8], at: Range<usize>) -> Option<Hit> {
    let line = text.get(at.start.saturating_sub(40)..at.start)?;
    let begin = at.start - line.len() + memchr::memmem::rfind(line, b"-----BEGIN ")?;
    let rest = text.get(at.end..)?;
    let rest = rest.get(..rest.len().min(KEY_MAX))?;
    // " BLOCK" for PGP.
    let head = memchr::memmem::find(rest.get(..rest.len().min(16))?, b"-----")? + 5;
    let body = rest.get(head..)?;
    let in_body =
        |b: &u8| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"+/=:,-.()<>@".contains(b);
    let len = body.iter().take_while(|b| in_body(b)).count();
    let body = body.get(..len)?;
    let end = memchr::memmem::find(body, b"-----END");
    let len = match end {
        Some(end) => {
            let last = body.get(end + 8..)?;
            end + 8 + memchr::memmem::find(last, b"-----").map_or(0, |n| n + 5)
        }
        None => body.trim_ascii_end().len(),
    };
    let key = body.get(..end.unwrap_or(len))?;
    // A text about keys has words where a key has whole lines.
    let in_line = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let line = key.split(|b| !in_line(b)).max_by_key(|line| line.len())?;
    if line.len() < BODY_MIN || !judge::is_random(line) {
        return None;
    }
    let span = begin..at.end + head + len;
    // What it is wrapped in makes no other key of it.
    let secret = key.iter().copied().filter(u8::is_ascii_graphic).collect();
    Some(Hit { rule: token::number("private-key"), secret, span })
}

/// The body of an OpenSSH key, which begins with the base64 of its format,
/// where its first line is not there.
pub(super) fn body(text: &[u8], at: usize) -> Option<Hit> {
    let rest = text.get(at..)?;
    if !rest.starts_with(b"b3BlbnNzaC1rZXktdjE") {
        return None;
    }
    let in_body = |b: &&u8| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(b);
    let len = rest.iter().take(KEY_MAX).take_while(in_body).count();
    let key = rest.get(..len)?.trim_ascii_end();
    let secret: Vec<u8> = key.iter().copied().filter(u8::is_ascii_graphic).collect();
    let span = at..at + key.len();
    (secret.len() >= 2 * BODY_MIN).then(|| Hit { rule: token::number("private-key"), secret, span })
}
