//! What was taken out of the store for good, and what stands in its place.
//!
//! An object that held a secret is gone, and no other can have its name. So
//! the store remembers names that are gone: whoever asks for one gets what
//! stands in, an object like any other, in which the secret is blacked out.
//! Whatever refers to the old name still does; ids, branches and what capture
//! knows of its sources stay as they are, and reading a source again stores
//! nothing of what is gone.

use std::path::{Path, PathBuf};

use super::batch::Batch;
use super::disk::{self, Lock};
use super::error::Result;
use super::journal::Journal;
use super::refs::{Op, RefValue, Refs};
use super::{Actor, Current, STATE_MAGIC, State, Store, fold, oplog, sealed};
use crate::object::codec::{Decode, Encode};
use crate::object::id::{Id, IdMap, IdSet};

const MAGIC: &[u8; 8] = b"SFSPURG\0";
/// The file, in the store's folder.
const FILE: &str = "purged";
/// The zstd level of what is packed anew.
const LEVEL: i32 = 9;

/// Something that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Gone {
    /// Its name.
    pub id: Id,
    /// What stands in its place; none for a session or a source.
    pub instead: Option<Id>,
    /// The finding or the session because of which it went.
    pub cause: Id,
    /// When, in milliseconds since 1970.
    pub time: i64,
}

/// All that is gone, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Purged(IdMap<Gone>);

impl Purged {
    pub(super) fn read(dir: &Path) -> Result<Purged> {
        match sealed::read::<Vec<Gone>>(MAGIC, &dir.join(FILE)) {
            Err(e) if e.is_gone() => Ok(Purged::default()),
            outcome => Ok(Purged(outcome?.into_iter().map(|gone| (gone.id, gone)).collect())),
        }
    }

    fn write(&self, dir: &Path) -> Result<()> {
        let mut all: Vec<&Gone> = self.0.values().collect();
        all.sort_unstable_by_key(|gone| gone.id);
        let all: Vec<Gone> = all.into_iter().cloned().collect();
        sealed::write(MAGIC, &dir.join(FILE), &all)
    }

    /// What is to be read where `id` is asked for.
    pub(super) fn instead_of(&self, id: &Id) -> Id {
        self.0.get(id).and_then(|gone| gone.instead).unwrap_or(*id)
    }

