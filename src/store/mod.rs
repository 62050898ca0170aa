//! The place: where objects and refs are kept, on disk.
//!
//! ```text
//! current            which of the files below count (replaced as a whole)
//! current.copy       the same again, should that be damaged
//! lock               held by a writer for the moment of a write
//! packs/<id>.pack    many objects; <id>.idx beside it
//! journal/<n>        transactions since the last fold
//! ops/<n>            the operation log, a segment a fold
//! state/<n>          the refs as they were at the last fold
//! purged             the names of what was taken out for good
//! promised/          commits whose texts are elsewhere
//! ```
//!
//! Objects and the operation log are the truth. A transaction is one frame of
//! the journal; when the journal is large it is folded into a pack. Readers
//! never wait. `docs/format.md` has every byte, `docs/durability.md` what
//! survives what.

mod batch;
mod cache;
pub mod delta;
mod disk;
pub mod error;
pub mod exchange;
mod fold;
mod frame;
mod fsck;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod gc;
pub mod intake;
pub mod inventory;
mod journal;
pub mod known;
mod local;
mod oplog;
mod pack;
mod promised;
mod purged;
pub mod quarantine;
mod read;
pub mod refs;
mod sealed;

use std::path::{Path, PathBuf};

use crate::object::codec::{Decode, Encode};
use crate::object::id::Id;
pub use batch::{Batch, Stored};
use cache::Cache;
use disk::Lock;
pub(crate) use disk::read_exact_at;
pub use error::{Result, StoreError};
pub use fsck::{Fault, FsckReport};
pub use gc::{GcOptions, GcReport};
use journal::{Journal, Refreshed};
use pack::Pack;
pub use purged::{Gone, Purge, Scrub};
pub use refs::{Edit, Op, RefValue, Refs, Source};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

const CURRENT_MAGIC: &[u8; 8] = b"SFSCURR\0";
/// Where `current` is a second time.
const CURRENT_COPY: &str = "current.copy";
const STATE_MAGIC: &[u8; 8] = b"SFSSTAT\0";

/// Which files of the store count.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct Current {
    /// Grows with every change of this file.
    generation: u64,
    /// Names this store among those that push to the same remote.
    writer: Id,
    packs: Vec<Id>,
    ops: Vec<u64>,
    journal: u64,
    state: u64,
}

#[derive(Encode, Decode)]
struct State {
    /// Number of the last operation that it includes.
    op: u64,
    refs: Vec<(String, RefValue)>,
}

/// Who changes the store, for the operation log.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// `user@host`.
    pub who: String,
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// The command that is running.
    pub command: String,
}

/// A store that is open.
pub struct Store {
    dir: PathBuf,
    current: Current,
    packs: Vec<Pack>,
    journal: Journal,
    /// The refs, and the number of the last operation in them.
    refs: Refs,
    op: u64,
    seen_ops: usize,
    /// What was taken out for good.
    purged: purged::Purged,
    /// What stayed elsewhere.
    promised: promised::Promised,
    cache: Cache,
    /// Packs that count and can't be opened. They keep their place; what they
    /// hold is missing until they are mended.
    unreadable: Vec<Id>,
}

impl Store {
    /// Opens the store at `dir`.
    pub fn open(dir: &Path) -> Result<Store> {
        // A fold by another process may take files away between two reads.
        // Then what counts has changed, and reading again finds it.
        let mut tried = None;
        loop {
            let current = Store::read_current(dir)?;
            let generation = current.generation;
            let again = tried == Some(generation);
            match Store::load(dir, current, again) {
                Err(e) if e.is_gone() && !again => {}
                Ok(store) if !store.unreadable.is_empty() && !again => {}
                outcome => return outcome,
            }
            tried = Some(generation);
        }
    }

    fn read_current(dir: &Path) -> Result<Current> {
        let at = dir.join("current");
        match sealed::read(CURRENT_MAGIC, &at) {
            Err(e) if e.is_gone() => Err(StoreError::NoStore(dir.to_owned())),
            Err(e @ StoreError::Damaged { .. }) => {
                sealed::read(CURRENT_MAGIC, &dir.join(CURRENT_COPY)).map_err(|_| e)
            }
            outcome => outcome,
        }
    }

    fn write_current(dir: &Path, current: &Current) -> Result<()> {
        sealed::write(CURRENT_MAGIC, &dir.join("current"), current)?;
        sealed::write(CURRENT_MAGIC, &dir.join(CURRENT_COPY), current)
    }

    /// Writes the copy of `current` if a process was killed before it could. A
    /// damaged one is left for fsck to tell. The caller holds the lock.
    fn mend_copy(&self, _lock: &Lock) -> Result<()> {
        let path = self.dir.join(CURRENT_COPY);
        let behind = match sealed::read::<Current>(CURRENT_MAGIC, &path) {
            Ok(copy) => copy.generation < self.current.generation,
            Err(e) => e.is_gone(),
        };
        if behind { sealed::write(CURRENT_MAGIC, &path, &self.current) } else { Ok(()) }
    }

