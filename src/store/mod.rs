//! The place: where objects and refs are kept, on disk.
//!
//! ```text
//! current            which of the files below count (replaced as a whole)
//! lock               held by a writer for the moment of a write
//! packs/<id>.pack    many objects; <id>.idx beside it
//! journal/<n>        transactions since the last fold
//! ops/<n>            the operation log, a segment a fold
//! state/<n>          the refs as they were at the last fold
//! ```
//!
//! Objects and the operation log are the truth. A transaction is one frame of
//! the journal; when the journal is large it is folded into a pack. Readers
//! never wait. `docs/format.md` has every byte, `docs/durability.md` what
//! survives what.

mod batch;
mod cache;
mod disk;
pub mod error;
mod fold;
mod fsck;
mod gc;
mod journal;
mod oplog;
mod pack;
mod read;
pub mod refs;
mod sealed;

use std::path::{Path, PathBuf};

use crate::object::codec::{Decode, Encode};
use crate::object::id::Id;
pub use batch::{Batch, Stored};
use cache::Cache;
use disk::Lock;
pub use error::{Result, StoreError};
pub use fsck::{Fault, FsckReport};
pub use gc::{GcOptions, GcReport};
use journal::Journal;
use pack::Pack;
pub use refs::{Edit, Op, RefValue, Refs, Source};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

const CURRENT_MAGIC: &[u8; 8] = b"SFSCURR\0";
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
    cache: Cache,
}

impl Store {
    /// Opens the store at `dir`.
    pub fn open(dir: &Path) -> Result<Store> {
        // A fold by another process may take files away between two reads;
        // then what counts has changed, and reading again finds it.
        for _ in 0..5 {
            match Store::open_once(dir) {
                Err(e) if e.is_gone() && dir.join("current").is_file() => {}
                outcome => return outcome,
            }
        }
        Store::open_once(dir)
    }

    fn open_once(dir: &Path) -> Result<Store> {
        let at = dir.join("current");
        if !at.is_file() {
            return Err(StoreError::NoStore(dir.to_owned()));
        }
        let current: Current = sealed::read(CURRENT_MAGIC, &at)?;
        let state = if current.state == 0 {
            State { op: 0, refs: Vec::new() }
        } else {
            sealed::read(STATE_MAGIC, &dir.join(format!("state/{}", current.state)))?
        };
        let journal = Journal::open(dir.join(format!("journal/{}", current.journal)))?;
        let mut store = Store {
            dir: dir.to_owned(),
            packs: Vec::new(),
            journal,
            refs: state.refs.into_iter().collect(),
            op: state.op,
            seen_ops: 0,
            cache: Cache::default(),
            current,
        };
        store.note_journal()?;
        Ok(store)
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
        Journal::create(&dir.join("journal/1"))?;
        let current = Current { generation: 1, writer, journal: 1, ..Current::default() };
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
        let names: Vec<Id> = self.current.packs.iter().chain(self.journal.packs()).copied().collect();
        for name in names {
            if !self.packs.iter().any(|pack| pack.name == name) {
                self.packs.push(fold::open_pack(&dir, name)?);
            }
        }
        Ok(())
    }

    /// Sees what other processes have done since. Returns whether anything changed.
    pub fn refresh(&mut self) -> Result<bool> {
        let current: Current = sealed::read(CURRENT_MAGIC, &self.dir.join("current"))?;
        if current.generation != self.current.generation {
            *self = Store::open(&self.dir)?;
            return Ok(true);
        }
        let changed = self.journal.refresh()?;
        if changed {
            self.note_journal()?;
        }
        Ok(changed)
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
        let mut total = self.journal.len();
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
