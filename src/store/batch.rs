//! Batches: objects on their way into the store.
//!
//! A small batch becomes one frame of the journal; a large one is written to
//! a pack while it grows, so that memory stays bounded, and only its refs go
//! through the journal. Nothing of it counts before [`Store::apply`] returns.

use super::disk::Lock;
use super::error::{Result, StoreError};
use super::pack::{Finished, PackWriter};
use super::read::BLOB_MAX;
use super::refs::{Edit, Op};
use super::{Actor, Store, fold, promised};
use crate::object::codec;
use crate::object::id::{Id, IdSet, Kind};
use crate::object::{Body, Commit, Context};

/// Above so many bytes of objects a batch goes to a pack.
const SPILL: usize = 2 << 20;
/// The level at which captured packs are compressed.
const LEVEL: i32 = 4;

/// What came of putting an object in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Stored {
    /// It is new.
    New,
    /// It was there already.
    Known,
}

enum Pending {
    Content(Kind, Id, Vec<u8>),
    Commit(Id, Box<Commit>, Body),
}

/// Objects on their way into a store.
#[derive(Default)]
pub struct Batch {
    pending: Vec<Pending>,
    ids: IdSet,
    raw: usize,
    writer: Option<PackWriter>,
    /// Packs that came from elsewhere.
    packs: Vec<Finished>,
    /// Packs of promises, which gc shall leave until refs name what is in them.
    promises: Vec<Finished>,
    /// Objects that were in the store already; a gc may have taken them since.
    known: IdSet,
    generation: u64,
    /// An object was lost on the way to the pack: nothing of it may count.
    broken: bool,
}

impl Batch {
    /// Tells whether nothing was put in.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.writer.is_none() && self.packs.is_empty()
    }

    fn has(&self, id: &Id) -> bool {
        self.ids.contains(id)
            || self.known.contains(id)
            || self.writer.as_ref().is_some_and(|writer| writer.contains(id))
    }

    /// Puts in a pack that lies among those of the store already.
    pub(crate) fn add_pack(&mut self, pack: Finished) {
        self.packs.push(pack);
    }

    /// Holds a pack of promises until the batch is applied.
    pub(super) fn hold(&mut self, pack: Finished) {
        self.promises.push(pack);
    }

    /// Puts in an object other than a commit, whose id the caller knows.
    pub fn put(&mut self, store: &Store, kind: Kind, id: Id, bytes: Vec<u8>) -> Result<Stored> {
        if matches!(kind, Kind::Commit | Kind::Body | Kind::Message | Kind::Session | Kind::Pack) {
            return Err(StoreError::WrongId { id });
        }
        if bytes.len() as u64 > BLOB_MAX || kind != Kind::Blob && bytes.len() > codec::DECODE_LIMIT {
            return Err(StoreError::TooLong { id, len: bytes.len() as u64 });
        }
        if self.has(&id) {
            return Ok(Stored::Known);
        }
        if store.has_content(&id)? {
            self.rely_on(store, id);
            return Ok(Stored::Known);
        }
        self.raw += bytes.len();
        match &mut self.writer {
            Some(writer) => {
                self.broken = true;
                writer.put_content(kind, id, &bytes)?;
                self.broken = false;
            }
            None => {
                self.ids.insert(id);
                self.pending.push(Pending::Content(kind, id, bytes));
                self.spill(store)?;
            }
        }
        Ok(Stored::New)
    }

    /// Tells whether an object other than a commit is in it or in the store, on
    /// which it then relies: it will be applied only if that is there still.
    pub fn has_content(&mut self, store: &Store, id: Id) -> Result<bool> {
        if self.has(&id) {
            return Ok(true);
        }
        let there = store.has_content(&id)?;
        if there {
            self.rely_on(store, id);
        }
        Ok(there)
    }

    /// Puts in a blob.
    pub fn put_blob(&mut self, store: &Store, bytes: Vec<u8>) -> Result<Id> {
        let id = Id::of(Kind::Blob, &bytes);
        let _ = self.put(store, Kind::Blob, id, bytes)?;
        Ok(id)
    }

    /// Puts in a context.
    pub fn put_context(&mut self, store: &Store, context: &Context) -> Result<Id> {
        self.put_value(store, Kind::Context, context)
    }

    /// Puts in a context, tree, config, tag or snapshot.
    pub fn put_value<T: codec::Encode>(&mut self, store: &Store, kind: Kind, value: &T) -> Result<Id> {
        let bytes = codec::encode(value)?;
        let id = Id::of(kind, &bytes);
        let _ = self.put(store, kind, id, bytes)?;
        Ok(id)
    }

    /// Puts in a commit with its body, whose id is filled in; returns the
    /// commit's id.
    pub fn put_commit(&mut self, store: &Store, mut commit: Commit, body: Body) -> Result<(Id, Stored)> {
        let body_bytes = codec::encode(&body)?;
        commit.body = Id::of(Kind::Body, &body_bytes);
        let commit_bytes = codec::encode(&commit)?;
        let id = Id::of(Kind::Commit, &commit_bytes);
        if self.has(&id) {
            return Ok((id, Stored::Known));
        }
        if store.has_commit(&id)? {
            self.rely_on(store, id);
            return Ok((id, Stored::Known));
        }
        self.raw += body_bytes.len() + commit_bytes.len();
        match &mut self.writer {
            Some(writer) => {
                self.broken = true;
                writer.put_commit(id, &commit, body)?;
                self.broken = false;
            }
            None => {
                self.ids.insert(id);
                self.pending.push(Pending::Commit(id, Box::new(commit), body));
                self.spill(store)?;
            }
        }
        Ok((id, Stored::New))
    }

    /// Tells whether it grew so large that it is being written to a pack.
    pub fn is_spilled(&self) -> bool {
        self.writer.is_some()
    }

    fn rely_on(&mut self, store: &Store, id: Id) {
        if self.known.is_empty() {
            self.generation = store.current.generation;
        }
        self.known.insert(id);
    }

    /// Relies on objects that were in the store when it was of that generation.
    pub(super) fn rely_on_all(&mut self, known: IdSet, generation: u64) {
        (self.known, self.generation) = (known, generation);
    }

    fn spill(&mut self, store: &Store) -> Result<()> {
        if self.raw < SPILL {
            return Ok(());
        }
        self.broken = true;
        let mut writer = PackWriter::create(&store.dir.join("packs"), LEVEL)?;
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Content(kind, id, bytes) => writer.put_content(kind, id, &bytes)?,
                Pending::Commit(id, commit, body) => writer.put_commit(id, &commit, body)?,
            }
        }
        self.ids.clear();
        self.writer = Some(writer);
        self.broken = false;
        Ok(())
    }

    fn into_objects(mut self) -> Result<Vec<(Kind, Id, Vec<u8>)>> {
        let mut objects = Vec::with_capacity(self.pending.len() * 2);
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Content(kind, id, bytes) => objects.push((kind, id, bytes)),
                Pending::Commit(id, commit, body) => {
                    objects.push((Kind::Body, commit.body, codec::encode(&body)?));
                    objects.push((Kind::Commit, id, codec::encode(&*commit)?));
                }
            }
        }
        Ok(objects)
    }
}

