//! Writing a pack: objects in, blocks out, compressed on a thread of its own.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tempfile::TempPath;

use super::block::{CHUNKS, Filling, Refs};
use super::rows::{self, Refer};
use super::{BLOCK_LIMIT, Block, Index, MAGIC, Ref, Space, TRAILER_MAGIC, Trailer};
use crate::object::codec::{self, CodecError};
use crate::object::id::{Id, IdHasher, IdMap, Kind, checksum};
use crate::object::{Body, Commit};
use crate::store::error::{Result, StoreError};
use crate::store::{disk, sealed};

/// How many commits make a block, …
const ROWS: usize = 4096;
/// … or how many bytes of their words.
const WORDS: usize = 256 << 10;
/// How many bytes of bodies or contents make a block: read at random in a
/// millisecond, and large enough to compress well.
const TEXTS: usize = 2 << 20;
/// How many full blocks may wait for the compressor.
const WAITING: usize = 3;
/// Blobs above this are stored as chunks.
pub(crate) const CHUNK_ABOVE: usize = 4 << 20;
const CHUNK_SIZE: usize = 1 << 20;

/// A pack being written under a temporary name.
pub(crate) struct PackWriter {
    path: PathBuf,
    /// Removes the file unless it is given its name.
    aside: TempPath,
    sender: Option<SyncSender<Job>>,
    worker: Option<JoinHandle<Result<Outcome>>>,
    commits: Vec<Id>,
    contents: Vec<Id>,
    commit_numbers: IdMap<u32>,
    content_numbers: IdMap<u32>,
    externals: Vec<Id>,
    external_numbers: IdMap<u32>,
    rows: rows::Filling,
    bodies: Filling,
    texts: Filling,
    last_content: u32,
    raw: u64,
}

/// A pack that is on disk under its name.
pub(crate) struct Finished {
    /// Its name.
    pub(crate) name: Id,
    /// Keeps gc from taking the pack for garbage before a transaction names it.
    _lock: File,
}

impl Finished {
    /// A pack that came from elsewhere; `lock` is the file, held as one that is
    /// being written is.
    pub(crate) fn held(name: Id, lock: File) -> Finished {
        Finished { name, _lock: lock }
    }
}

impl PackWriter {
    /// Begins a pack in `dir`.
    pub(crate) fn create(dir: &Path, level: i32) -> Result<PackWriter> {
        disk::create_dir(dir)?;
        let (file, aside) = disk::aside(dir)?;
        let path = aside.to_path_buf();
        let (sender, receiver) = sync_channel(WAITING);
        let at = path.clone();
        let worker = std::thread::spawn(move || compress(file, &at, level, &receiver));
        Ok(PackWriter {
            aside,
            path,
            sender: Some(sender),
            worker: Some(worker),
            commits: Vec::new(),
            contents: Vec::new(),
            commit_numbers: IdMap::default(),
            content_numbers: IdMap::default(),
            externals: Vec::new(),
            external_numbers: IdMap::default(),
            rows: rows::Filling::default(),
            bodies: Filling::default(),
            texts: Filling::default(),
            last_content: 0,
            raw: 0,
        })
    }

    /// Tells whether an object is in this pack already.
    pub(crate) fn contains(&self, id: &Id) -> bool {
        self.content_numbers.contains_key(id) || self.commit_numbers.contains_key(id)
    }

    /// How many bytes were put in, before they are compressed.
    pub(crate) fn raw(&self) -> u64 {
        self.raw
    }

