//! A session written by `sfs resume`, picked up by its tool.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::conversation::Conversation;
use super::mock::Server;
use super::sandbox::Sandbox;
use super::scenario::{anthropic, asked, openai};
use super::script::Rule;

/// A tool to resume in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Claude,
    Codex,
}

impl Tool {
    /// Its name in `sfs`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Claude => "claude-code",
            Tool::Codex => "codex",
        }
    }

    /// The name of its program.
    fn program(self) -> &'static str {
        match self {
            Tool::Claude => "claude",
            Tool::Codex => "codex",
        }
    }

    /// A mock of its API that plays `rules`.
    pub(crate) fn server(self, rules: impl IntoIterator<Item = Rule>) -> Server {
        match self {
            Tool::Claude => anthropic(rules),
            Tool::Codex => openai(rules),
        }
    }

    /// Lets the tool resume the session `id`; returns what it asked with `prompt`.
    #[track_caller]
    pub(crate) fn go_on(
        self,
        sandbox: &Sandbox,
        folder: &Path,
        server: &Server,
        id: &str,
        prompt: &str,
    ) -> Conversation {
        match self {
            Tool::Claude => sandbox.claude_in(folder, server, &["--resume", id, prompt]),
            Tool::Codex => sandbox.codex_in(folder, server, &["resume", id, prompt]),
        }
        .ok();
        server.assert_played();
        asked(server, prompt)
    }
}

/// What `sfs resume` wrote.
pub(crate) struct Resumed {
    pub(crate) tool: Tool,
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    /// The file as `sfs` left it.
    written: Vec<u8>,
}

impl Resumed {
    /// Resumes `rev` in a tool; fails if what is printed isn't what was promised.
    #[track_caller]
    pub(crate) fn new(sandbox: &Sandbox, rev: &str, tool: Tool) -> Self {
        Self::with(sandbox, rev, tool, &[])
    }

    /// The same with more arguments.
    #[track_caller]
    pub(crate) fn with(sandbox: &Sandbox, rev: &str, tool: Tool, more: &[&str]) -> Self {
        let args = ["resume", rev, "--in", tool.name(), "--json"];
        let printed = sandbox.sfs(&[&args, more].concat()).json();
        Self::read(&printed, tool).unwrap_or_else(|what| panic!("sfs resume printed no {what}: {printed}"))
    }

    fn read(printed: &Value, tool: Tool) -> Result<Self, &'static str> {
        let id = printed["native_id"].as_str().ok_or("native_id")?.to_owned();
        let path = PathBuf::from(printed["path"].as_str().ok_or("path")?);
        let command: Vec<&str> =
            printed["command"].as_array().ok_or("command")?.iter().filter_map(Value::as_str).collect();
        printed["losses"].as_array().ok_or("losses")?;
        if command.first() != Some(&tool.program()) || !command.contains(&id.as_str()) {
            return Err("command that resumes it");
        }
        let written = fs::read(&path).map_err(|_| "path of a file")?;
        Ok(Self { tool, id, path, written })
    }

    /// Lets the tool go on with `prompt` in the project.
    #[track_caller]
    pub(crate) fn go_on(&self, sandbox: &Sandbox, prompt: &str) -> Conversation {
        self.go_on_with(sandbox, &sandbox.project, &self.tool.server([]), prompt)
    }

    /// Lets the tool go on in a folder against a server; the tool must only append.
    #[track_caller]
    pub(crate) fn go_on_with(
        &self,
        sandbox: &Sandbox,
        folder: &Path,
        server: &Server,
        prompt: &str,
    ) -> Conversation {
        let conversation = self.tool.go_on(sandbox, folder, server, &self.id, prompt);
        let now = fs::read(&self.path).expect("the transcript");
        assert!(
            now.starts_with(&self.written),
            "{:?} changed what sfs wrote: {}",
            self.tool,
            self.path.display()
        );
        assert!(
            now.len() > self.written.len(),
            "{:?} went on elsewhere than in {}",
            self.tool,
            self.path.display()
        );
        conversation
    }

    /// The text of the file as `sfs` left it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }
}

/// The one object with a prompt that `sfs list --all --json` shows: old
/// versions of Claude Code make sessions that hold but a subagent.
#[track_caller]
pub(crate) fn only_session(sandbox: &Sandbox) -> Value {
    let list = sandbox.sfs(&["list", "--all", "--json"]).json();
    let sessions = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let with_prompts: Vec<&Value> = sessions.iter().filter(|session| session["turns"] != 0).collect();
    let [session] = with_prompts.as_slice() else { panic!("expected one session: {list:#}") };
    for key in ["id", "tool", "native_id", "title", "project", "branches", "turns", "messages", "updated_at"]
    {
        assert!(!session[key].is_null(), "{key} is missing: {session:#}");
    }
    (*session).clone()
}
