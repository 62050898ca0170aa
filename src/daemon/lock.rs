//! One daemon for each store: who holds the lock is it. What it says of itself
//! stands beside, and so does the wish that it may end.
//!
//! ```text
//! daemon/lock        locked by the daemon as long as it runs
//! daemon/info.json   what it says of itself
//! daemon/stop        is there when it is asked to end
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DaemonError, folder};

/// How often the lock is tried: one who only looks may hold it for a moment.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// What a daemon says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Its program's file.
    pub program: PathBuf,
    /// When it started, in milliseconds since 1970.
    pub started: i64,
    /// Its log.
    pub log: PathBuf,
    /// How many folders are watched.
    pub watched: usize,
    /// The folders that can't be watched, and are looked into instead.
    pub polled: Vec<Refused>,
}

/// A folder that can't be watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refused {
    /// The folder.
    pub folder: PathBuf,
    /// Why, and what helps.
    pub why: String,
}

/// The right to be the daemon of a store. Given up when dropped, or when the
/// process ends in any way.
#[derive(Debug)]
pub struct Guard {
    file: File,
    dir: PathBuf,
}

impl Guard {
    /// Takes the right; [`DaemonError::Running`] if another has it.
    pub fn take(store: &Path) -> Result<Guard, DaemonError> {
        let dir = folder(store);
        make(&dir)?;
        let path = dir.join("lock");
        let file = private().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(DaemonError::io("open", &path))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    let guard = Guard { file, dir };
                    // A wish that was meant for one before us.
                    let _ = std::fs::remove_file(guard.stop_file());
                    return Ok(guard);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(e)) => return Err(DaemonError::io("lock", &path)(e)),
            }
        }
        Err(DaemonError::Running)
    }

    /// Whether the lock is still the one that others see: the store may have
    /// been removed, or another put in its place.
    pub fn holds(&self) -> bool {
        let same = |a: std::fs::Metadata, b: std::fs::Metadata| {
            #[cfg(unix)]
            return std::os::unix::fs::MetadataExt::ino(&a) == std::os::unix::fs::MetadataExt::ino(&b);
            #[cfg(not(unix))]
            return a.created().ok() == b.created().ok();
        };
        match (self.file.metadata(), std::fs::metadata(self.dir.join("lock"))) {
            (Ok(ours), Ok(theirs)) => same(ours, theirs),
            _ => false,
        }
    }

    /// The file that asks for an end.
    pub fn stop_file(&self) -> PathBuf {
        self.dir.join("stop")
    }

    /// Tells others about the daemon.
    pub fn tell(&self, info: &Info) -> Result<(), DaemonError> {
        let path = self.dir.join("info.json");
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(&serde_json::to_vec(info)?)?;
            file.persist(&path).map_err(|e| e.error)
        };
        write().map(drop).map_err(DaemonError::io("write", &path))
    }
}

/// Asks the daemon to end.
pub(super) fn ask_to_end(store: &Path) -> Result<(), DaemonError> {
    let path = folder(store).join("stop");
    let file = private().write(true).create(true).truncate(true).open(&path);
    file.map(drop).map_err(DaemonError::io("create", &path))
}

/// Whether a daemon is running for a store.
pub fn is_running(store: &Path) -> bool {
    let Ok(file) = File::open(folder(store).join("lock")) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// What the daemon of a store, or the last one, said of itself.
pub fn info(store: &Path) -> Option<Info> {
    serde_json::from_slice(&std::fs::read(folder(store).join("info.json")).ok()?).ok()
}

/// Makes a folder for its user alone.
pub(super) fn make(dir: &Path) -> Result<(), DaemonError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(DaemonError::io("create", dir))
}

/// Options for a file that only its user may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_running(dir.path()));
        let guard = Guard::take(dir.path()).unwrap();
        assert!(is_running(dir.path()) && guard.holds());
        assert!(matches!(Guard::take(dir.path()), Err(DaemonError::Running)));
        let info = Info { pid: 7, version: "1".into(), ..Info::default() };
        guard.tell(&info).unwrap();
        assert_eq!(super::info(dir.path()), Some(info));
        drop(guard);
        assert!(!is_running(dir.path()));
        Guard::take(dir.path()).unwrap();
    }

    #[test]
    fn a_lock_that_was_replaced_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let guard = Guard::take(dir.path()).unwrap();
        std::fs::rename(dir.path().join("daemon"), dir.path().join("old")).unwrap();
        assert!(!guard.holds());
        let other = Guard::take(dir.path()).unwrap();
        assert!(other.holds() && !guard.holds());
    }

    #[test]
    fn an_old_wish_ends_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let guard = Guard::take(dir.path()).unwrap();
        assert!(!guard.stop_file().exists());
        ask_to_end(dir.path()).unwrap();
        assert!(guard.stop_file().exists());
        drop(guard);
        assert!(!Guard::take(dir.path()).unwrap().stop_file().exists());
    }
}
