//! The others: foreign sessions in and out.
//!
//! An adapter knows where a tool keeps its sessions, what its records mean,
//! and how to write a session that the tool resumes. It describes; [`crate::ops`]
//! acts: an adapter never writes to disk and knows no store.

mod agent_trace;
mod aider;
mod amp;
pub mod backup;
pub mod beside;
mod blocks;
pub mod change;
mod chat;
mod claude_code;
mod cline;
mod codex;
mod copilot;
mod crush;
mod cursor;
mod digest;
pub mod document;
mod droid;
mod fit;
pub mod folder;
pub mod form;
mod found;
mod gemini;
mod goose;
mod hooks;
mod hosts;
mod ids;
mod jsonl;
mod kilo;
mod kimi;
mod known;
mod look;
pub mod moves;
mod opencode;
mod parts;
mod pi;
mod pieces;
mod places;
mod plan;
mod qwen;
mod roo;
pub mod rows;
mod servers;
mod sessionfs;
pub mod setting;
mod specstory;
mod step;
mod table;
mod tasks;
#[cfg(test)]
mod testing;
mod time;
mod turns;
mod uri;
mod vscode_copilot;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::object::json::Value;
use crate::object::split::Texts;

pub use beside::Beside;
pub use form::Form;
use found::absolute_place;
pub use found::{Discovery, Found, SideFile, Stamp, Trouble, Watched, stamp, stamp_of, stay_within};
pub use hooks::Hooks;
pub use pieces::{EARLY, Frame, Framing, Pieces};
pub use places::{Os, Places};
pub use plan::{Action, Conversation, Import, Loss, Losses, Plan, Planned, Said, Sink, Target};
pub use servers::Servers;
pub use setting::Settings;
pub use step::{Counted, Draft, Key, Link, Step, StepFacts};

/// Every tool that is known, in the order in which they are listed.
pub static TOOLS: &[&dyn Tool] = &[
    &claude_code::ClaudeCode,
    &codex::Codex,
    &cline::Cline,
    &copilot::Copilot,
    &gemini::Gemini,
    &kilo::Kilo,
    &opencode::OpenCode,
    &pi::Pi,
    &qwen::Qwen,
    &roo::Roo,
    &amp::Amp,
    &aider::Aider,
    &goose::Goose,
    &crush::Crush,
    &kimi::Kimi,
    &kimi::KimiCli,
    &droid::Droid,
    &vscode_copilot::VsCodeCopilot,
    &specstory::SpecStory,
    &cursor::Cursor::Agent,
    &cursor::Cursor::Acp,
    &cursor::Cursor::Ide,
];

/// What is no tool, but reads a [`Form`] in which sessions are handed on: it
/// finds nothing by itself.
pub static FORMS: &[&dyn Tool] = &[&sessionfs::SessionFs, &agent_trace::AgentTrace, &chat::Chat];

/// The tool called `name`, or what reads the form of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Tool> {
    TOOLS.iter().chain(FORMS).copied().find(|tool| tool.name() == name)
}

/// Why a session can't be written for a tool.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// The conversation could not be read.
    #[error("cannot read the conversation")]
    Conversation(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was planned could not be put anywhere.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to write.
    #[error("the conversation is empty: nothing to resume")]
    Empty,
}

/// A coding assistant whose sessions are read and written.
pub trait Tool: Sync {
    /// The name users type.
    fn name(&self) -> &'static str;

    /// The name its makers use.
    fn title(&self) -> &'static str;

