//! Pull: fetch, and take what others did over into our own refs.
//!
//! Nothing of ours is ever lost: a branch moves on only to what continues it.
//! Where both sides went on, both tips stay, theirs as `<ref>@<writer>`.

use std::collections::BTreeMap;

use super::delete::DELETED;
use super::fetch::{self, Ahead, FetchOptions, FetchReport, fetch};
use super::remote::{self, SyncError};
use super::{Env, Monitor, line};
use crate::object::id::Id;
use crate::store::exchange;
use crate::store::refs::{RefValue, Source};
use crate::store::{Batch, Edit, Store, StoreError};

/// How often others may change refs while we do.
const TRIES: u32 = 4;

/// What a pull did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullReport {
    /// What was fetched.
    pub fetched: FetchReport,
    /// Sessions' sources that are new here or went on.
    pub sources: u64,
    /// Refs that are new here, sources apart.
    pub created: Vec<String>,
    /// Refs that moved on to what others made of them.
    pub moved: Vec<String>,
    /// Refs under which others' tips are kept beside ours.
    pub beside: Vec<String>,
}

/// Fetches from a remote and takes over what is new.
pub fn pull(
    env: &Env,
    store: &mut Store,
    name: Option<&str>,
    options: &FetchOptions,
    monitor: &dyn Monitor,
) -> Result<PullReport, SyncError> {
    let fetched = fetch(env, store, name, options, monitor)?;
    take_over(env, store, fetched)
}

/// What a pull would do, as far as that can be told before anything came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullAhead {
    /// What it would fetch.
    pub fetched: Ahead,
    /// What would be taken over of what is known well enough.
    pub taken: PullReport,
    /// Refs of ours that would move on, stay, or have theirs put beside them:
    /// that is told by commits that aren't here yet.
    pub unsure: Vec<String>,
}

/// Tells what a pull would get and take over; the store stays as it is.
pub fn ahead(
    env: &Env,
    store: &mut Store,
    name: Option<&str>,
    options: &FetchOptions,
) -> Result<PullAhead, SyncError> {
    store.refresh()?;
    let far = remote::open(env, store, name)?;
    let (fetched, refs) = fetch::look(store, &far, options)?;
    let prefix = format!("remote/{}/", far.name);
    let mut merge = Merge { store, now: BTreeMap::new(), report: PullReport::default() };
    let mut unsure = Vec::new();
    for (name, value) in &refs {
        let theirs = name.strip_prefix(&prefix).and_then(|rest| rest.split_once('/'));
        let Some((writer, name)) = theirs else { continue };
        let known = exchange::named(value)
            .into_iter()
            .try_fold(true, |all, want| Ok::<_, StoreError>(all && store.knows(want)?))?;
        match merge.ours(name) {
            Some(ours) if !known && ours != value => unsure.push(name.to_owned()),
            Some(_) if !known => {}
            // What was kept beside a branch may be in what comes of it.
            None if !known && name.contains('@') => unsure.push(name.to_owned()),
            _ => merge.take(writer.get(..8).unwrap_or(writer), name, value)?,
        }
    }
    unsure.sort_unstable();
    unsure.dedup();
    // Sources follow their branches.
    unsure.retain(|name| !name.starts_with("source/"));
    Ok(PullAhead { fetched, taken: merge.report, unsure })
}

/// Takes over what was fetched.
pub(super) fn take_over(env: &Env, store: &mut Store, fetched: FetchReport) -> Result<PullReport, SyncError> {
    let prefix = format!("remote/{}/", fetched.remote);
    for tries in 1.. {
        let mut merge = Merge { store, now: BTreeMap::new(), report: PullReport::default() };
        for (name, value) in store.refs_below(&prefix) {
            let theirs = name.strip_prefix(&prefix).and_then(|rest| rest.split_once('/'));
            if let Some((writer, name)) = theirs {
                merge.take(writer.get(..8).unwrap_or(writer), name, value)?;
            }
        }
        let Merge { now, mut report, .. } = merge;
        let edits = now.into_iter().map(|(name, value)| Edit {
            expect: store.refs().get(&name).cloned(),
            name,
            new: Some(value),
        });
        let edits: Vec<Edit> = edits.collect();
        match store.apply(Batch::default(), edits, &env.actor()) {
            Err(StoreError::Conflict(_)) if tries < TRIES => continue,
            outcome => outcome?,
        }
        report.fetched = fetched;
        return Ok(report);
    }
    Ok(PullReport { fetched, ..PullReport::default() })
}

struct Merge<'m> {
    store: &'m Store,
    /// What the refs shall stand for that change.
    now: BTreeMap<String, RefValue>,
    report: PullReport,
}

