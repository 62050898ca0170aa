//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Action, Block, Message, Part, Role, Status};
use crate::tool::Framing;
use crate::tool::rows::{Line, write};
use crate::tool::testing::{messages, opened, result, steps, text};

const SCHEMA: &[&str] = &[
    "CREATE TABLE schema_version (version INTEGER PRIMARY KEY)",
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, user_set_name BOOLEAN, working_dir TEXT, updated_at TIMESTAMP, parent_session_id TEXT)",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT, role TEXT, content_json TEXT, created_timestamp INTEGER, metadata_json TEXT)",
];

fn row(table: &str, values: &[(&str, Value)]) -> Vec<u8> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Line::Row(Row { table: table.to_owned(), values }).to_bytes()
}

fn message(id: i64, session: &str, role: &str, content: &str, metadata: &str) -> Vec<u8> {
    row(
        "messages",
        &[
            ("id", Value::Integer(id)),
            ("session_id", session.into()),
            ("role", role.into()),
            ("content_json", content.into()),
            ("created_timestamp", Value::Integer(1_700_000_000 + id)),
            ("metadata_json", metadata.into()),
        ],
    )
}

/// A home with a database of two sessions.
fn home() -> (tempfile::TempDir, Places) {
    let home = tempfile::tempdir().unwrap();
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let folder = Goose.root(&places).join("sessions");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines: Vec<Vec<u8>> =
        SCHEMA.iter().map(|sql| Line::Schema((*sql).to_owned()).to_bytes()).collect();
    lines.push(row("schema_version", &[("version", Value::Integer(7))]));
    for (id, parent) in [("s1", Value::Null), ("s2", "s1".into())] {
        lines.push(row(
            "sessions",
            &[
                ("id", id.into()),
                ("name", "A name".into()),
                ("user_set_name", Value::Integer(1)),
                ("working_dir", "/w".into()),
                ("updated_at", "2026-01-02 03:04:05".into()),
                ("parent_session_id", parent),
            ],
        ));
    }
    let both = r#"{"userVisible":true,"agentVisible":true}"#;
    let hidden = r#"{"userVisible":false,"agentVisible":true}"#;
    lines.extend([
        message(1, "s1", "user", r#"[{"type":"text","text":"look  here"}]"#, both),
        message(2, "s2", "user", r#"[{"type":"text","text":"for the subagent"}]"#, both),
        message(3, "s1", "assistant", r#"[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"toolRequest","id":"a","toolCall":{"status":"success","value":{"name":"developer__text_editor","arguments":{"command":"view","path":"/w/f"}}}},{"type":"toolRequest","id":"b","toolCall":{"status":"error","error":"no such tool"}}]"#, both),
        message(4, "s1", "user", r#"[{"type":"toolResponse","id":"a","toolResult":{"status":"success","value":[{"type":"text","text":"for you","annotations":{"audience":["user"]}},{"type":"text","text":"the file","annotations":{"audience":["assistant"]}}]}},{"type":"toolResponse","id":"b","toolResult":{"status":"error","error":"no such tool"}}]"#, both),
        message(5, "s1", "user", r#"[{"type":"text","text":"so far"}]"#, hidden),
        message(6, "s1", "assistant", r#"[{"type":"text","text":"go on"},{"type":"systemNotification","notificationType":"inlineMessage","msg":"compacted"}]"#, hidden),
        message(7, "s1", "assistant", r#"[{"type":"text","text":"done"}]"#, "{}"),
    ]);
    write(&folder.join("sessions.db"), lines).unwrap();
    std::fs::write(folder.join("s1.jsonl"), "{}").unwrap();
    std::fs::write(folder.join("s0.jsonl"), LEGACY).unwrap();
    (home, places)
}

const LEGACY: &str = r#"{"working_dir":"/old","description":"Old work","message_count":2}
{"role":"user","created":1700000000,"content":[{"type":"text","text":"hi"}]}
{"role":"assistant","created":1700000001,"content":[{"type":"toolRequest","id":"a","toolCall":{"status":"success","value":{"name":"developer__shell","arguments":{"command":"ls"}}}}]}
"#;

#[test]
fn sessions_are_found_in_the_database_and_in_older_files() {
    let (_home, places) = home();
    let discovery = Goose.discover(&places);
    assert!(discovery.trouble.is_empty(), "{:?}", discovery.trouble);
    let found: Vec<_> =
        discovery.found.iter().map(|f| (f.native.as_str(), f.framing, f.place.as_str())).collect();
    assert_eq!(
        found,
        [
            ("s1", Framing::Rows, "sessions/sessions.db"),
            ("s2", Framing::Rows, "sessions/sessions.db"),
            ("s0", Framing::Lines, "sessions/s0.jsonl"),
        ]
    );
    assert_eq!(discovery.found[0].stamp.mtime, 1_767_323_045_000_000_000);
    assert_ne!(discovery.found[0].stamp, discovery.found[1].stamp);
}

#[test]
fn rows_mean_what_they_say() {
    let (_home, places) = home();
    let found = Goose.discover(&places).found;
    let (steps, _, frame) = opened(&Goose, &found[0]);
    let blocks = |n: usize| steps[n].message.as_ref().unwrap().message.blocks.clone();
    assert_eq!((steps[0].prompt.as_deref(), steps[0].time), (Some("look here"), Some(1_700_000_001_000)));
    assert_eq!(blocks(1)[0], Block::Thinking { text: text("hm"), signature: Some(text("s")) });
    let Block::Call { name, action, .. } = &blocks(1)[1] else { panic!() };
    assert_eq!(
        (name.as_str(), *action, steps[1].files.as_slice()),
        ("developer__text_editor", Action::Read, ["r/w/f".to_owned()].as_slice())
    );
    let Block::Result { parts, .. } = &blocks(2)[0] else { panic!() };
    assert_eq!(parts, &[Part::Text(text("the file"))], "what only the user is shown is left out");
    assert_eq!(blocks(2)[1], result(Status::Error, "no such tool"));
    assert_eq!((blocks(3), steps[3].prompt.as_deref()), (vec![Block::Summary(text("so far"))], None));
    assert_eq!(blocks(4), [Block::Notice(text("go on")), Block::Notice(text("compacted"))]);
    assert_eq!(steps[5].message.as_ref().unwrap().message.role, Role::Assistant);
    assert_eq!((frame.facts.user_title.as_deref(), frame.facts.cwd.as_deref()), (Some("A name"), Some("/w")));
    let (child, _, frame) = opened(&Goose, &found[1]);
    assert_eq!((child.len(), frame.facts.parent.as_deref()), (1, Some("s1")));
    let lead = String::from_utf8_lossy(&frame.lead).into_owned();
    assert!(lead.contains("CREATE TABLE messages") && lead.contains(r#""version":7"#));
}

#[test]
fn lines_of_older_versions_mean_what_they_say() {
    let steps = steps(&Goose, LEGACY.as_bytes());
    assert_eq!(
        (steps[0].facts.cwd.as_deref(), steps[0].facts.tool_title.as_deref()),
        (Some("/old"), Some("Old work"))
    );
    assert_eq!(steps[1].prompt.as_deref(), Some("hi"));
    let messages: Vec<Message> = messages(&steps);
    assert!(matches!(&messages[1].blocks[0], Block::Call { action: Action::Shell, .. }));
}

proptest! {
    #[test]
    fn no_bytes_panic(lines in proptest::collection::vec("[{}\\[\\]:,\"a-z0-9 ]{0,60}", 0..8), cut in 0usize..600) {
        steps(&Goose, (lines.join("\n") + "\n").as_bytes());
        let mut bytes = LEGACY.as_bytes()[..cut.min(LEGACY.len())].to_vec();
        bytes.push(b'\n');
        steps(&Goose, &bytes);
    }
}
