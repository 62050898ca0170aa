//! A remote in memory, and the lines that lead to it.

use std::collections::BTreeMap;
use std::io::{Error, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sfs::remote::{Content, Folder, Key, Remote, RemoteError, Sent};

use super::world::World;

/// The files of a remote, each with who made it.
pub(crate) type Files = BTreeMap<Key, (usize, Vec<u8>)>;

/// What befalls an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Nothing,
    /// The n-th request fails, and so many after it; the first of them perhaps
    /// after it was carried out.
    Fails {
        at: u64,
        requests: u64,
        done: bool,
    },
    /// The process is killed at the n-th request, perhaps after it was carried
    /// out.
    Dies {
        at: u64,
        done: bool,
    },
    /// At the n-th request others do something.
    Waits {
        at: u64,
        depth: u64,
    },
    /// One in `part` of the files that others made isn't here yet.
    Lags {
        part: u64,
        salt: u64,
    },
}

/// What a writer's operation reaches the remote by.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) world: Arc<World>,
    pub(crate) writer: usize,
    pub(crate) fate: Fate,
    /// How many requests there were.
    pub(crate) asked: Arc<Mutex<u64>>,
}

impl Line {
    /// Tells whether the writer was killed.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.fate, Fate::Dies { at, .. } if *self.asked.lock().unwrap() > at)
    }

    fn cut(&self, key: &str) -> RemoteError {
        RemoteError::Io { verb: "reach", path: PathBuf::from(key), source: Error::other("the line was cut") }
    }

    /// Does a request, if fate lets it.
    fn ask<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Files) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let n = std::mem::replace(&mut *self.asked.lock().unwrap(), 0);
        *self.asked.lock().unwrap() = n + 1;
        let done = match self.fate {
            Fate::Fails { at, requests, done } if (at..at + requests).contains(&n) => done && n == at,
            Fate::Dies { at, done } if n >= at => done && n == at,
            Fate::Waits { at, depth } => {
                if n == at {
                    self.world.meanwhile(depth);
                }
                return act(&mut self.world.files.lock().unwrap());
            }
            _ => return act(&mut self.world.files.lock().unwrap()),
        };
        if done {
            act(&mut self.world.files.lock().unwrap())?;
        }
        if let Fate::Dies { at, .. } = self.fate
            && n == at
        {
            copy(&self.world.store_dir(self.writer), &self.world.grave(self.writer));
        }
        Err(self.cut(name))
    }

    /// Tells whether a file has reached this writer.
    fn sees(&self, key: Key, by: usize) -> bool {
        match self.fate {
            Fate::Lags { part, salt } if by != self.writer => {
                let sum = key
                    .to_string()
                    .bytes()
                    .fold(salt, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
                !(sum >> 20).is_multiple_of(part)
            }
            _ => true,
        }
    }
}

impl Remote for Line {
    fn place(&self, key: Key) -> String {
        format!("there/{key}")
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        self.ask(&key.to_string(), |files| {
            let found = files.get(&key).filter(|(by, _)| self.sees(key, *by));
            let (_, bytes) = found.ok_or_else(|| RemoteError::Missing(self.place(key)))?;
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            Ok(bytes.get(range).unwrap().to_vec())
        })
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let mut bytes = Vec::new();
        match content {
            Content::Bytes(given) => bytes.extend(given),
            Content::File(path) => drop(std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap()),
        }
        self.ask(&key.to_string(), |files| {
            if let Some((_, there)) = files.get(&key) {
                assert!(!matches!(key, Key::Pack(_)) || *there == bytes, "{key} has two contents");
                return Ok(false);
            }
            sent(bytes.len() as u64);
            files.insert(key, (self.writer, bytes));
            Ok(true)
        })
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        self.ask(&folder.to_string(), |files| {
            let seen = files.iter().filter(|(key, (by, _))| key.is_in(folder) && self.sees(**key, *by));
            Ok(seen.map(|(key, (_, bytes))| (*key, bytes.len() as u64)).collect())
        })
    }

    fn remove(&self, key: Key) -> Result<(), RemoteError> {
        self.ask(&key.to_string(), |files| {
            files.remove(&key).map(drop).ok_or_else(|| RemoteError::Missing(self.place(key)))
        })
    }

    fn publish(&self, _index: &str) -> Result<(), RemoteError> {
        Ok(())
    }

    fn at_once(&self) -> usize {
        1
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().map(Result::unwrap) {
        let to = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(to).unwrap();
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
