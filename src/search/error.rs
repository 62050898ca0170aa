//! What can go wrong with the index.

use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Why the index could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    /// A file of the index is not what was written. It is made again.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}

impl SearchError {
    /// An error of the system, for `map_err`.
    pub(super) fn io(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SearchError {
        let path = path.to_owned();
        move |source| SearchError::Io { verb, path, source }
    }

    /// Damage found in a file of the index.
    pub(super) fn damaged(path: &Path, what: &'static str) -> SearchError {
        SearchError::Damaged { path: path.to_owned(), what }
    }

    /// Tells whether to look again, or to make the index again, may help: a
    /// file of it is damaged, or another process has replaced it.
    pub(crate) fn is_of_index(&self) -> bool {
        match self {
            SearchError::Store(_) => false,
            SearchError::Damaged { .. } => true,
            SearchError::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

/// The result of what the index does.
pub type Result<T, E = SearchError> = std::result::Result<T, E>;
