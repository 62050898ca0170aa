//! When this store was pushed where, for `status`: told without asking the
//! remote.

use std::collections::{BTreeMap, BTreeSet};

use super::remote::{self, SyncError};
use crate::store::exchange::is_shared;
use crate::store::{Store, StoreError};

/// The last push to a remote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pushed {
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// The last operation that all of was sent of.
    pub operation: u64,
}

/// A remote, and how far it is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Its name.
    pub remote: String,
    /// When it was pushed to last, in milliseconds since 1970.
    pub time: Option<i64>,
    /// How many refs have changed since all was pushed.
    pub refs: u64,
}

fn file(remote: &str) -> String {
    format!("pushed/{remote}")
}

fn read(store: &Store, remote: &str) -> Result<Option<Pushed>, StoreError> {
    Ok(store.local(&file(remote))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Takes note of a push; `all` tells whether it was of all sessions.
pub(super) fn note(store: &Store, remote: &str, now: i64, all: bool) -> Result<(), StoreError> {
    let last = store.ops()?.last().map_or(0, |op| op.number);
    let known = read(store, remote)?;
    let operation = if all { last } else { known.map_or(0, |known| known.operation) };
    let bytes = serde_json::to_vec(&Pushed { time: now, operation }).map_err(std::io::Error::other);
    let bytes = bytes.map_err(StoreError::io("write", &store.local_path(&file(remote))))?;
    store.change_local(&file(remote), |_| Ok(bytes))
}

/// All remotes, and how far each is behind.
pub(super) fn behind(store: &Store) -> Result<Vec<Behind>, SyncError> {
    let mut all = Vec::new();
    let names: BTreeMap<_, _> = remote::list(store)?;
    let ops = if names.is_empty() { Vec::new() } else { store.ops()? };
    for remote in names.into_keys() {
        let pushed = read(store, &remote)?;
        let since = pushed.map_or(0, |pushed| pushed.operation);
        let later = ops.iter().filter(|op| op.number > since).flat_map(|op| &op.changes);
        let refs: BTreeSet<&str> =
            later.map(|(name, _)| name.as_str()).filter(|name| is_shared(name)).collect();
        all.push(Behind { remote, time: pushed.map(|pushed| pushed.time), refs: refs.len() as u64 });
    }
    Ok(all)
}
