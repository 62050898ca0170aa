//! What is promised: commits whose bodies, and texts that stayed elsewhere.
//!
//! A shallow fetch brings commits alone. They lie apart from the store's packs,
//! in `promised/`: an object in a pack of the store is there with all that it
//! leads to, and nothing that writes, packs or sends need think of anything
//! else. Who asks for a commit gets a promised one too; who asks for its body
//! is told that it is promised, not that it is missing. When the body comes, in
//! a pack like any other, the promise is kept, and gc forgets it.
//!
//! A promised commit's history is promised or here, down to its roots.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::batch::Batch;
use super::cache::Cache;
use super::disk::{self, Lock};
use super::error::{Result, StoreError};
use super::exchange::Want;
use super::intake::Intake;
use super::pack::{Finished, Pack, PackWriter};
use super::read::check_commit;
use super::{Store, fold, sealed};
use crate::object::Commit;
use crate::object::id::{Id, IdSet, Prefix};

const MAGIC: &[u8; 8] = b"SFSPROM\0";
/// The folder, in the store's.
pub(super) const FOLDER: &str = "promised";
/// In it, the contents that refs name and that stayed elsewhere.
const CONTENTS: &str = "contents";
/// The zstd level of packs of commits.
const LEVEL: i32 = 9;

/// All that is promised.
#[derive(Default)]
pub(super) struct Promised {
    /// Packs of commits alone.
    pub(super) packs: Vec<Pack>,
    /// Those that can't be opened, and why.
    pub(super) unreadable: Vec<(PathBuf, StoreError)>,
    contents: IdSet,
    /// What the commits name of contents.
    beside: OnceLock<IdSet>,
}

impl Promised {
    /// Reads what is there. What is no longer needed does no harm.
    pub(super) fn read(dir: &Path) -> Result<Promised> {
        let dir = dir.join(FOLDER);
        // A gc may put another pack in the place of some between two looks.
        match Promised::look(&dir) {
            Err(e) if e.is_gone() => Promised::look(&dir),
            outcome => outcome,
        }
    }

    fn look(dir: &Path) -> Result<Promised> {
        let mut promised = Promised::default();
        let mut files = disk::list(dir)?;
        files.sort_unstable();
        for path in files.iter().filter(|path| path.extension().is_some_and(|e| e == "pack")) {
            let name = path.file_stem().and_then(|name| name.to_str()).and_then(Id::from_hex);
            let Some(name) = name else { continue };
            match fold::open_pack(dir, name).and_then(|pack| pack.hold().map(|()| pack)) {
                Ok(pack) => promised.packs.push(pack),
                Err(e @ StoreError::Newer { .. }) => return Err(e),
                Err(e) if e.is_gone() && !path.exists() => return Err(e),
                Err(e) => promised.unreadable.push((path.clone(), e)),
            }
        }
        promised.contents = contents(dir)?.into_iter().collect();
        Ok(promised)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packs.is_empty() && self.contents.is_empty() && self.unreadable.is_empty()
    }

    fn find(&self, id: &Id) -> Result<Option<(&Pack, u32)>> {
        for pack in &self.packs {
            if let Some(n) = pack.find_commit(id)? {
                return Ok(Some((pack, n)));
            }
        }
        Ok(None)
    }

    pub(super) fn has_commit(&self, id: &Id) -> Result<bool> {
        Ok(self.find(id)?.is_some())
    }

