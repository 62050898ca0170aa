//! Notes: since when files of a remote have not been needed, as far as this
//! store has seen. They are its own, since a remote may have no clock.

use std::collections::{BTreeMap, BTreeSet};

use crate::ops::remote::SyncError;
use crate::remote::Key;
use crate::store::{Store, StoreError};

/// The file, in the store: by remote and name of the file, a moment in
/// milliseconds since 1970.
const FILE: &str = "unneeded.json";

type All = BTreeMap<String, BTreeMap<String, i64>>;

/// The notes on one remote.
pub(super) struct Notes {
    remote: String,
    since: BTreeMap<Key, i64>,
}

impl Notes {
    pub(super) fn read(store: &Store, remote: &str) -> Result<Notes, SyncError> {
        let mut all = parse(store.local(FILE)?);
        let known = all.remove(remote).unwrap_or_default();
        let since = known.iter().filter_map(|(key, at)| Some((Key::parse(key)?, *at))).collect();
        Ok(Notes { remote: remote.to_owned(), since })
    }

    /// Notes what isn't needed now, and forgets what is.
    pub(super) fn keep(&mut self, unneeded: BTreeSet<Key>, now: i64) {
        let before = std::mem::take(&mut self.since);
        // A clock that was set back must not make the wait longer than it is,
        // nor one that was ahead make it none.
        let since = |key: &Key| before.get(key).copied().filter(|at| *at <= now).unwrap_or(now);
        self.since = unneeded.into_iter().map(|key| (key, since(&key))).collect();
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.since.len()
    }

    /// The files that have not been needed for so long, in milliseconds.
    pub(super) fn due(&self, now: i64, grace: i64) -> impl Iterator<Item = Key> {
        self.since.iter().filter(move |(_, at)| now.saturating_sub(**at) >= grace).map(|(key, _)| *key)
    }

    pub(super) fn write(&self, store: &Store) -> Result<(), SyncError> {
        store.change_local(FILE, |file| {
            let mut all = parse(file);
            let since = self.since.iter().map(|(key, at)| (key.to_string(), *at));
            all.insert(self.remote.clone(), since.collect());
            let text = serde_json::to_vec(&all).map_err(std::io::Error::other);
            Ok(text.map_err(StoreError::io("write", &store.local_path(FILE)))?)
        })
    }
}

/// What can't be read is noted anew: then all waits once more.
fn parse(file: Option<Vec<u8>>) -> All {
    file.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
