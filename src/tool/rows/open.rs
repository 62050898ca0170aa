//! Opening somebody else's database without leaving a trace.
//!
//! Nothing is locked, so its owner never waits for us; no file is made,
//! changed or removed beside it; nothing is copied. What that takes depends on the
//! write-ahead log:
//!
//! * None, or an empty one: the file is opened as `immutable`, which makes
//!   SQLite look at nothing else.
//! * One with something in it: what is in the log counts, so SQLite must read
//!   it. On a VFS without locks (`nolock` forbids a log), with
//!   `locking_mode=EXCLUSIVE` set before the first read, the index of the log is
//!   built in memory instead of in the `-shm` file. SQLite opens the log so that it
//!   would be made if it vanished just then: an empty log, which means none.
//!
//! Without locks, what was read can be trusted only if the file didn't change
//! meanwhile: [`Database::still_valid`] tells. Appends to the log change nothing
//! for us, since we see what was in it when we opened it; but when it begins again from
//! its start or is copied into the file, the pages that we see change, and that shows in
//! the log's header or the file's time of last change.
//!
//! A process that has the same file open with locks, through SQLite, loses them
//! when we close it (that is how POSIX defines them): don't read what the same process writes.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::RowsError;
use crate::tool::{Stamp, stamp_of};

/// How databases begin.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes of the header of a write-ahead log, with its salts.
const WAL_HEADER: u64 = 32;

/// How coarse times of last change are: the tick of a slow kernel, and some.
const TICK: Duration = Duration::from_millis(25);

/// A VFS that locks nothing.
const WITHOUT_LOCKS: &str = if cfg!(windows) { "win32-none" } else { "unix-none" };

/// A database of another program, open for reading. What is read is its state
/// at the time of opening.
pub struct Database {
    pub(super) connection: Connection,
    snapshot: Snapshot,
}

impl Database {
    /// Opens a database. Errors that are [transient](RowsError::is_transient) mean: try later.
    pub fn open(path: &Path) -> Result<Self, RowsError> {
        let snapshot = Snapshot::take(resolved(path)?)?;
        match connect(&snapshot) {
            Ok(connection) => Ok(Self { connection, snapshot }),
            Err(error) => Err(snapshot.explain(error)),
        }
    }

    /// The file, symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.snapshot.path
    }

    /// To be asked after reading: [`RowsError::Busy`] if the file has been
    /// written to meanwhile, so that all that was read must be thrown away.
    pub fn still_valid(&self) -> Result<(), RowsError> {
        if self.snapshot.holds() { Ok(()) } else { Err(RowsError::Busy { path: self.snapshot.path.clone() }) }
    }

    pub(super) fn explain(&self, error: rusqlite::Error) -> RowsError {
        self.snapshot.explain(error)
    }
}

/// What a database and its log looked like.
struct Snapshot {
    path: PathBuf,
    stamp: Stamp,
    /// The header of the log, if there is something in it.
    wal: Option<Vec<u8>>,
}

impl Snapshot {
    fn take(path: PathBuf) -> Result<Self, RowsError> {
        let io = |source| RowsError::io(&path, source);
        // Before all else: then what changes between two looks shows at the end.
        let stamp = settled(&path)?;
        let mut magic = Vec::new();
        File::open(&path).and_then(|file| file.take(16).read_to_end(&mut magic)).map_err(io)?;
        // An empty file is an empty database.
        if stamp.len > 0 && magic != MAGIC {
            return Err(RowsError::NotDatabase { path });
        }
        // One that is zeroed or empty is done with.
        if head(&beside(&path, "-journal"), 1)?.is_some_and(|first| first.iter().any(|byte| *byte != 0)) {
            return Err(RowsError::Unfinished { path });
        }
        let wal = head(&beside(&path, "-wal"), WAL_HEADER)?;
        let whole = |header: &Vec<u8>| header.len() as u64 == WAL_HEADER && stamp.len > 0;
        Ok(Self { wal: wal.filter(whole), path, stamp })
    }

    fn holds(&self) -> bool {
        let now = std::fs::metadata(&self.path).ok().and_then(|meta| stamp_of(&meta));
        let log = || head(&beside(&self.path, "-wal"), WAL_HEADER).ok().flatten();
        now == Some(self.stamp) && (self.wal.is_none() || self.wal == log())
    }

    /// An error of SQLite in our words: pages that change under it look like damage.
    fn explain(&self, error: rusqlite::Error) -> RowsError {
        if self.holds() {
            RowsError::sqlite(&self.path, error)
        } else {
            RowsError::Busy { path: self.path.clone() }
        }
    }
}

/// What a file looks like, once its last change is so old that another would show.
fn settled(path: &Path) -> Result<Stamp, RowsError> {
    let look = || {
        let meta = std::fs::metadata(path).map_err(|source| RowsError::io(path, source))?;
        stamp_of(&meta).ok_or_else(|| {
            RowsError::io(path, std::io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
        })
    };
    let mut stamp = look()?;
    for _ in 0..4 {
        let changed = UNIX_EPOCH + Duration::from_nanos(u64::try_from(stamp.mtime).unwrap_or(0));
        match SystemTime::now().duration_since(changed) {
            Ok(age) if age < TICK => std::thread::sleep(TICK.saturating_sub(age)),
            _ => break,
        }
        stamp = look()?;
    }
    Ok(stamp)
}

/// The first bytes of a file; `None` if there is no such file or it is empty.
fn head(path: &Path, len: u64) -> Result<Option<Vec<u8>>, RowsError> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(len).read_to_end(&mut bytes)) {
        Ok(_) => Ok((!bytes.is_empty()).then_some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RowsError::io(path, error)),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The path that SQLite ends up with: its log lies beside the file that a link
/// leads to.
fn resolved(path: &Path) -> Result<PathBuf, RowsError> {
    let io = |source| RowsError::io(path, source);
    let link = std::fs::symlink_metadata(path).map_err(io)?.is_symlink();
    // Not always: Windows' canonical paths have a form of their own.
    if link { std::fs::canonicalize(path) } else { std::path::absolute(path) }.map_err(io)
}

fn connect(snapshot: &Snapshot) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match snapshot.wal {
        Some(_) => Connection::open_with_flags_and_vfs(&snapshot.path, flags, WITHOUT_LOCKS)?,
        None => Connection::open_with_flags(immutable(&snapshot.path), flags | OpenFlags::SQLITE_OPEN_URI)?,
    };
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        // Whoever wrote the schema may not wish us well.
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        // A quoted name that isn't there is an error, not a text.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    connection.execute_batch(
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA query_only=1; PRAGMA cell_size_check=1; \
         BEGIN; SELECT count(*) FROM sqlite_master;",
    )?;
    Ok(connection)
}

/// The URI by which SQLite opens a file that it takes for immutable.
fn immutable(path: &Path) -> String {
    let mut uri = String::from("file://");
    let bytes = path.as_os_str().as_encoded_bytes();
    if !bytes.starts_with(b"/") && !bytes.starts_with(b"\\") {
        uri.push('/');
    }
    for byte in bytes {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(*byte)),
            b':' if cfg!(windows) => uri.push(':'),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}
