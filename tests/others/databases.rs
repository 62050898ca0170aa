//! Goose and Crush: sessions in databases.

use std::fs;
use std::path::{Path, PathBuf};

use sfs::tool::rows::{Database, Line, Row, Select, Value, write};

use crate::sandbox::{Sandbox, branches};

const GOOSE: &[&str] = &[
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY)",
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, working_dir TEXT, updated_at TIMESTAMP)",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT, role TEXT, content_json TEXT, created_timestamp INTEGER)",
];
const CRUSH: &[&str] = &[
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT, updated_at INTEGER)",
    "CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT, role TEXT, parts TEXT, created_at INTEGER, updated_at INTEGER)",
    "CREATE TABLE files (id TEXT PRIMARY KEY, session_id TEXT, content TEXT)",
];

fn row(table: &str, values: &[(&str, Value)]) -> Vec<u8> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Line::Row(Row { table: table.to_owned(), values }).to_bytes()
}

fn schema(statements: &[&str]) -> Vec<Vec<u8>> {
    statements.iter().map(|sql| Line::Schema((*sql).to_owned()).to_bytes()).collect()
}

/// A database is made anew with these lines, as its tool would change it.
fn make(path: &Path, lines: &[Vec<u8>]) {
    drop(fs::remove_file(path));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(path, lines).unwrap();
}

/// The rows of all tables, without what SQLite keeps for itself.
fn rows(path: &Path, tables: &[&str]) -> Vec<String> {
    let database = Database::open(path).unwrap();
    let mut all = Vec::new();
    for table in tables {
        let select = Select { table, order: "1", ..Select::default() };
        database.lines(&select, &mut |line| all.push(String::from_utf8(line).unwrap())).unwrap();
    }
    all
}

#[test]
fn a_goose_session_grows_and_is_restored_as_a_database() {
    let sandbox = Sandbox::new();
    let path: PathBuf = sandbox.home().join(".local/share/goose/sessions/sessions.db");
    let message = |id: i64, role: &str, text: &str| {
        let content = format!(r#"[{{"type":"text","text":"{text}"}}]"#);
        row(
            "messages",
            &[
                ("id", Value::Integer(id)),
                ("session_id", "20260102_1".into()),
                ("role", role.into()),
                ("content_json", content.as_str().into()),
                ("created_timestamp", Value::Integer(1_767_000_000 + id)),
            ],
        )
    };
    let session = |time: &str| {
        row(
            "sessions",
            &[
                ("id", "20260102_1".into()),
                ("name", "A name".into()),
                ("working_dir", "/w".into()),
                ("updated_at", time.into()),
            ],
        )
    };
    let said = [message(1, "user", "first"), message(2, "assistant", "answer"), message(3, "user", "second")];
    for count in 1..=said.len() {
        let version = row("schema_version", &[("version", Value::Integer(7))]);
        let time = format!("2026-01-02 03:04:0{count}");
        let lines = [schema(GOOSE), vec![version, session(&time)], said[..count].to_vec()].concat();
        make(&path, &lines);
        let captured = sandbox.capture();
        assert_eq!((captured.commits, captured.rewritten), (1, 0), "message {count}");
        assert_eq!(branches(&captured.session), ["main"]);
    }
    assert_eq!(sandbox.capture().commits, 0);
    assert_eq!(sandbox.titles(""), ["first", "second"]);
    let restored = sandbox.restored("goose", "out").join("sessions/sessions.db");
    let tables = ["schema_version", "sessions", "messages"];
    assert_eq!(rows(&restored, &tables), rows(&path, &tables));
}

#[test]
fn an_answer_of_crush_is_taken_once_it_is_finished() {
    let sandbox = Sandbox::new();
    let path = sandbox.project().join(".crush/crush.db");
    let message = |id: i64, role: &str, parts: &str, updated: i64| {
        row(
            "messages",
            &[
                ("id", format!("m{id}").as_str().into()),
                ("session_id", "s".into()),
                ("role", role.into()),
                ("parts", parts.into()),
                ("created_at", Value::Integer(1_767_000_000 + id)),
                ("updated_at", Value::Integer(updated)),
            ],
        )
    };
    let asked = message(
        1,
        "user",
        r#"[{"type":"text","data":{"text":"the question"}},{"type":"finish","data":{}}]"#,
        1,
    );
    let part = message(2, "assistant", r#"[{"type":"text","data":{"text":"the ans"}}]"#, 2);
    let whole = message(
        2,
        "assistant",
        r#"[{"type":"text","data":{"text":"the answer"}},{"type":"finish","data":{"reason":"end_turn"}}]"#,
        3,
    );
    let file = row("files", &[("id", "f".into()), ("session_id", "s".into()), ("content", "before".into())]);
    let steps = [(vec![asked.clone()], 1), (vec![asked.clone(), part], 0), (vec![asked, whole, file], 1)];
    for (time, (rest, commits)) in (1..).zip(steps) {
        let session = row(
            "sessions",
            &[
                ("id", "s".into()),
                ("parent_session_id", Value::Null),
                ("title", "T".into()),
                ("updated_at", Value::Integer(time)),
            ],
        );
        make(&path, &[schema(CRUSH), vec![session], rest].concat());
        let captured = sandbox.capture();
        assert_eq!((captured.commits, captured.rewritten), (commits, 0), "step {time}");
    }
    let session = sandbox.capture().session;
    assert_eq!((&session["title"], session["project"].as_str()), (&"T".into(), sandbox.project().to_str()));
    assert!(sandbox.shown().contains("the answer"));
    let restored = sandbox.restored("crush", "out").join(path.strip_prefix("/").unwrap());
    let tables = ["sessions", "messages", "files"];
    assert_eq!(rows(&restored, &tables), rows(&path, &tables));
}

#[test]
fn a_database_that_is_being_written_is_left_for_later() {
    let sandbox = Sandbox::new();
    let path = sandbox.project().join(".crush/crush.db");
    make(&path, &schema(CRUSH));
    fs::write(path.with_extension("db-journal"), "unfinished").unwrap();
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["trouble"], 1, "{report}");
    fs::remove_file(path.with_extension("db-journal")).unwrap();
    assert_eq!(sandbox.json(&["capture"])["trouble"], 0);
}
