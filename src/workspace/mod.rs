//! The files that a session worked on: taken into the store, and put back.
//!
//! ```text
//! folder ── walk (rules, stamps) ──▶ trees and blobs     take
//! trees  ── files ──▶ paths, each with its entry         files
//! two trees ──▶ what differs between them                compare
//! paths  ── plan ──▶ folder                              place
//! ```
//!
//! What is left out and why is in [`rules`]; `docs/workspace.md` tells users.

pub mod compare;
pub mod files;
pub mod git;
pub mod place;
pub mod project;

pub mod rules;
mod stamps;
mod take;
mod walk;

use std::path::{Path, PathBuf};

pub use take::{Taken, take};

use crate::object::codec::CodecError;
use crate::store::StoreError;

/// How much of a project is taken.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest file, in bytes.
    pub file: u64,
    /// The most files.
    pub files: u64,
    /// The deepest folder.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { file: 5_000_000, files: 200_000, depth: 128 }
    }
}

/// What a snapshot may know of the world around the project.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// Git's ignore file of the user, if there is one.
    pub ignore: Option<PathBuf>,
}

/// Why files were neither taken nor put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value can't be written.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The file system refuses.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A tree would put files where they must not be.
    #[error("the stored files can't be put anywhere: {path:?} {why}")]
    Hostile {
        /// The path in the tree.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl WorkspaceError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> WorkspaceError {
        move |source| WorkspaceError::Io { what, path: path.to_owned(), source }
    }
}

/// Tells whether a folder can be a project: not a whole disk, and not all of
/// the user's files.
pub fn is_project(root: &Path, home: &Path) -> bool {
    root.is_absolute() && root.parent().is_some() && !home.starts_with(root)
}
