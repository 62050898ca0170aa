//! Reading a pack.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::block::{CHUNKS, Objects, Refs};
use super::rows::{Names, Rows};
use super::{BLOCK_LIMIT, Block, Index, MAGIC, Ref, Space, TRAILER_MAGIC, Trailer};
use crate::object::codec::{self, CodecError};
use crate::object::id::{Id, IdHasher, Kind, Prefix, checksum};
use crate::object::{Body, Commit};
use crate::store::cache::{Cache, Slot};
use crate::store::error::{Result, StoreError};
use crate::store::read::BLOB_MAX;
use crate::store::{disk, sealed};

/// An object as it lies in a pack.
pub(crate) enum Stored {
    /// The bytes of an object of that kind.
    Whole(Kind, Vec<u8>),
    /// A blob, as the ids of its chunks.
    Chunks(Vec<Id>),
}

/// A pack that is open for reading.
pub(crate) struct Pack {
    /// Its name.
    pub(crate) name: Id,
    path: PathBuf,
    file: OnceLock<(File, u64)>,
    /// Its index.
    pub(crate) index: Index,
}

/// A block that was read and taken apart.
pub(crate) enum Decoded {
    /// Commits.
    Commits(Box<Rows>),
    /// Bodies, each with the content number that its references lean on.
    Bodies(Objects, Vec<u32>),
    /// Contents.
    Contents(Objects),
}

impl Decoded {
    fn weight(&self) -> usize {
        match self {
            Decoded::Commits(rows) => rows.weight(),
            Decoded::Bodies(objects, _) | Decoded::Contents(objects) => objects.weight(),
        }
    }
}

impl Pack {
    /// Opens the pack called `name` in `dir`.
    pub(crate) fn open(dir: &Path, name: Id) -> Result<Pack> {
        let index = Index::open(dir.join(format!("{name}.idx")), name)?;
        Ok(Pack { name, path: dir.join(format!("{name}.pack")), file: OnceLock::new(), index })
    }

    /// The pack file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Holds the file open, so that it can be read when another process has
    /// removed it.
    pub(crate) fn hold(&self) -> Result<()> {
        self.file().map(drop)
    }

