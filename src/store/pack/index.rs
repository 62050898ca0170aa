//! The index beside a pack: from ids to numbers and back.
//!
//! It can be made again from its pack. The head is read when the pack is
//! opened; the tables are looked into where they lie, a few bytes at a time,
//! until that happens so often that reading them whole is cheaper.

use std::borrow::Cow;
use std::fs::File;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{Block, Trailer};
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, Prefix, checksum};
use crate::store::disk;
use crate::store::error::{Result, StoreError};
use crate::store::sealed;

const MAGIC: &[u8; 8] = b"SFSPIDX\0";
/// The tables are read into memory after this many look-ups, …
const LOAD_AFTER: u64 = 64;
/// … or after one for each of so many bytes of them, if that is more: then
/// the look-ups have cost about as much as reading all.
const LOOKUP_WORTH: u64 = 8192;

#[derive(Encode, Decode)]
struct Head {
    name: Id,
    trailer: Trailer,
    fan_bits: u8,
}

/// The index of one pack.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    /// None for an index that is being made again and has no tables yet.
    file: Option<File>,
    /// The blocks, by space and first number.
    blocks: Vec<Block>,
    externals: Vec<Id>,
    commits: u32,
    contents: u32,
    fan_bits: u8,
    tables: u64,
    lookups: AtomicU64,
    loaded: OnceLock<Vec<u8>>,
    /// The commit and the content that were found last.
    last: [AtomicU32; 2],
}

impl Index {
    /// The bytes of the index of a pack.
    pub(crate) fn build(name: Id, trailer: &Trailer, commits: &[Id], contents: &[Id]) -> Result<Vec<u8>> {
        let ids: Vec<Id> = commits.iter().chain(contents).copied().collect();
        let mut order: Vec<u32> = (0..).take(ids.len()).collect();
        order.sort_unstable_by_key(|n| ids.get(*n as usize));
        let fan_bits = fan_bits(ids.len());
        let head = Head { name, trailer: trailer.clone(), fan_bits };
        let head = sealed::seal(MAGIC, &codec::encode(&head)?);
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(&head);
        let tables = bytes.len();
        let mut at = 0u32;
        for bucket in 0..=1u32 << fan_bits {
            let before = |n: &u32| ids.get(*n as usize).is_some_and(|id| fan(id, fan_bits) < bucket);
            while order.get(at as usize).is_some_and(before) {
                at += 1;
            }
            bytes.extend_from_slice(&at.to_le_bytes());
        }
        order.iter().for_each(|n| bytes.extend_from_slice(&n.to_le_bytes()));
        ids.iter().for_each(|id| bytes.extend_from_slice(id.bytes()));
        let sum = checksum(bytes.get(tables..).unwrap_or_default());
        bytes.extend_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// An index with a head and tables as given, under checksums that fit, and
    /// the name of the pack that it says it is of.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn raw(head: &[u8], tables: &[u8]) -> Result<(Id, Vec<u8>)> {
        let (Head { name, .. }, _) = codec::decode_prefix(head)?;
        let head = sealed::seal(MAGIC, head);
        let (len, sum) = (head.len() as u64, checksum(tables));
        let parts = [&len.to_le_bytes(), head.as_slice(), tables, &sum.to_le_bytes()];
        Ok((name, parts.concat()))
    }

    /// Opens the index of the pack called `name`.
    pub(crate) fn open(path: PathBuf, name: Id) -> Result<Index> {
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        let head_len = disk::read_at(&file, &path, 0, 8)?;
        let head_len = head_len.try_into().map_or(0, u64::from_le_bytes);
        let len = file.metadata().map_err(StoreError::io("read", &path))?.len();
        let bad = |what: &str| StoreError::damaged(&path, 0, what);
        let room = usize::try_from(head_len)
            .ok()
            .filter(|_| head_len <= len)
            .ok_or_else(|| bad("its head is too long"))?;
        let bytes = disk::read_at(&file, &path, 8, room)?;
        let payload = sealed::unseal(MAGIC, &bytes, &path)?;
        let (head, _): (Head, _) = codec::decode_prefix(payload).map_err(|e| bad(&e.to_string()))?;
        if head.name != name {
            return Err(bad("it is the index of another pack"));
        }
        let Head { mut trailer, fan_bits, .. } = head;
        if !trailer.settle() || fan_bits > 24 {
            return Err(bad("its blocks are not in order"));
        }
        let mut index = Index::without_tables(path.clone(), trailer);
        (index.file, index.fan_bits, index.tables) = (Some(file), fan_bits, 8 + head_len);
        if index.tables + index.tables_len() + 8 != len {
            return Err(bad("its length is wrong"));
        }
        Ok(index)
    }

