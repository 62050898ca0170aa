//! Snapshots: the files of a project at one moment.
//!
//! A snapshot names a commit, and no commit names a snapshot: what a session
//! said has the same ids whether or not someone looked at the files.

use super::codec::{Decode, Encode};
use super::id::Id;

/// The files of a project when a conversation had come to a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Snapshot {
    /// The commit.
    pub commit: Id,
    /// The snapshot before it, of the same session and writer.
    pub before: Option<Id>,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// Why it was taken.
    pub reason: Reason,
    /// The project's folder, as it was called on that machine.
    pub root: String,
    /// The [`super::Tree`] of its files.
    pub tree: Id,
    /// What git knew, if the project is in a repository.
    pub git: Option<Git>,
    /// What is not in the tree.
    pub left_out: Vec<LeftOut>,
    /// How much more is not in the tree that the list has no room for.
    pub more: u64,
    /// Whether all is there that was to be.
    pub complete: bool,
    /// The [`super::Config`] of what lies beside the session: settings of its
    /// tool, MCP servers, the operating system.
    pub config: Option<Id>,
    /// The [`super::Tree`] of the instruction files that the tool reads: the
    /// project's below `project/`, the user's below `home/`.
    pub instructions: Option<Id>,
}

impl Snapshot {
    /// The objects that it names beside the commit and the snapshot before it.
    pub fn contents(&self) -> impl Iterator<Item = Id> {
        [self.tree].into_iter().chain(self.config).chain(self.instructions)
    }
}

/// Why a snapshot was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum Reason {
    /// The session had gone on.
    #[default]
    Turn,
    /// The user asked for it.
    Asked,
    /// Its files, and no others, were about to be overwritten.
    Replaced,
}

/// What git knew of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Git {
    /// The commit that is checked out, in hexadecimal; `None` before the first.
    pub head: Option<String>,
    /// The branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The address that the branch is pulled from, without credentials.
    pub upstream: Option<String>,
    /// Whether tracked files differ from HEAD; `None` if that is unknown.
    pub dirty: Option<bool>,
}

/// Something that is not in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LeftOut {
    /// Its path below the root; a folder ends with `/` and stands for all that
    /// is in it.
    pub path: String,
    /// Why.
    pub why: Why,
    /// Its length in bytes; 0 for a folder.
    pub len: u64,
}

/// Why something is not in the tree: what matters most comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Why {
    /// It can't be read.
    Unreadable,
    /// Files of its name hold secrets.
    Secret,
    /// It is larger than is kept.
    Large,
    /// There are more files than are kept.
    Many,
    /// Its name is not UTF-8, or no other system could have it.
    Name,
    /// It is neither a file, a folder nor a link.
    Special,
    /// It is made from the rest: build output, caches, installed packages.
    Output,
    /// An ignore file says so.
    Ignored,
}