    /// The file and its length.
    fn file(&self) -> Result<&(File, u64)> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = File::open(&self.path).map_err(StoreError::io("open", &self.path))?;
        let len = file.metadata().map_err(StoreError::io("read", &self.path))?.len();
        Ok(self.file.get_or_init(|| (file, len)))
    }

    /// The number of a commit, if it is here.
    pub(crate) fn find_commit(&self, id: &Id) -> Result<Option<u32>> {
        Ok(self.index.find(id)?.filter(|n| *n < self.index.commits()))
    }

    /// The number of a content, if it is here.
    pub(crate) fn find_content(&self, id: &Id) -> Result<Option<u32>> {
        Ok(self.index.find(id)?.and_then(|n| n.checked_sub(self.index.commits())))
    }

    /// The commits whose ids begin with `prefix`.
    pub(crate) fn commits_with(&self, prefix: &Prefix) -> Result<Vec<Id>> {
        let found = self.index.find_prefix(prefix)?;
        Ok(found.into_iter().filter(|(_, n)| *n < self.index.commits()).map(|(id, _)| id).collect())
    }

    /// Reads commit `n`. Its id is not checked here.
    pub(crate) fn commit(&self, n: u32, cache: &Cache) -> Result<Arc<Commit>> {
        let (block, at) = self.block_of(Space::Commits, n)?;
        let decoded = self.decoded(&block, cache)?;
        let Decoded::Commits(rows) = &*decoded else {
            return Err(self.bad(&block, "it holds no commits"));
        };
        let commit = rows.commit(at, &Known(self));
        commit.map(Arc::new).ok_or_else(|| self.bad(&block, "a commit cannot be read"))
    }

    /// Reads the body of commit `n`. Its id is not checked here.
    pub(crate) fn body(&self, n: u32, cache: &Cache) -> Result<Body> {
        let (block, at) = self.block_of(Space::Bodies, n)?;
        let decoded = self.decoded(&block, cache)?;
        let Decoded::Bodies(objects, leans) = &*decoded else {
            return Err(self.bad(&block, "it holds no bodies"));
        };
        let (bytes, lean) = (objects.get(at), leans.get(at));
        let (Some((_, bytes)), Some(lean)) = (bytes, lean) else {
            return Err(self.bad(&block, "it has too few bodies"));
        };
        self.parse_body(bytes, *lean).map_err(|e| self.blame(&block, e))
    }

    fn parse_body(&self, bytes: &[u8], mut lean: u32) -> Result<Body> {
        let (refs, rest): (Refs, _) = codec::decode_prefix(bytes)?;
        let (mut body, _): (Body, _) = codec::decode_prefix(rest)?;
        let (mut refs, mut outcome) = (refs.0.into_iter(), Ok(()));
        body.for_each_id(&mut |id| {
            let target = refs.next().and_then(|n| Ref::unpack(n, lean.wrapping_add(1)));
            if let Some(Ref::Local(n)) = target {
                lean = n;
            }
            match target.ok_or(CodecError::NotCanonical.into()).and_then(|r| self.content_id(r)) {
                Ok(target) => *id = target,
                Err(e) => outcome = Err(e),
            }
        });
        outcome.map(|()| body)
    }

    /// Reads content `n`. Its id is not checked here.
    pub(crate) fn content(&self, n: u32, cache: &Cache) -> Result<Stored> {
        let (block, at) = self.block_of(Space::Contents, n)?;
        let decoded = self.decoded(&block, cache)?;
        let Decoded::Contents(objects) = &*decoded else {
            return Err(self.bad(&block, "it holds no contents"));
        };
        let (kind, bytes) = objects.get(at).ok_or_else(|| self.bad(&block, "it has too few objects"))?;
        if kind == CHUNKS {
            let chunks = codec::decode(bytes).map_err(|e| self.bad(&block, &e.to_string()))?;
            return Ok(Stored::Chunks(chunks));
        }
        let kind = Kind::from_number(kind).ok_or_else(|| self.bad(&block, "it holds an unknown kind"))?;
        Ok(Stored::Whole(kind, bytes.to_vec()))
    }

    fn content_id(&self, target: Ref) -> Result<Id> {
        match target {
            Ref::Local(n) if n < self.index.contents() => self.index.id(n + self.index.commits()),
            Ref::External(n) => self.index.external(n).ok_or(CodecError::NotCanonical.into()),
            Ref::Local(_) => Err(CodecError::NotCanonical.into()),
        }
    }

    fn block_of(&self, space: Space, n: u32) -> Result<(Block, usize)> {
        let blocks = self.index.blocks();
        let after = blocks.partition_point(|b| (b.space as u8, b.first) <= (space as u8, n));
        let block = after.checked_sub(1).and_then(|i| blocks.get(i)).copied();
        let block = block.filter(|b| b.space == space && n - b.first < b.count);
        let block =
            block.ok_or_else(|| StoreError::damaged(&self.path, 0, format!("no block holds object {n}")))?;
        Ok((block, (n - block.first) as usize))
    }

    fn decoded(&self, block: &Block, cache: &Cache) -> Result<Arc<Decoded>> {
        let slot = Slot { pack: self.name, offset: block.offset };
        if let Some(decoded) = cache.get(&slot) {
            return Ok(decoded);
        }
        let decoded = Arc::new(self.decode(block, self.block_bytes(block)?)?);
        cache.put(slot, decoded.clone(), decoded.weight());
        Ok(decoded)
    }

    /// Reads, checks and decompresses a block.
    fn block_bytes(&self, block: &Block) -> Result<Vec<u8>> {
        let (file, len) = self.file()?;
        if block.offset.checked_add(block.stored.into()).is_none_or(|end| end > *len) {
            return Err(self.bad(block, "the file ends before a block does"));
        }
        let stored = disk::read_at(file, &self.path, block.offset, block.stored as usize)?;
        if checksum(&stored) != block.sum {
            return Err(self.bad(block, "the checksum of a block does not match"));
        }
        if block.raw as usize > BLOCK_LIMIT {
            return Err(self.bad(block, "a block is too large"));
        }
        let bytes = zstd::bulk::decompress(&stored, block.raw as usize);
        let bytes = bytes.map_err(|e| self.bad(block, &format!("a block does not decompress: {e}")))?;
        if bytes.len() != block.raw as usize {
            return Err(self.bad(block, "a block has another length than it says"));
        }
        Ok(bytes)
    }

    fn decode(&self, block: &Block, bytes: Vec<u8>) -> Result<Decoded> {
        let bad = |e: CodecError| self.bad(block, &e.to_string());
        if block.space == Space::Commits {
            let rows = Rows::parse(bytes, block.first, block.count);
            return rows
                .map(|rows| Decoded::Commits(Box::new(rows)))
                .ok_or_else(|| bad(CodecError::NotCanonical));
        }
        let objects = Objects::parse(bytes).map_err(bad)?;
        if block.space == Space::Contents {
            return Ok(Decoded::Contents(objects));
        }
        let leans = self.leans(&objects).map_err(|e| self.blame(block, e))?;
        Ok(Decoded::Bodies(objects, leans))
    }

    /// For each body of a block, the last content of the pack that was
    /// referred to before it.
    fn leans(&self, objects: &Objects) -> Result<Vec<u32>> {
        let (mut lean, mut leans) = (0u32, Vec::new());
        while let Some((_, bytes)) = objects.get(leans.len()) {
            leans.push(lean);
            let (refs, _): (Refs, _) = codec::decode_prefix(bytes)?;
            for n in refs.0 {
                match Ref::unpack(n, lean.wrapping_add(1)) {
                    Some(Ref::Local(n)) => lean = n,
                    Some(Ref::External(_)) => {}
                    None => return Err(CodecError::NotCanonical.into()),
                }
            }
        }
        Ok(leans)
    }

    /// Damage inside a block is the block's; of the index, the index's.
    fn blame(&self, block: &Block, e: StoreError) -> StoreError {
        match e {
            StoreError::Encode(e) => self.bad(block, &e.to_string()),
            e => e,
        }
    }

    fn bad(&self, block: &Block, what: &str) -> StoreError {
        StoreError::damaged(&self.path, block.offset, what)
    }

    /// The first block of each space, decompressed, after the numbers that
    /// [`crate::store::fuzzing::pack`] takes before them.
    #[cfg(test)]
    pub(crate) fn raw_blocks(&self) -> (Vec<Vec<u8>>, Vec<u8>) {
        let blocks: Vec<Vec<u8>> =
            self.index.blocks().iter().map(|block| self.block_bytes(block).unwrap()).collect();
        let len = |n: usize| u16::try_from(blocks[n].len()).unwrap().to_le_bytes();
        let counts = [self.index.commits(), self.index.contents(), 0].map(|n| u8::try_from(n).unwrap());
        let counts = [counts.as_slice(), &len(0), &len(1)].concat();
        (blocks, counts)
    }

    /// Reads a block and takes it apart.
    pub(crate) fn read_block(&self, block: &Block, cache: &Cache) -> Result<()> {
        self.decoded(block, cache).map(|_| ())
    }

    /// Checks that the file has its name.
    pub(crate) fn verify(&self) -> Result<()> {
        Pack::check_name(&self.path, self.name)
    }

    /// Checks that the pack file at `path` is to be called `name`.
    pub(crate) fn check_name(path: &Path, name: Id) -> Result<()> {
        let mut file = File::open(path).map_err(StoreError::io("open", path))?;
        let (mut hasher, mut buffer) = (IdHasher::new(Kind::Pack), vec![0; 1 << 20]);
        loop {
            let n = std::io::Read::read(&mut file, &mut buffer).map_err(StoreError::io("read", path))?;
            if n == 0 {
                break;
            }
            hasher.update(buffer.get(..n).unwrap_or_default());
        }
        if hasher.finish() != name {
            return Err(StoreError::damaged(path, 0, "its bytes have another name"));
        }
        Ok(())
    }
}

