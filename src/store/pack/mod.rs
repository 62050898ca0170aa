//! Packs: many objects in one immutable file.
//!
//! A pack is blocks of objects, each compressed as a whole, and a trailer that
//! says where they are. Commits lie apart from bodies and texts, so that
//! histories are walked without reading texts. Inside a pack, objects are
//! numbered in the order in which they came, and refer to each other by
//! number; their ids stand once, in the index beside the pack, which can be
//! made again from the pack.

mod block;
mod index;
mod read;
mod rows;
mod write;

pub(crate) use index::Index;
pub(crate) use read::{Decoded, Pack, Stored, ids_of, trailer};
#[cfg(any(test, fuzzing))]
pub(crate) use write::raw_pack;
pub(crate) use write::{Finished, PackWriter};

use crate::object::codec::{Decode, Encode};
use crate::object::id::Id;

/// First bytes of a pack file.
pub(crate) const MAGIC: &[u8; 8] = b"SFSPACK\0";
/// First bytes of a pack's trailer.
pub(crate) const TRAILER_MAGIC: &[u8; 8] = b"SFSPEND\0";

/// The largest block that is written or believed, decompressed. Blobs are cut
/// into chunks and skeletons bounded, so that only a body of very many records
/// or a tree of very many files comes near it.
const BLOCK_LIMIT: usize = 1 << 30;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Space {
    /// Commits, as rows that lean on each other.
    Commits,
    /// Bodies, numbered like their commits.
    Bodies,
    /// All else: blobs, contexts, trees, configs, tags.
    Contents,
}

/// Where a block is and how to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Block {
    /// What it holds.
    pub(crate) space: Space,
    /// Number of its first object within its space.
    pub(crate) first: u32,
    /// How many objects it holds.
    pub(crate) count: u32,
    /// Offset in the pack file, in bytes.
    pub(crate) offset: u64,
    /// Compressed length in bytes.
    pub(crate) stored: u32,
    /// Decompressed length in bytes.
    pub(crate) raw: u32,
    /// [`crate::object::id::checksum`] of the compressed bytes.
    pub(crate) sum: u64,
}

/// The end of a pack file: all that is needed to read the blocks.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(crate) struct Trailer {
    /// The blocks, by space and first number.
    pub(crate) blocks: Vec<Block>,
    /// Objects that are referred to but are in another pack.
    pub(crate) externals: Vec<Id>,
    /// How many commits there are.
    pub(crate) commits: u32,
    /// How many contents there are.
    pub(crate) contents: u32,
}

impl Trailer {
    /// Sorts the blocks by space and number, and tells whether together they
    /// hold each object exactly once.
    fn settle(&mut self) -> bool {
        self.blocks.sort_by_key(|b| (b.space as u8, b.first));
        let mut next = [0u64; 3];
        for block in &self.blocks {
            let Some(next) = next.get_mut(block.space as usize) else { return false };
            let fits =
                block.raw as usize <= BLOCK_LIMIT && block.offset.checked_add(block.stored.into()).is_some();
            if u64::from(block.first) != *next || block.count == 0 || !fits {
                return false;
            }
            *next += u64::from(block.count);
        }
        let (commits, contents) = (u64::from(self.commits), u64::from(self.contents));
        let whole = next == [commits, commits, contents];
        // Of what is promised there are the commits alone.
        let bare = next == [commits, 0, 0] && contents == 0;
        (whole || bare) && commits + contents <= u64::from(u32::MAX)
    }
}

/// A reference from inside a pack, as a number: to an object of the pack, as
/// the distance from an expected one, or to one outside, by its place in
/// [`Trailer::externals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ref {
    /// By number within its space.
    Local(u32),
    /// By place among the externals.
    External(u32),
}

impl Ref {
    /// The number that stands for it where `expected` is the likeliest object.
    fn pack(self, expected: u32) -> u64 {
        match self {
            Ref::Local(n) => zigzag(i64::from(n) - i64::from(expected)) << 1,
            Ref::External(n) => u64::from(n) << 1 | 1,
        }
    }

    /// The reference that a number stands for; `None` if there is no such object.
    fn unpack(number: u64, expected: u32) -> Option<Ref> {
        if number & 1 == 1 {
            return u32::try_from(number >> 1).ok().map(Ref::External);
        }
        let n = i64::from(expected).checked_add(unzigzag(number >> 1))?;
        u32::try_from(n).ok().map(Ref::Local)
    }
}

#[expect(clippy::cast_sign_loss, reason = "the bits are rearranged, not the value")]
fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

#[expect(clippy::cast_possible_wrap, reason = "the bits are rearranged, not the value")]
fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests;
