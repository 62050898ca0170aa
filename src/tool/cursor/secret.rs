//! Secrets that stand in rows which are captured.
//!
//! Rows are captured exactly as they are, with one exception: the key
//! `blobEncryptionKey`, with which the tool encrypts what it keeps on its
//! servers. It stands in the row that a conversation begins with
//! (`composerData:<id>`; row `0` of `meta`, as hexadecimal), and that member
//! alone is cut out, with the comma that belongs to it. All other bytes stay,
//! and all other rows are exact. A row that is restored without it is one of
//! which the tool makes a new key.

use crate::object::json::{Tape, Value};
use crate::tool::digest::{hex, unhex};

/// Members that are cut out.
const SECRETS: &[&[u8]] = &[b"blobEncryptionKey", b"speculativeSummarizationEncryptionKey"];

/// JSON without secrets: the bytes as they were but for these members, at any
/// depth. What isn't JSON comes back as nothing if it names a secret.
pub(super) fn cut_out(json: &[u8]) -> Vec<u8> {
    if !SECRETS.iter().any(|name| memchr::memmem::find(json, name).is_some()) {
        return json.to_vec();
    }
    let mut tape = Tape::default();
    if tape.read(json).is_none() {
        return Vec::new();
    }
    let mut cuts = Vec::new();
    find(tape.root(json), json, &mut cuts);
    let (mut out, mut done) = (Vec::with_capacity(json.len()), 0);
    for (from, to) in cuts {
        out.extend_from_slice(json.get(done..from).unwrap_or_default());
        done = to;
    }
    out.extend_from_slice(json.get(done..).unwrap_or_default());
    out
}

/// The same of JSON in hexadecimal.
pub(super) fn cut_out_of_hex(text: &[u8]) -> Vec<u8> {
    match unhex(text.trim_ascii()) {
        Some(json) => {
            let clean = cut_out(&json);
            if clean == json { text.to_vec() } else { hex(&clean).into_bytes() }
        }
        None => cut_out(text),
    }
}

/// The places of secret members, each with a comma beside it.
fn find(value: Value<'_>, json: &[u8], cuts: &mut Vec<(usize, usize)>) {
    let mut first = true;
    for (key, member) in value.members() {
        if SECRETS.contains(&key) {
            cuts.extend(place(member, json, first));
        } else {
            find(member, json, cuts);
            first = false;
        }
    }
    value.items().for_each(|item| find(item, json, cuts));
}

/// Where a member stands, from its key. What stays first in its object leaves
/// the comma before it; what goes first takes the one after it along.
fn place(member: Value<'_>, json: &[u8], first: bool) -> Option<(usize, usize)> {
    let span = member.span();
    let quote = usize::from(json.get(span.end) == Some(&b'"') && member.bytes().is_some());
    let start = span.start.checked_sub(quote)?;
    let colon = json.get(..start)?.iter().rposition(|b| *b == b':')?;
    let close = json.get(..colon)?.iter().rposition(|b| *b == b'"')?;
    let open = json.get(..close)?.iter().rposition(|b| *b == b'"')?;
    let end = span.end + quote;
    let comma = |bytes: &[u8]| bytes.trim_ascii_start().first() == Some(&b',');
    if first {
        let rest = json.get(end..)?;
        let after = rest.iter().position(|b| *b == b',').filter(|_| comma(rest)).map(|n| n + 1);
        return Some((open, end + after.unwrap_or(0)));
    }
    let before = json.get(..open)?.iter().rposition(|b| *b == b',');
    Some((before.unwrap_or(open), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_goes() {
        let cases = [
            (r#"{"a":1,"blobEncryptionKey":"x\"y","b": [2]}"#, r#"{"a":1,"b": [2]}"#),
            (r#"{"blobEncryptionKey":"x", "b":2}"#, r#"{ "b":2}"#),
            (r#"{"b":2 , "blobEncryptionKey" : null}"#, r#"{"b":2 }"#),
            (r#"{"blobEncryptionKey":"x"}"#, r#"{}"#),
            (r#"{"in":{"blobEncryptionKey":{"k":1}},"z":0}"#, r#"{"in":{},"z":0}"#),
            (r#"{"blobEncryptionKey":"x","blobEncryptionKey":"y","z":0}"#, r#"{"z":0}"#),
            (r#"{ "a" : 1 }"#, r#"{ "a" : 1 }"#),
            (r#"{"blobEncryptionKey":"tor"#, ""),
        ];
        for (with, without) in cases {
            assert_eq!(String::from_utf8(cut_out(with.as_bytes())).unwrap(), without);
        }
    }

    #[test]
    fn hexadecimal_stays_what_it_was_without_a_secret() {
        let plain = hex(br#"{"agentId":"a"}"#).to_uppercase();
        assert_eq!(cut_out_of_hex(plain.as_bytes()), plain.as_bytes());
        let with = hex(br#"{"agentId":"a","blobEncryptionKey":"00ff"}"#);
        assert_eq!(unhex(&cut_out_of_hex(with.as_bytes())).unwrap(), br#"{"agentId":"a"}"#);
    }
}
