//! What a row says before it is final, or before its turn: records of our own
//! making, that no restore writes.
//!
//! * The row of a prompt is written again while its turn goes on (a summary of
//!   what was changed), so it comes at the turn's end; where it stands, this says that the prompt
//!   begins, and when.
//! * The row of a call holds its result as well. Where several calls were made
//!   at once, each is said first, and the rows with the results follow after the last.

use crate::object::json::{Type, Value};
use crate::tool::EARLY;

/// What is said early of a prompt.
pub(super) fn prompt(id: &[u8], data: Value<'_>) -> Vec<u8> {
    let time = data.path(&["time", "created"]);
    made("message", &[("id", Some(string(id))), ("created", time.map(raw))])
}

/// What is said early of a call.
pub(super) fn call(id: &[u8], message: &[u8], data: Value<'_>) -> Vec<u8> {
    let members = [
        ("id", Some(string(id))),
        ("message", Some(string(message))),
        ("tool", data.get("tool").map(raw)),
        ("input", data.path(&["state", "input"]).map(raw)),
        ("start", data.path(&["state", "time", "start"]).map(raw)),
    ];
    made("call", &members)
}

fn made(kind: &str, members: &[(&str, Option<Vec<u8>>)]) -> Vec<u8> {
    let mut out = EARLY.to_vec();
    out.extend_from_slice(format!("{{\"{kind}\":{{").as_bytes());
    let said = members.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
    for (n, (key, value)) in said.enumerate() {
        out.extend_from_slice(if n > 0 { b",\"" } else { b"\"" });
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(value);
    }
    out.extend_from_slice(b"}}}");
    out
}

/// A string from what stands between its quotes.
fn string(raw: &[u8]) -> Vec<u8> {
    [b"\"", raw, b"\""].concat()
}

/// A value as it is written.
fn raw(value: Value<'_>) -> Vec<u8> {
    if value.kind() == Type::String { string(value.raw()) } else { value.raw().to_vec() }
}
