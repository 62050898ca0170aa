//! Segments: a part of the index in one file that is never changed.
//!
//! ```text
//! 8    SFSSRCH and a zero byte
//! …    long lists of positions, each with its checksum before it
//! …    blocks of words: each word, and the positions at which it stands
//! …    columns
//! …    the head: how many documents, names, where blocks and columns are
//! 16   length of the head, its checksum
//! ```
//!
//! All that is read has a checksum, so that damage is never taken for a miss.

mod bytes;
mod numbers;
mod write;

use std::path::PathBuf;
use std::sync::OnceLock;

use super::columns::Columns;
use super::error::{Result, SearchError};
use crate::object::Id;
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::checksum;
use bytes::Bytes;
use numbers::{Number, take};
pub(super) use write::Writer;

const MAGIC: &[u8; 8] = b"SFSSRCH\0";
/// Length of what follows the head.
const END: u64 = 16;
/// How long a block of words grows, in bytes.
const BLOCK: usize = 8 << 10;
/// Lists longer than this, in bytes, lie outside of the blocks.
const LONG: usize = 64;

/// Where something lies in the file.
#[derive(Clone, Copy, Debug, Default, Encode, Decode)]
struct Place {
    offset: u64,
    len: u64,
    sum: u64,
}

#[derive(Clone, Debug, Default, Encode, Decode)]
struct Head {
    docs: u32,
    positions: u32,
    text: u64,
    roots: Vec<Id>,
    names: Vec<String>,
    /// The first word of each block.
    firsts: Vec<Vec<u8>>,
    blocks: Vec<Place>,
    columns: Vec<Place>,
}

/// A segment, open for reading.
pub(super) struct Segment {
    path: PathBuf,
    bytes: Bytes,
    head: Head,
    ids: OnceLock<Vec<Id>>,
    root: OnceLock<Vec<u32>>,
    start: OnceLock<Vec<u32>>,
    words: OnceLock<Vec<u32>>,
    time: OnceLock<Vec<i64>>,
    print: OnceLock<Vec<u64>>,
    role: OnceLock<Vec<u8>>,
    kinds: OnceLock<Vec<u16>>,
    tool: OnceLock<Vec<u16>>,
    model: OnceLock<Vec<u16>>,
}

impl Segment {
    /// Opens the segment at `path`.
    pub(super) fn open(path: PathBuf) -> Result<Segment> {
        let bytes = Bytes::open(&path)?;
        Segment::of(path, bytes)
    }

    /// A segment that is in memory only.
    pub(super) fn in_memory(bytes: Vec<u8>) -> Result<Segment> {
        Segment::of(PathBuf::from("(what is new)"), Bytes::Memory(bytes))
    }

    fn of(path: PathBuf, bytes: Bytes) -> Result<Segment> {
        let mut segment = Segment {
            path,
            bytes,
            head: Head::default(),
            ids: OnceLock::new(),
            root: OnceLock::new(),
            start: OnceLock::new(),
            words: OnceLock::new(),
            time: OnceLock::new(),
            print: OnceLock::new(),
            role: OnceLock::new(),
            kinds: OnceLock::new(),
            tool: OnceLock::new(),
            model: OnceLock::new(),
        };
        segment.head = segment.read_head()?;
        Ok(segment)
    }

    fn read_head(&self) -> Result<Head> {
        let bad = || self.bad("it has no head");
        let total = self.bytes.len();
        let end = self.read(total.checked_sub(END).ok_or_else(bad)?, END)?;
        let (len, sum) = end.split_at_checked(8).ok_or_else(bad)?;
        let len = u64::read(len).ok_or_else(bad)?;
        let offset = total.checked_sub(END).and_then(|end| end.checked_sub(len)).ok_or_else(bad)?;
        let bytes = self.read(offset, len)?;
        if u64::read(sum) != Some(checksum(&bytes)) || self.read(0, 8)? != MAGIC {
            return Err(bad());
        }
        let (head, _): (Head, _) = codec::decode_prefix(&bytes).map_err(|_| bad())?;
        let whole = head.firsts.len() == head.blocks.len();
        if whole { Ok(head) } else { Err(bad()) }
    }

    fn bad(&self, what: &'static str) -> SearchError {
        SearchError::damaged(&self.path, what)
    }

    fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>> {
        self.bytes.read(&self.path, offset, len)
    }

    fn section(&self, place: &Place) -> Result<Vec<u8>> {
        let bytes = self.read(place.offset, place.len)?;
        if checksum(&bytes) == place.sum { Ok(bytes) } else { Err(self.bad("a part has another checksum")) }
    }

