//! Why a remote could not be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why a remote could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The system refused.
    #[error("cannot {verb} {}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is nothing at the place.
    #[error("there is no remote at {0}")]
    NotThere(String),
    /// A file that was asked for isn't there.
    #[error("{0} is not there")]
    Missing(String),
    /// It is a store, in which nobody but its user writes.
    #[error("{0} is a store, not a remote")]
    IsStore(String),
    /// An address that cannot be understood.
    #[error("{address:?} is no address of a remote: {what}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file that should be a bundle is none.
    #[error("{} is no bundle: {what}", path.display())]
    NoBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Whoever we are, we may not.
    #[error("{place} refuses: {what}")]
    Denied {
        /// The place.
        place: String,
        /// What it says.
        what: String,
    },
    /// There is no room left.
    #[error("{place} is full: {what}")]
    Full {
        /// The place.
        place: String,
        /// What it says.
        what: String,
    },
    /// A password would be sent so that others can read it.
    #[error("{0} would be sent a password that anybody on the way can read")]
    Overheard(String),
    /// There are no credentials to sign requests with.
    #[error("there are no credentials for {place}: {what}")]
    NoCredentials {
        /// The place.
        place: String,
        /// What was looked for.
        what: String,
    },
    /// It is not encrypted.
    #[error("{0} is not there: the remote is not encrypted")]
    NotEncrypted(String),
    /// None of our keys opens it.
    #[error("{place} can't be opened: {what}")]
    Locked {
        /// The list of members.
        place: String,
        /// Why.
        what: String,
    },
    /// A sealed file is not what was sealed.
    #[error("{place} can't be believed: {what}")]
    Sealed {
        /// The file.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// A key that can't be used.
    #[error("{what}")]
    Key {
        /// Why not.
        what: String,
    },
    /// The place can be read, and nothing else.
    #[error("{0} can only be read")]
    ReadOnly(String),
    /// The server answered with an error.
    #[error("{place}: {what}")]
    Server {
        /// The place.
        place: String,
        /// What it said.
        what: String,
    },
    /// The connection could not be made, or was cut.
    #[error("lost the connection to {place}")]
    Lost {
        /// The place.
        place: String,
        /// Why.
        source: io::Error,
    },
}

impl RemoteError {
    /// A file that ends before its length.
    pub(super) fn too_short(place: String) -> RemoteError {
        RemoteError::Server { place, what: "it is shorter than it was said to be".to_owned() }
    }

    /// What the system refused to do to a file.
    pub(super) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RemoteError {
        let path = path.to_owned();
        move |source| RemoteError::Io { verb, path, source }
    }
}
