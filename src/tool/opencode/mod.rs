//! OpenCode: sessions in SQLite (since 1.2), before that in JSON files.
//!
//! A session is messages, and parts of messages; both are rows with JSON in
//! them that the tool writes again as they grow. Facts about the format were
//! observed in the versions that [`Tool::verified`] lists. What is here serves the
//! forks of the program as well: see [`Family`].

mod answer;
mod discover;
mod early;
mod family;
mod files;
mod ids;
mod model;
mod order;
mod parts;
mod prompt;
mod read;
mod seen;
mod state;
mod tables;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use super::{
    Conversation, Discovery, Found, Framing, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool,
    ToolError, Watched,
};

pub(super) use discover::discover;
pub(super) use family::Family;
pub(super) use read::RowReader;
pub(super) use write::write;

/// The adapter.
pub(super) struct OpenCode;

const OPENCODE: Family =
    Family { name: "opencode", vars: "OPENCODE", agent: "build", verified: &["1.18.33", "1.2.27", "1.1.65"] };

impl Tool for OpenCode {
    fn name(&self) -> &'static str {
        OPENCODE.name
    }

    fn title(&self) -> &'static str {
        "OpenCode"
    }

    fn verified(&self) -> &'static [&'static str] {
        OPENCODE.verified
    }

    fn root(&self, places: &Places) -> PathBuf {
        OPENCODE.root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        OPENCODE.looks_at(places)
    }

    fn variables(&self) -> &'static [&'static str] {
        &["OPENCODE_DB", "XDG_DATA_HOME"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        OPENCODE.watched(places)
    }

    fn discover(&self, places: &Places) -> Discovery {
        discover(&OPENCODE, places, &self.root(places))
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", "CLAUDE.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // A record's outermost members are not the row's.
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        open(found)
    }

    fn reader(&self, _: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(RowReader::new(state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec![OPENCODE.name.to_owned(), "--prompt".to_owned(), super::go_on(file)]
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for OpenCode {
    fn repeats(&self) -> bool {
        false
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        write(&OPENCODE, conversation, target, sink)
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        [OPENCODE.name, "--session", native].map(str::to_owned).to_vec()
    }
}

/// Opens a session where it was found.
pub(super) fn open(found: &Found) -> std::io::Result<Box<dyn Pieces>> {
    let session = if found.part.is_empty() { &found.native } else { &found.part };
    Ok(match found.framing {
        Framing::Folder => Box::new(order::Order::new(files::Files::open(&found.path, &found.place)?)?),
        _ => Box::new(order::Order::new(tables::Table::open(&found.path, session)?)?),
    })
}
