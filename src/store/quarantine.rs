//! Quarantine: where packs of others wait until all in them is checked.
//!
//! A pack that came from elsewhere is believed in nothing. Its bytes must have
//! its name, its index is made anew from its objects, every object must be what
//! it is called, and all that is named in it must be here or come too. Only
//! then does it move in among the packs, and counts when a transaction says so.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::batch::Batch;
use super::cache::Cache;
use super::error::{Result, StoreError};
use super::exchange::{Want, named_by};
use super::pack::{Finished, Index, Pack, Space, Stored};
use super::read::{check_body, check_commit};
use super::{Store, disk, fold};
use crate::object::id::{Id, IdSet, Kind};

/// Where packs wait, in the store.
const FOLDER: &str = "quarantine";
/// What a process that was killed left is removed after so long.
const LEFT: Duration = Duration::from_secs(24 * 3600);

/// Packs that wait, and those that were found to be good. All of them go when
/// it is dropped.
pub struct Quarantine {
    /// The folder of all of them.
    above: PathBuf,
    dir: tempfile::TempDir,
    cache: Cache,
    good: Vec<(Pack, File)>,
    /// Objects that packs name and that were found in packs.
    found: HashSet<Want>,
    /// Objects that packs name and that the store has. A gc may take them.
    relied: IdSet,
    generation: u64,
}

