//! Cursor: the IDE's one database with conversations of several projects, and
//! stores of the command line.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sfs::tool::rows::{Database, Line, Row, Select, Value as Cell, Writer};

use super::sandbox::{Sandbox, branches};

const IDE: &str = ".config/Cursor/User/globalStorage/state.vscdb";
const KV: &str = "CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)";
const ITEMS: &str = "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)";

fn row(table: &str, key: &str, value: &str) -> Line {
    let values = vec![("key".to_owned(), Cell::from(key)), ("value".to_owned(), Cell::from(value))];
    Line::Row(Row { table: table.to_owned(), values })
}

/// Writes the IDE's database anew; the conversations by id, project and words.
fn ide(sandbox: &Sandbox, conversations: &[(&str, &str, &[&str])]) -> PathBuf {
    let mut lines = vec![
        Line::Schema(KV.into()),
        Line::Schema(ITEMS.into()),
        row("ItemTable", "cursorAuth/accessToken", "TOKEN-OF-THE-USER"),
    ];
    for (id, project, words) in conversations {
        let mut headers = Vec::new();
        for (n, text) in words.iter().enumerate() {
            let bubble = format!("{id}-{n}");
            let kind = if n % 2 == 0 { 1 } else { 2 };
            let time = format!("2026-11-22T06:34:{n:02}.000Z");
            let value = json!({"_v": 3, "bubbleId": bubble, "type": kind, "text": text, "createdAt": time});
            lines.push(row("cursorDiskKV", &format!("bubbleId:{id}:{bubble}"), &value.to_string()));
            headers.push(json!({"bubbleId": bubble, "type": kind}));
        }
        let data = json!({"_v": 17, "composerId": id, "name": format!("chat {id}"), "createdAt": 1_795_000_000_000_i64,
            "lastUpdatedAt": 1_795_000_000_000_i64 + i64::try_from(words.len()).unwrap(), "status": "completed",
            "blobEncryptionKey": "a2V5LW9mLXRoZS11c2Vy", "fullConversationHeadersOnly": headers,
            "workspaceIdentifier": {"uri": {"fsPath": project}}});
        lines.push(row("cursorDiskKV", &format!("composerData:{id}"), &data.to_string()));
    }
    save(sandbox, &lines)
}

fn save(sandbox: &Sandbox, lines: &[Line]) -> PathBuf {
    let path = sandbox.home().join(IDE);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = Writer::in_memory().unwrap();
    writer.add(lines.iter().map(Line::to_bytes)).unwrap();
    fs::write(&path, writer.into_bytes().unwrap()).unwrap();
    path
}

/// The rows of a database.
fn rows(path: &Path, table: &str) -> Vec<String> {
    let database = Database::open(path).unwrap();
    let mut lines = Vec::new();
    let select = Select { table, ..Select::default() };
    database.lines(&select, &mut |line| lines.push(String::from_utf8(line).unwrap())).unwrap();
    lines.sort();
    lines
}

fn session<'s>(sessions: &'s Value, native: &str) -> &'s Value {
    let mut all = sessions.as_array().unwrap().iter();
    all.find(|session| session["native_id"] == native).unwrap_or_else(|| panic!("{sessions:#}"))
}