    /// The versions on which reading and resuming were verified.
    fn verified(&self) -> &'static [&'static str];

    /// The folder that [`Found::place`] is below.
    fn root(&self, places: &Places) -> PathBuf;

    /// Whether several sources stand in one file, one after another.
    fn shares_files(&self) -> bool {
        false
    }

    /// All folders and files that are looked into for sessions, whether they
    /// are there or not.
    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.root(places)]
    }

    /// The environment variables that lead [`Tool::looks_at`] elsewhere, that
    /// which wins first.
    fn variables(&self) -> &'static [&'static str] {
        &[]
    }

    /// The folders in which changes are waited for, whether they are there or
    /// not, as few as possible; other places are only looked into now and then.
    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![Watched::deep(self.root(places))]
    }

    /// Finds its sources, without opening the transcripts.
    fn discover(&self, places: &Places) -> Discovery;

    /// Whether [`Tool::discover`] would have found a source at a place, if it
    /// were there: else that it wasn't found says nothing of it.
    fn would_find(&self, places: &Places, place: &str) -> bool {
        let _ = (places, place);
        self.form().is_none()
    }

    /// Whether a session that begins so may begin with a copy of another: then
    /// it goes on from there if that begins with the same message at the same
    /// time.
    fn copies(&self, first: &Step) -> bool {
        let _ = first;
        true
    }

    /// The keys of a record's outermost object whose values nearly every
    /// record repeats. Part of the format: only ever appended to.
    fn lift(&self) -> &'static [&'static str];

    /// Opens a source whose framing says that it is read so. The records come
    /// from the beginning, each time.
    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        let _ = found;
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// A reader for a source that goes on from `state`, which is empty at the
    /// start of the source.
    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader>;

    /// What its user should know of what can't be seen here: a sentence
    /// without a dot, and what to do about it.
    fn remark(&self, places: &Places) -> Option<(&'static str, &'static str)> {
        let _ = places;
        None
    }

    /// What lies beside its sessions in a project and shapes them. No file
    /// that can hold credentials is named, and no setting that can.
    fn beside(&self, places: &Places, project: &Path) -> Beside {
        let _ = (places, project);
        Beside::default()
    }

    /// The names of files at the root of a project in which it looks for
    /// instructions: that which is its own first, then those that do as well.
    fn guides(&self) -> &'static [&'static str] {
        &[]
    }

    /// The command that starts it with a prompt, or with a file to read first;
    /// nothing if there is no such command.
    fn start_with(&self, file: &Path) -> Vec<String> {
        let _ = file;
        Vec::new()
    }

    /// Where it is told of servers that its agent may ask; `None` if that isn't
    /// known.
    fn servers(&self, places: &Places) -> Option<Servers> {
        let _ = places;
        None
    }

    /// Where it is told what to run when a turn ends; `None` if that isn't known.
    fn hooks(&self, places: &Places) -> Option<Hooks> {
        let _ = places;
        None
    }

    /// How its sessions are taken from where the user says, and written there.
    fn form(&self) -> Option<&dyn Form> {
        None
    }

    /// How sessions are written for it; `None` for a tool that can't hold one.
    fn resume(&self) -> Option<&dyn Resume> {
        None
    }
}

/// A tool that resumes sessions which another program wrote.
pub trait Resume: Sync {
    /// The id of a new session in this tool, made from a UUID of version 7.
    fn new_id(&self, uuid: &str) -> String {
        uuid.to_owned()
    }

    /// What tells the version that is installed, when what is written depends
    /// on it: a program and its arguments.
    fn version_command(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Whether a session of its own is written again as its own bytes, line
    /// after line: what [`Resume::rehome`], [`Resume::epilogue`] and
    /// [`Resume::path_for`] are for. If not, it is written like any other.
    fn repeats(&self) -> bool {
        true
    }

    /// Writes a conversation as a new session of this tool.
    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError>;

    /// Where a session of its own goes when it is written under a new id.
    fn path_for(&self, target: &Target) -> PathBuf {
        target.scratch.clone()
    }

    /// Gives a record of its own the new id in `target` where the tool insists
    /// on it; the same bytes where it doesn't.
    fn rehome<'r>(&self, raw: &'r [u8], target: &Target) -> Cow<'r, [u8]> {
        let _ = target;
        Cow::Borrowed(raw)
    }

    /// The native key of a record of its own that is part of the conversation,
    /// where [`Resume::epilogue`] needs it.
    fn key_of(&self, record: Value<'_>) -> Option<String> {
        let _ = record;
        None
    }

    /// What goes after the records of a session of its own that is resumed
    /// elsewhere or earlier. `last` is the last of their keys.
    fn epilogue(&self, target: &Target, last: Option<&str>) -> Vec<u8> {
        let _ = (target, last);
        Vec::new()
    }

    /// Files that are added to, not created, to make a new session known under
    /// its title: path and what to append.
    fn announce(&self, target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
        let _ = target;
        Vec::new()
    }

    /// The session's id in the tool, when its importer chose one: from what
    /// [`Plan::imports`] printed.
    fn imported(&self, said: &str) -> Option<String> {
        let _ = said;
        None
    }

    /// The command that picks a session up.
    fn resume_command(&self, native: &str) -> Vec<String>;
}

/// Reads the records of one source, in order.
pub trait Reader {
    /// Says what a record means. `row` is `None` for what isn't JSON; then
    /// the record is kept and means nothing.
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step;

    /// The same for a record that isn't JSON, of a tool that writes other
    /// things; `None` if it should have been JSON.
    fn read_text(&mut self, record: &[u8], texts: &mut Texts) -> Option<Step> {
        let _ = (record, texts);
        None
    }

    /// What must be known to go on after the last record read, as small as
    /// possible (it is written with every capture): less than 1 KiB.
    fn state(&self) -> Vec<u8>;
}

/// The prompt that makes a tool go on from a briefing.
fn go_on(file: &Path) -> String {
    format!("Read {} and go on with the work that it describes.", file.display())
}
