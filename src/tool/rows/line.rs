//! Lines: a row, a statement of the schema, or the head of a database as JSON.
//!
//! ```json
//! {"database":{"page_size":4096,"user_version":1,"application_id":0}}
//! {"schema":"CREATE TABLE part (id TEXT PRIMARY KEY, time INTEGER, data TEXT)"}
//! {"table":"part","row":{"id":"prt_1","time":1700000000000,"data":{"type":"text"}}}
//! ```
//!
//! Every value of every storage class comes back exactly:
//!
//! | stored | in the line |
//! |---|---|
//! | null | `null` |
//! | integer | `-1` |
//! | real | `0.1`, `1.0`, `1e300`: with a point or an exponent; the infinities are `1e999` and `-1e999` |
//! | text that is a JSON object or array, on one line | the text itself, so that the strings in it are found by those who look for texts |
//! | other text | `"…"` |
//! | text that isn't UTF-8 | `{"$text":"<base64>"}` |
//! | a blob that is a JSON object or array, on one line | `{"$json_blob":{…}}`, the bytes themselves inside |
//! | another blob | `{"$blob":"<base64>"}` |
//!
//! So an object or an array always means text with just these bytes, unless it
//! begins with `{"$`. Text that begins so itself is written as a string, as
//! is text that is nested too deeply for [`Tape`].

use rusqlite::types::ValueRef;

use super::value::Value;
use crate::object::escape::{self, Style};
use crate::object::json::{self, Tape, Type};

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Facts about the database as a whole.
    Database(Head),
    /// A statement that makes a table, an index or a trigger.
    Schema(String),
    /// A row.
    Row(Row),
}

/// Facts about a database that its rows don't tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes a page.
    pub page_size: i64,
    /// `PRAGMA user_version`: the tool's own number, often of its schema.
    pub user_version: i64,
    /// `PRAGMA application_id`.
    pub application_id: i64,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The table.
    pub table: String,
    /// Columns and their values, in the order of the table.
    pub values: Vec<(String, Value)>,
}

impl Row {
    /// The value of a column; `None` if the row hasn't got it.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| name == column).map(|(_, value)| value)
    }
}

impl Line {
    /// Reads a line, with or without a line end. `None` if it isn't one.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut tape = Tape::default();
        let len = tape.read(line)?;
        if !line.get(len..)?.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        let members: Vec<_> = tape.root(line).members().collect();
        match members.as_slice() {
            [(b"table", table), (b"row", row)] if row.kind() == Type::Object => {
                let value = |(key, value)| Some((utf8(&escape::decode(key))?, value_of(value)?));
                let values = row.members().map(value).collect::<Option<_>>()?;
                Some(Line::Row(Row { table: utf8(&table.bytes()?)?, values }))
            }
            [(b"schema", sql)] => Some(Line::Schema(utf8(&sql.bytes()?)?)),
            [(b"database", head)] => {
                let number = |key| head.get(key)?.int();
                Some(Line::Database(Head {
                    page_size: number("page_size")?,
                    user_version: number("user_version")?,
                    application_id: number("application_id")?,
                }))
            }
            _ => None,
        }
    }

    /// The line, without a line end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Line::Database(Head { page_size, user_version, application_id }) => out.extend(
                format!(
                    r#"{{"database":{{"page_size":{page_size},"user_version":{user_version},"application_id":{application_id}}}}}"#
                )
                .bytes(),
            ),
            Line::Schema(sql) => {
                out.extend(br#"{"schema":"#);
                string(sql.as_bytes(), &mut out);
                out.push(b'}');
            }
            Line::Row(row) => {
                let values = row.values.iter().map(|(name, value)| (name.as_str(), value.borrowed()));
                out = Encoder::default().row(&row.table, values);
            }
        }
        out
    }
}

fn utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

/// The value that stands for a column.
fn value_of(value: json::Value<'_>) -> Option<Value> {
    let raw = value.raw();
    Some(match value.kind() {
        Type::Null => Value::Null,
        Type::Number => {
            let text = std::str::from_utf8(raw).ok()?;
            match text.contains(['.', 'e', 'E']) {
                true => Value::Real(text.parse().ok()?),
                false => Value::Integer(text.parse().ok()?),
            }
        }
        Type::String => Value::Text(value.bytes()?.into_owned()),
        Type::Object if raw.starts_with(MARK) => marked(value)?,
        Type::Object | Type::Array => Value::Text(raw.to_vec()),
        Type::True | Type::False => return None,
    })
}

