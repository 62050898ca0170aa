//! Claude Code: JSONL transcripts below `~/.claude/projects`.
//!
//! Facts about the format were observed in the versions that
//! [`Tool::verified`] lists, where not said otherwise in 2.1.330.

mod blocks;
mod content;
mod discover;
mod line;
mod read;
mod row;
mod rows;
mod write;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::beside::Form;
use super::{
    Beside, Conversation, Discovery, Found, Hooks, Places, Plan, Reader, Resume, Servers, Sink, Target, Tool,
    ToolError, Watched,
};
use crate::object::json::Value;

/// The adapter.
pub(super) struct ClaudeCode;

/// The name users type; also how its own thoughts are known when written.
pub(super) const NAME: &str = "claude-code";

impl Tool for ClaudeCode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Claude Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["2.1.330", "2.1.332", "2.1.288", "2.1.54", "2.0.54", "1.0.128"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        places.var("CLAUDE_CONFIG_DIR").unwrap_or_else(|| places.home.join(".claude"))
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.root(places).join("projects")]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["CLAUDE_CONFIG_DIR"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        let root = self.root(places);
        ["projects", "file-history", "todos"].iter().map(|name| Watched::deep(root.join(name))).collect()
    }

    /// `.claude.json`, with the user's MCP servers, also holds the account and
    /// is not read.
    fn beside(&self, places: &Places, project: &Path) -> Beside {
        const KEYS: &[&str] = &[
            "model",
            "permissions.defaultMode",
            "permissions.disableBypassPermissionsMode",
            "sandbox.enabled",
            "effortLevel",
            "alwaysThinkingEnabled",
            "outputStyle",
            "enableAllProjectMcpServers",
        ];
        let (root, own) = (self.root(places), project.join(".claude"));
        Beside::default()
            .instructions(&root, &["CLAUDE.md", "rules"])
            .instructions(project, &["CLAUDE.md", "CLAUDE.local.md"])
            .instructions(&own, &["CLAUDE.md", "rules"])
            .settings(root.join("settings.json"), Form::Json, KEYS, None)
            .settings(own.join("settings.json"), Form::Json, KEYS, None)
            .settings(own.join("settings.local.json"), Form::Json, KEYS, None)
            .settings(project.join(".mcp.json"), Form::Json, &[], Some("mcpServers"))
    }

    fn discover(&self, places: &Places) -> Discovery {
        discover::discover(&self.root(places))
    }

    fn guides(&self) -> &'static [&'static str] {
        &["CLAUDE.md", ".claude/CLAUDE.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &["sessionId", "cwd", "version", "gitBranch", "slug", "userType", "entrypoint", "session_id"]
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::RowReader::new(found, state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["claude".to_owned(), super::go_on(file)]
    }

    /// By its own command: servers stand in `~/.claude.json`, which every process
    /// of the tool rewrites and which holds accounts too. The command and its
    /// scopes: <https://docs.claude.com/en/docs/claude-code/mcp>.
    fn hooks(&self, places: &Places) -> Option<Hooks> {
        Some(Hooks { path: self.root(places).join("settings.json"), event: "Stop", besides: None })
    }

    fn servers(&self, _: &Places) -> Option<Servers> {
        Some(Servers::Commands {
            add: &["claude", "mcp", "add", "--scope", "user"],
            remove: &["claude", "mcp", "remove", "--scope", "user"],
        })
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for ClaudeCode {
    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        write::write(conversation, target, self.path_for(target), sink)
    }

    fn path_for(&self, target: &Target) -> PathBuf {
        let folder = self.root(&target.places).join("projects").join(slug(&target.cwd));
        folder.join(format!("{}.jsonl", target.native))
    }

    /// The file's name alone says which session it is: rows may keep another
    /// `sessionId`.
    fn rehome<'r>(&self, raw: &'r [u8], _: &Target) -> Cow<'r, [u8]> {
        Cow::Borrowed(raw)
    }

    /// Only rows that hang on others are part of the conversation.
    fn key_of(&self, record: Value<'_>) -> Option<String> {
        record.get("parentUuid").and_then(|_| record.string("uuid"))
    }

    /// Says which row is the leaf to go on from: the last `last-prompt` wins,
    /// and what was copied may hold one that names a row further on.
    fn epilogue(&self, target: &Target, last: Option<&str>) -> Vec<u8> {
        let mut out = vec![b'\n'];
        if let Some(leaf) = last {
            write::last_prompt(&target.title, leaf, &target.native, &mut out);
        }
        out
    }

    /// There is no index: the folders are searched.
    fn announce(&self, _: &Target) -> Vec<(PathBuf, Vec<u8>)> {
        Vec::new()
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        vec!["claude".to_owned(), "--resume".to_owned(), native.to_owned()]
    }
}

/// The longest folder name that is not shortened.
const SLUG_MAX: usize = 200;

/// The name of the folder for the sessions of a working directory: every
/// UTF-16 unit that is no ASCII letter or digit becomes `-`; a long name is
/// cut, and a hash of the whole path follows.
fn slug(cwd: &Path) -> String {
    let path = cwd.to_string_lossy();
    let mut slug = String::with_capacity(path.len());
    let mut hash = 0i32;
    for unit in path.encode_utf16() {
        hash = hash.wrapping_shl(5).wrapping_sub(hash).wrapping_add(i32::from(unit));
        let plain = u8::try_from(unit).ok().filter(u8::is_ascii_alphanumeric);
        slug.push(plain.map_or('-', char::from));
    }
    if slug.len() > SLUG_MAX {
        slug.truncate(SLUG_MAX);
        slug.push('-');
        slug.push_str(&base36(hash.unsigned_abs()));
    }
    slug
}

fn base36(mut n: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(n % 36, 36).unwrap_or('0'));
        n /= 36;
        if n == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests;
