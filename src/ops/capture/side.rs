//! The files that go with a source.

use super::CaptureError;
use crate::object::id::{Id, Kind, checksum};
use crate::object::tree::is_safe_path;
use crate::object::{Entry, Tree};
use crate::store::refs::Source;
use crate::store::{Batch, Store};
use crate::tool::{Found, SideFile};

/// A fingerprint of what the files look like.
pub(super) fn fingerprint(side: &[SideFile]) -> u64 {
    if side.is_empty() {
        return 0;
    }
    let mut bytes = Vec::new();
    for file in side {
        bytes.extend_from_slice(file.place.as_bytes());
        bytes.extend_from_slice(&file.stamp.len.to_le_bytes());
        bytes.extend_from_slice(&file.stamp.mtime.to_le_bytes());
    }
    checksum(&bytes)
}

/// Puts the files into the batch as a tree. Files that are gone by now, or
/// were before, stay in the tree: nothing captured is forgotten.
pub(super) fn capture(
    store: &Store,
    batch: &mut Batch,
    found: &Found,
    source: &mut Source,
) -> Result<(), CaptureError> {
    let now = fingerprint(&found.side);
    if now == source.mark.side {
        return Ok(());
    }
    let mut tree = source.side.map(|id: Id| store.tree(&id)).transpose()?.unwrap_or_default();
    for file in found.side.iter().filter(|file| is_safe_path(&file.place)) {
        let bytes = match std::fs::read(&file.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(CaptureError::read(&file.path, e)),
        };
        let len = bytes.len() as u64;
        let entry = Entry { path: file.place.clone(), mode: 0o600, blob: batch.put_blob(store, bytes)?, len };
        match tree.entries.binary_search_by(|e| e.path.cmp(&entry.path)) {
            Ok(at) => tree.entries.splice(at..=at, [entry]).for_each(drop),
            Err(at) => tree.entries.insert(at, entry),
        }
    }
    source.side = Some(batch.put_value::<Tree>(store, Kind::Tree, &tree)?);
    source.mark.side = now;
    Ok(())
}
