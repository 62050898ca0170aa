//! Pi, the coding agent of pi-mono (`@mariozechner/pi-coding-agent`).
//!
//! A session is a file of JSON lines below `~/.pi/agent/sessions`, in a folder
//! for its working directory, that the tool only appends to (it is rewritten
//! once, when its version is old). Entries form a tree by `id` and `parentId`;
//! the last entry is the leaf that is gone on from. There is no index.

mod find;
mod read;
mod rehome;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::path::PathBuf;

use super::{Conversation, Discovery, Found, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError};

/// The adapter.
pub(super) struct Pi;

impl Tool for Pi {
    fn name(&self) -> &'static str {
        "pi"
    }

    fn title(&self) -> &'static str {
        "Pi"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.73.1", "0.52.12"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![find::root(places)]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["PI_CODING_AGENT_SESSION_DIR", "PI_CODING_AGENT_DIR"]
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", "CLAUDE.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // No value stands on every line.
        &[]
    }

    fn reader(&self, _found: &Found, _state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::EntryReader)
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Pi {
    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        write::write(conversation, target, sink)
    }

    fn path_for(&self, target: &Target) -> PathBuf {
        find::path_for(target)
    }

    fn rehome<'r>(&self, raw: &'r [u8], target: &Target) -> Cow<'r, [u8]> {
        rehome::rehome(raw, target)
    }

    fn epilogue(&self, _target: &Target, _last: Option<&str>) -> Vec<u8> {
        b"\n".to_vec()
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        ["pi", "--session", native].map(str::to_owned).to_vec()
    }
}
