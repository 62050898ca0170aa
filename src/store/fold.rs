//! Folding: the journal's objects into a pack, its operations into a segment,
//! the refs into a state. Packs of like size are merged on the way, so that
//! their number stays small and every byte is rewritten only a few times.

use std::path::Path;
use std::sync::Arc;

use super::disk::{self, Lock};
use super::error::{Result, StoreError};
use super::journal::Journal;
use super::pack::{Index, Pack, PackWriter, trailer};
use super::read::{check_body, check_commit};
use super::{Current, STATE_MAGIC, State, Store, oplog, sealed};
use crate::object::id::{Id, Kind};
use crate::object::{Body, Commit};

/// The journal is folded when it is longer, in bytes, …
const LONG: u64 = 4 << 20;
/// … or has seen more operations.
const MANY: usize = 2048;
const LEVEL: i32 = 4;
/// What a journal is called that was damaged when it was folded. It is kept:
/// what could not be read of it may be worth a closer look.
pub(super) const DAMAGED: &str = "damaged";
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
    let (commits, contents) = super::pack::ids_of(dir, name, trailer.clone())?;
    disk::replace(&dir.join(format!("{name}.idx")), &Index::build(name, &trailer, &commits, &contents)?)
}

impl Store {
    /// Folds the journal. The caller holds the lock.
    pub(super) fn fold(&mut self, _lock: &Lock) -> Result<()> {
        let mut small: Vec<&Pack> = self.packs.iter().filter(|pack| is_small(pack)).collect();
        if small.len() < FEW {
            small.clear();
        }
        let (added, merged) = match self.pack_up(&small) {
            Ok(added) => (added, small.iter().map(|pack| pack.name).collect()),
            // A damaged pack stays as it is and must not stop the others.
            Err(_) if !small.is_empty() => (self.pack_up(&[])?, Vec::new()),
            Err(e) => return Err(e),
        };
        let mut packs = Vec::new();
        for name in self.pack_names().into_iter().chain(added) {
            if !packs.contains(&name) && (!merged.contains(&name) || Some(name) == added) {
                packs.push(name);
            }
        }
        self.turn_over(packs)
    }

    /// Writes some packs and the journal as one pack; nothing if they are empty.
    fn pack_up(&self, packs: &[&Pack]) -> Result<Option<Id>> {
        let dir = self.dir.join("packs");
        let mut writer = PackWriter::create(&dir, LEVEL)?;
        for pack in packs {
            self.copy_pack(pack, &mut writer, &|id| !self.purged.has(id))?;
        }
        for (kind, id) in self.journal.objects() {
            self.copy_object(*kind, id, &mut writer)?;
        }
        Ok(if writer.is_empty() { None } else { Some(writer.finish(&dir)?.name) })
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
            oplog::write(&self.dir, next, self.journal.ops())?;
            current.ops.push(next);
        }
        let refs = self.refs.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        sealed::write(STATE_MAGIC, &self.dir.join(format!("state/{next}")), &State { op: self.op, refs })?;
        Journal::create(&self.dir.join(format!("journal/{next}")))?;
        Store::write_current(&self.dir, &current)?;
        // From here on the old files count no more. What can't be removed now,
        // gc removes.
        if self.journal.damage().next().is_some() {
            let aside = self.journal.path().with_extension(DAMAGED);
            drop(std::fs::rename(self.journal.path(), aside));
        } else {
            drop(std::fs::remove_file(self.journal.path()));
        }
        drop(std::fs::remove_file(self.dir.join(format!("state/{}", old.state))));
        *self = Store::open(&self.dir)?;
        Ok(())
    }

    /// Copies all that is in a pack into another, if `keep` says so. Nothing
    /// is copied whose bytes don't match its name: an index may be damaged.
    pub(super) fn copy_pack(
        &self,
        pack: &Pack,
        writer: &mut PackWriter,
        keep: &dyn Fn(&Id) -> bool,
    ) -> Result<()> {
        pack.index.verify()?;
        let ids = pack.index.ids()?;
        let commits = pack.index.commits();
        let (commit_ids, content_ids) = ids.split_at(ids.len().min(commits as usize));
        for (n, id) in (0u32..).zip(content_ids) {
            if !keep(id) || writer.contains(id) {
                continue;
            }
            // If this one is damaged, another pack may have it whole.
            let (kind, bytes) = self.content_in(pack, n, id).or_else(|_| self.content(id))?;
            writer.put_content(kind, *id, &bytes)?;
        }
        for (n, id) in (0u32..).zip(commit_ids) {
            if !keep(id) || writer.contains(id) {
                continue;
            }
            let (commit, body) = self.commit_in(pack, n, id).or_else(|_| {
                let commit = self.commit(id)?;
                self.body(id, &commit).map(|body| (commit, body))
            })?;
            writer.put_commit(*id, &commit, body)?;
        }
        Ok(())
    }

    fn commit_in(&self, pack: &Pack, n: u32, id: &Id) -> Result<(Arc<Commit>, Body)> {
        let commit = check_commit(id, pack.commit(n, &self.cache)?)?;
        let body = check_body(&commit.body, pack.body(n, &self.cache)?)?;
        Ok((commit, body))
    }
}
