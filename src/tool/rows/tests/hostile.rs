//! Files that somebody broke, or made to break us.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use tempfile::tempdir;

use super::super::{Database, RowsError, Select, Writer};
use super::make;

/// Reads all that can be read. Must come back, with whatever.
fn read(path: &Path) -> Result<usize, RowsError> {
    let database = Database::open(path)?;
    let mut lines = database.schema(&["t", "w"])?;
    for table in ["t", "w"] {
        database.columns(table)?;
        database.lines(&Select { table, order: "a", ..Select::default() }, &mut |line| lines.push(line))?;
        database.values(&Select { table, filter: "a > 7", ..Select::default() }, &["b", "z"])?;
    }
    let count = lines.len();
    // What could be read can be added to a database, or not.
    let _ = Writer::in_memory()?.add(&lines);
    Ok(count)
}

static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let sql = "PRAGMA page_size=512; CREATE TABLE t(a INTEGER PRIMARY KEY, b, c TEXT); CREATE INDEX i ON t(b); \
               CREATE TABLE w(a PRIMARY KEY, b) WITHOUT ROWID; \
               WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 40) \
               INSERT INTO t SELECT x, x * 1.5, hex(zeroblob(x * 9)) FROM n; \
               INSERT INTO w SELECT a, c FROM t;";
    make(&path, sql).close().unwrap();
    fs::read(&path).unwrap()
});

/// The files of a database with a log.
static LOGGED: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, &*SMALL).unwrap();
    let writer = make(&path, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; UPDATE t SET b = 'new';");
    let files = (fs::read(&path).unwrap(), fs::read(folder.path().join("s.db-wal")).unwrap());
    drop(writer);
    files
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000), magic in any::<bool>()) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        let head: &[u8] = if magic { b"SQLite format 3\0" } else { b"" };
        fs::write(&path, [head, &bytes].concat()).unwrap();
        let _ = read(&path);
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn broken_databases_are_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = SMALL.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        fs::write(&path, &bytes).unwrap();
        let _ = read(&path);
        prop_assert_eq!(fs::read(&path).unwrap(), bytes);
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn broken_logs_are_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (bytes, mut log) = LOGGED.clone();
        for (at, byte) in changes {
            let at = at.index(log.len());
            log[at] = byte;
        }
        if let Some(cut) = cut {
            log.truncate(cut.index(log.len()));
        }
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        fs::write(&path, &bytes).unwrap();
        fs::write(folder.path().join("s.db-wal"), &log).unwrap();
        // A log that is cut ends earlier; what it holds counts up to there.
        prop_assert_eq!(read(&path).unwrap(), 4 + 80);
        prop_assert_eq!(fs::read(&path).unwrap(), bytes);
        prop_assert_eq!(fs::read(folder.path().join("s.db-wal")).unwrap(), log);
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
