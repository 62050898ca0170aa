//! All care for the file system in one file: private permissions, durable
//! writes, locks, and the points at which tests stop the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

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
    // Windows can't open a folder to sync it; its names go through the log of
    // the file system.
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(path).and_then(|dir| dir.sync_all()) {
        // Some network folders can't sync a folder; then its names are as
        // durable as they can be made.
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        outcome => outcome.map_err(StoreError::io("sync", path)),
    }
}

/// What the names of unfinished files begin with.
pub(crate) const ASIDE: &str = "tmp-";

/// Begins a file under a name of its own, to be given its real name when it is
/// whole. It is locked while it is open, which tells gc that its writer lives.
/// It goes when its path is dropped.
pub(crate) fn aside(dir: &Path) -> Result<(File, TempPath)> {
    let file = tempfile::Builder::new().prefix(ASIDE).tempfile_in(dir);
    let (file, path) = file.map_err(StoreError::io("create a file in", dir))?.into_parts();
    // Where files can't be locked, gc goes by their age alone.
    drop(file.lock());
    Ok((file, path))
}

/// Tells whether a process still has the file open that [`aside`] gave it.
pub(crate) fn is_in_use(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Replaces a file by `bytes`, all or nothing: written aside, made durable,
/// renamed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let (mut file, written) = aside(path.parent().unwrap_or(Path::new("")))?;
    file.write_all(bytes).map_err(StoreError::io("write", path))?;
    sync(&file, path)?;
    publish(written, path)
}

/// Gives a finished file its name.
pub(crate) fn publish(written: TempPath, path: &Path) -> Result<()> {
    crash_point("rename");
    written.persist(path).map_err(|e| StoreError::io("rename a new file to", path)(e.error))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// What is in a folder; nothing if there is none.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = || StoreError::io("read", folder);
    match std::fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(io())?.map(|entry| Ok(entry.map_err(io())?.path())).collect(),
    }
}

/// Removes a file, or a folder with all that is in it.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let is_folder = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let removed = if is_folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome.map_err(StoreError::io("remove", path)),
    }
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(StoreError::io("read", path))
}

/// Reads `len` bytes at `offset`.
pub(crate) fn read_at(file: &File, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    match read_exact_at(file, &mut bytes, offset) {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => {
            Err(StoreError::damaged(path, offset, format!("{len} bytes expected, the file ends before")))
        }
        Err(e) => Err(StoreError::io("read", path)(e)),
    }
}

/// Fills `bytes` with those at `offset`, wherever the file stands.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Fills `bytes` with those at `offset`, wherever the file stands.
#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    // The offset goes with each read, since threads share the file's own.
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                bytes = bytes.get_mut(n..).unwrap_or_default();
                offset += n as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
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
