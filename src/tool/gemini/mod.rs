//! Gemini CLI: sessions below `~/.gemini/tmp/<project>/chats`.
//!
//! From 0.39 on a session is JSONL that only grows; before that it was one
//! JSON document. Observed in 0.20.0, 0.38.0, 0.40.0, 0.44.0 and 0.61.0, and
//! in documents of 2025.

mod discover;
mod form;
mod known;
mod message;
mod project;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use super::beside::Form;
use super::document::Document;
use super::{
    Beside, Conversation, Discovery, Found, Hooks, Pieces, Places, Plan, Reader, Resume, Servers, Sink,
    StepFacts, Target, Tool, ToolError, Watched,
};

/// The adapter.
pub(super) struct Gemini;

impl Tool for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn title(&self) -> &'static str {
        "Gemini CLI"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.61.0", "0.44.0", "0.40.0", "0.38.0", "0.20.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        places.var("GEMINI_CLI_HOME").unwrap_or_else(|| places.home.clone()).join(".gemini")
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.root(places).join("tmp")]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["GEMINI_CLI_HOME"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![Watched::deep(self.root(places).join("tmp"))]
    }

    fn beside(&self, places: &Places, project: &Path) -> Beside {
        // Nested since 0.4; flat before.
        const KEYS: &[&str] = &[
            "model.name",
            "general.defaultApprovalMode",
            "tools.sandbox",
            "security.disableYoloMode",
            "context.fileName",
            "model",
            "sandbox",
            "contextFileName",
        ];
        let root = self.root(places);
        Beside::default()
            .instructions(&root, &["GEMINI.md"])
            .instructions(project, &["GEMINI.md"])
            .settings(root.join("settings.json"), Form::Json, KEYS, Some("mcpServers"))
            .settings(project.join(".gemini/settings.json"), Form::Json, KEYS, Some("mcpServers"))
    }

    fn discover(&self, places: &Places) -> Discovery {
        discover::discover(&self.root(places))
    }

    fn guides(&self) -> &'static [&'static str] {
        &["GEMINI.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // No member of a message is the same in the next one.
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        let mut document = Document::read(&found.path, Some("messages"))?;
        if document.last().is_some_and(message::is_unfinished) {
            document.hold_last();
        }
        let tool_title = document.string("summary").filter(|title| !title.is_empty());
        document.tell(StepFacts { tool_title, ..StepFacts::default() });
        Ok(Box::new(document))
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::MessageReader::new(found, state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["gemini".to_owned(), "-i".to_owned(), super::go_on(file)]
    }

    /// `mcpServers` in `settings.json`, as `docs/tools/mcp-server.md` of its
    /// repository has it. The tool allows comments there; then it is not changed.
    fn hooks(&self, places: &Places) -> Option<Hooks> {
        Some(Hooks { path: self.root(places).join("settings.json"), event: "AfterAgent", besides: None })
    }

    fn servers(&self, places: &Places) -> Option<Servers> {
        Some(Servers::Json { path: self.root(places).join("settings.json"), key: "mcpServers" })
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Gemini {
    fn version_command(&self) -> Option<&'static [&'static str]> {
        Some(&["gemini", "--version"])
    }

    /// The beginning of an id stands for it in the names of files, and that of
    /// an id made from the time is the same for sessions made one after another.
    fn new_id(&self, uuid: &str) -> String {
        super::ids::scattered(uuid)
    }

    /// A session of its own is written anew: its lines patch each other, and
    /// what it says of itself would hide or delete the copy.
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
        ["gemini", "--resume", native].map(str::to_owned).to_vec()
    }
}