    /// What the trailer of a pack tells, without the tables.
    pub(super) fn without_tables(path: PathBuf, trailer: Trailer) -> Index {
        Index {
            path,
            file: None,
            blocks: trailer.blocks,
            externals: trailer.externals,
            commits: trailer.commits,
            contents: trailer.contents,
            fan_bits: 0,
            tables: 0,
            lookups: AtomicU64::new(0),
            loaded: OnceLock::new(),
            last: [const { AtomicU32::new(0) }; 2],
        }
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        match &self.file {
            Some(file) => disk::read_at(file, &self.path, offset, len),
            None => Err(StoreError::damaged(&self.path, offset, "it has no tables")),
        }
    }

    /// Blocks, sorted by space and number.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Number of commits.
    pub(crate) fn commits(&self) -> u32 {
        self.commits
    }

    /// Number of contents.
    pub(crate) fn contents(&self) -> u32 {
        self.contents
    }

    /// The id of an object of another pack.
    pub(crate) fn external(&self, n: u32) -> Option<Id> {
        self.externals.get(n as usize).copied()
    }

    /// All objects of other packs.
    pub(crate) fn externals(&self) -> &[Id] {
        &self.externals
    }

    fn total(&self) -> u64 {
        u64::from(self.commits) + u64::from(self.contents)
    }

    fn order_at(&self) -> u64 {
        ((1u64 << self.fan_bits) + 1) * 4
    }

    fn ids_at(&self) -> u64 {
        self.order_at() + self.total() * 4
    }

    fn tables_len(&self) -> u64 {
        self.ids_at() + self.total() * Id::LEN as u64
    }

    /// Checks the tables against their checksum.
    pub(crate) fn verify(&self) -> Result<()> {
        let bytes = self.load()?;
        let sum = self.read_at(self.tables + self.tables_len(), 8)?;
        if checksum(bytes).to_le_bytes().as_slice() != sum {
            return Err(StoreError::damaged(&self.path, self.tables, "its checksum does not match"));
        }
        Ok(())
    }

    fn load(&self) -> Result<&[u8]> {
        if let Some(bytes) = self.loaded.get() {
            return Ok(bytes);
        }
        let len = usize::try_from(self.tables_len()).unwrap_or(usize::MAX);
        let bytes = self.read_at(self.tables, len)?;
        Ok(self.loaded.get_or_init(|| bytes))
    }

