//! Passwords in URLs, JSON web tokens, and what authorizations carry.

use std::ops::Range;

use super::{Hit, encoded, judge, token};

/// The longest part of a URL that is looked at for a password, in bytes.
const USERINFO_MAX: usize = 512;
/// The longest part of a token, in bytes.
const PART_MAX: usize = 16 << 10;

/// How an authorization is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// The token itself.
    Bearer,
    /// Base64 of a name and a password.
    Basic,
}

/// The password in the URL whose `://` is at `at`.
pub(super) fn url(text: &[u8], at: Range<usize>) -> Option<Hit> {
    let begins = at.start.checked_sub(1).and_then(|n| text.get(n)).is_some_and(u8::is_ascii_alphanumeric);
    let ends = |b: &u8| b.is_ascii_whitespace() || b"/?#\"'`<>|\\,;".contains(b);
    let rest = text.get(at.end..).filter(|_| begins)?;
    let len = rest.iter().take(USERINFO_MAX).take_while(|b| !ends(b)).count();
    let userinfo = rest.get(..len)?;
    let userinfo = userinfo.get(..memchr::memrchr(b'@', userinfo)?)?;
    let colon = memchr::memchr(b':', userinfo)?;
    let (user, password) = (userinfo.get(..colon)?, userinfo.get(colon + 1..)?);
    if !judge::is_url_password(user, password) {
        return None;
    }
    let start = at.end + colon + 1;
    let span = start..start + password.len();
    Some(Hit { rule: token::number("url-password"), secret: password.to_vec(), span })
}

/// The JSON web token that begins at `at`: three parts, of which the first two
/// are base64 of JSON.
pub(super) fn jwt(text: &[u8], at: usize) -> Option<Hit> {
    let in_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let before = at.checked_sub(1).and_then(|n| text.get(n));
    if before.is_some_and(|b| in_part(b) || *b == b'.') {
        return None;
    }
    let mut end = at;
    for (n, least) in [(0, 12), (1, 12), (2, 20)] {
        let rest = text.get(end..)?;
        let rest = if n == 0 { rest } else { rest.strip_prefix(b".")? };
        end += usize::from(n > 0);
        let len = rest.iter().take(PART_MAX).take_while(|b| in_part(b)).count();
        if len < least || n < 2 && !rest.starts_with(b"eyJ") {
            return None;
        }
        end += len;
    }
    let secret = text.get(at..end)?.to_vec();
    Some(Hit { rule: token::number("jwt"), span: at..end, secret })
}

/// What follows the name of a scheme at `at`.
pub(super) fn header(scheme: Scheme, text: &[u8], at: Range<usize>) -> Option<Hit> {
    let rest = text.get(at.end..)?;
    let in_token = |b: &&u8| b.is_ascii_alphanumeric() || b"._~+/=-".contains(b);
    let len = rest.iter().take(PART_MAX).take_while(in_token).count();
    let value = rest.get(..len)?;
    let good = match scheme {
        Scheme::Bearer => judge::is_key(value, true),
        Scheme::Basic => value.len() >= 12 && is_basic(value),
    };
    let span = at.end..at.end + len;
    good.then(|| Hit { rule: token::number("authorization"), secret: value.to_vec(), span })
}

/// Tells whether it is base64 of a name and a password.
fn is_basic(value: &[u8]) -> bool {
    let Some(run) = encoded::decode(value, 0) else { return false };
    let Some(colon) = memchr::memchr(b':', &run.bytes) else { return false };
    let (user, password) = run.bytes.split_at(colon);
    let printable = run.bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    printable && password.get(1..).is_some_and(|password| judge::is_url_password(user, password))
}
