//! Lines of a rollout: when, what kind, and the payload.

use std::io::Write;
use std::path::PathBuf;

use super::time;
use crate::tool::ToolError;

use crate::tool::jsonl::Lines;
pub(super) use crate::tool::jsonl::Object;

/// Writes lines.
pub(super) struct Rows<'a>(Lines<'a>);

impl<'a> Rows<'a> {
    /// Writes to `out`, which is the file at `path`. No line is as old as
    /// `after`, in milliseconds since 1970.
    pub(super) fn new(out: &'a mut dyn Write, path: PathBuf, after: i64) -> Rows<'a> {
        Rows(Lines::new(out, path, after))
    }

    /// The time of the last line.
    pub(super) fn last(&self) -> i64 {
        self.0.last()
    }

    /// Writes a line of type `kind`, as of `time` or just after the line
    /// before it. `payload` adds the members of its payload.
    pub(super) fn row(
        &mut self,
        time: Option<i64>,
        kind: &str,
        payload: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        let stamp = time::iso(self.0.stamp(time));
        self.0.line(|line| {
            line.text("timestamp", &stamp).text("type", kind).object("payload", payload);
        })
    }

    /// Writes what was gathered, down to the file.
    pub(super) fn finish(self) -> Result<(), ToolError> {
        self.0.finish()
    }
}
