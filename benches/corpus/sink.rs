//! Where the rows of a session go: a buffer that is written to a file from time to time.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::json::Json;

/// How many bytes are held before they are written.
const BUFFER: usize = 1 << 20;

/// When a session ends.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    /// After so many bytes.
    Bytes(u64),
    /// After so many messages, which are rows that a user, a model or a tool spoke.
    Messages(u64),
}

/// A session file as it was written.
pub(crate) struct Written {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its size.
    pub(crate) bytes: u64,
    /// How many rows it has.
    pub(crate) rows: u64,
}

/// A session file being written.
pub(super) struct Sink {
    /// The row being built, after those not yet written.
    pub(super) json: Json,
    file: File,
    limit: Limit,
    messages: u64,
    written: Written,
}

impl Sink {
    /// Creates the file and the folders above it.
    pub(super) fn create(path: &Path, limit: Limit) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Self {
            json: Json(String::with_capacity(2 * BUFFER)),
            file: File::create(path)?,
            limit,
            messages: 0,
            written: Written { path: path.to_owned(), bytes: 0, rows: 0 },
        })
    }

    /// How many rows have ended.
    pub(super) fn rows(&self) -> u64 {
        self.written.rows
    }

    /// Whether the session is long enough.
    pub(super) fn full(&self) -> bool {
        match self.limit {
            Limit::Bytes(bytes) => self.written.bytes + self.json.0.len() as u64 >= bytes,
            Limit::Messages(messages) => self.messages >= messages,
        }
    }

    /// Ends a row that is a message.
    pub(super) fn end_message(&mut self) -> io::Result<()> {
        self.messages += 1;
        self.end_row()
    }

    /// Ends a row.
    pub(super) fn end_row(&mut self) -> io::Result<()> {
        self.json.raw("\n");
        self.written.rows += 1;
        if self.json.0.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and says what the file became.
    pub(super) fn finish(mut self) -> io::Result<Written> {
        self.flush()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(self.json.0.as_bytes())?;
        self.written.bytes += self.json.0.len() as u64;
        self.json.0.clear();
        Ok(())
    }
}