fn titles(sandbox: &Sandbox, rev: &str) -> Vec<String> {
    let turns = sandbox.json(&["log", rev]);
    turns.as_array().unwrap().iter().rev().map(|turn| turn["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn chats_of_the_ide_grow_are_rewound_and_come_back_row_for_row() {
    let sandbox = Sandbox::new();
    let path =
        ide(&sandbox, &[("a", "/p/one", &["first", "yes"]), ("b", "/p/two", &["elsewhere", "PRIVATE"])]);
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["trouble"], &report["commits"]), (&0.into(), &4.into()), "{report}");
    let sessions = sandbox.json(&["list", "--all"]);
    let a = session(&sessions, "a");
    assert_eq!(
        (&a["tool"], &a["title"], &a["project"]),
        (&"cursor-ide".into(), &"chat a".into(), &"/p/one".into())
    );
    let id = a["id"].as_str().unwrap().to_owned();
    assert_eq!(sandbox.json(&["capture"])["commits"], 0);

    // Only what is new in the one that changed becomes commits.
    ide(
        &sandbox,
        &[("a", "/p/one", &["first", "yes", "more", "well"]), ("b", "/p/two", &["elsewhere", "PRIVATE"])],
    );
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["changed"], &report["commits"]), (&1.into(), &2.into()), "{report}");
    assert_eq!(titles(&sandbox, &id), ["first", "more"]);

    // All comes back but the key; nothing of the user's account was taken.
    sandbox.ok(&["fsck"]);
    let to = sandbox.0.path().join("out");
    sandbox.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
    let restored = to.join("cursor-ide").join(IDE);
    let key = r#""blobEncryptionKey":"a2V5LW9mLXRoZS11c2Vy","#;
    let theirs: Vec<String> =
        rows(&path, "cursorDiskKV").into_iter().map(|line| line.replace(key, "")).collect();
    assert_eq!(rows(&restored, "cursorDiskKV"), theirs);
    let bytes = fs::read(&restored).unwrap();
    for secret in ["TOKEN-OF-THE-USER", "a2V5LW9mLXRoZS11c2Vy", "cursorAuth"] {
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{secret}");
    }
    // Each session holds its own project's rows alone.
    let to = sandbox.0.path().join("one");
    sandbox.ok(&["restore", &id, "--to", to.to_str().unwrap()]);
    let bytes = fs::read(to.join("cursor-ide").join(IDE)).unwrap();
    assert!(memchr::memmem::find(&bytes, b"PRIVATE").is_none());

    // A rewind takes the rows away; the store keeps what they said.
    ide(&sandbox, &[("a", "/p/one", &["first", "yes", "other"]), ("b", "/p/two", &["elsewhere", "PRIVATE"])]);
    sandbox.ok(&["capture"]);
    assert_eq!(titles(&sandbox, &id), ["first", "other"]);
    let sessions = sandbox.json(&["list", "--all"]);
    let a = session(&sessions, "a");
    let kept = branches(a).into_iter().find(|name| name.starts_with("kept")).unwrap();
    assert_eq!(titles(&sandbox, &format!("{id}/{kept}")), ["first", "more"]);

    // One that is thrown away is kept too.
    ide(&sandbox, &[("b", "/p/two", &["elsewhere", "PRIVATE"])]);
    sandbox.ok(&["capture"]);
    assert_eq!(session(&sandbox.json(&["list", "--all"]), "a")["gone"], true);
    assert_eq!(titles(&sandbox, &id), ["first", "other"]);
}

#[test]
fn a_database_of_the_ide_that_can_not_be_read_takes_nothing_away() {
    let sandbox = Sandbox::new();
    let path = ide(&sandbox, &[("a", "/p", &["first", "yes"])]);
    sandbox.ok(&["capture"]);
    fs::write(&path, b"SQLite format 3\0 and then nothing").unwrap();
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["trouble"], 1, "{report}");
    assert_eq!(session(&sandbox.json(&["list", "--all"]), "a")["gone"], false);
    ide(&sandbox, &[("a", "/p", &["first", "yes"])]);
    assert_eq!(sandbox.json(&["capture"])["commits"], 0);
}

#[test]
fn reading_leaves_no_copy_of_the_database_anywhere() {
    let sandbox = Sandbox::new();
    let path = ide(&sandbox, &[("a", "/p", &["first", "yes"])]);
    let before = fs::read(&path).unwrap();
    let temporary = sandbox.0.path().join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sfs"));
    command.env_clear().env("HOME", sandbox.home()).env("TMPDIR", &temporary);
    command.env("SFS_DIR", sandbox.0.path().join("store")).arg("capture").current_dir(sandbox.0.path());
    assert!(command.status().unwrap().success());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_chat_of_the_ide_goes_on_in_the_command_line_and_comes_back() {
    let sandbox = Sandbox::new();
    ide(&sandbox, &[("a", "/p/one", &["first", "yes"])]);
    let (session, _) = sandbox.capture();
    let resumed = sandbox.json(&["resume", &sandbox.rev("@"), "--in", "cursor"]);
    let path = PathBuf::from(resumed["path"].as_str().unwrap());
    assert_eq!(resumed["command"], json!(["cursor-agent", "--resume", resumed["native_id"]]));
    assert!(path.ends_with("store.db") && path.with_file_name("meta.json").is_file());
    // What was written is known again: nothing new, and the same session.
    let (again, commits) = sandbox.capture();
    assert_eq!((&again["id"], commits), (&session["id"], 0));
    // And the IDE's own database is left alone, whatever is written for it.
    let before = fs::read(sandbox.home().join(IDE)).unwrap();
    let resumed = sandbox.json(&["resume", &sandbox.rev("@"), "--in", "cursor-ide"]);
    let payload: Value =
        serde_json::from_slice(&fs::read(resumed["path"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!((&payload["version"], &payload["name"]), (&1.into(), &"chat a".into()));
    assert!(resumed["losses"].to_string().contains("developer.bulkImportChats"));
    assert_eq!(fs::read(sandbox.home().join(IDE)).unwrap(), before);
}
