//! Backups: copies of files that a tool kept beside a session, and which of
//! them tell what a file was at a commit.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, Rebuilder};
use crate::object::{Commit, Id};
use crate::store::{Result, Store};
use crate::tool::backup;

/// A file as a backup proves it to be before a commit's calls had results.
pub(super) struct Proved {
    /// The file, as the tool wrote its path.
    pub(super) path: String,
    /// Its bytes; `None` if there was no file.
    pub(super) bytes: Option<Vec<u8>>,
}

/// The copies that lie beside a session, by name, while a conversation is gone
/// through.
#[derive(Default)]
pub(super) struct Backups {
    /// `None` for a name that copies of several sources have.
    copies: BTreeMap<String, Option<Id>>,
    /// The prompt of the turn.
    prompt: Option<String>,
    /// What the turn has changed so far: a backup tells what was before.
    changed: BTreeSet<String>,
}

impl Backups {
    /// Those of a session.
    pub(super) fn of(store: &Store, session: &Id) -> Result<Backups> {
        let mut copies: BTreeMap<String, Option<Id>> = BTreeMap::new();
        for side in source::all(store).filter(|source| source.session == *session).filter_map(|s| s.side) {
            for entry in store.tree(&side)?.entries {
                let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
                let known = copies.entry(name).or_insert(Some(entry.blob));
                *known = known.filter(|blob| *blob == entry.blob);
            }
        }
        Ok(Backups { copies, ..Backups::default() })
    }

    /// Takes note of a file that the turn has changed.
    pub(super) fn changes(&mut self, path: &str) {
        if !self.copies.is_empty() {
            self.changed.insert(path.to_owned());
        }
    }

    /// Tells whether the turn has changed a file.
    pub(super) fn is_changed(&self, path: &str) -> bool {
        self.changed.contains(path)
    }

    /// What the records of the next commit prove, which come before what it says.
    pub(super) fn step(&mut self, store: &Store, id: Id, commit: &Commit) -> Result<Vec<Proved>> {
        if self.copies.is_empty() {
            return Ok(Vec::new());
        }
        let (mut found, mut last) = (Vec::new(), None);
        Rebuilder::new(store).records(&commit.copies, &store.body(&id, commit)?, &mut |record| {
            found.extend(backup::backups(record));
            if commit.begins_turn() {
                last = backup::message(record).or(last.take());
            }
            Ok(())
        })?;
        if commit.begins_turn() {
            (self.prompt, self.changed) = (last, BTreeSet::new());
        }
        let mut proved = Vec::new();
        for backup in found.into_iter().filter(|one| self.prompt.as_ref() == Some(&one.prompt)) {
            let bytes = match backup.copy.map(|name| self.copies.get(&name).copied().flatten()) {
                None => None,
                Some(Some(blob)) => Some(store.blob(&blob)?),
                Some(None) => continue,
            };
            proved.push(Proved { path: backup.path, bytes });
        }
        Ok(proved)
    }
}