/// Reads the trailer of a pack file, to make its index again.
pub(crate) fn trailer(path: &Path) -> Result<Trailer> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let len = file.metadata().map_err(StoreError::io("read", path))?.len();
    let bad = |what: &str| StoreError::damaged(path, len, what);
    let end = len.checked_sub(8).ok_or_else(|| bad("it is cut short"))?;
    let size = disk::read_at(&file, path, end, 8)?.try_into().map_or(u64::MAX, u64::from_le_bytes);
    let start = end.checked_sub(size).ok_or_else(|| bad("it is cut short"))?;
    let head = disk::read_at(&file, path, 0, 8)?;
    if head != MAGIC {
        return Err(bad("not a pack"));
    }
    let bytes = disk::read_at(&file, path, start, usize::try_from(size).unwrap_or(usize::MAX))?;
    let payload = sealed::unseal(TRAILER_MAGIC, &bytes, path)?;
    let (mut trailer, _): (Trailer, _) = codec::decode_prefix(payload).map_err(|e| bad(&e.to_string()))?;
    if trailer.settle() { Ok(trailer) } else { Err(bad("its blocks are not in order")) }
}

/// The ids of all objects of a pack, computed from the objects themselves:
/// commits, then contents.
pub(crate) fn ids_of(dir: &Path, name: Id, trailer: Trailer) -> Result<(Vec<Id>, Vec<Id>)> {
    let total = trailer.contents;
    let path = dir.join(format!("{name}.pack"));
    let index = Index::without_tables(path.with_extension("idx"), trailer);
    let pack = Pack { name, path, file: OnceLock::new(), index };
    let cache = Cache::default();
    let mut contents: Vec<Id> = Vec::new();
    let mut numbers = crate::object::id::IdMap::<u32>::default();
    for n in 0..total {
        let id = match pack.content(n, &cache)? {
            Stored::Whole(kind, bytes) => Id::of(kind, &bytes),
            Stored::Chunks(chunks) => {
                let (mut hasher, mut len) = (IdHasher::new(Kind::Blob), 0);
                for chunk in chunks {
                    let number = numbers.get(&chunk).ok_or(StoreError::Missing { id: chunk })?;
                    match pack.content(*number, &cache)? {
                        Stored::Whole(Kind::Blob, bytes) => {
                            hasher.update(&bytes);
                            len += bytes.len() as u64;
                        }
                        _ => return Err(StoreError::WrongId { id: chunk }),
                    }
                    if len > BLOB_MAX {
                        return Err(StoreError::TooLong { id: chunk, len });
                    }
                }
                hasher.finish()
            }
        };
        numbers.insert(id, n);
        contents.push(id);
    }
    let commits = commit_ids(&pack, &contents)?;
    Ok((commits, contents))
}

