//! Claude Code: one JSONL file a session, under `~/.claude/projects`.
//!
//! Facts were observed on versions 1.0.128 to 2.1.330.

mod discover;
mod read;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::{Discovery, Found, Places, Reader, Tool};

/// The adapter.
pub(super) struct ClaudeCode;

impl Tool for ClaudeCode {
    fn name(&self) -> &'static str {
        "claude-code"
    }

    fn title(&self) -> &'static str {
        "Claude Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["2.1.330", "2.1.54", "2.0.54"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        places.var("CLAUDE_CONFIG_DIR").unwrap_or_else(|| places.home.join(".claude"))
    }

    fn discover(&self, places: &Places) -> Discovery {
        discover::discover(&self.root(places))
    }

    fn lift(&self) -> &'static [&'static str] {
        &["sessionId", "cwd", "version", "gitBranch", "slug", "userType", "entrypoint", "session_id"]
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::Rows::new(!found.part.is_empty(), state))
    }
}
