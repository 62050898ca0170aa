//! JSON-RPC 2.0: lines to messages, and what answers them.

use std::io::{self, BufRead};

use serde_json::{Map, Value, json};

/// The longest line that is read, in bytes.
pub(super) const LINE_MAX: usize = 1 << 20;

/// What isn't JSON.
pub(super) const PARSE: i64 = -32_700;
/// What is JSON but no request.
pub(super) const INVALID: i64 = -32_600;
/// A method that isn't known.
pub(super) const NO_METHOD: i64 = -32_601;
/// Parameters that make no sense.
pub(super) const PARAMS: i64 = -32_602;
/// A revision of the protocol that isn't spoken.
pub(super) const VERSION: i64 = -32_022;

/// A line of the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes, without the line end.
    Whole(Vec<u8>),
    /// It was too long, and was passed over.
    TooLong,
}

/// Reads a line of at most `max` bytes; `None` at the end.
pub(super) fn read_line(input: &mut impl BufRead, max: usize) -> io::Result<Option<Line>> {
    let (mut line, mut long, mut any) = (Vec::new(), false, false);
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let end = memchr::memchr(b'\n', bytes);
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        any |= !bytes.is_empty();
        long |= line.len() + part.len() > max;
        if !long {
            line.extend_from_slice(part);
        }
        let (done, used) = (bytes.is_empty() || end.is_some(), part.len() + usize::from(end.is_some()));
        input.consume(used);
        if done {
            let line = if long { Line::TooLong } else { Line::Whole(line) };
            return Ok(any.then_some(line));
        }
    }
}

/// What came in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// It wants an answer.
    Request(Request),
    /// It wants none.
    Notification {
        /// What it is about.
        method: String,
        /// Its parameters.
        params: Map<String, Value>,
    },
    /// An answer, though nothing was asked.
    Response,
    /// None of these: the error that answers it.
    Wrong(Value),
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// What the answer must repeat: a string or a number.
    pub(super) id: Value,
    /// What is asked for.
    pub(super) method: String,
    /// Its parameters.
    pub(super) params: Map<String, Value>,
}

/// The messages of a line, and whether they are a batch, as 2025-03-26 has
/// them.
pub(super) fn parse(line: &[u8]) -> (Vec<Message>, bool) {
    match serde_json::from_slice(line) {
        Ok(Value::Array(batch)) if !batch.is_empty() => (batch.into_iter().map(message).collect(), true),
        Ok(value) => (vec![message(value)], false),
        Err(e) => (vec![Message::Wrong(error(Value::Null, PARSE, &format!("not JSON: {e}"), None))], false),
    }
}

fn message(value: Value) -> Message {
    let Value::Object(mut fields) = value else {
        return Message::Wrong(error(Value::Null, INVALID, "a message is an object", None));
    };
    let id = fields.remove("id");
    let usable = id.clone().filter(|id| id.is_string() || id.is_number());
    let wrong = |why: &str| Message::Wrong(error(usable.clone().unwrap_or_default(), INVALID, why, None));
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return wrong("`jsonrpc` is \"2.0\"");
    }
    let method = match fields.remove("method") {
        Some(Value::String(method)) => method,
        None if fields.contains_key("result") || fields.contains_key("error") => return Message::Response,
        _ => return wrong("`method` is a string"),
    };
    let params = match fields.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return wrong("`params` is an object"),
    };
    match (id, usable.clone()) {
        (None, _) => Message::Notification { method, params },
        (Some(_), Some(id)) => Message::Request(Request { id, method, params }),
        (Some(_), None) => wrong("`id` is a string or a number"),
    }
}

/// The answer that a request succeeded.
pub(super) fn result(id: Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// The answer that it failed.
pub(super) fn error(id: Value, code: i64, message: &str, data: Option<Value>) -> Value {
    let mut error = json!({"code": code, "message": message});
    if let (Some(data), Some(fields)) = (data, error.as_object_mut()) {
        fields.insert("data".to_owned(), data);
    }
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8], max: usize) -> Vec<Option<String>> {
        // A small buffer, so that lines come in parts.
        let mut input = io::BufReader::with_capacity(3, text);
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut input, max).unwrap() {
            lines.push(match line {
                Line::Whole(bytes) => Some(String::from_utf8(bytes).unwrap()),
                Line::TooLong => None,
            });
        }
        lines
    }

    #[test]
    fn a_line_that_is_too_long_hides_no_other() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(lines(b"abcd\nabcde\n\nab", 4), [some("abcd"), None, some(""), some("ab")]);
        assert_eq!(lines(b"", 4), [None::<String>; 0]);
        assert_eq!(lines(b"abcdefgh", 4), [None]);
    }

    #[test]
    fn what_is_no_message_is_told_so() {
        let wrong = |text: &str| match parse(text.as_bytes()).0.remove(0) {
            Message::Wrong(error) => (error["error"]["code"].as_i64().unwrap(), error["id"].clone()),
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong("{"), (PARSE, Value::Null));
        for text in ["7", "[]", "{}", r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#] {
            assert_eq!(wrong(text), (INVALID, Value::Null), "{text}");
        }
        let id = json!(5);
        assert_eq!(wrong(r#"{"jsonrpc":"1.0","id":5,"method":"ping"}"#), (INVALID, id.clone()));
        assert_eq!(wrong(r#"{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}"#), (INVALID, id));
        let (batch, is_batch) =
            parse(br#"[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","id":1,"result":{}}]"#);
        assert!(is_batch && matches!(batch.as_slice(), [Message::Notification { .. }, Message::Response]));
    }

    proptest! {
        #[test]
        fn any_line_is_answered_or_understood(text in r#"[\[\]{}":,a-z0-9.\\ -]{0,60}"#) {
            prop_assert!(!parse(text.as_bytes()).0.is_empty());
        }
    }
}
