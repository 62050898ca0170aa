//! The files of a project at a revision, and what differs between two.
//!
//! A snapshot gives them as they were; what the conversation did after it is
//! done to them again. Where there is none, what the conversation tells is all
//! there is, with the backups that its tool kept ([`super::rebuilt`]).

use std::collections::{BTreeMap, BTreeSet};

use super::rebuilt::{Files, Known};
use super::{line, snapshot};
use crate::object::id::{Id, IdMap};
use crate::object::snapshot::Reason;
use crate::object::{Entry, Snapshot};
use crate::store::{Store, StoreError};
use crate::workspace::WorkspaceError;
use crate::workspace::compare::compare;

/// The files of a project at a revision.
pub struct FilesAt {
    /// The project's folder, as it was called where the session ran; empty if
    /// that isn't known.
    pub root: String,
    /// The snapshot that they were taken from.
    pub snapshot: Option<(Id, Snapshot)>,
    /// How many commits of the conversation came after it.
    pub after: u64,
    /// How many changes these told of.
    pub replayed: u64,
    /// The files.
    pub files: Files,
}

impl FilesAt {
    /// Tells whether all files are as a snapshot of that very moment had them.
    pub fn is_snapshot(&self) -> bool {
        self.snapshot.is_some() && self.after == 0
    }
}

/// Finds the files of a session's project as they were at one of its commits.
pub fn at(store: &Store, session: &Id, commit: Id) -> Result<FilesAt, StoreError> {
    let mut snapshots: IdMap<(Id, Snapshot)> = IdMap::default();
    let mut root = None;
    // The newest first: it is the one that counts for its commit.
    for (id, one) in snapshot::all(store, session)? {
        if one.reason != Reason::Replaced {
            root.get_or_insert_with(|| one.root.clone());
            snapshots.entry(one.commit).or_insert((id, one));
        }
    }
    let (mut found, mut way) = (None, Vec::new());
    for at in line::back(store, commit) {
        let at = at?;
        found = snapshots.remove(&at.0);
        if found.is_some() {
            break;
        }
        way.push(at);
    }
    let root = found.as_ref().map(|(_, one)| one.root.clone()).or(root);
    let cwd = || snapshot::project(store, session).map(|path| path.to_string_lossy().into_owned());
    let root = root.or_else(cwd).unwrap_or_default();
    let base = found.as_ref().map(|(_, one)| one.tree);
    let mut files = Files::new(&root, base).with_backups(store, session)?;
    let mut replayed = 0;
    for (id, commit) in way.iter().rev() {
        replayed += files.step(store, *id, commit)?.len() as u64;
    }
    Ok(FilesAt { root, snapshot: found, after: way.len() as u64, replayed, files })
}

/// The files of one snapshot, whatever revision it was taken at.
pub fn of_snapshot(id: Id, snapshot: Snapshot) -> FilesAt {
    let (root, files) = (snapshot.root.clone(), Files::new(&snapshot.root, Some(snapshot.tree)));
    FilesAt { root, snapshot: Some((id, snapshot)), after: 0, replayed: 0, files }
}

/// A file that isn't the same at two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// What is known of it at the first; `None` if it wasn't there.
    pub old: Option<Known>,
    /// What is known of it at the second.
    pub new: Option<Known>,
}

/// What differs between the files of two revisions, by path. If only one of
/// them has a snapshot, only files are compared of which the conversation tells.
pub fn changes(store: &Store, old: &FilesAt, new: &FilesAt) -> Result<Vec<FileChange>, WorkspaceError> {
    let told = old.files.changed().keys().chain(new.files.changed().keys());
    let mut paths: BTreeSet<String> = told.cloned().collect();
    if let (Some(a), Some(b)) = (old.files.base(), new.files.base()) {
        paths.extend(compare(store, Some(a), Some(b))?.into_iter().map(|change| change.path));
    }
    let one_sided = old.files.base().is_some() != new.files.base().is_some();
    let mut changes = Vec::new();
    for path in paths {
        let known = |at: &FilesAt| -> Result<Option<Known>, StoreError> {
            Ok(at.files.get(store, &path)?.filter(|known| *known != Known::Gone))
        };
        let (old, new) = (known(old)?, known(new)?);
        let unknown = one_sided && (old.is_none() || new.is_none());
        if !is_same(&path, old.as_ref(), new.as_ref()) && !unknown {
            changes.push(FileChange { path, old, new });
        }
    }
    Ok(changes)
}

fn is_same(path: &str, old: Option<&Known>, new: Option<&Known>) -> bool {
    let entry = |known: Option<&Known>| known.and_then(|known| known.entry(path)).map(|(entry, _)| entry);
    match (entry(old), entry(new)) {
        (Some(old), Some(new)) => same_file(&old, &new),
        _ => old == new,
    }
}

fn same_file(old: &Entry, new: &Entry) -> bool {
    old.blob == new.blob && old.sort() == new.sort() && old.mode & 0o100 == new.mode & 0o100
}

/// How many files of each sort of knowledge there are: known for certain,
/// known in part, and those of which only the change is known.
pub fn count(files: &BTreeMap<String, Known>) -> (u64, u64, u64) {
    let mut counts = (0, 0, 0);
    for known in files.values() {
        match known {
            Known::Stored(_) | Known::Text { exact: true, .. } => counts.0 += 1,
            Known::Text { exact: false, .. } => counts.1 += 1,
            Known::Unknown => counts.2 += 1,
            Known::Gone => {}
        }
    }
    counts
}
