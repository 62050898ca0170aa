//! A thread of its own under a new id.

use std::borrow::Cow;
use std::ops::Range;

use crate::object::json::{Tape, Type, Value};

/// Gives the head of a thread the id `native`, byte for byte the same
/// otherwise. Only the first record of a file is its head, and only that one
/// has no line end before it; heads that follow are those of resumes and of
/// the thread that was copied.
pub(super) fn rehome<'r>(raw: &'r [u8], native: &str) -> Cow<'r, [u8]> {
    let mut tape = Tape::default();
    if !raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw).starts_with(b"{") {
        return Cow::Borrowed(raw);
    }
    let start = raw.iter().position(|b| *b == b'{').unwrap_or_default();
    let Some(value) = raw.get(start..).filter(|value| tape.read(value).is_some()) else {
        return Cow::Borrowed(raw);
    };
    let mut out = Vec::with_capacity(raw.len() + native.len());
    let mut done = 0;
    for span in ids(tape.root(value)) {
        out.extend_from_slice(raw.get(done..span.start + start).unwrap_or_default());
        out.extend_from_slice(native.as_bytes());
        done = span.end + start;
    }
    if done == 0 {
        return Cow::Borrowed(raw);
    }
    out.extend_from_slice(raw.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where the head of a thread names it, in order. `session_id` is the id of
/// the thread that began it all, so a subagent keeps its.
fn ids(row: Value<'_>) -> Vec<Range<usize>> {
    let head = match row.get("type") {
        Some(kind) if kind.raw() == b"session_meta" => row.get("payload"),
        Some(_) => None,
        None => Some(row),
    };
    let Some(head) = head.filter(|head| head.get("timestamp").is_some()) else { return Vec::new() };
    let is_string = |v: &Value<'_>| v.kind() == Type::String;
    let Some(id) = head.get("id").or_else(|| head.get("session_id")).filter(is_string) else {
        return Vec::new();
    };
    let named = head.members().filter(|(key, value)| {
        matches!(*key, b"id" | b"session_id") && is_string(value) && value.raw() == id.raw()
    });
    named.map(|(_, value)| value.span()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(raw: &str) -> String {
        String::from_utf8(rehome(raw.as_bytes(), "NEW").into_owned()).unwrap()
    }

    #[test]
    fn only_the_head_changes() {
        assert_eq!(
            changed(
                r#"{"timestamp":"t","type": "session_meta", "payload":{"session_id":"a", "id" : "a","timestamp":"t","x":"a"}}"#
            ),
            r#"{"timestamp":"t","type": "session_meta", "payload":{"session_id":"NEW", "id" : "NEW","timestamp":"t","x":"a"}}"#
        );
        assert_eq!(
            changed(r#"{"type":"session_meta","payload":{"session_id":"root","id":"a","timestamp":"t"}}"#),
            r#"{"type":"session_meta","payload":{"session_id":"root","id":"NEW","timestamp":"t"}}"#
        );
        assert_eq!(changed(r#"{"id":"a","timestamp":"t"}"#), r#"{"id":"NEW","timestamp":"t"}"#);
    }

    #[test]
    fn all_else_stays_borrowed() {
        for raw in [
            "\n{\"type\":\"session_meta\",\"payload\":{\"id\":\"a\",\"timestamp\":\"t\"}}",
            r#"{"type":"response_item","payload":{"id":"a","timestamp":"t"}}"#,
            r#"{"record_type":"state"}"#,
            "{not json",
            "",
        ] {
            assert!(matches!(rehome(raw.as_bytes(), "NEW"), Cow::Borrowed(_)), "{raw}");
        }
    }
}
