//! Sources in the store: their refs, and their bytes written out again.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Env;
use super::delete::is_deleted;
use crate::object::id::{Id, IdMap};
use crate::object::record::RebuildError;
use crate::object::{Body, Context};
use crate::store::refs::{RefValue, Source};
use crate::store::{Store, StoreError};
use crate::tool::Places;

/// Where tools keep things, with the directories that sessions worked in and
/// the one the user is in.
pub(super) fn places(env: &Env, store: &Store) -> Places {
    let worked_in: BTreeSet<&str> = all(store).filter_map(|source| source.about.cwd.as_deref()).collect();
    let worked_in = worked_in.into_iter().map(PathBuf::from);
    let mut projects: BTreeSet<PathBuf> = worked_in.filter(|path| path.is_absolute()).collect();
    projects.insert(env.cwd.clone());
    let roots: Vec<PathBuf> = projects.iter().filter_map(|path| git_root(path)).collect();
    projects.extend(roots);
    Places { projects: projects.into_iter().collect(), ..env.places.clone() }
}

/// The root of the git repository that a directory is in.
fn git_root(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|path| path.join(".git").exists()).map(Path::to_owned)
}

/// The name of a source's ref.
pub fn ref_name(key: &Id) -> String {
    format!("source/{key}")
}

/// The source of these native ids, if known.
pub fn find<'s>(store: &'s Store, tool: &str, native: &str, part: &str) -> Option<&'s Source> {
    match store.refs().get(&ref_name(&Source::key(tool, native, part))) {
        Some(RefValue::Source(source)) => Some(source),
        _ => None,
    }
}

/// Tells whether a source is left alone: it was deleted or purged, or the
/// session that it is part of.
pub fn is_left(store: &Store, tool: &str, native: &str, part: &str) -> bool {
    [part, ""].iter().any(|part| {
        store.is_purged(&Source::key(tool, native, part))
            || find(store, tool, native, part)
                .is_some_and(|known| is_deleted(store, &known.session) || store.is_purged(&known.session))
    })
}

/// All sources, by the hash of their native ids.
pub fn all(store: &Store) -> impl Iterator<Item = &Source> {
    store.refs_below("source/").filter_map(|(_, value)| match value {
        RefValue::Source(source) => Some(&**source),
        _ => None,
    })
}

/// The commits of a source file, in the order of the file, from its last.
pub fn chain(store: &Store, last: Option<Id>) -> Result<Vec<Id>, StoreError> {
    Ok(bodies(store, last)?.into_iter().map(|(id, ..)| id).collect())
}

/// The same, each with the name of its body and what it copies.
fn bodies(store: &Store, last: Option<Id>) -> Result<Vec<(Id, Id, Vec<Id>)>, StoreError> {
    let (mut chain, mut next) = (Vec::new(), last);
    while let Some(id) = next {
        let commit = store.commit(&id)?;
        next = commit.after;
        chain.push((id, commit.body, commit.copies.clone()));
    }
    chain.reverse();
    Ok(chain)
}

/// Writes native bytes out of the store. Keeps contexts from one record to the next.
pub struct Rebuilder<'s> {
    store: &'s Store,
    contexts: IdMap<Context>,
    /// The body that was copied from last.
    original: Option<(Id, Body)>,
    buffer: Vec<u8>,
}

impl<'s> Rebuilder<'s> {
    /// Begins with nothing known.
    pub fn new(store: &'s Store) -> Rebuilder<'s> {
        Rebuilder { store, contexts: IdMap::default(), original: None, buffer: Vec::new() }
    }

    /// The native bytes of each record of a body, one after another. `copies`
    /// are those of its commit.
    pub fn records(
        &mut self,
        copies: &[Id],
        body: &Body,
        f: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let nothing = Context::default();
        for record in &body.records {
            if let Some(id) = record.context
                && !self.contexts.contains_key(&id)
            {
                self.contexts.insert(id, self.store.context(&id)?);
            }
            let missing = || StoreError::damaged(self.store.dir(), 0, "a record is a copy of none");
            let full = match record.copy {
                None => record,
                Some((commit, place)) => {
                    let id = *copies.get(commit as usize).ok_or_else(missing)?;
                    if self.original.as_ref().is_none_or(|(known, _)| *known != id) {
                        self.original = Some((id, self.store.body(&id, &*self.store.commit(&id)?)?));
                    }
                    let body = self.original.as_ref().map(|(_, body)| body);
                    let original = body.and_then(|body| body.records.get(place as usize));
                    original.filter(|record| record.copy.is_none()).ok_or_else(missing)?
                }
            };
            let context = record.context.and_then(|id| self.contexts.get(&id)).unwrap_or(&nothing);
            self.buffer.clear();
            let outcome = full.rebuild(context, |id| self.store.blob(&id), &mut self.buffer);
            outcome.map_err(|e| match e {
                RebuildError::Text(e) => e,
                e => StoreError::damaged(self.store.dir(), 0, e.to_string()),
            })?;
            f(&self.buffer)?;
        }
        Ok(())
    }

    /// Writes a source file up to and including commit `last`.
    pub fn write(&mut self, last: Option<Id>, out: &mut dyn Write) -> Result<u64, RestoreError> {
        let mut written = 0;
        for (id, body, copies) in bodies(self.store, last)? {
            let body = self.store.body_called(&id, body)?;
            let mut failed = None;
            self.records(&copies, &body, &mut |bytes| {
                written += bytes.len() as u64;
                if failed.is_none() {
                    failed = out.write_all(bytes).err();
                }
                Ok(())
            })?;
            if let Some(e) = failed {
                return Err(RestoreError::Write(e));
            }
        }
        Ok(written)
    }
}

/// Why bytes can't be written out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store can't give them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They can't be put where they should go.
    #[error("cannot write")]
    Write(#[source] std::io::Error),
}
