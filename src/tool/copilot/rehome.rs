//! A session of its own under a new id.

use std::borrow::Cow;

use crate::object::json::{Tape, Type, Value};

/// Gives the head of a session the id `native`, byte for byte the same
/// otherwise. No other event names the session as the tool reads it.
pub(super) fn rehome<'r>(raw: &'r [u8], native: &str) -> Cow<'r, [u8]> {
    let start = raw.iter().position(|b| *b == b'{').unwrap_or(raw.len());
    let value = raw.get(start..).unwrap_or_default();
    let mut tape = Tape::default();
    if tape.read(value).is_none() {
        return Cow::Borrowed(raw);
    }
    let Some(span) = id(tape.root(value)) else { return Cow::Borrowed(raw) };
    let (before, rest) = raw.split_at((span.start + start).min(raw.len()));
    let after = rest.get(span.len()..).unwrap_or_default();
    Cow::Owned([before, native.as_bytes(), after].concat())
}

/// Where the head names its session.
fn id(event: Value<'_>) -> Option<std::ops::Range<usize>> {
    event.get("type").filter(|kind| kind.raw() == b"session.start")?;
    let id = event.path(&["data", "sessionId"])?;
    (id.kind() == Type::String).then(|| id.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_the_head_changes() {
        let changed = |raw: &str| String::from_utf8(rehome(raw.as_bytes(), "NEW").into_owned()).unwrap();
        let head =
            "\u{feff}\r\n {\"type\":\"session.start\", \"data\":{\"sessionId\":\"old\",\"x\":\"old\"}}";
        assert_eq!(changed(head), head.replacen("\"old\"", "\"NEW\"", 1));
        for other in [
            r#"{"type":"session.start","data":{"sessionId":7}}"#,
            r#"{"type":"hook.start","data":{"sessionId":"old"}}"#,
            "{\"type\":\"session.start\"",
            "",
        ] {
            assert_eq!(changed(other), other);
        }
    }
}
