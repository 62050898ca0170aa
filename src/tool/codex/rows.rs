//! Lines of a rollout, written by hand: a session of 100 MB is streamed, never
//! built.

use std::io::Write;
use std::path::PathBuf;

use super::time;
use crate::object::escape::Style;
use crate::tool::ToolError;

/// How many bytes are gathered before they are written.
const BATCH: usize = 256 << 10;

/// Writes lines.
pub(super) struct Rows<'a> {
    out: &'a mut dyn Write,
    path: PathBuf,
    buf: Vec<u8>,
    last: i64,
}

impl<'a> Rows<'a> {
    /// Writes to `out`, which is the file at `path`. No line is as old as
    /// `after`, in milliseconds since 1970.
    pub(super) fn new(out: &'a mut dyn Write, path: PathBuf, after: i64) -> Rows<'a> {
        Rows { out, path, buf: Vec::with_capacity(BATCH), last: after }
    }

    /// The time of the last line.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// Writes a line of type `kind`, as of `time` or just after the line
    /// before it. `payload` adds the members of its payload.
    pub(super) fn row(
        &mut self,
        time: Option<i64>,
        kind: &str,
        payload: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        let next = self.last.saturating_add(1);
        self.last = time.map_or(next, |time| time.max(next));
        let stamp = time::iso(self.last);
        for part in ["{\"timestamp\":\"", &stamp, "\",\"type\":\"", kind, "\",\"payload\":"] {
            self.buf.extend_from_slice(part.as_bytes());
        }
        object(&mut self.buf, payload);
        self.buf.extend_from_slice(b"}\n");
        if self.buf.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered.
    pub(super) fn flush(&mut self) -> Result<(), ToolError> {
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
fn object(buf: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
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
        self.buf.extend_from_slice(json.as_bytes());
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

fn string(buf: &mut Vec<u8>, text: &str) {
    buf.push(b'"');
    Style::Plain.write(text.as_bytes(), buf);
    buf.push(b'"');
}