impl Store {
    /// Makes a batch and changes of refs part of the store, all or nothing and
    /// durable. Fails with [`StoreError::Conflict`] if a ref isn't what an edit
    /// expects; then the store has been refreshed and nothing was changed.
    pub fn apply(&mut self, mut batch: Batch, edits: Vec<Edit>, actor: &Actor) -> Result<()> {
        if batch.broken {
            let dir = self.dir.join("packs");
            return Err(StoreError::damaged(&dir, 0, "an object of this batch could not be written"));
        }
        let dir = self.dir.join("packs");
        let (known, generation) = (std::mem::take(&mut batch.known), batch.generation);
        let promises = std::mem::take(&mut batch.promises);
        let mut finished = std::mem::take(&mut batch.packs);
        finished.extend(batch.writer.take().map(|writer| writer.finish(&dir)).transpose()?);
        let objects = batch.into_objects()?;
        let lock = Lock::wait(&self.dir.join("lock"))?;
        self.refresh()?;
        self.mend_copy(&lock)?;
        if let Some(edit) = edits.iter().find(|edit| self.refs.get(&edit.name) != edit.expect.as_ref()) {
            return Err(StoreError::Conflict(edit.name.clone()));
        }
        if self.current.generation != generation {
            for id in &known {
                if !self.has_content(id)? && !self.has_commit(id)? {
                    return Err(StoreError::Conflict(format!("{id:.16} (collected as garbage meanwhile)")));
                }
            }
        }
        let packs: Vec<Id> = finished.iter().map(|pack| pack.name).collect();
        for name in &packs {
            // A gc that took it for garbage has taken it away before we had the lock.
            let path = dir.join(format!("{name}.pack"));
            std::fs::metadata(&path).map_err(StoreError::io("find", &path))?;
        }
        promises.iter().try_for_each(|pack| promised::is_there(self, pack))?;
        // Nobody takes it away while we hold the lock.
        drop((finished, promises));
        let changed = edits.into_iter().filter(|edit| edit.new != edit.expect);
        let changes: Vec<_> = changed
            .map(|edit| (edit.name, edit.new.map(|value| value.since(edit.expect.as_ref()))))
            .collect();
        if changes.is_empty() && packs.is_empty() && objects.is_empty() {
            return Ok(());
        }
        let op = (!changes.is_empty()).then(|| Op {
            number: self.op + 1,
            time: actor.now,
            who: actor.who.clone(),
            command: actor.command.clone(),
            changes,
        });
        let packed = !packs.is_empty();
        self.journal.append(op, packs, &objects)?;
        self.note_journal()?;
        // The transaction stands whether or not the rest succeeds; the next
        // one tries again.
        let due = fold::is_due(self);
        if due {
            drop(self.fold(&lock));
        }
        if due || packed {
            drop(self.sweep());
        }
        Ok(())
    }
}