    /// Tells whether nothing was put in.
    pub(crate) fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.commits.is_empty()
    }

    /// Adds an object other than a commit. The caller vouches for its id.
    pub(crate) fn put_content(&mut self, kind: Kind, id: Id, bytes: &[u8]) -> Result<()> {
        if self.content_numbers.contains_key(&id) {
            return Ok(());
        }
        if kind == Kind::Blob && bytes.len() > CHUNK_ABOVE {
            let mut chunks = Vec::new();
            let (min, max) = (CHUNK_SIZE / 4, CHUNK_SIZE * 4);
            for cut in fastcdc::v2020::FastCDC::new(bytes, min, CHUNK_SIZE, max) {
                let chunk = bytes.get(cut.offset..cut.offset + cut.length).unwrap_or_default();
                let chunk_id = Id::of(Kind::Blob, chunk);
                self.put_entry(Kind::Blob as u8, chunk_id, chunk)?;
                chunks.push(chunk_id);
            }
            let list = codec::encode(&chunks)?;
            return self.put_entry(CHUNKS, id, &list);
        }
        self.put_entry(kind as u8, id, bytes)
    }

    fn put_entry(&mut self, kind: u8, id: Id, bytes: &[u8]) -> Result<()> {
        let number = number(self.contents.len());
        // What is in keeps its number: others refer to it by that.
        if *self.content_numbers.entry(id).or_insert(number) != number {
            return Ok(());
        }
        self.contents.push(id);
        self.raw += bytes.len() as u64;
        self.texts.push(kind, bytes);
        if self.texts.len() >= TEXTS {
            self.flush_texts()?;
        }
        Ok(())
    }

    /// Adds a commit and its body. What they refer to is put in before them or
    /// is in the store already.
    pub(crate) fn put_commit(&mut self, id: Id, commit: &Commit, mut body: Body) -> Result<()> {
        let own = number(self.commits.len());
        if *self.commit_numbers.entry(id).or_insert(own) != own {
            return Ok(());
        }
        self.commits.push(id);
        self.put_body(&mut body)?;
        self.put_row(commit, own)
    }

    /// Adds a commit without its body. In a pack with such a commit there is
    /// nothing else.
    pub(crate) fn put_bare(&mut self, id: Id, commit: &Commit) -> Result<()> {
        let own = number(self.commits.len());
        if *self.commit_numbers.entry(id).or_insert(own) != own {
            return Ok(());
        }
        self.commits.push(id);
        self.put_row(commit, own)
    }

    fn put_row(&mut self, commit: &Commit, own: u32) -> Result<()> {
        let mut rows = std::mem::take(&mut self.rows);
        let pushed = rows.push(commit, own, self);
        self.rows = rows;
        pushed?;
        if self.rows.count() >= ROWS || self.rows.len() >= WORDS {
            self.flush_rows()?;
        }
        Ok(())
    }

    fn put_body(&mut self, body: &mut Body) -> Result<()> {
        let mut refs = Vec::new();
        let mut ids = Vec::new();
        body.for_each_id(&mut |id| ids.push(std::mem::take(id)));
        for id in ids {
            let target = self.content(id)?;
            refs.push(target.pack(self.last_content + 1));
            if let Ref::Local(n) = target {
                self.last_content = n;
            }
        }
        let start = self.bodies.len();
        codec::encode_into(&Refs(refs), self.bodies.data())?;
        codec::encode_into(body, self.bodies.data())?;
        let len = self.bodies.len() - start;
        self.raw += len as u64;
        self.bodies.close(0, len);
        if self.bodies.len() >= TEXTS {
            self.flush_bodies()?;
        }
        Ok(())
    }

    fn flush_rows(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let count = number(self.rows.count());
        let bytes = self.rows.take();
        self.send(Space::Commits, number(self.commits.len()), count, bytes)
    }

    fn flush_bodies(&mut self) -> Result<()> {
        if self.bodies.is_empty() {
            return Ok(());
        }
        let (count, bytes) = self.bodies.take()?;
        self.last_content = 0;
        self.send(Space::Bodies, number(self.commits.len()), count, bytes)
    }

    fn flush_texts(&mut self) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let (count, bytes) = self.texts.take()?;
        self.send(Space::Contents, number(self.contents.len()), count, bytes)
    }

    fn send(&mut self, space: Space, end: u32, count: u32, bytes: Vec<u8>) -> Result<()> {
        if bytes.len() > BLOCK_LIMIT {
            return Err(CodecError::TooLong(bytes.len()).into());
        }
        let job = Job { space, first: end - count, count, bytes };
        let sent = self.sender.as_ref().is_some_and(|sender| sender.send(job).is_ok());
        if sent { Ok(()) } else { self.join().map(|_| ()) }
    }

    /// What the thread has to say: its outcome, or why it stopped.
    fn join(&mut self) -> Result<Outcome> {
        self.sender = None;
        let stopped = || StoreError::damaged(&self.path, 0, "the writer of the pack stopped");
        let worker = self.worker.take().ok_or_else(stopped)?;
        worker.join().map_err(|_| stopped())?
    }

    /// Finishes the pack, makes it durable and gives it its name.
    pub(crate) fn finish(mut self, dir: &Path) -> Result<Finished> {
        self.flush_rows()?;
        self.flush_bodies()?;
        self.flush_texts()?;
        let mut outcome = self.join()?;
        let mut trailer = Trailer {
            blocks: outcome.blocks,
            externals: std::mem::take(&mut self.externals),
            commits: number(self.commits.len()),
            contents: number(self.contents.len()),
        };
        if !trailer.settle() {
            return Err(StoreError::damaged(&self.path, 0, "the pack has more objects than can be numbered"));
        }
        let sealed = sealed::seal(TRAILER_MAGIC, &codec::encode(&trailer)?);
        let length = (sealed.len() as u64).to_le_bytes();
        for bytes in [sealed.as_slice(), &length] {
            outcome.file.write_all(bytes).map_err(StoreError::io("write", &self.path))?;
            outcome.hasher.update(bytes);
        }
        let name = outcome.hasher.finish();
        let file =
            outcome.file.into_inner().map_err(|e| StoreError::io("write", &self.path)(e.into_error()))?;
        disk::sync(&file, &self.path)?;
        let index = Index::build(name, &trailer, &self.commits, &self.contents)?;
        disk::replace(&dir.join(format!("{name}.idx")), &index)?;
        disk::publish(self.aside, &dir.join(format!("{name}.pack")))?;
        Ok(Finished { name, _lock: file })
    }
}