    fn column<'s, T>(
        &self,
        n: usize,
        slot: &'s OnceLock<Vec<T>>,
        width: usize,
        read: fn(&[u8]) -> Option<T>,
    ) -> Result<&'s [T]> {
        if let Some(column) = slot.get() {
            return Ok(column);
        }
        let place = self.head.columns.get(n).ok_or_else(|| self.bad("it has too few columns"))?;
        let column: Vec<T> = self.section(place)?.chunks_exact(width).filter_map(read).collect();
        if column.len() != self.head.docs as usize {
            return Err(self.bad("a column is too short"));
        }
        Ok(slot.get_or_init(|| column))
    }

    fn numbers<'s, T: Number>(&self, n: usize, slot: &'s OnceLock<Vec<T>>) -> Result<&'s [T]> {
        self.column(n, slot, T::LEN, T::read)
    }

    /// How many documents it has.
    pub(super) fn docs(&self) -> u32 {
        self.head.docs
    }

    /// How many positions it has.
    pub(super) fn positions(&self) -> u32 {
        self.head.positions
    }

    /// Bytes of text in it.
    pub(super) fn text(&self) -> u64 {
        self.head.text
    }

    /// Names of tools and models.
    pub(super) fn names(&self) -> &[String] {
        &self.head.names
    }

    /// The beginnings of its conversations.
    pub(super) fn roots(&self) -> &[Id] {
        &self.head.roots
    }

    pub(super) fn ids(&self) -> Result<&[Id]> {
        self.column(0, &self.ids, Id::LEN, Id::from_slice)
    }

    pub(super) fn root(&self) -> Result<&[u32]> {
        self.numbers(1, &self.root)
    }

    pub(super) fn start(&self) -> Result<&[u32]> {
        self.numbers(9, &self.start)
    }

    pub(super) fn words(&self) -> Result<&[u32]> {
        self.numbers(2, &self.words)
    }

    pub(super) fn time(&self) -> Result<&[i64]> {
        self.numbers(3, &self.time)
    }

    pub(super) fn print(&self) -> Result<&[u64]> {
        self.numbers(4, &self.print)
    }

    pub(super) fn role(&self) -> Result<&[u8]> {
        self.numbers(5, &self.role)
    }

    pub(super) fn kinds(&self) -> Result<&[u16]> {
        self.numbers(6, &self.kinds)
    }

    pub(super) fn tool(&self) -> Result<&[u16]> {
        self.numbers(7, &self.tool)
    }

    pub(super) fn model(&self) -> Result<&[u16]> {
        self.numbers(8, &self.model)
    }

    /// All columns.
    pub(super) fn columns(&self) -> Result<Columns> {
        Ok(Columns {
            ids: self.ids()?.to_vec(),
            root: self.root()?.to_vec(),
            start: self.start()?.to_vec(),
            words: self.words()?.to_vec(),
            time: self.time()?.to_vec(),
            print: self.print()?.to_vec(),
            role: self.role()?.to_vec(),
            kinds: self.kinds()?.to_vec(),
            tool: self.tool()?.to_vec(),
            model: self.model()?.to_vec(),
            roots: self.head.roots.clone(),
            names: self.head.names.clone(),
            text: self.head.text,
        })
    }

    /// The positions of a word, or with `prefix` of all that begin so, in order.
    pub(super) fn find(&self, word: &[u8], prefix: bool) -> Result<Vec<u32>> {
        let after = self.head.firsts.partition_point(|first| first.as_slice() <= word);
        let (mut found, mut many) = (Vec::new(), 0u32);
        for place in self.head.blocks.iter().skip(after.saturating_sub(1)) {
            let mut past = false;
            self.read_block(place, &mut |known, entry| {
                let wanted = if prefix { known.starts_with(word) } else { known == word };
                if wanted {
                    self.add(entry, &mut found)?;
                    many += 1;
                }
                past = !wanted && known > word;
                Ok(!past)
            })?;
            if past {
                break;
            }
        }
        if many > 1 {
            found.sort_unstable();
        }
        Ok(found)
    }

    /// Calls `f` with every word and its positions, in order.
    pub(super) fn for_each(&self, f: &mut dyn FnMut(&[u8], &[u32])) -> Result<()> {
        let mut positions = Vec::new();
        for place in &self.head.blocks {
            self.read_block(place, &mut |word, entry| {
                positions.clear();
                self.add(entry, &mut positions)?;
                f(word, &positions);
                Ok(true)
            })?;
        }
        Ok(())
    }

    /// Reads the words of a block, as long as `f` says to go on.
    fn read_block(&self, place: &Place, f: &mut dyn FnMut(&[u8], Entry<'_>) -> Result<bool>) -> Result<()> {
        let bytes = self.section(place)?;
        let (mut rest, mut word) = (bytes.as_slice(), Vec::new());
        while !rest.is_empty() {
            let entry = Entry::read(&mut rest, &mut word).ok_or_else(|| self.bad("a word can't be read"))?;
            if !f(&word, entry)? {
                break;
            }
        }
        Ok(())
    }

    fn add(&self, entry: Entry<'_>, out: &mut Vec<u32>) -> Result<()> {
        let bad = || self.bad("the positions of a word can't be read");
        let long;
        let mut bytes = match entry {
            Entry::Here(bytes) => bytes,
            Entry::At(offset, len) => {
                long = self.read(offset, len.saturating_add(8))?;
                let (sum, bytes) = long.split_at_checked(8).ok_or_else(bad)?;
                if u64::read(sum) != Some(checksum(bytes)) {
                    return Err(bad());
                }
                bytes
            }
        };
        let mut next = 0u64;
        while !bytes.is_empty() {
            let step = take(&mut bytes).ok_or_else(bad)?;
            let position = next.saturating_add(step);
            if position >= u64::from(self.head.positions) {
                return Err(bad());
            }
            out.push(u32::try_from(position).unwrap_or(u32::MAX));
            next = position + 1;
        }
        Ok(())
    }
}

/// Where a block says that the positions of a word are.
enum Entry<'b> {
    /// In the block.
    Here(&'b [u8]),
    /// Outside of it: offset and length.
    At(u64, u64),
}

impl<'b> Entry<'b> {
    /// Reads the next word of a block into `word`, which holds the one before.
    fn read(rest: &mut &'b [u8], word: &mut Vec<u8>) -> Option<Entry<'b>> {
        let shared = usize::try_from(take(rest)?).ok()?;
        let len = take(rest)?;
        let suffix = numbers::bytes(rest, len)?;
        word.truncate(shared);
        word.extend_from_slice(suffix);
        let len = take(rest)?;
        if len <= LONG as u64 {
            numbers::bytes(rest, len).map(Entry::Here)
        } else {
            Some(Entry::At(take(rest)?, len))
        }
    }
}
