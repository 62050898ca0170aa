//! The journal: where small transactions go, one frame each, one write and one
//! sync each.
//!
//! A frame holds the objects, the change of the refs and the packs that come
//! with it, under a checksum: it is there whole or not at all. A torn last
//! frame is cut off by the next writer; nobody was told that it was captured.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::disk;
use super::error::{Result, StoreError};
use super::refs::Op;
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, IdMap, Kind, checksum};

const MAGIC: &[u8; 8] = b"SFSJRNL\0";
const HEAD: usize = 12;
const FRAME_HEAD: usize = 16;
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
    len: u64,
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

struct Frame {
    data: std::ops::Range<usize>,
    raw: usize,
    bytes: OnceLock<Arc<[u8]>>,
}

struct Place {
    frame: u32,
    kind: u8,
    start: u64,
    len: u64,
}

/// The journal as read so far.
pub(crate) struct Journal {
    path: PathBuf,
    bytes: Vec<u8>,
    /// End of the last whole frame.
    end: u64,
    frames: Vec<Frame>,
    places: IdMap<Place>,
    order: Vec<(u8, Id)>,
    ops: Vec<Op>,
    packs: Vec<Id>,
}

impl Journal {
    /// Begins an empty journal.
    pub(crate) fn create(path: &Path) -> Result<()> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&super::FORMAT.to_le_bytes());
        disk::replace(path, &bytes)
    }

    /// Reads a journal up to its last whole frame.
    pub(crate) fn open(path: PathBuf) -> Result<Journal> {
        let mut journal = Journal {
            path,
            bytes: Vec::new(),
            end: HEAD as u64,
            frames: Vec::new(),
            places: IdMap::default(),
            order: Vec::new(),
            ops: Vec::new(),
            packs: Vec::new(),
        };
        journal.bytes = disk::read(&journal.path)?;
        let head = journal.bytes.get(..HEAD).filter(|head| head.starts_with(MAGIC));
        let head = head.ok_or_else(|| StoreError::damaged(&journal.path, 0, "not a journal"))?;
        let format = head.get(8..).and_then(|b| b.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes);
        if format > super::FORMAT {
            return Err(StoreError::Newer { path: journal.path, found: format });
        }
        journal.scan()?;
        Ok(journal)
    }

    /// Reads the frames that were added since.
    pub(crate) fn refresh(&mut self) -> Result<bool> {
        let file = File::open(&self.path).map_err(StoreError::io("open", &self.path))?;
        let len = file.metadata().map_err(StoreError::io("read", &self.path))?.len();
        if len <= self.end {
            return Ok(false);
        }
        let more = disk::read_at(&file, &self.path, self.end, usize::try_from(len - self.end).unwrap_or(0))?;
        self.bytes.truncate(usize::try_from(self.end).unwrap_or(usize::MAX));
        self.bytes.extend_from_slice(&more);
        let before = self.end;
        self.scan()?;
        Ok(self.end > before)
    }

    fn scan(&mut self) -> Result<()> {
        while let Some((head, data, raw)) = self.frame_at(self.end)? {
            self.end = data.end as u64;
            self.take(head, data, raw);
        }
        Ok(())
    }

    /// The frame at an offset; `None` if none stands there whole.
    fn frame_at(&self, offset: u64) -> Result<Option<(Head, std::ops::Range<usize>, usize)>> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some(rest) = self.bytes.get(at..).filter(|rest| rest.len() >= FRAME_HEAD) else {
            return Ok(None);
        };
        let number = |from: usize| {
            rest.get(from..from + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
        };
        let (len, head_len) = (number(0) as usize, number(4) as usize);
        let sum = rest.get(8..16).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        let Some(body) = rest.get(FRAME_HEAD..FRAME_HEAD + len) else { return Ok(None) };
        if checksum(body) != sum {
            // Only the last frame can be torn: what stands before others was whole once.
            let last = rest.len() == FRAME_HEAD + len || self.nothing_follows(at + FRAME_HEAD + len);
            let what = "the checksum of a frame does not match";
            return if last { Ok(None) } else { Err(StoreError::damaged(&self.path, offset, what)) };
        }
        let bad = |e: String| StoreError::damaged(&self.path, offset, e);
        let head_bytes = body.get(..head_len).ok_or_else(|| bad("a frame's head is too long".to_owned()))?;
        let (head, _): (Head, _) = codec::decode_prefix(head_bytes).map_err(|e| bad(e.to_string()))?;
        let raw: u64 = head.entries.iter().map(|e| e.len).sum();
        let start = at + FRAME_HEAD + head_len;
        Ok(Some((head, start..at + FRAME_HEAD + len, usize::try_from(raw).unwrap_or(usize::MAX))))
    }

    /// Tells whether no whole frame stands at or after an offset.
    fn nothing_follows(&self, at: usize) -> bool {
        let Some(rest) = self.bytes.get(at..).filter(|rest| rest.len() >= FRAME_HEAD) else { return true };
        let len = rest.get(..4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        let sum = rest.get(8..16).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        rest.get(FRAME_HEAD..FRAME_HEAD + len).is_none_or(|body| checksum(body) != sum)
    }

    fn take(&mut self, head: Head, data: std::ops::Range<usize>, raw: usize) {
        let (frame, mut start) = (u32::try_from(self.frames.len()).unwrap_or(u32::MAX), 0);
        for entry in &head.entries {
            let place = Place { frame, kind: entry.kind, start, len: entry.len };
            if self.places.insert(entry.id, place).is_none() {
                self.order.push((entry.kind, entry.id));
            }
            start += entry.len;
        }
        self.frames.push(Frame { data, raw, bytes: OnceLock::new() });
        self.packs.extend(head.packs);
        self.ops.extend(head.op);
    }

    /// Appends a frame and makes it durable. The caller holds the lock and has
    /// refreshed. If it can't be written whole, nothing is.
    pub(crate) fn append(
        &mut self,
        op: Option<Op>,
        packs: Vec<Id>,
        objects: &[(Kind, Id, Vec<u8>)],
    ) -> Result<()> {
        let entries = objects.iter().map(|(kind, id, bytes)| Entry {
            kind: *kind as u8,
            id: *id,
            len: bytes.len() as u64,
        });
        let head = Head { op, packs, entries: entries.collect() };
        let raw: Vec<u8> = objects.iter().flat_map(|(_, _, bytes)| bytes).copied().collect();
        let head_bytes = codec::encode(&head)?;
        let data = if raw.is_empty() {
            Vec::new()
        } else {
            zstd::bulk::compress(&raw, LEVEL).map_err(StoreError::io("compress", &self.path))?
        };
        let mut frame = vec![0; FRAME_HEAD];
        frame.extend_from_slice(&head_bytes);
        frame.extend_from_slice(&data);
        let fits = |n: usize| {
            u32::try_from(n)
                .map_err(|_| StoreError::damaged(&self.path, self.end, "a transaction is too large"))
        };
        let (len, head_len) = (fits(frame.len() - FRAME_HEAD)?, fits(head_bytes.len())?);
        let sum = checksum(frame.get(FRAME_HEAD..).unwrap_or_default());
        let fields = [len.to_le_bytes().as_slice(), &head_len.to_le_bytes(), &sum.to_le_bytes()].concat();
        frame.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
        self.write(&frame)?;
        self.bytes.truncate(usize::try_from(self.end).unwrap_or(usize::MAX));
        let start = self.bytes.len() + FRAME_HEAD + head_bytes.len();
        self.bytes.extend_from_slice(&frame);
        self.end = self.bytes.len() as u64;
        self.take(head, start..self.bytes.len(), raw.len());
        Ok(())
    }

    fn write(&self, frame: &[u8]) -> Result<()> {
        let mut file =
            disk::private().write(true).open(&self.path).map_err(StoreError::io("open", &self.path))?;
        let outcome = (|| {
            // Cuts off a torn frame that a writer before us left.
            file.set_len(self.end)?;
            std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(self.end))?;
            disk::crash_point("journal");
            if cfg!(debug_assertions) {
                // In two writes, so that tests can stop between them.
                let (first, second) = frame.split_at(frame.len() / 2);
                file.write_all(first)?;
                disk::crash_point("journal-torn");
                return file.write_all(second);
            }
            file.write_all(frame)
        })();
        if let Err(e) = outcome {
            // A full disk leaves the journal as it was.
            drop(file.set_len(self.end));
            return Err(StoreError::io("write", &self.path)(e));
        }
        disk::sync(&file, &self.path)
    }

    /// Length of the whole frames, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.end
    }

    /// Bytes after the last whole frame: a torn one.
    pub(crate) fn torn(&self) -> u64 {
        (self.bytes.len() as u64).saturating_sub(self.end)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The operations, oldest first.
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The packs that came with transactions.
    pub(crate) fn packs(&self) -> &[Id] {
        &self.packs
    }

    /// The objects by kind number and id, in the order in which they came.
    pub(crate) fn objects(&self) -> &[(u8, Id)] {
        &self.order
    }

    /// Tells whether an object is here.
    pub(crate) fn contains(&self, id: &Id) -> bool {
        self.places.contains_key(id)
    }

    /// The kind number and bytes of an object, if it is here.
    pub(crate) fn get(&self, id: &Id) -> Result<Option<(u8, Vec<u8>)>> {
        let Some(place) = self.places.get(id) else { return Ok(None) };
        let bad = || StoreError::damaged(&self.path, 0, "an object lies outside of its frame");
        let frame = self.frames.get(place.frame as usize).ok_or_else(bad)?;
        let bytes = self.frame_bytes(frame)?;
        let (start, len) = (usize::try_from(place.start), usize::try_from(place.len));
        let (Ok(start), Ok(len)) = (start, len) else { return Err(bad()) };
        let bytes = bytes.get(start..start.saturating_add(len)).ok_or_else(bad)?;
        Ok(Some((place.kind, bytes.to_vec())))
    }

    fn frame_bytes(&self, frame: &Frame) -> Result<Arc<[u8]>> {
        if let Some(bytes) = frame.bytes.get() {
            return Ok(bytes.clone());
        }
        let data = self.bytes.get(frame.data.clone()).unwrap_or_default();
        let bytes = if frame.raw == 0 { Ok(Vec::new()) } else { zstd::bulk::decompress(data, frame.raw) };
        let bytes =
            bytes.map_err(|e| StoreError::damaged(&self.path, frame.data.start as u64, e.to_string()))?;
        Ok(frame.bytes.get_or_init(|| bytes.into()).clone())
    }
}
