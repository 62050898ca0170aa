//! What is restored is what was read.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rusqlite::{Connection, params};
use tempfile::tempdir;

use super::super::{Database, Head, Line, Row, RowsError, Select, Value, Writer, build, write};
use super::line::value;
use super::make;

/// All lines of some tables.
fn lines(path: &Path, tables: &[&str]) -> Vec<Vec<u8>> {
    let database = Database::open(path).unwrap();
    let mut lines = database.schema(tables).unwrap();
    for table in tables {
        database.lines(&Select { table, ..Select::default() }, &mut |line| lines.push(line)).unwrap();
    }
    database.still_valid().unwrap();
    lines
}

fn row(table: &str, values: &[(&str, Value)]) -> Row {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Row { table: table.to_owned(), values }
}

fn whys(added: &super::super::Added) -> Vec<(usize, &str)> {
    added.differing.iter().map(|d| (d.line, d.why.as_str())).collect()
}

const SCHEMA: &str = "PRAGMA page_size=8192; PRAGMA user_version=42; PRAGMA application_id=-5; \
    CREATE TABLE session(id TEXT PRIMARY KEY, n INTEGER NOT NULL, secret TEXT NOT NULL, s REAL, x); \
    CREATE TABLE part(id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT REFERENCES session(id) ON DELETE CASCADE, \
      data TEXT CHECK (data <> 'no'), twice AS (data || data)); \
    CREATE TABLE kv(key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB); \
    CREATE TABLE log(a, b); CREATE UNIQUE INDEX part_data ON part(session, data); \
    CREATE TABLE w(k ANY PRIMARY KEY, v) STRICT, WITHOUT ROWID; \
    CREATE TRIGGER counted AFTER INSERT ON part BEGIN UPDATE session SET n = n + 1; END;";

const ROWS: &str = "INSERT INTO session VALUES('s1',0,'k',1,x'7b7d'),('s2',-9,'k','text',-1.5); \
    INSERT INTO part(session,data) VALUES('s1','{\"a\":1}'),('gone','[1]'); INSERT INTO part VALUES(77,NULL,NULL); \
    INSERT INTO kv VALUES('a','t'),('b',x'00ff'),(NULL,NULL); INSERT INTO log VALUES(2,2),(1,1),(2,2); ";

const TABLES: [&str; 5] = ["session", "part", "kv", "log", "w"];

