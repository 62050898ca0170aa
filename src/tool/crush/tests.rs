//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Action, Block, Role, Status};
use crate::tool::Step;
use crate::tool::rows::{Line, write};
use crate::tool::testing::{opened, result, steps, text};

const SCHEMA: &[&str] = &[
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT, updated_at INTEGER)",
    "CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT, role TEXT, parts TEXT, model TEXT, created_at INTEGER, updated_at INTEGER, is_summary_message INTEGER)",
    "CREATE TABLE files (id TEXT PRIMARY KEY, session_id TEXT, path TEXT, content TEXT, version INTEGER)",
];

fn row(table: &str, values: &[(&str, Value)]) -> Vec<u8> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Line::Row(Row { table: table.to_owned(), values }).to_bytes()
}

fn message(id: i64, role: &str, parts: &str, summary: i64) -> Vec<u8> {
    row(
        "messages",
        &[
            ("id", format!("m{id}").as_str().into()),
            ("session_id", "s".into()),
            ("role", role.into()),
            ("parts", parts.into()),
            ("model", if role == "assistant" { "mo".into() } else { Value::Null }),
            ("created_at", Value::Integer(1_700_000_000 + id)),
            ("updated_at", Value::Integer(1_700_000_000 + id)),
            ("is_summary_message", Value::Integer(summary)),
        ],
    )
}

/// A project with a database that has these messages.
fn project(messages: &[Vec<u8>]) -> (tempfile::TempDir, Places) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("p/.crush");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines: Vec<Vec<u8>> =
        SCHEMA.iter().map(|sql| Line::Schema((*sql).to_owned()).to_bytes()).collect();
    lines.push(row(
        "sessions",
        &[
            ("id", "s".into()),
            ("parent_session_id", Value::Null),
            ("title", "T".into()),
            ("updated_at", Value::Integer(1_700_000_009)),
        ],
    ));
    lines.push(row(
        "files",
        &[
            ("id", "f".into()),
            ("session_id", "s".into()),
            ("path", "/p/a".into()),
            ("content", "text".into()),
            ("version", Value::Integer(0)),
        ],
    ));
    lines.extend_from_slice(messages);
    write(&folder.join("crush.db"), lines).unwrap();
    let places =
        Places { home: home.path().to_owned(), projects: vec![home.path().join("p")], ..Places::default() };
    (home, places)
}

const CALL: &str = r#"[{"type":"reasoning","data":{"thinking":"hm","signature":""}},{"type":"tool_call","data":{"id":"c","name":"view","input":"{\"file_path\":\"/p/a\"}","type":"function","finished":true}},{"type":"finish","data":{"reason":"tool_use","time":1}}]"#;

#[test]
fn rows_mean_what_they_say() {
    let (home, places) = project(&[
        message(
            1,
            "user",
            r#"[{"type":"text","data":{"text":"look  here"}},{"type":"binary","data":{"Path":"a.png","MIMEType":"image/png","Data":"aWNvbg=="}},{"type":"finish","data":{"reason":"stop"}}]"#,
            0,
        ),
        message(2, "assistant", CALL, 0),
        message(
            3,
            "tool",
            r#"[{"type":"tool_result","data":{"tool_call_id":"c","name":"view","content":"no such file","is_error":true}}]"#,
            0,
        ),
        message(
            4,
            "assistant",
            r#"[{"type":"finish","data":{"reason":"canceled","message":"Request cancelled"}}]"#,
            0,
        ),
        message(
            5,
            "assistant",
            r#"[{"type":"text","data":{"text":"so far"}},{"type":"finish","data":{}}]"#,
            1,
        ),
        message(6, "assistant", r#"[{"type":"text","data":{"text":"half an ans"}}]"#, 0),
    ]);
    let found = Crush.discover(&places).found;
    let names: Vec<_> = found.iter().map(|found| (found.native.as_str(), found.part.as_str())).collect();
    assert_eq!(names, [("s", ""), ("s", "files")]);
    let (steps, _, frame) = opened(&Crush, &found[0]);
    assert_eq!(steps.len(), 5, "what is still written on waits");
    let blocks = |n: usize| steps[n].message.as_ref().unwrap().message.blocks.clone();
    assert_eq!((steps[0].prompt.as_deref(), steps[0].time), (Some("look here"), Some(1_700_000_001_000)));
    assert_eq!(blocks(0)[1], Block::Image("image/png".into(), text("aWNvbg==")));
    assert_eq!(blocks(1)[0], Block::Thinking { text: text("hm"), signature: None });
    assert!(matches!(&blocks(1)[1], Block::Call { action: Action::Read, .. }));
    assert_eq!(
        (steps[1].files.as_slice(), steps[1].model.as_deref()),
        (["r/p/a".to_owned()].as_slice(), Some("mo"))
    );
    assert_eq!(blocks(2), [result(Status::Error, "no such file")]);
    assert_eq!(blocks(3), [Block::Notice(text("Request cancelled"))]);
    assert_eq!(
        (blocks(4), steps[4].message.as_ref().unwrap().message.role),
        (vec![Block::Summary(text("so far"))], Role::System)
    );
    assert_eq!(
        (frame.facts.tool_title.as_deref(), frame.facts.cwd.as_deref()),
        (Some("T"), home.path().join("p").to_str())
    );
    assert!(String::from_utf8_lossy(&frame.trail).contains("half an ans"));
    let (files, ..) = opened(&Crush, &found[1]);
    assert!(files.len() == 1 && files[0] == Step::default(), "texts of files say nothing");
}

#[test]
fn projects_in_the_tool_s_own_list_are_found_too() {
    let (home, mut places) = project(&[message(2, "assistant", CALL, 0)]);
    let list = home.path().join(".local/share/crush");
    places.projects.clear();
    assert!(Crush.discover(&places).found.is_empty());
    std::fs::create_dir_all(&list).unwrap();
    let data = home.path().join("p/.crush");
    let projects =
        serde_json::json!({"projects": [{"path": "/x", "data_dir": data}, {"data_dir": "relative"}]});
    std::fs::write(list.join("projects.json"), projects.to_string()).unwrap();
    assert_eq!(Crush.discover(&places).found.len(), 2);
    std::fs::write(data.join("crush.db"), "no database").unwrap();
    assert_eq!(Crush.discover(&places).trouble.len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_panic(lines in proptest::collection::vec("[{}\\[\\]:,\"a-z0-9 ]{0,60}", 0..8), cut in 0usize..400) {
        steps(&Crush, (lines.join("\n") + "\n").as_bytes());
        let row = message(2, "assistant", CALL, 0);
        let mut bytes = row[..cut.min(row.len())].to_vec();
        is_over(&bytes);
        bytes.push(b'\n');
        steps(&Crush, &bytes);
    }
}