impl Refer<StoreError> for PackWriter {
    fn commit(&mut self, id: Id) -> Result<Ref> {
        match self.commit_numbers.get(&id) {
            Some(n) => Ok(Ref::Local(*n)),
            None => Ok(self.external(id)),
        }
    }

    fn content(&mut self, id: Id) -> Result<Ref> {
        match self.content_numbers.get(&id) {
            Some(n) => Ok(Ref::Local(*n)),
            None => Ok(self.external(id)),
        }
    }
}

impl PackWriter {
    fn external(&mut self, id: Id) -> Ref {
        let next = number(self.externals.len());
        let n = *self.external_numbers.entry(id).or_insert(next);
        if n == next {
            self.externals.push(id);
        }
        Ref::External(n)
    }
}

/// Objects are numbered in 32 bits; a pack of more is refused by its length.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

struct Job {
    space: Space,
    first: u32,
    count: u32,
    bytes: Vec<u8>,
}

/// What the thread that compresses leaves.
struct Outcome {
    file: BufWriter<File>,
    hasher: IdHasher,
    offset: u64,
    blocks: Vec<Block>,
}

fn compress(file: File, path: &Path, level: i32, jobs: &Receiver<Job>) -> Result<Outcome> {
    let mut compressor = zstd::bulk::Compressor::new(level).map_err(StoreError::io("compress", path))?;
    let mut outcome = Outcome {
        file: BufWriter::with_capacity(256 << 10, file),
        hasher: IdHasher::new(Kind::Pack),
        offset: 0,
        blocks: Vec::new(),
    };
    outcome.write(MAGIC, path)?;
    outcome.write(&crate::store::FORMAT.to_le_bytes(), path)?;
    for job in jobs {
        let stored = compressor.compress(&job.bytes).map_err(StoreError::io("compress", path))?;
        outcome.blocks.push(Block {
            space: job.space,
            first: job.first,
            count: job.count,
            offset: outcome.offset,
            stored: number(stored.len()),
            raw: number(job.bytes.len()),
            sum: checksum(&stored),
        });
        outcome.write(&stored, path)?;
    }
    Ok(outcome)
}

impl Outcome {
    fn write(&mut self, bytes: &[u8], path: &Path) -> Result<()> {
        self.file.write_all(bytes).map_err(StoreError::io("write", path))?;
        self.hasher.update(bytes);
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// A pack of three blocks as given, for tests of what reads packs.
#[cfg(any(test, fuzzing))]
pub(crate) fn raw_pack(blocks: &[(Space, u32, &[u8]); 3], externals: Vec<Id>) -> Result<(Id, Vec<u8>)> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(crate::store::FORMAT.to_le_bytes());
    let [(_, commits, _), _, (_, contents, _)] = *blocks;
    let mut trailer = Trailer { blocks: Vec::new(), externals, commits, contents };
    for (space, count, raw) in blocks.iter().filter(|(_, count, _)| *count > 0) {
        let stored = zstd::bulk::compress(raw, 1).map_err(StoreError::io("compress", Path::new("")))?;
        trailer.blocks.push(Block {
            space: *space,
            first: 0,
            count: *count,
            offset: bytes.len() as u64,
            stored: number(stored.len()),
            raw: number(raw.len()),
            sum: checksum(&stored),
        });
        bytes.extend(stored);
    }
    let sealed = sealed::seal(TRAILER_MAGIC, &codec::encode(&trailer)?);
    bytes.extend_from_slice(&sealed);
    bytes.extend((sealed.len() as u64).to_le_bytes());
    Ok((Id::of(Kind::Pack, &bytes), bytes))
}
