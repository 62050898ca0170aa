//! Parts of packs on their way in: some blocks, not the whole.
//!
//! The index of a pack says where its blocks are. Blocks that came lie in a
//! file as long as the pack, with holes. The pack's own name can't be checked
//! so; each object is, against its own, when it is asked for.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;

use super::Store;
use super::cache::Cache;
use super::disk;
use super::error::{Result, StoreError};
use super::exchange::Want;
use super::pack::{Block, Pack, Space, Stored};
use super::read::{check_body, check_commit};
use crate::object::id::{Id, IdSet, Kind};
use crate::object::{Body, Commit};

/// Where the files lie in the folder of an intake: not where a fetch looks for
/// whole packs that one which was killed had got.
const APART: &str = "parts";

/// What was refused, and the pack that is to blame, if one is.
pub type Blamed<T> = Result<T, (Option<Id>, StoreError)>;

/// Something in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A commit.
    Row(Id),
    /// The body of a commit.
    Body(Id),
    /// Any other object.
    Content(Id),
}

/// A content that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// Its kind and bytes.
    Whole(Kind, Vec<u8>),
    /// It is a blob in parts, of these names.
    Chunks(Vec<Id>),
}

/// Parts of packs. Nothing of them counts.
pub struct Intake {
    dir: tempfile::TempDir,
    cache: Cache,
    packs: Vec<Partial>,
    taken: IdSet,
}

struct Partial {
    pack: Pack,
    /// Where blocks begin that came.
    here: BTreeSet<u64>,
}

impl Partial {
    fn block_of(&self, part: Part) -> Result<Option<Block>> {
        let (space, n) = match part {
            Part::Row(id) => (Space::Commits, self.pack.find_commit(&id)?),
            Part::Body(id) => (Space::Bodies, self.pack.find_commit(&id)?),
            Part::Content(id) => (Space::Contents, self.pack.find_content(&id)?),
        };
        let Some(n) = n else { return Ok(None) };
        let blocks = self.pack.index.blocks().iter().filter(|block| block.space == space);
        Ok(blocks.copied().find(|block| n >= block.first && n - block.first < block.count))
    }

    fn has(&self, part: Part) -> Result<bool> {
        Ok(self.block_of(part)?.is_some_and(|block| self.here.contains(&block.offset)))
    }
}

impl Intake {
    /// Makes an empty one.
    pub fn new(store: &Store) -> Result<Intake> {
        let above = store.dir.join("quarantine");
        disk::create_dir(&above)?;
        let dir = tempfile::Builder::new().prefix(disk::ASIDE).tempdir_in(&above);
        let dir = dir.map_err(StoreError::io("create a folder in", &above))?;
        disk::create_dir(&dir.path().join(APART))?;
        Ok(Intake { dir, cache: Cache::default(), packs: Vec::new(), taken: IdSet::default() })
    }

    /// Tells whether a pack is known.
    pub fn knows(&self, name: &Id) -> bool {
        self.packs.iter().any(|partial| partial.pack.name == *name)
    }

    /// Gets to know a pack of so many bytes, by its index.
    pub fn add(&mut self, name: Id, index: &[u8], len: u64) -> Result<()> {
        let dir = self.dir.path().join(APART);
        let path = dir.join(format!("{name}.idx"));
        std::fs::write(&path, index).map_err(StoreError::io("write", &path))?;
        let pack = Pack::open(&dir, name)?;
        pack.index.verify()?;
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(pack.path());
        let made = file.and_then(|file| file.set_len(len));
        made.map_err(StoreError::io("create", pack.path()))?;
        self.packs.push(Partial { pack, here: BTreeSet::new() });
        Ok(())
    }

    fn pack(&self, name: &Id) -> Option<&Partial> {
        self.packs.iter().find(|partial| partial.pack.name == *name)
    }

    /// Where the blocks are that hold these parts of a pack and that did not
    /// come yet. What the pack doesn't have is left out.
    pub fn lacking(&self, name: &Id, parts: &[Part]) -> Result<Vec<Range<u64>>> {
        let mut lacking = BTreeSet::new();
        let Some(partial) = self.pack(name) else { return Ok(Vec::new()) };
        for part in parts {
            let block = partial.block_of(*part)?.filter(|block| !partial.here.contains(&block.offset));
            lacking
                .extend(block.map(|block| (block.offset, block.offset.saturating_add(block.stored.into()))));
        }
        Ok(lacking.into_iter().map(|(from, to)| from..to).collect())
    }

