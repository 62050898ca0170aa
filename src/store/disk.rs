//! All care for the file system in one file: private permissions, durable
//! writes, locks, and the points at which tests stop the process.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::error::{Result, StoreError};

/// Creates a folder, and those above it, for its user alone.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(StoreError::io("create", path))
}

/// Options for a file that only its user may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a file's bytes durable.
pub(crate) fn sync(file: &File, path: &Path) -> Result<()> {
    crash_point("sync");
    file.sync_data().map_err(StoreError::io("sync", path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    crash_point("sync-dir");
    match File::open(path).and_then(|dir| dir.sync_all()) {
        // Some systems and network folders can't sync a folder; then its
        // names are as durable as they can be made.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(StoreError::io("sync", path)(e)),
        _ => Ok(()),
    }
}

/// Replaces a file by `bytes`, all or nothing: written aside, made durable,
/// renamed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let aside = path.with_extension("new");
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&aside)
        .map_err(StoreError::io("create", &aside))?;
    file.write_all(bytes).map_err(StoreError::io("write", &aside))?;
    sync(&file, &aside)?;
    publish(&aside, path)
}

/// Gives a finished file its name.
pub(crate) fn publish(aside: &Path, path: &Path) -> Result<()> {
    crash_point("rename");
    std::fs::rename(aside, path).map_err(StoreError::io("rename", aside))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(StoreError::io("read", path))
}

/// Reads `len` bytes at `offset`.
pub(crate) fn read_at(file: &File, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    #[cfg(unix)]
    let outcome = std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, offset);
    #[cfg(not(unix))]
    let outcome = {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut bytes))
    };
    match outcome {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(StoreError::damaged(path, offset, format!("{len} bytes expected, the file ends before")))
        }
        Err(e) => Err(StoreError::io("read", path)(e)),
    }
}

/// The lock that writers hold for the moment of a write. Released when dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock on the file at `path`.
    pub(crate) fn wait(path: &Path) -> Result<Lock> {
        let file = Lock::open(path)?;
        file.lock().map_err(StoreError::io("lock", path))?;
        Ok(Lock { _file: file })
    }

    fn open(path: &Path) -> Result<File> {
        private().write(true).create(true).truncate(false).open(path).map_err(StoreError::io("open", path))
    }
}

/// Stops the process at a named point when a test asks for it: with
/// `SFS_TEST_CRASH=<n>`, at the n-th point that is passed.
pub(crate) fn crash_point(_name: &str) {
    #[cfg(debug_assertions)]
    crash::pass();
}

#[cfg(debug_assertions)]
mod crash {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    static LEFT: LazyLock<Option<AtomicI64>> = LazyLock::new(|| {
        let wanted = std::env::var("SFS_TEST_CRASH").ok()?.parse().ok()?;
        Some(AtomicI64::new(wanted))
    });

    /// Aborts, as a kill would, when the counter runs out.
    pub(super) fn pass() {
        if let Some(left) = &*LEFT
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}