    /// Reads what `current` names. With `mend`, refs that can't be read are
    /// made again from the operations.
    fn load(dir: &Path, current: Current, mend: bool) -> Result<Store> {
        let state = match Store::read_state(dir, current.state) {
            Err(StoreError::Damaged { .. }) => oplog::replay(dir, &current.ops)?,
            Err(e) if e.is_gone() && mend => oplog::replay(dir, &current.ops)?,
            outcome => outcome?,
        };
        let journal = Journal::open(dir.join(format!("journal/{}", current.journal)))?;
        let mut store = Store {
            dir: dir.to_owned(),
            packs: Vec::new(),
            journal,
            refs: state.refs.into_iter().collect(),
            op: state.op,
            seen_ops: 0,
            purged: purged::Purged::read(dir)?,
            promised: promised::Promised::read(dir)?,
            cache: Cache::default(),
            unreadable: Vec::new(),
            current,
        };
        store.note_journal()?;
        Ok(store)
    }

    fn read_state(dir: &Path, number: u64) -> Result<State> {
        if number == 0 {
            return Ok(State { op: 0, refs: Vec::new() });
        }
        sealed::read(STATE_MAGIC, &dir.join(format!("state/{number}")))
    }

    /// Opens the store at `dir`, or makes one. `writer` names a new store.
    pub fn open_or_create(dir: &Path, writer: Id) -> Result<Store> {
        if !dir.join("current").is_file() {
            Store::create(dir, writer)?;
        }
        Store::open(dir)
    }

    fn create(dir: &Path, writer: Id) -> Result<()> {
        for folder in ["packs", "journal", "ops", "state"] {
            disk::create_dir(&dir.join(folder))?;
        }
        let _lock = Lock::wait(&dir.join("lock"))?;
        if dir.join("current").is_file() {
            return Ok(());
        }
        dir.parent().filter(|above| !above.as_os_str().is_empty()).map_or(Ok(()), disk::sync_dir)?;
        Journal::create(&dir.join("journal/1"))?;
        let current = Current { generation: 1, writer, journal: 1, ..Current::default() };
        // `current` is what makes it a store, so it comes last.
        sealed::write(CURRENT_MAGIC, &dir.join(CURRENT_COPY), &current)?;
        sealed::write(CURRENT_MAGIC, &dir.join("current"), &current)
    }

    /// Takes in what the journal says of refs and packs, as far as not done.
    fn note_journal(&mut self) -> Result<()> {
        for op in self.journal.ops().iter().skip(self.seen_ops) {
            op.apply(&mut self.refs);
            self.op = op.number;
        }
        self.seen_ops = self.journal.ops().len();
        let dir = self.dir.join("packs");
        for name in self.pack_names() {
            if self.packs.iter().any(|pack| pack.name == name) || self.unreadable.contains(&name) {
                continue;
            }
            match fold::open_pack(&dir, name) {
                Ok(pack) => self.packs.push(pack),
                Err(e @ StoreError::Newer { .. }) => return Err(e),
                Err(_) => self.unreadable.push(name),
            }
        }
        Ok(())
    }

    /// The names of the packs that count; some may be twice.
    fn pack_names(&self) -> Vec<Id> {
        self.current.packs.iter().chain(self.journal.packs()).copied().collect()
    }

    /// Sees what other processes have done since. Returns whether anything changed.
    pub fn refresh(&mut self) -> Result<bool> {
        let current = Store::read_current(&self.dir)?;
        if current.generation == self.current.generation {
            match self.journal.refresh() {
                Ok(Refreshed::Same) => return Ok(false),
                Ok(Refreshed::Grown) => {
                    self.note_promises()?;
                    return self.note_journal().map(|()| true);
                }
                Ok(Refreshed::Replaced) => {}
                // Another process folded it just now.
                Err(e) if e.is_gone() => {}
                Err(e) => return Err(e),
            }
        }
        *self = Store::open(&self.dir)?;
        Ok(true)
    }

    /// Tells whether what counts is what did when the store was last looked at,
    /// transactions since apart.
    pub fn is_current(&self) -> Result<bool> {
        Ok(Store::read_current(&self.dir)?.generation == self.current.generation)
    }

    /// Where the store is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The refs as last read.
    pub fn refs(&self) -> &Refs {
        &self.refs
    }

    /// The name of this store among those that push to the same remote.
    pub fn writer(&self) -> Id {
        self.current.writer
    }

    /// Number of the last operation.
    pub fn last_op(&self) -> u64 {
        self.op
    }

    /// Bytes in the journal as last read: what small transactions cost.
    pub fn journal_len(&self) -> u64 {
        self.journal.len()
    }

    /// All refs whose names begin with `prefix`.
    pub fn refs_below<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = (&'s str, &'s RefValue)> {
        let range =
            self.refs.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        range
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Bytes on disk of all files that count.
    pub fn size(&self) -> Result<u64> {
        let mut total = self.journal.len() + self.promised_size();
        for pack in &self.packs {
            for path in [pack.path().to_owned(), pack.path().with_extension("idx")] {
                total += std::fs::metadata(&path).map_err(StoreError::io("read", &path))?.len();
            }
        }
        for (folder, number) in
            self.current.ops.iter().map(|n| ("ops", n)).chain(Some(("state", &self.current.state)))
        {
            let path = self.dir.join(folder).join(number.to_string());
            total += std::fs::metadata(&path).map_or(0, |meta| meta.len());
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests;
