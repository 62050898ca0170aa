//! Opening leaves no trace and hinders nobody.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tempfile::tempdir;

use super::super::{Database, RowsError, Select, Value};
use super::{look, make};

/// The texts in the one column of `t`.
fn rows(database: &Database) -> Result<Vec<String>, RowsError> {
    let rows = database.values(&Select { table: "t", order: "a", ..Select::default() }, &["a"])?;
    Ok(rows.iter().map(|row| row[0].text().unwrap().to_owned()).collect())
}

fn read(path: &Path) -> Result<Vec<String>, RowsError> {
    let database = Database::open(path)?;
    let rows = rows(&database)?;
    database.still_valid()?;
    Ok(rows)
}

/// Closes a connection and leaves the log, as a kill would.
fn abandon(connection: Connection) {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    drop(connection);
}

const LOGGED: &str = "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t(a TEXT); \
                      INSERT INTO t VALUES('checked'); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES('logged');";

#[test]
fn a_live_log_is_read_and_nothing_changes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let writer = make(&path, LOGGED);
    let before = look(folder.path());
    assert_eq!(before.len(), 3, "database, log and its index");
    assert_eq!(read(&path).unwrap(), ["checked", "logged"]);
    assert_eq!(look(folder.path()), before);
    drop(writer);
}

#[test]
fn a_log_without_its_index_is_read_and_none_is_made() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    abandon(make(&path, LOGGED));
    let _ = fs::remove_file(folder.path().join("s.db-shm"));
    let before = look(folder.path());
    assert_eq!(before.len(), 2);
    assert_eq!(read(&path).unwrap(), ["checked", "logged"]);
    assert_eq!(look(folder.path()), before);
}

#[test]
fn a_log_that_was_removed_leaves_a_file_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("odd %3f?#é&.db");
    drop(make(&path, LOGGED));
    let before = look(folder.path());
    assert_eq!(before.len(), 1);
    assert_eq!(read(&path).unwrap(), ["checked", "logged"]);
    fs::write(folder.path().join("odd %3f?#é&.db-wal"), "").unwrap();
    let before = look(folder.path());
    assert_eq!(read(&path).unwrap(), ["checked", "logged"]);
    assert_eq!(look(folder.path()), before);
}

#[test]
fn a_database_with_rollback_journals_is_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    for mode in ["DELETE", "TRUNCATE", "PERSIST"] {
        let writer = make(
            &path,
            &format!(
                "PRAGMA journal_mode={mode}; CREATE TABLE IF NOT EXISTS t(a TEXT); DELETE FROM t; INSERT INTO t VALUES('x');"
            ),
        );
        let before = look(folder.path());
        assert_eq!(read(&path).unwrap(), ["x"], "{mode}");
        assert_eq!(look(folder.path()), before);
        drop(writer);
    }
}

#[test]
fn an_unfinished_transaction_means_later() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let writer = make(&path, "CREATE TABLE t(a TEXT); INSERT INTO t VALUES('old');");
    // Spilled to the file in the middle of the transaction.
    writer.execute_batch("PRAGMA cache_size=1; BEGIN; INSERT INTO t SELECT hex(zeroblob(9999));").unwrap();
    writer.cache_flush().unwrap();
    let before = look(folder.path());
    let error = Database::open(&path).err().unwrap();
    assert!(matches!(error, RowsError::Unfinished { .. }) && error.is_transient(), "{error}");
    assert_eq!(look(folder.path()), before);
    writer.execute_batch("ROLLBACK").unwrap();
    assert_eq!(read(&path).unwrap(), ["old"]);
}

#[test]
fn a_change_while_reading_is_noticed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let writer = make(&path, LOGGED);
    let database = Database::open(&path).unwrap();
    writer.execute_batch("INSERT INTO t VALUES('later')").unwrap();
    assert_eq!(rows(&database).unwrap(), ["checked", "logged"], "as of opening");
    database.still_valid().expect("an append to the log changes nothing");
    writer.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
    assert!(matches!(database.still_valid(), Err(RowsError::Busy { .. })));
    let database = Database::open(&path).unwrap();
    // All is in the file already; only the log begins again.
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    writer.execute_batch("INSERT INTO t VALUES('again')").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert!(matches!(database.still_valid(), Err(RowsError::Busy { .. })));
    drop(writer);
    let database = Database::open(&path).unwrap();
    assert_eq!(rows(&database).unwrap(), ["again", "checked", "later", "logged"]);
    make(&path, "INSERT INTO t VALUES('elsewhere')").close().unwrap();
    assert!(matches!(database.still_valid(), Err(RowsError::Busy { .. })));
}

