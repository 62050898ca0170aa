//! Which rows are found, and in which order.

use tempfile::{TempDir, tempdir};

use super::super::{Database, RowsError, Select, Value};
use super::make;

/// A database, and the folder that keeps it.
fn open(sql: &str) -> (Database, TempDir) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s.db");
    make(&path, sql).close().unwrap();
    (Database::open(&path).unwrap(), folder)
}

fn lines(database: &Database, select: &Select<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    database.lines(select, &mut |line| lines.push(String::from_utf8(line).unwrap())).unwrap();
    lines
}

#[test]
fn rows_come_in_order_without_what_is_secret() {
    let (database, _folder) = open(
        "CREATE TABLE \"odd \"\"name\" (\"or der\" INT, secret TEXT, v, twice AS (v || v)); \
         INSERT INTO \"odd \"\"name\" VALUES (2,'s','b'),(1,'s','a'),(2,'s','{}'),(3,'s',x'00');",
    );
    let params = [Value::from(3)];
    let select = Select {
        table: "odd \"name",
        filter: "\"or der\" < ?1",
        params: &params,
        order: "\"or der\"",
        leave_out: &["secret", "not there"],
    };
    assert_eq!(
        lines(&database, &select),
        [
            r#"{"table":"odd \"name","row":{"or der":1,"v":"a"}}"#,
            r#"{"table":"odd \"name","row":{"or der":2,"v":"b"}}"#,
            r#"{"table":"odd \"name","row":{"or der":2,"v":{}}}"#,
        ]
    );
    assert_eq!(database.columns("odd \"name").unwrap(), ["or der", "secret", "v"]);
    let values = database.values(&select, &["v", "newer", "or der"]).unwrap();
    assert_eq!(values[0], [Value::from("a"), Value::Null, Value::from(1)]);
}

#[test]
fn tables_without_rowid_and_with_one_of_their_own_are_read() {
    let (database, _folder) = open(
        "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES('b',1),('a',2); \
         CREATE TABLE r(rowid TEXT, _rowid_ TEXT); INSERT INTO r VALUES('z','1'),('y','2');",
    );
    let keys = |table, column| -> Vec<_> {
        let rows = database.values(&Select { table, ..Select::default() }, &[column]).unwrap();
        rows.iter().map(|row| row[0].text().unwrap().to_owned()).collect()
    };
    assert_eq!(keys("w", "k"), ["a", "b"]);
    assert_eq!(keys("r", "rowid"), ["z", "y"]);
}

#[test]
fn views_and_virtual_tables_are_no_tables() {
    let (database, _folder) = open(
        "CREATE TABLE t(a); CREATE VIEW v AS SELECT a FROM t; CREATE VIRTUAL TABLE f USING fts5(a); \
         CREATE TABLE pragma_table_info(name); CREATE INDEX i ON t(a); CREATE TABLE u(a); \
         CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END; PRAGMA user_version=7;",
    );
    for table in ["v", "f", "missing"] {
        assert!(database.columns(table).unwrap().is_empty(), "{table}");
        let select = Select { table, ..Select::default() };
        assert!(matches!(database.values(&select, &[]), Err(RowsError::NoTable { .. })), "{table}");
    }
    let schema: Vec<_> = database
        .schema(&["t", "v", "f", "missing"])
        .unwrap()
        .into_iter()
        .map(|l| String::from_utf8(l).unwrap())
        .collect();
    assert_eq!(
        schema,
        [
            r#"{"database":{"page_size":4096,"user_version":7,"application_id":0}}"#,
            r#"{"schema":"CREATE TABLE t(a)"}"#,
            r#"{"schema":"CREATE INDEX i ON t(a)"}"#,
            r#"{"schema":"CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END"}"#,
        ]
    );
}

#[test]
fn a_filter_that_names_what_is_not_there_is_an_error() {
    let (database, _folder) = open("CREATE TABLE t(a); INSERT INTO t VALUES('gone');");
    let select = Select { table: "t", filter: "\"gone\" = a", ..Select::default() };
    assert!(matches!(
        database.values(&select, &["a"]),
        Err(RowsError::Busy { .. } | RowsError::Sqlite { .. })
    ));
}

#[test]
fn text_is_utf_8_whatever_the_file_holds() {
    let (database, _folder) =
        open("PRAGMA encoding='UTF-16le'; CREATE TABLE t(a); INSERT INTO t VALUES('é😀'),('{\"é\":1}');");
    let select = Select { table: "t", ..Select::default() };
    let rows = lines(&database, &select);
    assert_eq!(rows, [r#"{"table":"t","row":{"a":"é😀"}}"#, r#"{"table":"t","row":{"a":{"é":1}}}"#]);
}
