//! Kimi: Kimi Code, and kimi-cli, the program before it.
//!
//! Kimi Code keeps a log of JSON lines for each agent of a session, that it
//! only appends to (it is rewritten once, when its protocol is old).

mod cli;
mod content;
mod find;
mod state;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::path::{Path, PathBuf};

use super::{
    Conversation, Discovery, Found, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError, Watched,
    go_on,
};

pub(super) use cli::KimiCli;

/// The adapter of Kimi Code.
pub(super) struct Kimi;

/// The name users type; also how its own thoughts are known when written.
const NAME: &str = "kimi";

impl Tool for Kimi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Kimi Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["2.1.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![find::root(places).join(find::SESSIONS)]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["KIMI_CODE_HOME"]
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
        // Short names that compress as well where they stand.
        &[]
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(wire::WireReader::new(found, state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["kimi".to_owned(), "-p".to_owned(), go_on(file)]
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Kimi {
    fn new_id(&self, uuid: &str) -> String {
        format!("{}{uuid}", write::PREFIX)
    }

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
        ["kimi", "--session", native].map(str::to_owned).to_vec()
    }
}