impl Quarantine {
    /// Makes an empty one.
    pub fn new(store: &Store) -> Result<Quarantine> {
        let above = store.dir.join(FOLDER);
        disk::create_dir(&above)?;
        tidy(&above);
        let dir = tempfile::Builder::new().prefix(disk::ASIDE).tempdir_in(&above);
        let dir = dir.map_err(StoreError::io("create a folder in", &above))?;
        Ok(Quarantine {
            above,
            dir,
            cache: Cache::default(),
            good: Vec::new(),
            found: HashSet::new(),
            relied: IdSet::default(),
            generation: store.current.generation,
        })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where a pack waits.
    pub fn path(&self, name: &Id) -> PathBuf {
        self.dir().join(format!("{name}.pack"))
    }

    /// Begins to take in a pack, or goes on with what an earlier fetch got of
    /// it. What comes stays until it was checked, or a day has passed.
    pub fn incoming(&self, name: Id) -> Result<Incoming> {
        let file = format!("{name}.part");
        let path = self.above.join(&file);
        self.take_over(&name, &path);
        let incoming = Incoming::open(name, path)?;
        match incoming.file.try_lock() {
            // Another process is at it.
            Err(std::fs::TryLockError::WouldBlock) => Incoming::open(name, self.dir().join(file)),
            _ => Ok(incoming),
        }
    }

    /// Takes a pack over from a process that is no more: those of one that runs
    /// are locked.
    fn take_over(&self, name: &Id, to: &Path) {
        let folders = std::fs::read_dir(&self.above).into_iter().flatten().flatten();
        for folder in folders.map(|entry| entry.path()).filter(|folder| folder != self.dir()) {
            let path = folder.join(format!("{name}.pack"));
            let dead = || File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if !to.exists() && dead() {
                drop(std::fs::rename(&path, to));
            }
        }
    }

    /// Leaves the good packs for the next fetch, as one that was cut short does.
    pub fn leave(self) {
        for (pack, _) in &self.good {
            drop(std::fs::rename(pack.path(), self.above.join(format!("{}.part", pack.name))));
        }
    }

    /// What the index of a pack of `pack_len` bytes says is in it: to be
    /// believed only of where to look.
    pub fn inside(&self, name: &Id, bytes: &[u8], pack_len: u64) -> Result<Inside> {
        let path = self.dir().join(format!("{name}.idx"));
        std::fs::write(&path, bytes).map_err(StoreError::io("write", &path))?;
        let index = Index::open(path.clone(), *name)?;
        index.verify()?;
        if index.blocks().iter().any(|block| block.offset.saturating_add(block.stored.into()) > pack_len) {
            return Err(StoreError::damaged(&path, 0, "its pack is shorter than it says"));
        }
        let rows = rows(&index);
        let inside = Inside { commits: index.commits() as usize, ids: index.ids()?, rows };
        drop(index);
        std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        Ok(inside)
    }

    /// Tells whether an object is in a pack that was found to be good.
    pub fn has(&self, want: Want) -> Result<bool> {
        for (pack, _) in &self.good {
            let found = match want {
                Want::Commit(id) => pack.find_commit(&id)?,
                Want::Content(id) => pack.find_content(&id)?,
            };
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether a pack was found to be good.
    pub fn is_good(&self, name: &Id) -> bool {
        self.good.iter().any(|(pack, _)| pack.name == *name)
    }

    /// The kind of an object that is here or in the store; none for chunks.
    pub fn kind_of(&self, store: &Store, id: &Id) -> Result<Option<Kind>> {
        for (pack, _) in &self.good {
            if let Some(n) = pack.find_content(id)? {
                return Ok(match pack.content(n, &self.cache)? {
                    Stored::Whole(kind, _) => Some(kind),
                    Stored::Chunks(_) => Some(Kind::Blob),
                });
            }
        }
        Ok(if store.has_content(id)? { Some(store.content(id)?.0) } else { None })
    }

    /// Checks a pack that is here whole. Returns the objects that are
    /// named in it and that neither it, another good pack nor the store has.
    pub fn check(
        &mut self,
        store: &Store,
        incoming: Incoming,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<Want>> {
        // The file stays locked until the pack counts, or gc would take it for
        // garbage.
        let Incoming { name, path: part, file, .. } = incoming;
        let path = self.path(&name);
        std::fs::rename(&part, &path).map_err(StoreError::io("rename a file to", &path))?;
        Pack::check_name(&path, name)?;
        disk::sync(&file, &path)?;
        fold::rebuild_index(self.dir(), name)?;
        let pack = Pack::open(self.dir(), name)?;
        let mut missing = HashSet::new();
        let ids = pack.index.ids()?;
        let (commits, contents) = ids.split_at(ids.len().min(pack.index.commits() as usize));
        for (n, id) in (0u32..).zip(contents) {
            if let Stored::Whole(kind, bytes) = pack.content(n, &self.cache)? {
                for want in named_by(kind, id, &bytes)? {
                    self.look_for(want, store, &pack, &mut missing)?;
                }
            }
            progress(1);
        }
        for (n, id) in (0u32..).zip(commits) {
            let commit = check_commit(id, pack.commit(n, &self.cache)?)?;
            let mut body = check_body(&commit.body, pack.body(n, &self.cache)?)?;
            let (mut commit, mut wants) = ((*commit).clone(), Vec::new());
            commit.for_each_commit(&mut |id| wants.push(Want::Commit(*id)));
            commit.for_each_object(&mut |id| wants.push(Want::Content(*id)));
            body.for_each_id(&mut |id| wants.push(Want::Content(*id)));
            for want in wants {
                self.look_for(want, store, &pack, &mut missing)?;
            }
            progress(1);
        }
        self.good.push((pack, file));
        Ok(missing.into_iter().collect())
    }

    /// Looks for what a pack names; notes what is nowhere to be found.
    fn look_for(
        &mut self,
        want: Want,
        store: &Store,
        pack: &Pack,
        missing: &mut HashSet<Want>,
    ) -> Result<()> {
        let id = want.id();
        if self.found.contains(&want) || self.relied.contains(&id) || missing.contains(&want) {
            return Ok(());
        }
        let own = match want {
            Want::Commit(_) => pack.find_commit(&id)?,
            Want::Content(_) => pack.find_content(&id)?,
        };
        if own.is_some() || self.has(want)? {
            self.found.insert(want);
        } else if store.has(want)? {
            self.relied.insert(id);
        } else {
            missing.insert(want);
        }
        Ok(())
    }

    /// Moves the good packs in among those of the store. They count when the
    /// batch is applied.
    pub fn release(self, store: &Store) -> Result<Batch> {
        let packs = store.dir.join("packs");
        let mut batch = Batch::default();
        for (pack, file) in self.good {
            let name = pack.name;
            drop(pack);
            for extension in ["idx", "pack"] {
                let from = self.dir.path().join(format!("{name}.{extension}"));
                let to = packs.join(format!("{name}.{extension}"));
                disk::crash_point("release");
                std::fs::rename(&from, &to).map_err(StoreError::io("rename a new file to", &to))?;
            }
            batch.add_pack(Finished::held(name, file));
        }
        if !batch.is_empty() {
            disk::sync_dir(&packs)?;
            batch.rely_on_all(self.relied, self.generation);
        }
        Ok(batch)
    }
}

/// What the index of a pack says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// How many commits there are.
    pub commits: usize,
    /// All ids, commits first.
    pub ids: Vec<Id>,
    /// Where the commits lie in the pack.
    pub rows: Vec<Range<u64>>,
}

/// Where the commits of a pack lie.
fn rows(index: &Index) -> Vec<Range<u64>> {
    let blocks = index.blocks().iter().filter(|block| block.space == Space::Commits);
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for block in blocks {
        let end = block.offset.saturating_add(block.stored.into());
        match ranges.last_mut().filter(|last| last.end == block.offset) {
            Some(last) => last.end = end,
            None => ranges.push(block.offset..end),
        }
    }
    ranges
}

/// A pack on its way in.
#[derive(Debug)]
pub struct Incoming {
    name: Id,
    path: PathBuf,
    /// Locked, so that others see that somebody is at it.
    file: File,
    have: u64,
}

impl Incoming {
    fn open(name: Id, path: PathBuf) -> Result<Incoming> {
        let file = disk::private().read(true).append(true).create(true).open(&path);
        let file = file.map_err(StoreError::io("open", &path))?;
        let have = file.metadata().map_err(StoreError::io("read", &path))?.len();
        Ok(Incoming { name, path, file, have })
    }

    /// Its name.
    pub fn name(&self) -> Id {
        self.name
    }

    /// How many bytes of it are here.
    pub fn have(&self) -> u64 {
        self.have
    }

    /// Adds the bytes that follow.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(StoreError::io("write", &self.path))?;
        self.have += bytes.len() as u64;
        Ok(())
    }

    /// Begins anew: what is here is more than there should be.
    pub fn restart(&mut self) -> Result<()> {
        self.have = 0;
        self.file.set_len(0).map_err(StoreError::io("write", &self.path))
    }
}

/// Removes what killed processes left.
fn tidy(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let changed = entry.metadata().and_then(|meta| meta.modified());
        let old = changed.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > LEFT));
        if old {
            drop(disk::remove(&entry.path()));
        }
    }
}
