//! Lines of JSON, written by hand: a session of 100 MB is streamed, never
//! built.

use std::io::Write;
use std::path::PathBuf;

use super::ToolError;
use crate::object::escape::Style;

/// How many bytes are gathered before they are written.
const BATCH: usize = 256 << 10;

/// Writes lines to a file.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    path: PathBuf,
    buf: Vec<u8>,
    last: i64,
}

impl<'a> Lines<'a> {
    /// Writes to `out`, which is the file at `path`. No line is as old as
    /// `after`, in milliseconds since 1970.
    pub(super) fn new(out: &'a mut dyn Write, path: PathBuf, after: i64) -> Lines<'a> {
        Lines { out, path, buf: Vec::with_capacity(BATCH), last: after }
    }

    /// The time of the last line.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// The time of the next line: `time`, or just after the line before it.
    pub(super) fn stamp(&mut self, time: Option<i64>) -> i64 {
        let next = self.last.saturating_add(1);
        self.last = time.map_or(next, |time| time.max(next));
        self.last
    }

    /// Writes a line.
    pub(super) fn line(&mut self, members: impl FnOnce(&mut Object<'_>)) -> Result<(), ToolError> {
        object(&mut self.buf, members);
        self.buf.push(b'\n');
        if self.buf.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ToolError> {
        let outcome = self.out.write_all(&self.buf);
        self.buf.clear();
        self.buf.shrink_to(BATCH);
        outcome.map_err(|source| ToolError::Write { path: self.path.clone(), source })
    }

    /// Writes what was gathered, down to the file.
    pub(super) fn finish(mut self) -> Result<(), ToolError> {
        self.flush()?;
        self.out.flush().map_err(|source| ToolError::Write { path: self.path.clone(), source })
    }
}

/// Writes an object.
pub(super) fn object(buf: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
    buf.push(b'{');
    members(&mut Object { buf, first: true });
    buf.push(b'}');
}

/// An object being written.
pub(super) struct Object<'b> {
    buf: &'b mut Vec<u8>,
    first: bool,
}
impl Object<'_> {
    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.buf.push(b',');
        }
        self.buf.push(b'"');
        self.buf.extend_from_slice(key.as_bytes());
        self.buf.extend_from_slice(b"\":");
    }

    /// A string.
    pub(super) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.key(key);
        string(self.buf, text);
        self
    }

    /// JSON as it is.
    pub(super) fn json(&mut self, key: &str, json: &str) -> &mut Self {
        self.key(key);
        separators(json, self.buf, &mut |plain, buf| buf.extend_from_slice(plain.as_bytes()));
        self
    }

    /// An object.
    pub(super) fn object(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        object(self.buf, members);
        self
    }

    /// An array of objects, one for each of `items`.
    pub(super) fn objects<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Object<'_>, T),
    ) -> &mut Self {
        self.key(key);
        self.buf.push(b'[');
        for (n, item) in items.into_iter().enumerate() {
            if n > 0 {
                self.buf.push(b',');
            }
            object(self.buf, |object| members(object, item));
        }
        self.buf.push(b']');
        self
    }

    /// An array of strings.
    pub(super) fn texts<'t>(&mut self, key: &str, texts: impl IntoIterator<Item = &'t str>) -> &mut Self {
        self.key(key);
        self.buf.push(b'[');
        for (n, text) in texts.into_iter().enumerate() {
            if n > 0 {
                self.buf.push(b',');
            }
            string(self.buf, text);
        }
        self.buf.push(b']');
        self
    }
}

/// Writes a string in quotes.
fn string(buf: &mut Vec<u8>, text: &str) {
    buf.push(b'"');
    separators(text, buf, &mut |plain, buf| Style::Plain.write(plain.as_bytes(), buf));
    buf.push(b'"');
}

/// Writes a text in pieces, and between them, escaped, what ends a line for
/// some readers though not in JSON, where it only stands in strings.
fn separators(text: &str, buf: &mut Vec<u8>, write: &mut dyn FnMut(&str, &mut Vec<u8>)) {
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once(['\u{2028}', '\u{2029}']) {
        write(plain, buf);
        let line = rest.get(plain.len()..).is_some_and(|which| which.starts_with('\u{2028}'));
        buf.extend_from_slice(if line { b"\\u2028" } else { b"\\u2029" });
        rest = after;
    }
    write(rest, buf);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_and_times_grow() {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out, PathBuf::new(), 5);
        assert_eq!((lines.stamp(Some(9)), lines.stamp(Some(3)), lines.stamp(None)), (9, 10, 11));
        lines
            .line(|o| {
                o.text("a", "x\u{2028}y\u{2029}\u{2028}\n\"")
                    .json("b", "[1.0,\"\u{2029}\"]")
                    .texts("c", ["d"]);
            })
            .unwrap();
        lines.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(['\u{2028}', '\u{2029}']), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"], "x\u{2028}y\u{2029}\u{2028}\n\"");
        assert_eq!(text.trim_end().split_once(",\"b\"").unwrap().1, ":[1.0,\"\\u2029\"],\"c\":[\"d\"]}");
    }
}
