//! Blocks: objects joined, to be compressed as one.

use super::super::error::Result;
use crate::object::codec::{self, CodecError, Decode, Encode};

/// How a content is stored: the number of its kind, or this for a list of
/// the chunks that make a large blob.
pub(super) const CHUNKS: u8 = 15;

/// A block being filled.
#[derive(Default)]
pub(super) struct Filling {
    /// `length << 4 | kind` of each object.
    sizes: Vec<u64>,
    data: Vec<u8>,
}

impl Filling {
    pub(super) fn push(&mut self, kind: u8, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.close(kind, bytes.len());
    }

    /// Room to write an object in place; to be followed by [`Filling::close`].
    pub(super) fn data(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    /// Counts the last `len` bytes as an object.
    pub(super) fn close(&mut self, kind: u8, len: usize) {
        self.sizes.push((len as u64) << 4 | u64::from(kind));
    }

    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The bytes to compress; the block is empty again.
    pub(super) fn take(&mut self) -> Result<(u32, Vec<u8>)> {
        let count = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        let mut bytes = codec::encode(&self.sizes)?;
        bytes.reserve(self.data.len());
        bytes.append(&mut self.data);
        self.sizes.clear();
        Ok((count, bytes))
    }
}

/// A block as read: its objects by their place in it.
#[derive(Debug)]
pub(crate) struct Objects {
    bytes: Vec<u8>,
    /// Kind, start and end of each.
    places: Vec<(u8, usize, usize)>,
}

impl Objects {
    /// Finds the objects in the bytes of a block.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Objects, CodecError> {
        let (sizes, rest): (Vec<u64>, _) = codec::decode_prefix(&bytes)?;
        let (mut at, mut places) = (bytes.len() - rest.len(), Vec::with_capacity(sizes.len()));
        for size in sizes {
            let end = usize::try_from(size >> 4).ok().and_then(|len| at.checked_add(len));
            let end = end.filter(|end| *end <= bytes.len()).ok_or(CodecError::NotCanonical)?;
            places.push(((size & 15) as u8, at, end));
            at = end;
        }
        if at != bytes.len() {
            return Err(CodecError::NotCanonical);
        }
        Ok(Objects { bytes, places })
    }

    /// The kind and bytes of an object.
    pub(super) fn get(&self, place: usize) -> Option<(u8, &[u8])> {
        let (kind, start, end) = *self.places.get(place)?;
        Some((kind, self.bytes.get(start..end)?))
    }

    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.places.len() * 24
    }
}

/// A body or another object whose ids were taken out, in front of its bytes.
#[derive(Encode, Decode)]
pub(super) struct Refs(pub(super) Vec<u64>);