/// Not a test of its own: writes rows from another process, for the test below.
#[test]
fn as_another_process() {
    let Some(path) = std::env::var_os("SFS_TEST_ROWS_WRITER") else { return };
    let writer = Connection::open(path).unwrap();
    writer.busy_timeout(Duration::ZERO).unwrap();
    writer.execute_batch("INSERT INTO t VALUES('other'); PRAGMA wal_checkpoint(TRUNCATE); VACUUM;").unwrap();
    let busy: i64 = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0, "somebody reads");
}

#[test]
fn another_process_is_not_held_up() {
    for mode in ["WAL", "DELETE"] {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        abandon(make(
            &path,
            &format!("PRAGMA journal_mode={mode}; CREATE TABLE t(a TEXT); INSERT INTO t VALUES('x');"),
        ));
        let database = Database::open(&path).unwrap();
        assert_eq!(rows(&database).unwrap(), ["x"]);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tool::rows::tests::open::as_another_process", "--test-threads=1"])
            .env("SFS_TEST_ROWS_WRITER", &path)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{mode}");
        assert!(matches!(database.still_valid(), Err(RowsError::Busy { .. })), "{mode}");
        drop(database);
        assert_eq!(read(&path).unwrap(), ["other", "x"], "{mode}");
    }
}

#[test]
fn a_change_in_the_same_tick_is_noticed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    let writer = make(
        &path,
        "PRAGMA synchronous=0; PRAGMA journal_mode=MEMORY; CREATE TABLE t(a TEXT); INSERT INTO t VALUES('a');",
    );
    for _ in 0..20 {
        writer.execute_batch("UPDATE t SET a = a || 'b'").unwrap();
        let database = Database::open(&path).unwrap();
        // Where time is told more finely than by ticks, this alone shows that we wait for one.
        let age = fs::metadata(&path).unwrap().modified().unwrap().elapsed().unwrap();
        assert!(age > Duration::from_millis(20), "{age:?}");
        writer.execute_batch("UPDATE t SET a = a || 'c'").unwrap();
        assert!(database.still_valid().is_err());
    }
    let future = SystemTime::now() + Duration::from_secs(3600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(future).unwrap();
    read(&path).expect("a clock that is wrong is no reason to wait");
}

#[cfg(unix)]
#[test]
fn links_lead_to_the_log_beside_the_file() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let path = folder.path().join("s.db");
    let writer = make(&path, LOGGED);
    let link = other.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let database = Database::open(&link).unwrap();
    assert_eq!(rows(&database).unwrap(), ["checked", "logged"]);
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    drop(writer);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    abandon(make(&path, LOGGED));
    for name in ["s.db", "s.db-wal"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o400)).unwrap();
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let read = read(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(read.unwrap(), ["checked", "logged"]);
}

#[test]
fn trouble_has_a_name() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    assert!(matches!(Database::open(&path), Err(RowsError::Io { .. })));
    assert!(matches!(Database::open(folder.path()), Err(RowsError::Io { .. })));
    fs::write(&path, "encrypted, or a letter to a friend").unwrap();
    assert!(matches!(Database::open(&path), Err(RowsError::NotDatabase { .. })));
    fs::write(&path, "").unwrap();
    fs::write(folder.path().join("s.db-wal"), [7; 64]).unwrap();
    let before = look(folder.path());
    let empty = Database::open(&path).unwrap();
    assert!(matches!(rows(&empty), Err(RowsError::NoTable { .. })));
    drop(empty);
    assert_eq!(look(folder.path()), before, "a log beside an empty file stays");
    fs::remove_file(folder.path().join("s.db-wal")).unwrap();
    fs::remove_file(&path).unwrap();
    make(&path, "CREATE TABLE t(a TEXT); INSERT INTO t SELECT hex(randomblob(20000));").close().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = read(&path).unwrap_err();
    assert!(matches!(error, RowsError::Damaged { .. }) && !error.is_transient(), "{error:?}");
}

#[test]
fn a_connection_that_keeps_its_lock_does_not_keep_us_out() {
    for mode in ["WAL", "DELETE"] {
        let folder = tempdir().unwrap();
        let path = folder.path().join("s.db");
        let writer = make(
            &path,
            &format!(
                "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode={mode}; CREATE TABLE t(a); INSERT INTO t VALUES('x');"
            ),
        );
        let database = Database::open(&path).unwrap();
        let rows = database.values(&Select { table: "t", ..Select::default() }, &["a"]).unwrap();
        assert_eq!(rows, [[Value::from("x")]], "{mode}");
        drop(writer);
    }
}
