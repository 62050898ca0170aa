//! The rows of a transcript that is written: one chain, times that only grow.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::content::{self, quote};
use crate::tool::time;
use crate::tool::{Target, Tool, ToolError};

/// Rows are handed on when so many bytes have come together.
const CHUNK: usize = 256 << 10;

/// Who speaks in a row.
pub(super) enum Spoken<'s> {
    /// The user, or the results of calls.
    User,
    /// The model.
    Assistant {
        /// Whether it ended with calls.
        calls: bool,
        /// Its name. A name that isn't known here is passed over by the tool.
        model: Option<&'s str>,
    },
}

/// Writes rows.
pub(super) struct Rows<'w> {
    out: &'w mut dyn Write,
    path: PathBuf,
    buf: Vec<u8>,
    ids: content::Ids,
    native: String,
    /// The members that all rows have in common, after the time.
    tail: Vec<u8>,
    /// The row before.
    last: Option<String>,
    time: i64,
    rows: u64,
}

impl<'w> Rows<'w> {
    pub(super) fn new(out: &'w mut dyn Write, path: &Path, target: &Target) -> Rows<'w> {
        let verified = super::ClaudeCode.verified().first().copied().unwrap_or_default();
        let mut tail = b"\",\"userType\":\"external\",\"entrypoint\":\"cli\"".to_vec();
        let members = [
            ("cwd", &*target.cwd.to_string_lossy()),
            ("sessionId", &target.native),
            ("version", target.version.as_deref().unwrap_or(verified)),
            ("gitBranch", target.git_branch.as_deref().unwrap_or_default()),
        ];
        for (key, value) in members {
            tail.extend_from_slice(format!(",\"{key}\":").as_bytes());
            quote(value, &mut tail);
        }
        tail.extend_from_slice(b"}\n");
        Rows {
            out,
            path: path.to_owned(),
            buf: Vec::with_capacity(CHUNK * 2),
            ids: content::Ids(target.seed),
            native: target.native.clone(),
            tail,
            last: None,
            time: target.started.saturating_sub(1),
            rows: 0,
        }
    }

    /// How many rows there are.
    pub(super) fn written(&self) -> u64 {
        self.rows
    }

    /// Writes a row. `blocks` is its content: JSON with commas between.
    pub(super) fn row(&mut self, who: Spoken<'_>, blocks: &[u8], time: Option<i64>) -> Result<(), ToolError> {
        self.time = time.unwrap_or(i64::MIN).max(self.time.saturating_add(1));
        let uuid = self.ids.row(self.rows);
        let buf = &mut self.buf;
        buf.extend_from_slice(b"{\"parentUuid\":");
        match &self.last {
            Some(last) => quote(last, buf),
            None => buf.extend_from_slice(b"null"),
        }
        buf.extend_from_slice(b",\"isSidechain\":false,\"type\":");
        match who {
            Spoken::User => {
                buf.extend_from_slice(b"\"user\",\"message\":{\"role\":\"user\",\"content\":[");
                buf.extend_from_slice(blocks);
                buf.extend_from_slice(b"]}");
            }
            Spoken::Assistant { calls, model } => {
                buf.extend_from_slice(b"\"assistant\",\"message\":{\"id\":\"");
                buf.extend_from_slice(self.ids.message(self.rows).as_bytes());
                buf.extend_from_slice(b"\",\"type\":\"message\",\"role\":\"assistant\",");
                if let Some(model) = model {
                    buf.extend_from_slice(b"\"model\":");
                    quote(model, buf);
                    buf.push(b',');
                }
                buf.extend_from_slice(b"\"content\":[");
                buf.extend_from_slice(blocks);
                buf.extend_from_slice(b"],\"stop_reason\":\"");
                buf.extend_from_slice(if calls { b"tool_use" } else { b"end_turn" });
                // What the tokens were is told by the session they were spent in.
                buf.extend_from_slice(b"\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,");
                buf.extend_from_slice(b"\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,");
                buf.extend_from_slice(b"\"output_tokens\":0}}");
            }
        }
        buf.extend_from_slice(b",\"uuid\":\"");
        buf.extend_from_slice(uuid.as_bytes());
        buf.extend_from_slice(b"\",\"timestamp\":\"");
        buf.extend_from_slice(time::format(self.time).as_bytes());
        buf.extend_from_slice(&self.tail);
        self.last = Some(uuid);
        self.rows += 1;
        if self.buf.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ToolError> {
        let done = self.out.write_all(&self.buf);
        self.buf.clear();
        self.buf.shrink_to(CHUNK * 2);
        done.map_err(|source| ToolError::Write { path: self.path.clone(), source })
    }

    /// Ends the transcript: with its title, and the leaf to go on from.
    pub(super) fn finish(mut self, title: &str, prompt: &str) -> Result<(), ToolError> {
        if !title.is_empty() {
            self.buf.extend_from_slice(b"{\"type\":\"custom-title\",\"customTitle\":");
            quote(title, &mut self.buf);
            self.buf.extend_from_slice(b",\"sessionId\":");
            quote(&self.native, &mut self.buf);
            self.buf.extend_from_slice(b"}\n");
        }
        if let Some(last) = &self.last {
            last_prompt(prompt, last, &self.native, &mut self.buf);
        }
        self.flush()
    }
}

/// Appends the row that names the leaf to go on from.
pub(super) fn last_prompt(prompt: &str, leaf: &str, native: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"last-prompt\",\"lastPrompt\":");
    quote(prompt, out);
    out.extend_from_slice(b",\"leafUuid\":");
    quote(leaf, out);
    out.extend_from_slice(b",\"sessionId\":");
    quote(native, out);
    out.extend_from_slice(b"}\n");
}
