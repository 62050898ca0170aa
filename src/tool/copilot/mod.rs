//! GitHub's Copilot CLI.
//!
//! A session is a folder below `$COPILOT_HOME/session-state`, called by the
//! session's id: `events.jsonl`, which the tool only appends to (a rewind cuts
//! it), and files that belong to it. Any folder that holds events is listed and
//! resumed; the SQLite files beside are made from them.

mod content;
mod find;
mod old;
mod read;
mod rehome;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::beside::Form;
use super::{
    Beside, Conversation, Discovery, Found, Framing, Pieces, Places, Plan, Reader, Resume, Sink, Target,
    Tool, ToolError, Watched,
};

/// The adapter.
pub(super) struct Copilot;

impl Tool for Copilot {
    fn name(&self) -> &'static str {
        "copilot"
    }

    fn title(&self) -> &'static str {
        "Copilot CLI"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["1.0.102", "1.0.70", "1.0.40"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        [find::STATES, find::HISTORY].map(|name| find::root(places).join(name)).into()
    }

    fn variables(&self) -> &'static [&'static str] {
        &["COPILOT_HOME"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        let root = find::root(places);
        [find::STATES, find::HISTORY].iter().map(|name| Watched::deep(root.join(name))).collect()
    }

    /// `config.json` also holds tokens and is not read.
    fn beside(&self, places: &Places, project: &Path) -> Beside {
        let root = find::root(places);
        Beside::default()
            .instructions(&root, &["copilot-instructions.md"])
            .instructions(project, &["AGENTS.md", ".github/copilot-instructions.md", ".github/instructions"])
            .settings(root.join("mcp-config.json"), Form::Json, &[], Some("mcpServers"))
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", ".github/copilot-instructions.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // No value stands on every line.
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        Ok(Box::new(old::open(&found.path)?))
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        match found.framing {
            Framing::Document => Box::new(old::OldReader::new(found)),
            _ => Box::new(read::EventReader::new(found, state)),
        }
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Copilot {
    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        write::write(conversation, target, sink)
    }

    fn path_for(&self, target: &Target) -> PathBuf {
        find::folder(&target.places, &target.native).join(find::EVENTS)
    }

    fn rehome<'r>(&self, raw: &'r [u8], target: &Target) -> Cow<'r, [u8]> {
        rehome::rehome(raw, &target.native)
    }

    fn epilogue(&self, _target: &Target, _last: Option<&str>) -> Vec<u8> {
        b"\n".to_vec()
    }

    fn announce(&self, target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
        write::workspace(target)
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        vec!["copilot".to_owned(), format!("--resume={native}")]
    }
}
