//! Records told apart: rows of the database, files of the older storage, and
//! what was said early.

use crate::object::json::{Type, Value};
use crate::tool::folder;

/// What a record is.
#[derive(Clone, Copy)]
pub(super) enum Seen<'t> {
    /// A prompt begins.
    EarlyPrompt(Value<'t>),
    /// A call, made at once with others.
    EarlyCall(Value<'t>),
    /// A message: its id, as written, and its data.
    Message(&'t [u8], Value<'t>),
    /// A part of a message: its id and the message's, and its data.
    Part(&'t [u8], &'t [u8], Value<'t>),
    /// The session.
    Session(Value<'t>),
    /// Something that isn't known.
    Other,
}

/// Tells what a record is.
pub(super) fn seen(record: Value<'_>) -> Seen<'_> {
    if let Some(early) = record.get("early") {
        let of = |key| early.get(key).filter(|v: &Value<'_>| v.kind() == Type::Object);
        return match (of("message"), of("call")) {
            (Some(message), _) => Seen::EarlyPrompt(message),
            (None, Some(call)) => Seen::EarlyCall(call),
            (None, None) => Seen::Other,
        };
    }
    if let (Some(table), Some(row)) = (record.get("table"), record.get("row")) {
        return match (table.raw(), row.get("data").filter(|data| data.kind() == Type::Object)) {
            (b"message", Some(data)) => Seen::Message(raw(row, "id"), data),
            (b"part", Some(data)) => Seen::Part(raw(row, "id"), raw(row, "message_id"), data),
            (b"session", _) => Seen::Session(row),
            _ => Seen::Other,
        };
    }
    match folder::json(record) {
        Some((_, data)) if data.get("messageID").is_some() => {
            Seen::Part(raw(data, "id"), raw(data, "messageID"), data)
        }
        Some((_, data)) if data.get("role").is_some() => Seen::Message(raw(data, "id"), data),
        Some((_, data)) if data.get("projectID").is_some() => Seen::Session(data),
        _ => Seen::Other,
    }
}

fn raw<'t>(row: Value<'t>, key: &str) -> &'t [u8] {
    row.get(key).map(|value| value.raw()).unwrap_or_default()
}
