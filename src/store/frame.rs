//! Frames: transactions as they stand in the journal.
//!
//! ```text
//! 4  mark
//! 4  length of what follows the header
//! 4  length of the head in it; the rest is the objects, compressed as one
//! 8  checksum of what follows the header
//! 4  checksum of the frame's offset in the file and of the fields above
//! ```
//!
//! The header has a checksum of its own, and its place in it, so that a frame
//! is found again behind a damaged one: damage in the middle of a journal is
//! never taken for a torn end.

use std::ops::Range;

use super::refs::Op;
use crate::object::codec::{self, CodecError, Decode, Encode};
use crate::object::id::{Id, Kind, checksum};

const MARK: &[u8; 4] = b"\xF5SFS";
const FIELDS: usize = 20;
/// Length of a frame's header.
pub(crate) const HEADER: usize = 24;
/// The most bytes of objects that a frame is believed to hold. Larger batches
/// go to packs.
const RAW_LIMIT: usize = 256 << 20;
/// Small frames: a low level is as good as a high one.
const LEVEL: i32 = 3;

/// An object in a frame.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub(crate) struct Entry {
    /// Its kind, by number.
    pub(crate) kind: u8,
    /// Its id.
    pub(crate) id: Id,
    /// Length of its bytes.
    pub(crate) len: u64,
}

/// What a frame says before its objects.
#[derive(Debug, Default, Encode, Decode)]
pub(crate) struct Head {
    /// The change of the refs.
    pub(crate) op: Option<Op>,
    /// Packs that belong to the store from now on.
    pub(crate) packs: Vec<Id>,
    /// The objects, in the order of their bytes.
    pub(crate) entries: Vec<Entry>,
}

/// A frame that stands whole in a journal.
#[derive(Debug)]
pub(crate) struct Frame {
    /// What it says.
    pub(crate) head: Head,
    /// Where its compressed objects are.
    pub(crate) data: Range<usize>,
    /// How many bytes they are, decompressed.
    pub(crate) raw: usize,
}

/// The bytes of a frame that is to stand at `offset`.
pub(crate) fn build(
    offset: u64,
    head: &Head,
    objects: &[(Kind, Id, Vec<u8>)],
) -> Result<Vec<u8>, CodecError> {
    let raw: Vec<u8> = objects.iter().flat_map(|(_, _, bytes)| bytes).copied().collect();
    if raw.len() > RAW_LIMIT {
        return Err(CodecError::TooLong(raw.len()));
    }
    let mut frame = vec![0; HEADER];
    codec::encode_into(head, &mut frame)?;
    let head_len = frame.len() - HEADER;
    if !raw.is_empty() {
        frame.extend(zstd::bulk::compress(&raw, LEVEL).map_err(|_| CodecError::TooLong(raw.len()))?);
    }
    let len = frame.len() - HEADER;
    let fits = |n: usize| u32::try_from(n).map_err(|_| CodecError::TooLong(n));
    let mut header = MARK.to_vec();
    header.extend(fits(len)?.to_le_bytes());
    header.extend(fits(head_len)?.to_le_bytes());
    header.extend(checksum(frame.get(HEADER..).unwrap_or_default()).to_le_bytes());
    header.extend(header_sum(offset, &header));
    frame.iter_mut().zip(header).for_each(|(place, byte)| *place = byte);
    Ok(frame)
}

fn header_sum(offset: u64, fields: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = checksum(&[&offset.to_le_bytes(), fields].concat()).to_le_bytes();
    [a, b, c, d]
}

/// The frame that stands whole at an offset, if one does. An error is a frame
/// that is as it was written and yet can't be read.
pub(crate) fn at(bytes: &[u8], offset: usize) -> Result<Option<Frame>, CodecError> {
    let Some((header, rest)) = bytes.get(offset..).and_then(|rest| rest.split_at_checked(HEADER)) else {
        return Ok(None);
    };
    let (fields, sum) = header.split_at(FIELDS);
    if !fields.starts_with(MARK) || sum != header_sum(offset as u64, fields) {
        return Ok(None);
    }
    let number = |from: usize| {
        fields.get(from..from + 4).and_then(|b| b.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes)
    };
    let (len, head_len) = (number(4) as usize, number(8) as usize);
    let Some(body) = rest.get(..len) else { return Ok(None) };
    if fields.get(12..) != Some(checksum(body).to_le_bytes().as_slice()) {
        return Ok(None);
    }
    let head = body.get(..head_len).ok_or(CodecError::NotCanonical)?;
    let (head, []): (Head, _) = codec::decode_prefix(head)? else { return Err(CodecError::NotCanonical) };
    let raw = head.entries.iter().try_fold(0u64, |sum, entry| sum.checked_add(entry.len));
    let raw = raw.and_then(|raw| usize::try_from(raw).ok()).filter(|raw| *raw <= RAW_LIMIT);
    let start = offset + HEADER;
    let raw = raw.ok_or(CodecError::NotCanonical)?;
    Ok(Some(Frame { head, data: start + head_len..start + len, raw }))
}

/// Where the first whole frame after `offset` stands, if one does.
pub(crate) fn next(bytes: &[u8], offset: usize) -> Option<usize> {
    let rest = bytes.get(offset + 1..)?;
    let mut places = memchr::memmem::find_iter(rest, MARK).map(|place| offset + 1 + place);
    places.find(|place| !matches!(at(bytes, *place), Ok(None)))
}

/// The objects of a frame, decompressed.
pub(crate) fn objects(data: &[u8], raw: usize) -> std::io::Result<Vec<u8>> {
    let bytes = if raw == 0 { Vec::new() } else { zstd::bulk::decompress(data, raw.min(RAW_LIMIT))? };
    if bytes.len() == raw { Ok(bytes) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}
