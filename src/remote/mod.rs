//! The elsewhere: a place that holds immutable files under few kinds of names.
//!
//! ```text
//! packs/<name>.pack      objects, named by all their bytes
//! packs/<name>.idx       what is in the pack
//! refs/<writer>/<n>      the refs of one writer; the highest n counts
//! ```
//!
//! No file is ever changed and no two writers write the same one, so a remote
//! needs no server, no lock and no order among those who push: a folder that
//! something else copies about will do. Whatever has another name is not ours
//! and is passed over, such as the conflict copies that such folders make.

mod dir;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use dir::DirRemote;

use crate::object::id::Id;

/// The name of a file of a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A pack.
    Pack(Id),
    /// The index of a pack.
    Index(Id),
    /// The refs of a writer, version by version.
    Table(Id, u64),
}

impl Key {
    /// Reads a name; `None` for one that isn't exactly as we write it.
    pub fn parse(text: &str) -> Option<Key> {
        let key = match text.split_once('/')? {
            ("packs", file) => match file.rsplit_once('.')? {
                (name, "pack") => Key::Pack(Id::from_hex(name)?),
                (name, "idx") => Key::Index(Id::from_hex(name)?),
                _ => return None,
            },
            ("refs", rest) => {
                let (writer, number) = rest.split_once('/')?;
                Key::Table(Id::from_hex(writer)?, number.parse().ok()?)
            }
            _ => return None,
        };
        (key.to_string() == text).then_some(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Pack(name) => write!(f, "packs/{name}.pack"),
            Key::Index(name) => write!(f, "packs/{name}.idx"),
            Key::Table(writer, number) => write!(f, "refs/{writer}/{number}"),
        }
    }
}

/// A folder of a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Packs and their indexes.
    Packs,
    /// Tables of refs.
    Refs,
}

/// What a new file shall hold.
#[derive(Clone, Copy, Debug)]
pub enum Content<'c> {
    /// These bytes.
    Bytes(&'c [u8]),
    /// The bytes of this file.
    File(&'c Path),
}

/// A place that keeps files. Four verbs are all that it must offer.
pub trait Remote {
    /// Where a file is, in words for the user.
    fn place(&self, key: Key) -> String;

    /// Reads a range of a file; fails if the file ends before.
    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError>;

    /// Makes a file, whole or not at all; false if there is one of that name,
    /// which stays as it is.
    fn create(&self, key: Key, content: Content<'_>) -> Result<bool, RemoteError>;

    /// The files of a folder and their lengths, in no order.
    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError>;

    /// Removes a file. For collecting garbage alone.
    fn remove(&self, key: Key) -> Result<(), RemoteError>;
}

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
        source: std::io::Error,
    },
    /// There is nothing at the place.
    #[error("there is no remote at {}", .0.display())]
    NotThere(PathBuf),
    /// It is a store, in which nobody but its user writes.
    #[error("{} is a store, not a remote", .0.display())]
    IsStore(PathBuf),
    /// A kind of place that this version doesn't know.
    #[error("{0} is not supported by this version; use a directory")]
    Unsupported(String),
}

impl RemoteError {
    fn io(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RemoteError {
        let path = path.to_owned();
        move |source| RemoteError::Io { verb, path, source }
    }
}

/// The directory that an address names; fails for other kinds of places.
pub fn directory(address: &str) -> Result<PathBuf, RemoteError> {
    match address.split_once("://") {
        None => Ok(PathBuf::from(address)),
        Some(("file", path)) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some(_) => Err(RemoteError::Unsupported(address.to_owned())),
    }
}

/// Opens the remote at an address. There need not be anything yet.
pub fn open(address: &str) -> Result<Box<dyn Remote>, RemoteError> {
    Ok(Box::new(DirRemote::open(directory(address)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_read() {
        let id = Id::from_bytes([0xab; 16]);
        for key in [Key::Pack(id), Key::Index(id), Key::Table(id, 0), Key::Table(id, u64::MAX)] {
            assert_eq!(Key::parse(&key.to_string()), Some(key));
        }
        let hex = id.to_string();
        for text in [
            format!("packs/{}.pack", hex.to_uppercase()),
            format!("packs/{hex} (conflicted copy).pack"),
            format!("packs/{hex}.sync-conflict-20260101.pack"),
            format!("packs/{hex}.pack~"),
            format!("packs/../{hex}.pack"),
            format!("refs/{hex}/01"),
            format!("refs/{hex}/+1"),
            format!("refs/{hex}/1/2"),
            format!("refs/{hex}/1 2"),
            format!("{hex}.pack"),
            String::new(),
        ] {
            assert_eq!(Key::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn other_places_are_refused_in_words() {
        for address in ["ssh://host/x", "s3://bucket/x", "file://host/x"] {
            let error = directory(address).unwrap_err().to_string();
            assert!(error.contains(address) && error.contains("use a directory"), "{error}");
        }
        assert_eq!(directory("file:///x/y").unwrap(), PathBuf::from("/x/y"));
    }
}
