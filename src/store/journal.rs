//! The journal: where small transactions go, one frame each, one write and one
//! sync each.
//!
//! A frame holds the objects, the change of the refs and the packs that come
//! with it, under a checksum: it is there whole or not at all. A torn last
//! frame is cut off by the next writer; nobody was told that it was captured.
//! A damaged frame with whole ones after it is passed over and told by fsck.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::disk;
use super::error::{Result, StoreError};
use super::frame::{self, Entry, Frame, HEADER, Head};
use super::refs::Op;
use crate::object::id::{Id, IdMap, Kind};

const MAGIC: &[u8; 8] = b"SFSJRNL\0";
const START: usize = 12;

struct Held {
    data: std::ops::Range<usize>,
    raw: usize,
    bytes: OnceLock<Arc<[u8]>>,
}

struct Place {
    frame: u32,
    kind: u8,
    start: usize,
    len: usize,
}

/// The journal as read so far.
pub(crate) struct Journal {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Where the last whole frame begins, if there is one, and where it ends.
    last: Option<usize>,
    end: usize,
    frames: Vec<Held>,
    places: IdMap<Place>,
    order: Vec<(u8, Id)>,
    ops: Vec<Op>,
    packs: Vec<Id>,
    /// Where damage was passed over.
    damage: Vec<usize>,
}

