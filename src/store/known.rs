//! What is known of a remote: files of it that never change and would be read
//! again and again. A cache: without it they are read from there once more.

use std::io::Write;
use std::path::PathBuf;

use super::{Store, disk};
use crate::object::id::{Id, Kind};

/// The folder, in the store.
const FOLDER: &str = "known";

/// The files that are kept of one remote.
#[derive(Clone, Debug)]
pub struct Known {
    dir: PathBuf,
}

impl Store {
    /// What is known of the remote at an address.
    pub fn known(&self, address: &str) -> Known {
        Known { dir: self.dir.join(FOLDER).join(Id::of(Kind::Blob, address.as_bytes()).to_string()) }
    }
}

impl Known {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name.replace('/', "-"))
    }

    /// A file, if it is known and has that length. Whoever asks checks it.
    pub fn get(&self, name: &str, len: u64) -> Option<Vec<u8>> {
        std::fs::read(self.path(name)).ok().filter(|bytes| bytes.len() as u64 == len)
    }

    /// Keeps a file. That this fails is no harm, and it need not be durable:
    /// whoever asks for it checks it.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let keep = || -> Option<()> {
            disk::create_dir(&self.dir).ok()?;
            let mut aside = tempfile::NamedTempFile::new_in(&self.dir).ok()?;
            aside.write_all(bytes).ok()?;
            aside.persist(self.path(name)).ok().map(drop)
        };
        let _ = keep();
    }

    /// Drops the files whose names begin like this, but for some.
    pub fn drop_others(&self, begin: &str, keep: impl Fn(&str) -> bool) {
        let begin = begin.replace('/', "-");
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&begin) && !keep(&name.replacen('-', "/", 2)) {
                drop(std::fs::remove_file(entry.path()));
            }
        }
    }

    /// Forgets all.
    pub fn forget(&self) {
        drop(std::fs::remove_dir_all(&self.dir));
    }
}
