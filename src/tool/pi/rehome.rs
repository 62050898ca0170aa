//! A session of its own under a new id.

use std::borrow::Cow;

use crate::object::json::{Tape, Type, Value};
use crate::tool::Target;
use crate::tool::turns::quoted;

/// Gives the head of a session its new id and the directory it is resumed in,
/// which is where the tool then works; byte for byte the same otherwise.
pub(super) fn rehome<'r>(raw: &'r [u8], target: &Target) -> Cow<'r, [u8]> {
    let start = raw.iter().position(|b| *b == b'{').unwrap_or(raw.len());
    let value = raw.get(start..).unwrap_or_default();
    let mut tape = Tape::default();
    if tape.read(value).is_none() {
        return Cow::Borrowed(raw);
    }
    let row = tape.root(value);
    if row.get("type").is_none_or(|kind| kind.raw() != b"session") {
        return Cow::Borrowed(raw);
    }
    let cwd = quoted(&target.cwd.to_string_lossy());
    let cwd = cwd.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
    let mut changes = [(row.get("id"), target.native.as_str()), (row.get("cwd"), cwd)];
    changes.sort_by_key(|(value, _)| value.map_or(0, |value| value.span().start));
    let (mut out, mut done) = (Vec::with_capacity(raw.len() + 64), 0);
    for (value, new) in changes {
        let Some(span) = value.filter(is_string).map(|value| value.span()) else { continue };
        out.extend_from_slice(raw.get(done..span.start + start).unwrap_or_default());
        out.extend_from_slice(new.as_bytes());
        done = span.end + start;
    }
    out.extend_from_slice(raw.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

fn is_string(value: &Value<'_>) -> bool {
    value.kind() == Type::String
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_head_changes() {
        let target = Target { cwd: "/a \"b\"".into(), ..crate::tool::testing::target() };
        let changed = |raw: &str| String::from_utf8(rehome(raw.as_bytes(), &target).into_owned()).unwrap();
        let id = &target.native;
        assert_eq!(
            changed("\n{\"cwd\": \"/old\",\"type\":\"session\",\"id\":\"x\", \"parentSession\":\"/old/x\"}"),
            format!(
                "\n{{\"cwd\": \"/a \\\"b\\\"\",\"type\":\"session\",\"id\":\"{id}\", \"parentSession\":\"/old/x\"}}"
            )
        );
        let other =
            ["{\"type\":\"message\",\"id\":\"x\",\"cwd\":\"/old\"}", "{\"type\":\"session\"", "", "{}"];
        for other in other {
            assert_eq!(changed(other), other);
        }
        assert_eq!(changed("{\"type\":\"session\",\"id\":7}"), "{\"type\":\"session\",\"id\":7}");
    }
}