/// What became of a journal since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refreshed {
    /// Nothing.
    Same,
    /// Frames were added.
    Grown,
    /// It is not the file that was read: all of it must be read again.
    Replaced,
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
        let bytes = disk::read(&path)?;
        let head = bytes.get(..START).filter(|head| head.starts_with(MAGIC));
        let head = head.ok_or_else(|| StoreError::damaged(&path, 0, "not a journal"))?;
        let format = head.get(8..).and_then(|b| b.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes);
        if format == 0 {
            return Err(StoreError::damaged(&path, 8, "there is no format 0"));
        }
        if format > super::FORMAT {
            return Err(StoreError::Newer { path, found: format });
        }
        let mut journal = Journal {
            path,
            bytes,
            last: None,
            end: START,
            frames: Vec::new(),
            places: IdMap::default(),
            order: Vec::new(),
            ops: Vec::new(),
            packs: Vec::new(),
            damage: Vec::new(),
        };
        journal.scan()?;
        Ok(journal)
    }

    /// Reads the frames that were added since.
    pub(crate) fn refresh(&mut self) -> Result<Refreshed> {
        let file = File::open(&self.path).map_err(StoreError::io("open", &self.path))?;
        let len = file.metadata().map_err(StoreError::io("read", &self.path))?.len();
        // What was read must still be there. A writer whose sync fails takes
        // back a frame that we may have seen, and another may stand there now.
        let from = self.last.unwrap_or(0);
        let known = self.bytes.get(from..self.end.min(from + HEADER)).unwrap_or_default();
        if len < self.end as u64 || disk::read_at(&file, &self.path, from as u64, known.len())? != known {
            return Ok(Refreshed::Replaced);
        }
        let added = usize::try_from(len).unwrap_or(usize::MAX) - self.end;
        self.bytes.truncate(self.end);
        if added == 0 {
            return Ok(Refreshed::Same);
        }
        match disk::read_at(&file, &self.path, self.end as u64, added) {
            Ok(more) => self.bytes.extend_from_slice(&more),
            // A writer cut it between our two looks.
            Err(StoreError::Damaged { .. }) => return Ok(Refreshed::Replaced),
            Err(e) => return Err(e),
        }
        let before = self.end;
        self.scan()?;
        Ok(if self.end > before { Refreshed::Grown } else { Refreshed::Same })
    }

    fn scan(&mut self) -> Result<()> {
        loop {
            let bad = |at: usize, e: &dyn std::error::Error| {
                StoreError::damaged(&self.path, at as u64, format!("a frame cannot be read: {e}"))
            };
            match frame::at(&self.bytes, self.end).map_err(|e| bad(self.end, &e))? {
                Some(frame) => self.take(self.end, frame),
                None => match frame::next(&self.bytes, self.end) {
                    Some(next) => {
                        self.damage.push(self.end);
                        self.end = next;
                    }
                    None => return Ok(()),
                },
            }
        }
    }

    fn take(&mut self, at: usize, frame: Frame) {
        let (number, mut start) = (u32::try_from(self.frames.len()).unwrap_or(u32::MAX), 0);
        for entry in &frame.head.entries {
            let len = usize::try_from(entry.len).unwrap_or(usize::MAX);
            let place = Place { frame: number, kind: entry.kind, start, len };
            if self.places.insert(entry.id, place).is_none() {
                self.order.push((entry.kind, entry.id));
            }
            start = start.saturating_add(len);
        }
        (self.last, self.end) = (Some(at), frame.data.end);
        self.frames.push(Held { data: frame.data, raw: frame.raw, bytes: OnceLock::new() });
        self.packs.extend(frame.head.packs);
        self.ops.extend(frame.head.op);
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
        let bytes = frame::build(self.end as u64, &head, objects)?;
        self.write(&bytes)?;
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(&bytes);
        self.scan()
    }

    fn write(&self, frame: &[u8]) -> Result<()> {
        let mut file =
            disk::private().write(true).open(&self.path).map_err(StoreError::io("open", &self.path))?;
        let outcome = self.write_to(&mut file, frame);
        if outcome.is_err() {
            // A full disk leaves the journal as it was.
            drop(file.set_len(self.end as u64).and_then(|()| file.sync_data()));
        }
        outcome
    }

    fn write_to(&self, file: &mut File, frame: &[u8]) -> Result<()> {
        let io = || StoreError::io("write", &self.path);
        // Cuts off a torn frame that a writer before us left.
        file.set_len(self.end as u64).map_err(io())?;
        file.seek(SeekFrom::Start(self.end as u64)).map_err(io())?;
        disk::crash_point("journal");
        // Tests stop between two writes.
        let first = if cfg!(debug_assertions) { frame.len() / 2 } else { frame.len() };
        let (first, second) = frame.split_at(first);
        file.write_all(first).map_err(io())?;
        disk::crash_point("journal-torn");
        file.write_all(second).map_err(io())?;
        disk::sync(file, &self.path)
    }

    /// Length of the whole frames, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.end as u64
    }

    /// Bytes after the last whole frame: a torn one.
    pub(crate) fn torn(&self) -> u64 {
        self.bytes.len().saturating_sub(self.end) as u64
    }

    /// Where frames could not be read, though whole ones follow.
    pub(crate) fn damage(&self) -> impl Iterator<Item = StoreError> + '_ {
        let what = "a transaction is damaged and was passed over";
        self.damage.iter().map(move |at| StoreError::damaged(&self.path, *at as u64, what))
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

    /// The kind number of an object, if it is here.
    pub(crate) fn kind(&self, id: &Id) -> Option<u8> {
        self.places.get(id).map(|place| place.kind)
    }

    /// The kind number and bytes of an object, if it is here.
    pub(crate) fn get(&self, id: &Id) -> Result<Option<(u8, Vec<u8>)>> {
        let Some(place) = self.places.get(id) else { return Ok(None) };
        let bad = || StoreError::damaged(&self.path, 0, "an object lies outside of its frame");
        let frame = self.frames.get(place.frame as usize).ok_or_else(bad)?;
        let bytes = self.frame_bytes(frame)?;
        let end = place.start.saturating_add(place.len);
        let bytes = bytes.get(place.start..end).ok_or_else(bad)?;
        Ok(Some((place.kind, bytes.to_vec())))
    }

    fn frame_bytes(&self, frame: &Held) -> Result<Arc<[u8]>> {
        if let Some(bytes) = frame.bytes.get() {
            return Ok(bytes.clone());
        }
        let data = self.bytes.get(frame.data.clone()).unwrap_or_default();
        let bytes = frame::objects(data, frame.raw);
        let bytes =
            bytes.map_err(|e| StoreError::damaged(&self.path, frame.data.start as u64, e.to_string()))?;
        Ok(frame.bytes.get_or_init(|| bytes.into()).clone())
    }
}
