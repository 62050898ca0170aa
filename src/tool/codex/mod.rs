//! OpenAI's Codex CLI.
//!
//! A thread is a rollout file below `$CODEX_HOME/sessions`, one JSON value a
//! line, that the tool only appends to. `codex resume <id>` finds a file by
//! the id in its name; names that users gave are in `session_index.jsonl`. The
//! SQLite files beside are caches that it builds from the rollouts.

mod calls;
mod config;
mod content;
mod find;
mod item;
mod read;
mod rehome;
mod rows;
#[cfg(test)]
mod tests;
mod tools;
mod usage;
mod write;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

pub(super) use tools::action;

use super::beside::Form;
use super::{
    Beside, Conversation, Discovery, Found, Hooks, Places, Plan, Reader, Resume, Servers, Sink, Target, Tool,
    ToolError, Watched,
};

/// The adapter.
pub(crate) struct Codex;

impl Tool for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn title(&self) -> &'static str {
        "Codex"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.77.0", "0.98.0", "0.144.0", "0.169.0", "0.171.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        ["sessions", "archived_sessions"].map(|name| find::root(places).join(name)).into()
    }

    fn variables(&self) -> &'static [&'static str] {
        &["CODEX_HOME"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        let root = find::root(places);
        ["sessions", "archived_sessions"].iter().map(|name| Watched::deep(root.join(name))).collect()
    }

    fn beside(&self, places: &Places, project: &Path) -> Beside {
        const KEYS: &[&str] = &[
            "model",
            "model_provider",
            "model_reasoning_effort",
            "model_reasoning_summary",
            "model_verbosity",
            "approval_policy",
            "sandbox_mode",
            "sandbox_workspace_write.network_access",
            "profile",
            "personality",
            "web_search",
        ];
        let root = find::root(places);
        let names = &["AGENTS.override.md", "AGENTS.md"];
        Beside::default()
            .instructions(&root, names)
            .instructions(project, names)
            .settings(root.join("config.toml"), Form::Toml, KEYS, Some("mcp_servers"))
            .settings(project.join(".codex/config.toml"), Form::Toml, KEYS, Some("mcp_servers"))
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", "AGENTS.override.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // Nothing but `timestamp` and `type` stands on every line.
        &[]
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::RolloutReader::new(found, state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["codex".to_owned(), super::go_on(file)]
    }

    /// `[mcp_servers.<name>]` in `config.toml`, as `docs/config.md` of its
    /// repository has it.
    fn servers(&self, places: &Places) -> Option<Servers> {
        Some(Servers::Toml { path: find::root(places).join("config.toml"), table: "mcp_servers" })
    }

    /// `hooks.json` beside its settings. It runs what its user trusts, by what
    /// stands there (0.171).
    fn hooks(&self, places: &Places) -> Option<Hooks> {
        let path = find::root(places).join("hooks.json");
        Some(Hooks {
            path,
            event: "Stop",
            besides: Some("Codex runs it once you trust it: type /hooks in Codex"),
        })
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Codex {
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
        rehome::rehome(raw, &target.native)
    }

    fn epilogue(&self, _target: &Target, _last: Option<&str>) -> Vec<u8> {
        // A turn that is still open is resumed as it is. Only 0.169 is known
        // to add a line end that is missing before it appends.
        b"\n".to_vec()
    }

    fn announce(&self, target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
        write::announce(target)
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        ["codex", "resume", native].map(str::to_owned).to_vec()
    }
}