    pub(super) fn commit(&self, id: &Id, cache: &Cache) -> Result<Option<Arc<Commit>>> {
        match self.find(id)? {
            Some((pack, n)) => check_commit(id, pack.commit(n, cache)?).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn commits_with(&self, prefix: &Prefix) -> Result<Vec<Id>> {
        let mut found = Vec::new();
        for pack in &self.packs {
            found.extend(pack.commits_with(prefix)?);
        }
        Ok(found)
    }

    /// Tells whether a content is named by a ref or a commit whose texts stayed
    /// elsewhere.
    pub(super) fn names_content(&self, id: &Id) -> bool {
        let beside = || self.packs.iter().flat_map(|pack| pack.index.externals()).copied().collect();
        self.contents.contains(id) || self.beside.get_or_init(beside).contains(id)
    }
}

fn contents(dir: &Path) -> Result<Vec<Id>> {
    match sealed::read::<Vec<Id>>(MAGIC, &dir.join(CONTENTS)) {
        Err(e) if e.is_gone() => Ok(Vec::new()),
        outcome => outcome,
    }
}

impl Store {
    /// Tells whether anything here is promised.
    pub fn has_promises(&self) -> bool {
        !self.promised.is_empty()
    }

    /// Tells whether an object is promised: it isn't here, or only its commit is,
    /// and that is no damage.
    pub fn is_promised(&self, want: Want) -> Result<bool> {
        if !self.has_promises() || self.has(want)? {
            return Ok(false);
        }
        match want {
            Want::Commit(id) => self.promised.has_commit(&id),
            Want::Content(id) => Ok(self.promised.contents.contains(&id)),
        }
    }

    /// Tells whether an object is here or promised.
    pub fn knows(&self, want: Want) -> Result<bool> {
        Ok(self.has(want)? || self.is_promised(want)?)
    }

    /// How many commits are here without their texts.
    pub fn promised_commits(&self) -> Result<u64> {
        let mut ids = IdSet::default();
        for pack in &self.promised.packs {
            for id in pack.index.ids()? {
                if !self.has_commit(&id)? {
                    ids.insert(id);
                }
            }
        }
        Ok(ids.len() as u64)
    }

    /// Takes out of what something reaches that which is promised, and returns
    /// it.
    pub(super) fn take_promised(&self, reached: &mut IdSet) -> Result<IdSet> {
        let mut taken = IdSet::default();
        for pack in &self.promised.packs {
            for id in pack.index.ids()? {
                if reached.contains(&id) && !self.has_commit(&id)? {
                    reached.remove(&id);
                    taken.insert(id);
                }
            }
        }
        Ok(taken)
    }

    /// Forgets promises that are kept, and those of commits that nothing wants.
    /// What a fetch that is under way got stays.
    pub(super) fn keep_promises(&mut self, wanted: &IdSet, _lock: &Lock) -> Result<()> {
        if !self.has_promises() {
            return Ok(());
        }
        let dir = self.dir.join(FOLDER);
        let ours: Vec<&Pack> =
            self.promised.packs.iter().filter(|pack| !disk::is_in_use(pack.path())).collect();
        let mut writer = PackWriter::create(&dir, LEVEL)?;
        for pack in &ours {
            for (n, id) in (0u32..).zip(pack.index.ids()?) {
                if wanted.contains(&id) && !writer.contains(&id) {
                    let commit = check_commit(&id, pack.commit(n, &self.cache)?)?;
                    writer.put_bare(id, &commit)?;
                }
            }
        }
        let kept = if writer.is_empty() { None } else { Some(writer.finish(&dir)?) };
        let gone = ours.iter().filter(|pack| kept.as_ref().is_none_or(|kept| kept.name != pack.name));
        for path in gone.map(|pack| pack.path()) {
            disk::remove(path)?;
            disk::remove(&path.with_extension("idx"))?;
        }
        let mut left = Vec::new();
        for id in &self.promised.contents {
            if !self.has_content(id)? {
                left.push(*id);
            }
        }
        if left.len() < self.promised.contents.len() {
            left.sort_unstable();
            sealed::write(MAGIC, &dir.join(CONTENTS), &left)?;
        }
        self.promised = Promised::read(&self.dir)?;
        Ok(())
    }

    /// Sees what others were promised since.
    pub(super) fn note_promises(&mut self) -> Result<()> {
        self.promised = Promised::read(&self.dir)?;
        Ok(())
    }

    /// Bytes of what is promised.
    pub(super) fn promised_size(&self) -> u64 {
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let packs = self.promised.packs.iter().map(Pack::path);
        packs.map(|path| length(path) + length(&path.with_extension("idx"))).sum()
    }
}

impl Store {
    /// Makes promises of commits that came alone, and of `contents`; they count,
    /// and the batch holds them until it is applied.
    pub fn promise(&mut self, came: &Intake, contents: &IdSet, batch: &mut Batch) -> Result<()> {
        let dir = self.dir.join(FOLDER);
        if !came.is_empty() {
            let mut writer = PackWriter::create(&dir, LEVEL)?;
            came.for_each_commit(&mut |id, commit| writer.put_bare(id, commit))?;
            batch.hold(writer.finish(&dir)?);
        }
        if contents.iter().any(|id| !self.promised.contents.contains(id)) {
            disk::create_dir(&dir)?;
            let _lock = Lock::wait(&self.dir.join("lock"))?;
            let mut all: IdSet = self::contents(&dir)?.into_iter().collect();
            all.extend(contents);
            let mut all: Vec<Id> = all.into_iter().collect();
            all.sort_unstable();
            sealed::write(MAGIC, &dir.join(CONTENTS), &all)?;
        }
        self.note_promises()
    }
}

/// Tells whether a pack of promises that a batch holds is there still.
pub(super) fn is_there(store: &Store, pack: &Finished) -> Result<()> {
    let path = store.dir.join(FOLDER).join(format!("{}.pack", pack.name));
    std::fs::metadata(&path).map(drop).map_err(StoreError::io("find", &path))
}
