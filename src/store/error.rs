//! What can go wrong in the store.

use std::path::{Path, PathBuf};

use crate::object::codec::CodecError;
use crate::object::id::Id;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refused.
    #[error("cannot {verb} {}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of the store is not what was written.
    #[error("{} is damaged at byte {offset}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// An object's bytes don't match its name.
    #[error("object {id:.16} is damaged: its bytes have another name")]
    WrongId {
        /// The name that was asked for.
        id: Id,
    },
    /// An object that something refers to isn't there.
    #[error("object {id:.16} is missing")]
    Missing {
        /// The name.
        id: Id,
    },
    /// An object that stayed on a remote when what leads to it was fetched.
    #[error("the text of {id:.16} was not fetched yet")]
    Promised {
        /// The commit that it is of, or its own name.
        id: Id,
    },
    /// A value that can't be written or read.
    #[error("object {id:.16} cannot be read")]
    Codec {
        /// The name of the object.
        id: Id,
        /// Why.
        source: CodecError,
    },
    /// A value that can't be written.
    #[error("a value cannot be written: {0}")]
    Encode(#[from] CodecError),
    /// An object of more bytes than are stored as one.
    #[error("object {id:.16} has {len} bytes, more than the store takes")]
    TooLong {
        /// The name.
        id: Id,
        /// Its length.
        len: u64,
    },
    /// The store was written by a newer version.
    #[error("{} has format {found}; this version reads up to {}", path.display(), super::FORMAT)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Another process changed a ref first.
    #[error("ref {0} was changed by another process")]
    Conflict(String),
    /// There is no store.
    #[error("there is no store at {}", .0.display())]
    NoStore(PathBuf),
}

impl StoreError {
    /// An error of the system, for `map_err`.
    pub fn io(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::Io { verb, path, source }
    }

    /// Damage found in a file.
    pub fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: path.to_owned(), offset, what: what.into() }
    }

    /// The file that it is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            StoreError::Io { path, .. }
            | StoreError::Damaged { path, .. }
            | StoreError::Newer { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Tells whether a file vanished, as when another process folds the journal.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

/// The result of what the store does.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
