//! The index on disk: a table of segments and of what they cover.
//!
//! Only one process changes it at a time; readers never wait. A reader that
//! finds a segment gone looks at the table again, since another process has
//! replaced it; an index that is lost or damaged is made again.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::{Result, SearchError};
use super::segment::Segment;
use super::update::{Progress, Update};
use crate::object::Id;
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::checksum;
use crate::store::Store;
use crate::store::inventory::JournalMark;

/// What is written and read; an index of another version is made again.
const VERSION: &[u8; 8] = b"SFSSIX\0\x02";
/// Where it lies in the store.
pub const FOLDER: &str = "cache/search";
const TABLE: &str = "table";
const LOCK: &str = "lock";
/// What the names of unfinished files begin with.
const ASIDE: &str = "tmp-";
/// How often it is tried to read the index and to make it again.
const TRIES: u32 = 4;

/// Which segments count, and what they cover.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Table {
    /// Each by its name, with how many bytes of text it covers.
    pub(super) segments: Vec<(u64, u64)>,
    /// The packs all of whose commits are in it.
    pub(super) packs: Vec<Id>,
    /// How much of the journal is.
    pub(super) journal: JournalMark,
}

/// The index, with all that the store has.
pub struct Index {
    pub(super) segments: Vec<Segment>,
    pub(super) unreadable: u64,
}

impl Index {
    /// Opens the index of a store, after adding to it what it lacks.
    pub fn open(store: &Store, progress: &dyn Progress) -> Result<Index> {
        let files = Files { dir: store.dir().join(FOLDER) };
        let mut tried = 0;
        loop {
            tried += 1;
            match Update::run(store, &files, progress) {
                Ok((segments, unreadable)) => return Ok(Index { segments, unreadable }),
                Err(e) if e.is_of_index() && tried < TRIES => {
                    // At first another process may only have been faster.
                    if tried > 1 {
                        files.discard()?;
                    }
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Forgets the index, so that it is made again.
    pub fn discard(store: &Store) -> Result<()> {
        Files { dir: store.dir().join(FOLDER) }.discard()
    }

    /// Removes the index, words and all. Nobody makes it again before what this
    /// returns is dropped, nor afterwards from a store as it was before.
    pub fn remove(store: &Store) -> Result<Removed> {
        let files = Files { dir: store.dir().join(FOLDER) };
        let lock = files.lock()?;
        Ok(Removed { left: files.sweep(None), _lock: lock })
    }

    /// How many messages can't be searched because the store can't read them.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many messages it has.
    pub fn docs(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.docs())).sum()
    }

    /// Bytes of text that it covers.
    pub fn text(&self) -> u64 {
        self.segments.iter().map(Segment::text).sum()
    }
}

/// An index that was removed, and isn't made again as long as this lives.
pub struct Removed {
    _lock: File,
    /// Files of it that could not be removed.
    pub left: Vec<PathBuf>,
}

/// The files of an index.
pub(super) struct Files {
    pub(super) dir: PathBuf,
}

impl Files {
    fn path(&self, name: u64) -> PathBuf {
        self.dir.join(format!("{name:016x}"))
    }

    /// The table; an empty one if there is none that can be read.
    pub(super) fn table(&self) -> Table {
        let bytes = std::fs::read(self.dir.join(TABLE)).unwrap_or_default();
        let (body, sum) = bytes.split_at_checked(bytes.len().saturating_sub(8)).unwrap_or_default();
        let whole = sum == checksum(body).to_le_bytes();
        let body = body.strip_prefix(VERSION).filter(|_| whole);
        body.and_then(|body| codec::decode(body).ok()).unwrap_or_default()
    }

    /// Opens the segments of a table.
    pub(super) fn segments(&self, table: &Table) -> Result<Vec<Segment>> {
        table.segments.iter().map(|(name, _)| Segment::open(self.path(*name))).collect()
    }

    /// Waits until no other process changes the index.
    pub(super) fn lock(&self) -> Result<File> {
        let path = self.dir.join(LOCK);
        create_dir(&self.dir)?;
        let file = File::options().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(SearchError::io("open", &path))?;
        file.lock().map_err(SearchError::io("lock", &path))?;
        Ok(file)
    }

    /// Writes a segment and returns its name. It doesn't count yet.
    pub(super) fn write_segment(&self, bytes: &[u8]) -> Result<u64> {
        let name = checksum(bytes);
        self.write(&self.path(name), bytes)?;
        Ok(name)
    }

    /// Makes a table the one that counts, and removes what it doesn't name.
    /// The caller holds the lock.
    pub(super) fn write_table(&self, table: &Table) -> Result<()> {
        let mut bytes = VERSION.to_vec();
        codec::encode_into(table, &mut bytes).map_err(crate::store::StoreError::from)?;
        bytes.extend_from_slice(&checksum(&bytes).to_le_bytes());
        self.write(&self.dir.join(TABLE), &bytes)
    }

    /// Removes all but a table and what it names, and the lock, which the caller
    /// holds. Returns what could not be removed.
    pub(super) fn sweep(&self, table: Option<&Table>) -> Vec<PathBuf> {
        let named = table.into_iter().flat_map(|table| &table.segments).map(|(name, _)| self.path(*name));
        let own = [Some(LOCK), table.map(|_| TABLE)].into_iter().flatten().map(|name| self.dir.join(name));
        let kept: Vec<PathBuf> = named.chain(own).collect();
        let files = std::fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let gone = files.filter(|path| !kept.contains(path));
        gone.filter(|path| std::fs::remove_file(path).is_err()).collect()
    }

    /// Writes a file aside and gives it its name. It needn't outlast a crash
    /// of the system: what is broken is made again.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let file = tempfile::Builder::new().prefix(ASIDE).tempfile_in(&self.dir);
        let mut file = file.map_err(SearchError::io("create a file in", &self.dir))?;
        file.write_all(bytes).map_err(SearchError::io("write", path))?;
        file.persist(path).map_err(|e| SearchError::io("rename a new file to", path)(e.error))?;
        Ok(())
    }

    fn discard(&self) -> Result<()> {
        let _lock = self.lock()?;
        let path = self.dir.join(TABLE);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(SearchError::io("remove", &path)(e)),
            _ => Ok(()),
        }
    }
}

/// Creates a folder, and those above it, for its user alone.
fn create_dir(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(SearchError::io("create", path))
}
