//! Small files of this store alone: what never leaves the machine, and what
//! can be made again at any time.

use std::path::PathBuf;

use super::Store;
use super::disk::{self, Lock};
use super::error::{Result, StoreError};

/// The folder of what can be made again.
const CACHE: &str = "cache";

impl Store {
    fn read_if_there(&self, path: &std::path::Path) -> Result<Option<Vec<u8>>> {
        match disk::read(path) {
            Err(e) if e.is_gone() => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Where a local file lies, whose form is not the store's business.
    pub fn local_path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Reads a local file; `None` before there is one.
    pub fn local(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read_if_there(&self.local_path(name))
    }

    /// Changes a local file, one process after another. It is replaced as a
    /// whole, durably, and is the user's alone.
    pub fn change_local<E: From<StoreError>>(
        &self,
        name: &str,
        change: impl FnOnce(Option<Vec<u8>>) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        let _lock = Lock::wait(&self.dir.join("lock"))?;
        let path = self.local_path(name);
        path.parent().map_or(Ok(()), disk::create_dir)?;
        let bytes = change(self.local(name)?)?;
        Ok(disk::replace(&path, &bytes)?)
    }

    /// Reads something that was kept to be faster; `None` if it isn't there.
    pub fn cached(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read_if_there(&self.dir.join(CACHE).join(name))
    }

    /// Forgets what was kept to be faster, but for what lies in a folder of it:
    /// that is locked by whoever keeps it.
    pub fn forget_cached(&self, but: &str) -> Result<()> {
        let but = self.dir.join(but);
        for path in disk::list(&self.dir.join(CACHE))?.into_iter().filter(|path| *path != but) {
            disk::remove(&path)?;
        }
        Ok(())
    }

    /// Keeps something to be faster. Whoever needs it must do without, too.
    pub fn keep_cached(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.dir.join(CACHE);
        disk::create_dir(&folder)?;
        disk::replace(&folder.join(name), bytes)
    }
}