#[test]
fn a_database_comes_back_by_its_lines() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("from.db"), folder.path().join("to.db"));
    let schema =
        SCHEMA.replace("w(k ANY PRIMARY KEY, v) STRICT, WITHOUT ROWID", "w(k PRIMARY KEY, v) WITHOUT ROWID");
    let rows = format!("PRAGMA foreign_keys=0; {ROWS} INSERT INTO w VALUES(1.5,2),('k',x'')");
    make(&from, &(schema + &rows)).close().unwrap();
    let before = lines(&from, &TABLES);
    let added = write(&to, &before).unwrap();
    assert_eq!((added.rows, added.same, whys(&added)), (13, 0, vec![]));
    assert_eq!(lines(&to, &TABLES), before);
    let check = Connection::open(&to).unwrap();
    assert_eq!(check.query_row("PRAGMA integrity_check", [], |r| r.get::<_, String>(0)).unwrap(), "ok");
    assert!(matches!(write(&to, &before), Err(RowsError::Io { .. })), "not over a file");
    // The same again changes nothing.
    let mut writer = Writer::open(&to).unwrap();
    let again = writer.add(&before).unwrap();
    assert_eq!((again.rows, again.same, whys(&again)), (0, 13, vec![]));
    drop(writer);
    assert_eq!(lines(&to, &TABLES), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn rows_of_another_session_are_added_and_conflicts_told() {
    let schema = Line::Schema("CREATE TABLE kv(key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)".to_owned());
    let kv = |key: &str, value: Value| Line::Row(row("kv", &[("key", key.into()), ("value", value)]));
    let bytes = |lines: &[Line]| lines.iter().map(Line::to_bytes).collect::<Vec<_>>();
    let mut writer = Writer::in_memory().unwrap();
    let first = writer.add(bytes(&[schema.clone(), kv("a", Value::from(1)), kv("b", Value::Null)])).unwrap();
    assert_eq!(first.rows, 2);
    let lines = [
        schema,
        kv("b", Value::Null),
        kv("a", Value::Real(1.0)),
        kv("c", Value::from("new")),
        Line::Row(row("kv", &[("key", "d".into()), ("newer", Value::Null)])),
        Line::Row(row("elsewhere", &[("x", Value::Null)])),
        Line::Schema("CREATE TABLE kv(key)".to_owned()),
        Line::Row(row("kv", &[("key", "e".into()), ("key", "f".into())])),
    ];
    let second = writer.add(bytes(&lines)).unwrap();
    assert_eq!((second.rows, second.same), (1, 1));
    assert_eq!(
        whys(&second),
        [
            (2, "`kv` has another row of this key"),
            (4, "`kv` has no column `newer`"),
            (5, "there is no table `elsewhere`"),
            (6, "the schema here is another: table kv already exists in CREATE TABLE kv(key) at offset 13"),
            (7, "a column of `kv` has two values"),
        ]
    );
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, writer.into_bytes().unwrap()).unwrap();
    let check = Connection::open(&path).unwrap();
    let kept: i64 = check.query_row("SELECT value FROM kv WHERE key='a'", [], |r| r.get(0)).unwrap();
    assert_eq!(kept, 1);
}

#[test]
fn equal_rows_without_a_key_are_counted() {
    let schema = Line::Schema("CREATE TABLE log(a)".to_owned()).to_bytes();
    let line = Line::Row(row("log", &[("a", Value::from(1))])).to_bytes();
    let mut writer = Writer::in_memory().unwrap();
    assert_eq!(writer.add([&schema, &line]).unwrap().rows, 1);
    let added = writer.add([&line, &line, &line]).unwrap();
    assert_eq!((added.rows, added.same), (2, 1));
    let added = writer.add([&line, &line, &line]).unwrap();
    assert_eq!((added.rows, added.same), (0, 3));
}

#[test]
fn what_was_left_out_is_filled_where_it_must_be() {
    let schema =
        "CREATE TABLE s(id TEXT PRIMARY KEY, secret TEXT NOT NULL, n INT NOT NULL, d NOT NULL DEFAULT 7, e)";
    let bytes = build(None, &[schema], &[row("s", &[("id", "x".into())])]).unwrap();
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, bytes).unwrap();
    let database = Database::open(&path).unwrap();
    let rows =
        database.values(&Select { table: "s", ..Select::default() }, &["secret", "n", "d", "e"]).unwrap();
    assert_eq!(rows, [[Value::from(""), Value::from(0), Value::from(7), Value::Null]]);
}

#[test]
fn a_schema_may_only_make_tables() {
    let folder = tempdir().unwrap();
    let other = folder.path().join("other.db");
    for sql in [
        format!("ATTACH DATABASE '{}' AS o", other.display()),
        "DROP TABLE t".to_owned(),
        "PRAGMA writable_schema=1".to_owned(),
        "CREATE VIRTUAL TABLE f USING fts5(a)".to_owned(),
        "CREATE TABLE a(b); DROP TABLE t".to_owned(),
        "CREATE TABLE n AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT * FROM c"
            .to_owned(),
        "CREATE TABLE n AS VALUES(1)".to_owned(),
        "CREATE TABLE temp.(".to_owned(),
        "create\0".to_owned(),
    ] {
        let path = folder.path().join("new.db");
        let lines =
            [Line::Schema("CREATE TABLE t(a)".to_owned()).to_bytes(), Line::Schema(sql.clone()).to_bytes()];
        let error = write(&path, lines).unwrap_err();
        assert!(matches!(error, RowsError::Schema { line: 1, .. }), "{sql}: {error:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{sql}");
    }
}