/// How objects begin that stand for something else.
const MARK: &[u8] = b"{\"$";

fn marked(value: json::Value<'_>) -> Option<Value> {
    let members: Vec<_> = value.members().collect();
    let [(key, inner)] = members.as_slice() else { return None };
    match *key {
        b"$blob" => base64(*inner).map(Value::Blob),
        b"$text" => base64(*inner).map(Value::Text),
        b"$json_blob" if matches!(inner.kind(), Type::Object | Type::Array) => {
            Some(Value::Blob(inner.raw().to_vec()))
        }
        _ => None,
    }
}

fn base64(value: json::Value<'_>) -> Option<Vec<u8>> {
    match escape::decode_base64(&value.bytes()?)? {
        (bytes, Style::Base64) => Some(bytes),
        _ => None,
    }
}

/// Writes row lines. Keeps its buffers from one to the next.
#[derive(Default)]
pub(super) struct Encoder {
    tape: Tape,
}

impl Encoder {
    /// The line of a row, without a line end.
    pub(super) fn row<'v>(
        &mut self,
        table: &str,
        values: impl Iterator<Item = (&'v str, ValueRef<'v>)> + Clone,
    ) -> Vec<u8> {
        let line = self.write(table, values.clone(), true);
        // What reads whole alone may be too deep inside of the line.
        if self.tape.read(&line) == Some(line.len()) { line } else { self.write(table, values, false) }
    }

    fn write<'v>(
        &mut self,
        table: &str,
        values: impl Iterator<Item = (&'v str, ValueRef<'v>)>,
        embed: bool,
    ) -> Vec<u8> {
        let mut out = Vec::from(br#"{"table":"#);
        string(table.as_bytes(), &mut out);
        out.extend(br#","row":{"#);
        for (i, (name, value)) in values.enumerate() {
            if i > 0 {
                out.push(b',');
            }
            string(name.as_bytes(), &mut out);
            out.push(b':');
            self.value(value, embed, &mut out);
        }
        out.extend(b"}}");
        out
    }

    fn value(&mut self, value: ValueRef<'_>, embed: bool, out: &mut Vec<u8>) {
        match value {
            ValueRef::Null => out.extend(b"null"),
            ValueRef::Integer(number) => out.extend(number.to_string().bytes()),
            ValueRef::Real(number) => real(number, out),
            ValueRef::Text(text) if std::str::from_utf8(text).is_err() => marker("$text", text, out),
            ValueRef::Text(text) if embed && !text.starts_with(MARK) && self.is_json(text) => {
                out.extend_from_slice(text);
            }
            ValueRef::Text(text) => string(text, out),
            ValueRef::Blob(blob) if embed && std::str::from_utf8(blob).is_ok() && self.is_json(blob) => {
                out.extend(br#"{"$json_blob":"#);
                out.extend_from_slice(blob);
                out.push(b'}');
            }
            ValueRef::Blob(blob) => marker("$blob", blob, out),
        }
    }

    /// Tells whether bytes are an object or an array, on one line, with nothing
    /// around it.
    fn is_json(&mut self, bytes: &[u8]) -> bool {
        matches!(bytes.first(), Some(b'{' | b'['))
            && memchr::memchr2(b'\n', b'\r', bytes).is_none()
            && self.tape.read(bytes) == Some(bytes.len())
    }
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    Style::Plain.write(bytes, out);
    out.push(b'"');
}

fn marker(key: &str, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!(r#"{{"{key}":""#).bytes());
    Style::Base64.write(bytes, out);
    out.extend(br#""}"#);
}

fn real(number: f64, out: &mut Vec<u8>) {
    match number {
        f64::INFINITY => out.extend(b"1e999"),
        f64::NEG_INFINITY => out.extend(b"-1e999"),
        // The shortest that reads back as the same, always with `.` or `e`.
        _ if number.is_finite() => out.extend(format!("{number:?}").bytes()),
        _ => out.extend(b"null"),
    }
}