fn commit_ids(pack: &Pack, contents: &[Id]) -> Result<Vec<Id>> {
    let mut made = Made { pack, commits: Vec::new(), contents };
    for block in pack.index.blocks().iter().filter(|b| b.space == Space::Commits) {
        let bad = || pack.bad(block, "a commit cannot be read");
        let rows = Rows::parse(pack.block_bytes(block)?, block.first, block.count).ok_or_else(bad)?;
        for at in 0..block.count as usize {
            let commit = rows.commit(at, &made).ok_or_else(bad)?;
            made.commits.push(Id::of(Kind::Commit, &codec::encode(&commit)?));
        }
    }
    Ok(made.commits)
}

/// The ids of a pack that has its index.
struct Known<'p>(&'p Pack);

impl Names for Known<'_> {
    fn commit(&self, target: Ref) -> Option<Id> {
        let index = &self.0.index;
        match target {
            Ref::Local(n) if n < index.commits() => index.id(n).ok(),
            Ref::Local(_) => None,
            Ref::External(n) => index.external(n),
        }
    }

    fn content(&self, target: Ref) -> Option<Id> {
        self.0.content_id(target).ok()
    }
}

/// The ids of a pack whose index is made again, as far as they are computed.
struct Made<'p> {
    pack: &'p Pack,
    commits: Vec<Id>,
    contents: &'p [Id],
}

impl Names for Made<'_> {
    fn commit(&self, target: Ref) -> Option<Id> {
        match target {
            Ref::Local(n) => self.commits.get(n as usize).copied(),
            Ref::External(n) => self.pack.index.external(n),
        }
    }

    fn content(&self, target: Ref) -> Option<Id> {
        match target {
            Ref::Local(n) => self.contents.get(n as usize).copied(),
            Ref::External(n) => self.pack.index.external(n),
        }
    }
}
