//! Plans: what an adapter would write, for [`crate::ops`] to do.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Places, ToolError};
use crate::object::commit::Usage;
use crate::object::message::{Json, Message, Text};

pub use crate::object::message::Action;

/// One message of a conversation that is written for a tool.
#[derive(Clone, Debug)]
pub struct Said {
    /// The message.
    pub message: Message,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The model that spoke.
    pub model: Option<String>,
    /// The tool that recorded it.
    pub tool: String,
    /// What it added to the tokens counted.
    pub usage: Usage,
    /// Whether it begins a turn.
    pub begins_turn: bool,
}

/// A conversation from its beginning to a revision, read as it is written.
pub trait Conversation {
    /// The next message.
    fn next(&mut self) -> Result<Option<Said>, ToolError>;

    /// The bytes of a text, as they would stand in a string: base64 as base64.
    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError>;

    /// A text for reading: what isn't UTF-8 becomes U+FFFD.
    fn string(&mut self, text: &Text) -> Result<String, ToolError> {
        Ok(String::from_utf8(self.text(text)?)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }

    /// JSON with its long strings put back, valid as UTF-8 text.
    fn json(&mut self, json: &Json) -> Result<String, ToolError> {
        let (mut out, mut done) = (Vec::new(), 0usize);
        for (at, text) in &json.holes {
            let end = usize::try_from(*at).unwrap_or(usize::MAX);
            out.extend_from_slice(json.literal.get(done..end).unwrap_or_default());
            done = end;
            out.push(b'"');
            crate::object::escape::Style::Plain.write(self.string(text)?.as_bytes(), &mut out);
            out.push(b'"');
        }
        out.extend_from_slice(json.literal.get(done..).unwrap_or_default());
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

/// Where and as what a session is to be written.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where the tool keeps things.
    pub places: Places,
    /// The directory in which it will be resumed: absolute, links resolved.
    pub cwd: PathBuf,
    /// The session's new native id: a UUID of version 7, or what the tool takes.
    pub native: String,
    /// Random bits for further ids, the same for the same target.
    pub seed: u128,
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// The time of the conversation's first message, or now.
    pub started: i64,
    /// Its title.
    pub title: String,
    /// A folder of ours for files that only [`Plan::imports`] need; it is
    /// removed when they have run.
    pub scratch: PathBuf,
    /// The git branch in `cwd`, if known.
    pub git_branch: Option<String>,
    /// The version of the tool that is installed, if known.
    pub version: Option<String>,
}

/// Takes what an adapter writes: a file that will be created, a counter, …
pub trait Sink {
    /// Begins a file that must not exist yet. What is written next goes there.
    fn create(&mut self, path: &Path, mode: u32) -> Result<&mut dyn Write, ToolError>;
}

/// Something that the target can't hold, told before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What, and what becomes of it, as a sentence without a number.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// Counts losses by their words.
#[derive(Clone, Debug, Default)]
pub struct Losses(BTreeMap<&'static str, u64>);

impl Losses {
    /// Counts one more.
    pub fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// Counts those of another as well.
    pub fn join(&mut self, other: &Losses) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// All of them.
    pub fn list(&self) -> Vec<Loss> {
        self.0.iter().map(|(what, count)| Loss { what: (*what).to_owned(), count: *count }).collect()
    }
}

/// What was planned for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// A new file.
    Create(PathBuf),
    /// Bytes added to the end of a file, which is created if it isn't there.
    Append(PathBuf, Vec<u8>),
    /// A file of the tool's that must name the session, written anew: only if
    /// it still is what it `was`, after the user agreed, and a copy is kept.
    Rewrite {
        /// The file.
        path: PathBuf,
        /// Its bytes until now.
        was: Vec<u8>,
        /// Its new bytes.
        now: Vec<u8>,
    },
}

impl Planned {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Planned::Create(path) | Planned::Append(path, _) | Planned::Rewrite { path, .. } => path,
        }
    }
}

/// A program of the tool's own that takes in what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The program and its arguments, to be run in [`Target::cwd`].
    pub command: Vec<String>,
    /// Where the conversation goes when it leaves this machine by it: then the
    /// user is asked first.
    pub uploads_to: Option<String>,
}

/// What writing a session takes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The session's id in the tool.
    pub native: String,
    /// The session's transcript.
    pub path: PathBuf,
    /// All files, the transcript among them.
    pub files: Vec<Planned>,
    /// What the target can't hold.
    pub losses: Vec<Loss>,
    /// How many messages were written.
    pub messages: u64,
    /// What must be run for the tool to know the session, in order.
    pub imports: Vec<Import>,
}
