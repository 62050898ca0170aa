//! Qwen Code: JSONL transcripts below `~/.qwen/projects`.
//!
//! A transcript is a tree of rows: `parentUuid` names the row before. Observed
//! in 0.5.2, 0.12.0 and 0.24.4, where not said otherwise the same in all.

mod discover;
mod read;
mod write;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::{
    Conversation, Discovery, Found, Hooks, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError,
    Watched,
};

/// The adapter.
pub(super) struct Qwen;

impl Tool for Qwen {
    fn name(&self) -> &'static str {
        "qwen"
    }

    fn title(&self) -> &'static str {
        "Qwen Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.24.4", "0.12.0", "0.5.2"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        let moved = places.var("QWEN_RUNTIME_DIR").or_else(|| places.var("QWEN_HOME"));
        moved.unwrap_or_else(|| places.home.join(".qwen"))
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.root(places).join("projects")]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["QWEN_RUNTIME_DIR", "QWEN_HOME"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![Watched::deep(self.root(places).join("projects"))]
    }

    fn discover(&self, places: &Places) -> Discovery {
        discover::discover(&self.root(places))
    }

    fn guides(&self) -> &'static [&'static str] {
        &["QWEN.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &["sessionId", "cwd", "version", "gitBranch"]
    }

    fn reader(&self, _: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::RowReader::new(state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["qwen".to_owned(), "-i".to_owned(), super::go_on(file)]
    }

    /// In its settings, which stay where they are when what it writes at run
    /// time is elsewhere.
    fn hooks(&self, places: &Places) -> Option<Hooks> {
        let home = places.var("QWEN_HOME").unwrap_or_else(|| places.home.join(".qwen"));
        Some(Hooks { path: home.join("settings.json"), event: "Stop", besides: None })
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Qwen {
    fn version_command(&self) -> Option<&'static [&'static str]> {
        Some(&["qwen", "--version"])
    }

    /// It takes what isn't a UUID of version 1 to 5 for a title (0.24.4).
    fn new_id(&self, uuid: &str) -> String {
        let digit = |(n, c)| if n == 14 { '4' } else { c };
        uuid.chars().enumerate().map(digit).collect()
    }

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
        folder.join("chats").join(format!("{}.jsonl", target.native))
    }

    /// The first row must name the session that its file is called by.
    fn rehome<'r>(&self, raw: &'r [u8], target: &Target) -> Cow<'r, [u8]> {
        read::rehome(raw, &target.native)
    }

    /// The last row is the one to go on from, whatever it is.
    fn epilogue(&self, _: &Target, _: Option<&str>) -> Vec<u8> {
        b"\n".to_vec()
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        ["qwen", "--resume", native].map(str::to_owned).to_vec()
    }
}

/// The name of the folder for the sessions of a working directory: every
/// UTF-16 unit that is no ASCII letter or digit becomes `-`.
fn slug(cwd: &Path) -> String {
    let plain = |unit| u8::try_from(unit).ok().filter(u8::is_ascii_alphanumeric);
    cwd.to_string_lossy().encode_utf16().map(|unit| plain(unit).map_or('-', char::from)).collect()
}

#[cfg(test)]
mod tests;