    pub(super) fn has(&self, id: &Id) -> bool {
        self.0.contains_key(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Gone> {
        self.0.values()
    }

    /// Puts what stands in where the names of what is gone are.
    pub(super) fn settle(&self, reached: &mut IdSet) {
        for gone in self.0.values() {
            if let Some(instead) = gone.instead
                && reached.remove(&gone.id)
            {
                reached.insert(instead);
            }
        }
    }

    /// What stood in for something may go itself, later.
    fn add(&mut self, more: Vec<Gone>) {
        let next: IdMap<Id> = more.iter().filter_map(|gone| Some((gone.id, gone.instead?))).collect();
        for gone in self.0.values_mut() {
            gone.instead = gone.instead.map(|id| next.get(&id).copied().unwrap_or(id));
        }
        self.0.extend(more.into_iter().map(|gone| (gone.id, gone)));
    }
}

/// What is taken out.
#[derive(Default)]
pub struct Purge {
    /// What goes, each with what stands in.
    pub gone: Vec<Gone>,
    /// What stands in.
    pub batch: Batch,
}

/// Changes a ref wherever the log tells of it, its name and what it stands for, if
/// it was not removed there; false if it is to be forgotten.
pub type Scrub<'s> = &'s dyn Fn(&mut String, Option<&mut RefValue>) -> bool;

impl Store {
    /// Tells whether something is gone for good.
    pub fn is_purged(&self, id: &Id) -> bool {
        self.purged.has(id)
    }

    /// What went because of a finding or a session.
    pub fn purged_for(&self, cause: &Id) -> Vec<Gone> {
        let mut gone: Vec<Gone> = self.purged.all().filter(|gone| gone.cause == *cause).cloned().collect();
        gone.sort_unstable_by_key(|gone| gone.id);
        gone
    }

    /// The causes because of which something went.
    pub fn purge_causes(&self) -> Vec<Id> {
        let mut causes: Vec<Id> = self.purged.all().map(|gone| gone.cause).collect();
        causes.sort_unstable();
        causes.dedup();
        causes
    }

    /// Takes objects out of the store and what `scrub` says out of the log,
    /// and removes every file in which they were. Returns the files that are
    /// still there, since another process holds them.
    pub fn purge(&mut self, purge: Purge, scrub: Scrub<'_>, actor: &Actor) -> Result<Vec<PathBuf>> {
        self.apply(purge.batch, Vec::new(), actor)?;
        let lock = Lock::wait(&self.dir.join("lock"))?;
        self.refresh()?;
        self.must_be_whole(false)?;
        let mut ops: Vec<Op> = self.ops()?;
        for op in &mut ops {
            op.changes.retain_mut(|(name, value)| scrub(name, value.as_mut()));
        }
        drop_lone_removals(&mut ops);
        ops.push(Op {
            number: self.op + 1,
            time: actor.now,
            who: actor.who.clone(),
            command: actor.command.clone(),
            changes: Vec::new(),
        });
        // From here on nobody reads what is gone, whatever happens to us.
        let mut purged = self.purged.clone();
        purged.add(purge.gone);
        purged.write(&self.dir)?;
        self.purged = purged;
        let mut reachable = IdSet::default();
        self.reach(&ops, &IdSet::default(), &mut reachable)?;
        let promised = self.take_promised(&mut reachable)?;
        let pack = self.pack_reachable(LEVEL, &reachable, None)?;
        self.begin_anew(&ops, pack.as_ref().map(|pack| pack.name))?;
        drop(pack);
        self.keep_promises(&promised, &lock)?;
        let stale = self.stale(std::time::Duration::ZERO)?;
        let left = stale.into_iter().filter(|path| std::fs::remove_file(path).is_err());
        let left = left.chain(self.in_use()?).collect();
        drop(lock);
        Ok(left)
    }

    /// Makes this log and this pack all that counts.
    fn begin_anew(&mut self, ops: &[Op], pack: Option<Id>) -> Result<()> {
        let next = self.current.generation + 1;
        let mut refs = Refs::new();
        ops.iter().for_each(|op| op.apply(&mut refs));
        let op = ops.last().map_or(0, |op| op.number);
        oplog::write(&self.dir, next, ops)?;
        let state = State { op, refs: refs.into_iter().collect() };
        sealed::write(STATE_MAGIC, &self.dir.join(format!("state/{next}")), &state)?;
        Journal::create(&self.dir.join(format!("journal/{next}")))?;
        let current = Current {
            generation: next,
            packs: pack.into_iter().collect(),
            ops: vec![next],
            journal: next,
            state: next,
            writer: self.current.writer,
        };
        disk::crash_point("purge");
        Store::write_current(&self.dir, &current)?;
        *self = Store::open(&self.dir)?;
        Ok(())
    }

    /// Files that no longer count and could not be removed: journals that were
    /// kept because they were damaged, and packs that others write. What a
    /// killed fetch or push left goes.
    fn in_use(&self) -> Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        let folders = ["packs", "journal"].map(|folder| disk::list(&self.dir.join(folder)));
        let [packs, journals] = folders;
        for path in packs?.into_iter().chain(journals?) {
            if path.extension().is_some_and(|e| e == fold::DAMAGED) || disk::is_in_use(&path) {
                left.push(path);
            }
        }
        // Folders of pushes and fetches, and what fetches got of a pack.
        for path in disk::list(&self.dir.join("quarantine"))? {
            let within = if path.is_dir() { disk::list(&path)? } else { vec![path.clone()] };
            if within.iter().any(|path| disk::is_in_use(path)) || disk::remove(&path).is_err() {
                left.push(path);
            }
        }
        Ok(left)
    }
}

/// Forgets that a ref was removed which, by the log, never was there.
fn drop_lone_removals(ops: &mut [Op]) {
    let mut known = std::collections::BTreeSet::new();
    for op in ops {
        op.changes.retain(|(name, value)| match value {
            Some(_) => {
                known.insert(name.clone());
                true
            }
            None => known.remove(name),
        });
    }
}