impl Merge<'_> {
    fn ours(&self, name: &str) -> Option<&RefValue> {
        self.now.get(name).or_else(|| self.store.refs().get(name))
    }

    /// Takes one ref of another machine over.
    fn take(&mut self, writer: &str, name: &str, theirs: &RefValue) -> Result<(), StoreError> {
        if self.is_known(name, theirs)? {
            return Ok(());
        }
        if name.starts_with(DELETED) && self.was_brought_back(name)? {
            return Ok(());
        }
        let Some(ours) = self.ours(name).cloned() else {
            match theirs {
                RefValue::Source(_) => self.report.sources += 1,
                RefValue::Snapshot(_) => {}
                _ => self.report.created.push(name.to_owned()),
            }
            self.now.insert(name.to_owned(), theirs.clone());
            return Ok(());
        };
        match (&ours, theirs) {
            (ours, theirs) if ours == theirs => Ok(()),
            (RefValue::Commit(ours), RefValue::Commit(theirs)) => self.commit(writer, name, *ours, *theirs),
            (RefValue::Source(ours), RefValue::Source(theirs)) => self.source(name, ours, theirs),
            (RefValue::Snapshot(ours), RefValue::Snapshot(theirs)) => {
                self.snapshot(writer, name, *ours, *theirs)
            }
            _ => {
                self.beside(writer, name, theirs);
                Ok(())
            }
        }
    }

    /// Tells whether a tip that was kept beside a branch is in the branch: it
    /// has come back to where it was made, or others have gone on from it.
    fn is_known(&self, name: &str, theirs: &RefValue) -> Result<bool, StoreError> {
        let Some((base, _)) = name.split_once('@') else { return Ok(false) };
        match (self.ours(base), theirs) {
            (Some(RefValue::Commit(ours)), RefValue::Commit(theirs)) => {
                line::led_through(self.store, *theirs, *ours)
            }
            (ours, theirs) => Ok(ours == Some(theirs)),
        }
    }

    /// Tells whether a session was deleted here once and is no longer: then no
    /// other machine's word deletes it.
    fn was_brought_back(&self, name: &str) -> Result<bool, StoreError> {
        let mut changes = self.store.ops()?.into_iter().flat_map(|op| op.changes);
        Ok(self.ours(name).is_none() && changes.any(|(other, new)| other == name && new.is_none()))
    }

    fn commit(&mut self, writer: &str, name: &str, ours: Id, theirs: Id) -> Result<(), StoreError> {
        if line::led_through(self.store, ours, theirs)? {
            self.report.moved.push(name.to_owned());
            self.now.insert(name.to_owned(), RefValue::Commit(theirs));
        } else if !line::led_through(self.store, theirs, ours)? {
            self.beside(writer, name, &RefValue::Commit(theirs));
        }
        Ok(())
    }

    /// A writer's snapshots follow each other; two ends are there only after a
    /// store was copied.
    fn snapshot(&mut self, writer: &str, name: &str, ours: Id, theirs: Id) -> Result<(), StoreError> {
        if follows(self.store, ours, theirs)? {
            self.now.insert(name.to_owned(), RefValue::Snapshot(theirs));
        } else if !follows(self.store, theirs, ours)? {
            self.beside(writer, name, &RefValue::Snapshot(theirs));
        }
        Ok(())
    }

    /// Keeps a value of others beside ours.
    fn beside(&mut self, writer: &str, name: &str, theirs: &RefValue) {
        // What is kept beside something is not kept beside itself.
        if name.contains('@') {
            return;
        }
        let name = format!("{name}@{writer}");
        if self.ours(&name) != Some(theirs) {
            self.report.beside.push(name.clone());
            self.now.insert(name, theirs.clone());
        }
    }

    /// A source whose file is here stays what that file is: its tip moves on
    /// with the branches, and capture goes on from the file.
    fn source(&mut self, name: &str, ours: &Source, theirs: &Source) -> Result<(), StoreError> {
        let here = ours.mark.stamp != (0, 0, 0) && !ours.about.gone;
        if !here && ours.file != theirs.file && is_before(self.store, ours.file, theirs.file)? {
            self.report.sources += 1;
            self.now.insert(name.to_owned(), RefValue::from(theirs.clone()));
        }
        Ok(())
    }
}

/// Tells whether a snapshot was taken after `old`, on the same store.
fn follows(store: &Store, old: Id, new: Id) -> Result<bool, StoreError> {
    let mut next = Some(new);
    while let Some(id) = next {
        if id == old {
            return Ok(true);
        }
        next = store.snapshot(&id)?.before;
    }
    Ok(false)
}

/// Tells whether a file had all of `old` in it on its way to `new`.
fn is_before(store: &Store, old: Option<Id>, new: Option<Id>) -> Result<bool, StoreError> {
    let Some(old) = old else { return Ok(true) };
    let mut next = new;
    while let Some(id) = next {
        if id == old {
            return Ok(true);
        }
        next = store.commit(&id)?.after;
    }
    Ok(false)
}