#[test]
fn a_bad_line_undoes_the_call() {
    let mut writer = Writer::in_memory().unwrap();
    let good = Line::Schema("CREATE TABLE t(a)".to_owned()).to_bytes();
    assert!(matches!(writer.add([good.as_slice(), b"{}"]), Err(RowsError::NotALine { line: 1 })));
    assert_eq!(writer.add([&good]).unwrap(), super::super::Added::default());
    let bytes = writer.into_bytes().unwrap();
    assert_eq!(bytes.windows(17).filter(|w| w == b"CREATE TABLE t(a)").count(), 1);
}

#[test]
fn the_head_is_kept() {
    let head = Head { page_size: 1024, user_version: 3, application_id: 9 };
    let bytes = build(Some(head), &["CREATE TABLE t(a)"], &[]).unwrap();
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, bytes).unwrap();
    let schema = Database::open(&path).unwrap().schema(&[]).unwrap();
    assert_eq!(schema, [Line::Database(head).to_bytes()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a database holds comes back, under every affinity.
    #[test]
    fn any_rows_come_back(rows in prop::collection::vec((value(), value(), value(), value(), value()), 0..16)) {
        let folder = tempdir().unwrap();
        let (from, to) = (folder.path().join("from.db"), folder.path().join("to.db"));
        let connection = make(&from, "CREATE TABLE t(a, b TEXT, c INTEGER, d REAL, e NUMERIC)");
        for (a, b, c, d, e) in &rows {
            connection.execute("INSERT INTO t VALUES(?1,?2,?3,?4,?5)", params![a, b, c, d, e]).unwrap();
        }
        connection.close().unwrap();
        let before = lines(&from, &["t"]);
        let added = write(&to, &before).unwrap();
        prop_assert_eq!(added.rows, rows.len() as u64);
        prop_assert_eq!(lines(&to, &["t"]), before);
        let database = Database::open(&from).unwrap();
        let read = database.values(&Select { table: "t", ..Select::default() }, &["a"]).unwrap();
        for (read, written) in read.iter().zip(&rows) {
            prop_assert_eq!(&read[0], &written.0);
        }
    }
}

/// Every database among published and recorded sessions comes back.
#[test]
fn real_databases_come_back() {
    let Some(corpus) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("skipped: SFS_CORPUS is not set");
        return;
    };
    let mut count = 0;
    for entry in
        walkdir::WalkDir::new(&corpus).into_iter().chain(walkdir::WalkDir::new(corpus.join("../samples")))
    {
        let path = entry.unwrap().into_path();
        let suffix = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if !matches!(suffix.as_str(), "db" | "vscdb" | "sqlite" | "sqlite3") || !path.is_file() {
            continue;
        }
        let before = stat(&path);
        let database = match Database::open(&path) {
            Ok(database) => database,
            Err(error) => {
                println!("{}: {error}", path.display());
                continue;
            }
        };
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                   AND name NOT LIKE '%_fts%' AND sql NOT LIKE 'CREATE VIRTUAL%'";
        let mut tables = database.connection.prepare(sql).unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let tables: Vec<_> = tables.iter().map(String::as_str).collect();
        let expected = lines(&path, &tables);
        let folder = tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        let added = write(&copy, &expected).unwrap();
        assert_eq!((added.same, whys(&added)), (0, vec![]), "{}", path.display());
        assert!(lines(&copy, &tables) == expected, "{}", path.display());
        assert_eq!(stat(&path), before);
        count += 1;
        println!("{}: {} rows", path.display(), added.rows);
    }
    assert!(count > 0, "no database in {}", corpus.display());
}

/// The files beside a database, and when they changed.
fn stat(path: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries.map(|e| (e.path(), e.metadata().unwrap().modified().unwrap())).collect();
    files.sort();
    files
}
