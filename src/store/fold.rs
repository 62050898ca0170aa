//! Folding: the journal's objects into a pack, its operations into a segment,
//! the refs into a state. Packs of like size are merged on the way, so that
//! their number stays small and every byte is rewritten only a few times.

use std::path::Path;

use super::disk::{self, Lock};
use super::error::{Result, StoreError};
use super::journal::Journal;
use super::pack::{Index, Pack, PackWriter, Space, Stored, trailer};
use super::{CURRENT_MAGIC, Current, STATE_MAGIC, State, Store, oplog, sealed};
use crate::object::codec;
use crate::object::id::{Id, Kind};

/// The journal is folded when it is longer, in bytes, …
const LONG: u64 = 4 << 20;
/// … or has seen more operations.
const MANY: usize = 2048;
const LEVEL: i32 = 3;
/// Packs below this many bytes are small, …
const SMALL: u64 = 16 << 20;
/// … and when there are so many of them, they become one.
const FEW: usize = 12;

fn is_small(pack: &Pack) -> bool {
    pack.path().metadata().is_ok_and(|meta| meta.len() < SMALL)
}

/// Tells whether the journal has grown enough.
pub(super) fn is_due(store: &Store) -> bool {
    store.journal.len() > LONG || store.journal.ops().len() > MANY
}

/// Opens a pack, making its index again if that is lost or damaged.
pub(super) fn open_pack(dir: &Path, name: Id) -> Result<Pack> {
    match Pack::open(dir, name) {
        Err(StoreError::Damaged { .. }) => {}
        Err(e) if e.is_gone() && dir.join(format!("{name}.pack")).is_file() => {}
        outcome => return outcome,
    }
    rebuild_index(dir, name)?;
    Pack::open(dir, name)
}

/// Makes the index of a pack from the pack alone.
pub(super) fn rebuild_index(dir: &Path, name: Id) -> Result<()> {
    let path = dir.join(format!("{name}.pack"));
    let trailer = trailer(&path)?;
    let (commits, contents) = super::pack::ids_of(dir, name, &trailer)?;
    disk::replace(&dir.join(format!("{name}.idx")), &Index::build(name, &trailer, &commits, &contents)?)
}

impl Store {
    /// Folds the journal. The caller holds the lock.
    pub(super) fn fold(&mut self, _lock: &Lock) -> Result<()> {
        let mut writer = PackWriter::create(&self.dir.join("packs"), LEVEL)?;
        let (small, large): (Vec<&Pack>, Vec<&Pack>) = self.packs.iter().partition(|pack| is_small(pack));
        let merge = small.len() >= FEW;
        if merge {
            for pack in &small {
                self.copy_pack(pack, &mut writer, &|_| true)?;
            }
        }
        self.copy_journal(&mut writer)?;
        let kept = if merge { large } else { self.packs.iter().collect() };
        let mut packs: Vec<Id> = kept.iter().map(|pack| pack.name).collect();
        if !writer.is_empty() {
            packs.push(writer.finish(&self.dir.join("packs"))?.name);
        }
        self.turn_over(packs)
    }

    /// Copies what the journal holds into a pack.
    pub(super) fn copy_journal(&self, writer: &mut PackWriter) -> Result<()> {
        for (kind, id) in self.journal.objects() {
            self.copy_object(*kind, id, writer)?;
        }
        Ok(())
    }

    /// Copies an object of the journal into a pack.
    pub(super) fn copy_object(&self, kind: u8, id: &Id, writer: &mut PackWriter) -> Result<()> {
        match Kind::from_number(kind) {
            Some(Kind::Commit) => {
                let commit = self.commit(id)?;
                writer.put_commit(*id, &commit, self.body(id, &commit)?)
            }
            Some(Kind::Body) | None => Ok(()),
            Some(kind) => writer.put_content(kind, *id, &self.content(id)?.1),
        }
    }

    /// Begins a new journal, with these packs as all that count.
    pub(super) fn turn_over(&mut self, packs: Vec<Id>) -> Result<()> {
        let old = self.current.clone();
        let next = old.generation + 1;
        let mut current = Current { generation: next, packs, journal: next, state: next, ..old.clone() };
        if !self.journal.ops().is_empty() {
            let path = self.dir.join(format!("ops/{next}"));
            let bytes = codec::encode(&self.journal.ops().to_vec())?;
            let packed = zstd::bulk::compress(&bytes, 9).map_err(StoreError::io("compress", &path))?;
            sealed::write(oplog::MAGIC, &path, &packed)?;
            current.ops.push(next);
        }
        let refs = self.refs.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        sealed::write(STATE_MAGIC, &self.dir.join(format!("state/{next}")), &State { op: self.op, refs })?;
        Journal::create(&self.dir.join(format!("journal/{next}")))?;
        sealed::write(CURRENT_MAGIC, &self.dir.join("current"), &current)?;
        // From here on the old files count no more. What can't be removed now,
        // gc removes.
        drop(std::fs::remove_file(self.journal.path()));
        drop(std::fs::remove_file(self.dir.join(format!("state/{}", old.state))));
        *self = Store::open(&self.dir)?;
        Ok(())
    }

    /// Copies all that is in a pack into another, if `keep` says so.
    pub(super) fn copy_pack(
        &self,
        pack: &Pack,
        writer: &mut PackWriter,
        keep: &dyn Fn(&Id) -> bool,
    ) -> Result<()> {
        let ids = pack.index.ids()?;
        let commits = pack.index.commits() as usize;
        for block in pack.index.blocks().iter().filter(|b| b.space == Space::Contents) {
            for n in block.first..block.first + block.count {
                let id = ids.get(commits + n as usize).filter(|id| keep(id));
                let Some(id) = id else { continue };
                match pack.content(n, &self.cache)? {
                    Stored::Whole(kind, bytes) => writer.put_content(kind, *id, &bytes)?,
                    Stored::Chunks(_) => {
                        let (kind, bytes) = self.content(id)?;
                        writer.put_content(kind, *id, &bytes)?;
                    }
                }
            }
        }
        for (n, id) in (0u32..).zip(ids.iter().take(commits)).filter(|(_, id)| keep(id)) {
            writer.put_commit(*id, &*pack.commit(n, &self.cache)?, pack.body(n, &self.cache)?)?;
        }
        Ok(())
    }
}