    /// Where the commits of a pack are that did not come yet.
    pub fn lacking_rows(&self, name: &Id) -> Vec<Range<u64>> {
        let Some(partial) = self.pack(name) else { return Vec::new() };
        let rows = partial.pack.index.blocks().iter().filter(|block| block.space == Space::Commits);
        let lacking = rows.filter(|block| !partial.here.contains(&block.offset));
        lacking.map(|block| block.offset..block.offset.saturating_add(block.stored.into())).collect()
    }

    /// Takes in a block of a pack, by where it begins.
    pub fn lay(&mut self, name: &Id, at: u64, bytes: &[u8]) -> Result<()> {
        let Some(partial) = self.packs.iter_mut().find(|partial| partial.pack.name == *name) else {
            return Ok(());
        };
        let path = partial.pack.path();
        let mut file = OpenOptions::new().write(true).open(path).map_err(StoreError::io("open", path))?;
        let written = file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(bytes));
        written.map_err(StoreError::io("write", path))?;
        partial.here.insert(at);
        Ok(())
    }

    /// Looks for something in the packs that have it here.
    fn search<T>(&self, part: Part, read: impl Fn(&Pack) -> Result<T>) -> Blamed<Option<T>> {
        for partial in &self.packs {
            let blame = |e| (Some(partial.pack.name), e);
            if partial.has(part).map_err(blame)? {
                return read(&partial.pack).map(Some).map_err(blame);
            }
        }
        Ok(None)
    }

    /// A commit that came.
    pub fn commit(&self, id: &Id) -> Blamed<Option<Arc<Commit>>> {
        self.search(Part::Row(*id), |pack| {
            let n = pack.find_commit(id)?.ok_or(StoreError::Missing { id: *id })?;
            check_commit(id, pack.commit(n, &self.cache)?)
        })
    }

    /// The body of a commit, if it came.
    pub fn body(&self, id: &Id, commit: &Commit) -> Blamed<Option<Body>> {
        self.search(Part::Body(*id), |pack| {
            let n = pack.find_commit(id)?.ok_or(StoreError::Missing { id: *id })?;
            check_body(&commit.body, pack.body(n, &self.cache)?)
        })
    }

    /// A content that came. Of one in parts, the parts are to be asked for.
    pub fn content(&self, id: &Id) -> Blamed<Option<Came>> {
        self.search(Part::Content(*id), |pack| {
            let n = pack.find_content(id)?.ok_or(StoreError::Missing { id: *id })?;
            match pack.content(n, &self.cache)? {
                Stored::Whole(kind, bytes) if Id::of(kind, &bytes) == *id => Ok(Came::Whole(kind, bytes)),
                Stored::Whole(..) => Err(StoreError::WrongId { id: *id }),
                Stored::Chunks(ids) => Ok(Came::Chunks(ids)),
            }
        })
    }

    /// Follows a commit to all that it leads to, as far as that came and the
    /// store doesn't know it. Returns commits that didn't come.
    pub fn follow(&mut self, store: &Store, commit: Id) -> Blamed<Vec<Id>> {
        let (mut open, mut missing) = (vec![commit], Vec::new());
        while let Some(id) = open.pop() {
            let known = store.knows(Want::Commit(id)).map_err(|e| (None, e))?;
            if known || self.taken.contains(&id) {
                continue;
            }
            match self.commit(&id)? {
                Some(commit) => {
                    self.taken.insert(id);
                    (*commit).clone().for_each_commit(&mut |id| open.push(*id));
                }
                None => missing.push(id),
            }
        }
        Ok(missing)
    }

    /// How many commits were taken.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Tells whether none was.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Goes through the commits that were taken, each once. What is leant on came
    /// last and is told first: a commit packs best after its parent.
    pub fn for_each_commit(&self, f: &mut dyn FnMut(Id, &Commit) -> Result<()>) -> Result<()> {
        let mut told = IdSet::default();
        for Partial { pack, .. } in self.packs.iter().rev() {
            let ids = pack.index.ids()?;
            for id in ids.into_iter().take(pack.index.commits() as usize) {
                if self.taken.contains(&id)
                    && told.insert(id)
                    && let Some(commit) = self.commit(&id).map_err(|(_, e)| e)?
                {
                    f(id, &commit)?;
                }
            }
        }
        Ok(())
    }
}