    fn table(&self, at: u64, len: usize) -> Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.loaded.get() {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            return Ok(Cow::Borrowed(bytes.get(at..at.saturating_add(len)).unwrap_or_default()));
        }
        let worth = LOAD_AFTER.max(self.tables_len() / LOOKUP_WORTH);
        if self.lookups.fetch_add(1, Ordering::Relaxed) >= worth {
            self.load()?;
        }
        Ok(Cow::Owned(self.read_at(self.tables + at, len)?))
    }

    /// The id of object `n` (commits first, then contents).
    pub(crate) fn id(&self, n: u32) -> Result<Id> {
        if u64::from(n) >= self.total() {
            return Err(StoreError::damaged(&self.path, self.tables, "it names an object that is not there"));
        }
        let bytes = self.table(self.ids_at() + u64::from(n) * Id::LEN as u64, Id::LEN)?;
        Id::from_slice(&bytes)
            .ok_or_else(|| StoreError::damaged(&self.path, self.tables, "it has too few ids"))
    }

    /// All ids, by number: commits first, then contents.
    pub(crate) fn ids(&self) -> Result<Vec<Id>> {
        let at = usize::try_from(self.ids_at()).unwrap_or(usize::MAX);
        let bytes = self.load()?.get(at..).unwrap_or_default();
        Ok(bytes.chunks_exact(Id::LEN).filter_map(Id::from_slice).collect())
    }

    /// The number of an object, if it is here.
    pub(crate) fn find(&self, id: &Id) -> Result<Option<u32>> {
        if let Some(n) = self.near(id) {
            return Ok(Some(n));
        }
        let (first, count) = self.bucket_range(fan(id, self.fan_bits), 1)?;
        let order = self.table(self.order_at() + u64::from(first) * 4, count as usize * 4)?;
        for place in 0..count as usize {
            let n = word(&order, place);
            if self.id(n)? == *id {
                self.note(n);
                return Ok(Some(n));
            }
        }
        Ok(None)
    }

    /// What is looked up one after another mostly lies side by side.
    fn near(&self, id: &Id) -> Option<u32> {
        let ids = self.loaded.get()?.get(usize::try_from(self.ids_at()).ok()?..)?;
        let is_it = |n: u32| {
            let at = n as usize * Id::LEN;
            ids.get(at..at + Id::LEN) == Some(id.bytes().as_slice())
        };
        for last in &self.last {
            let last = last.load(Ordering::Relaxed);
            if let Some(n) =
                [last.wrapping_sub(1), last, last.wrapping_add(1)].into_iter().find(|n| is_it(*n))
            {
                self.note(n);
                return Some(n);
            }
        }
        None
    }

    fn note(&self, n: u32) {
        let [commit, content] = &self.last;
        let last = if n < self.commits { commit } else { content };
        last.store(n, Ordering::Relaxed);
    }

    /// The objects whose ids begin with `prefix`.
    pub(crate) fn find_prefix(&self, prefix: &Prefix) -> Result<Vec<(Id, u32)>> {
        let (first, count) = self.bucket_range(fan(&prefix.low(), self.fan_bits), u32::MAX)?;
        let mut found = Vec::new();
        for place in first..first + count {
            let (id, n) = self.ordered(place)?;
            if prefix.matches(&id) {
                found.push((id, n));
            } else if id > prefix.low() {
                break;
            }
        }
        Ok(found)
    }

    fn ordered(&self, place: u32) -> Result<(Id, u32)> {
        let n = word(&self.table(self.order_at() + u64::from(place) * 4, 4)?, 0);
        Ok((self.id(n)?, n))
    }

    /// The range of places from a bucket on, at most `buckets` of them.
    fn bucket_range(&self, bucket: u32, buckets: u32) -> Result<(u32, u32)> {
        let last = bucket.saturating_add(buckets).min(1 << self.fan_bits);
        let (from, to) = (self.table(u64::from(bucket) * 4, 4)?, self.table(u64::from(last) * 4, 4)?);
        let (from, to) = (word(&from, 0), word(&to, 0));
        if from > to || u64::from(to) > self.total() {
            return Err(StoreError::damaged(&self.path, self.tables, "its fan-out falls"));
        }
        Ok((from, to - from))
    }
}

/// Little-endian number `place` of a table of 32-bit numbers.
fn word(bytes: &[u8], place: usize) -> u32 {
    let bytes = bytes.get(place * 4..place * 4 + 4).and_then(|b| b.try_into().ok());
    bytes.map_or(u32::MAX, u32::from_le_bytes)
}

/// So many leading bits that a bucket holds about four ids.
fn fan_bits(ids: usize) -> u8 {
    let bits = usize::BITS - (ids / 4).leading_zeros();
    u8::try_from(bits.min(20)).unwrap_or(20)
}

fn fan(id: &Id, bits: u8) -> u32 {
    let lead = (id.short() >> 32) as u32;
    lead.checked_shr(32 - u32::from(bits)).unwrap_or(0)
}
