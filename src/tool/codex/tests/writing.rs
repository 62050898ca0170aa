//! What is written for the tool.

use super::round::{File, Memory, said, write};
use super::*;
use crate::object::message::{Action, Input, Json, Part, Role, Status};
use crate::tool::{Planned, Said};
use serde_json::Value as Row;

fn rows(bytes: &[u8]) -> Vec<Row> {
    assert_eq!(bytes.last(), Some(&b'\n'));
    bytes
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect()
}

fn kinds(rows: &[Row]) -> Vec<String> {
    let kind = |row: &Row| match &row["payload"]["type"] {
        Row::String(inner) => inner.clone(),
        _ => row["type"].as_str().unwrap().to_owned(),
    };
    rows.iter().map(kind).collect()
}

fn call(name: &str, json: &str) -> Block {
    let input = Input::Json(Json { literal: json.as_bytes().to_vec(), holes: vec![] });
    Block::Call { name: name.into(), action: Action::Other, input }
}

fn result(call: Option<u32>, status: Status, text: &str) -> Block {
    Block::Result { call, status, parts: vec![Part::Text(inline(text))] }
}

fn conversation() -> Vec<Said> {
    vec![
        said(Role::System, vec![Block::Notice(inline("reminder"))], false),
        said(Role::User, vec![text("Do it"), Block::Image("image/png".into(), inline("QUJD"))], true),
        said(
            Role::Assistant,
            vec![
                Block::Thinking { text: inline("hm"), signature: Some(inline("sig")) },
                text("Yes."),
                call("Bash", r#"{"command":"ls"}"#),
                call("mcp.odd name", "[1]"),
            ],
            false,
        ),
        said(
            Role::User,
            vec![
                result(Some(0), Status::Error, "no"),
                result(Some(1), Status::Ok, "a.txt"),
                result(None, Status::Ok, "lost"),
            ],
            false,
        ),
        said(Role::Assistant, vec![call("Bash", "{}"), text("")], false),
        said(Role::User, vec![text("Stop")], true),
        said(Role::Assistant, vec![text("Stopped.")], false),
    ]
}

#[test]
fn the_recipe() {
    let (plan, bytes) = write(conversation()).unwrap();
    let rows = rows(&bytes);
    assert_eq!(
        kinds(&rows),
        [
            "session_meta",
            "task_started",
            "message",
            "user_message",
            "agent_reasoning",
            "message",
            "agent_message",
            "function_call",
            "function_call",
            "function_call_output",
            "function_call_output",
            "message",
            "function_call",
            "function_call_output",
            "task_complete",
            "task_started",
            "message",
            "user_message",
            "message",
            "agent_message",
            "task_complete",
        ]
    );
    let meta = &rows[0]["payload"];
    assert_eq!((meta["source"].as_str(), meta["model_provider"].as_str()), (Some("cli"), Some("openai")));
    assert_eq!(meta["git"]["branch"], "main");
    assert_eq!(rows[7]["payload"]["arguments"], r#"{"command":"ls"}"#);
    assert_eq!(
        (&rows[8]["payload"]["name"], &rows[8]["payload"]["arguments"]),
        (&"mcp_odd_name".into(), &r#"{"input":[1]}"#.into())
    );
    assert_eq!(rows[9]["payload"]["call_id"], rows[8]["payload"]["call_id"]);
    assert_eq!(rows[9]["payload"]["output"], "[error]\nno");
    assert_eq!(rows[13]["payload"]["output"], "[interrupted]");
    assert_eq!(rows[14]["payload"]["last_agent_message"], "Yes.");
    assert_eq!(rows[1]["payload"]["turn_id"], rows[14]["payload"]["turn_id"]);
    assert_ne!(rows[1]["payload"]["turn_id"], rows[15]["payload"]["turn_id"]);
    let times: Vec<&str> = rows.iter().map(|row| row["timestamp"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    assert_eq!(plan.messages, 6);
    assert_eq!(plan.files, [Planned::Create(plan.path.clone())]);
    assert_eq!(plan.losses.len(), 6);
}

#[test]
fn the_same_target_gives_the_same_bytes() {
    assert_eq!(write(conversation()).unwrap().1, write(conversation()).unwrap().1);
}

#[test]
fn nothing_is_not_written() {
    assert!(matches!(write(Vec::new()), Err(ToolError::Empty)));
    let notices = vec![said(Role::System, vec![Block::Notice(inline("x"))], false)];
    assert!(matches!(write(notices), Err(ToolError::Empty)));
}

#[test]
fn long_sessions_are_streamed() {
    let mut memory = Memory::default();
    let long = memory.keep("a line of forty characters, or there about\n".repeat(16 << 10).as_bytes());
    let mut rest = (0..30u32).map(move |n| {
        let blocks = match n % 3 {
            0 => vec![text("go")],
            1 => vec![call("Bash", "{}")],
            _ => vec![Block::Result {
                call: Some(0),
                status: Status::Ok,
                parts: vec![Part::Text(long.clone())],
            }],
        };
        said(if n % 3 == 1 { Role::Assistant } else { Role::User }, blocks, n % 3 == 0)
    });
    memory.next = Box::new(move || rest.next());
    let mut file = File::default();
    memory.write_to(&mut file).unwrap();
    assert!(file.bytes.len() > 6 << 20);
    assert!(file.longest < 2 << 20, "{}", file.longest);
}
