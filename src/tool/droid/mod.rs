//! Droid, Factory's coding agent.
//!
//! A session is a file of JSON lines below `~/.factory/sessions`, in a folder
//! for its working directory. The tool appends to it, but for the first line,
//! which holds the title and is written anew when that changes.

mod find;
mod open;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use super::{
    Conversation, Discovery, Found, Hooks, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool,
    ToolError, Watched, go_on,
};

/// The adapter.
pub(super) struct Droid;

impl Tool for Droid {
    fn name(&self) -> &'static str {
        "droid"
    }

    fn title(&self) -> &'static str {
        "Droid"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.215.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![find::root(places).join(find::SESSIONS)]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![Watched::deep(find::root(places).join(find::SESSIONS))]
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // No value stands on every line.
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        Ok(Box::new(open::Session::of(std::fs::read(&found.path)?)))
    }

    fn reader(&self, _: &Found, _: &[u8]) -> Box<dyn Reader> {
        Box::new(read::EventReader)
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["droid".to_owned(), go_on(file)]
    }

    /// In its settings. Where there is a `hooks.json`, of another form, those
    /// may not count.
    fn hooks(&self, places: &Places) -> Option<Hooks> {
        let folder = self.root(places);
        let settings = Hooks { path: folder.join("settings.json"), event: "Stop", besides: None };
        (!folder.join("hooks.json").exists()).then_some(settings)
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Droid {
    fn repeats(&self) -> bool {
        false
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        write::write(conversation, target, sink)
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        ["droid", "--resume", native].map(str::to_owned).to_vec()
    }
}
