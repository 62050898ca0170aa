//! What is written is read as what was to be written.

use super::*;
use crate::object::message::{Block, Part, Role, Status};
use crate::tool::flow::tests::{Memory, call, result, said, text};
use crate::tool::{Planned, Said};
use std::io::Write;
use std::path::Path;

/// A file in memory.
#[derive(Default)]
struct File(Vec<u8>);

impl Sink for File {
    fn create(&mut self, path: &Path, mode: u32) -> Result<&mut dyn Write, ToolError> {
        assert_eq!((path, mode), (Copilot.path_for(&target()).as_path(), 0o600));
        Ok(&mut self.0)
    }
}

fn write(conversation: Vec<Said>) -> Result<(Plan, String), ToolError> {
    let mut file = File::default();
    let plan = Copilot.write(&mut Memory(conversation.into_iter()), &target(), &mut file)?;
    Ok((plan, String::from_utf8(file.0).unwrap()))
}

fn conversation() -> Vec<Said> {
    let picture = || Block::Image("image/png".into(), inline("iVBO"));
    let seen = Block::Result {
        call: Some(0),
        status: Status::Ok,
        parts: vec![Part::Text(inline("seen")), Part::Image("image/png".into(), inline("iVBO"))],
    };
    vec![
        said(Role::User, vec![text("Go\u{2028}✓"), picture()]),
        said(Role::System, vec![Block::Notice(inline("context"))]),
        said(
            Role::Assistant,
            vec![text("First."), call("Bash", r#"{"command":"ls","n":1.0}"#), call("Read", "{}")],
        ),
        said(Role::User, vec![result(Some(1), Status::Error, "no"), seen]),
        said(Role::Assistant, vec![Block::Thinking { text: inline("Hm."), signature: None }, text("Yes.")]),
        said(Role::Assistant, vec![text("And more.")]),
        said(Role::User, vec![text("Thanks")]),
    ]
}

#[test]
fn what_is_written_is_read_again() {
    let (plan, events) = write(conversation()).unwrap();
    let steps = steps(&events);
    assert!(steps.iter().all(|step| !step.unknown && step.link == crate::tool::Link::Tip));
    let got: Vec<Vec<Block>> = messages(&steps).iter().map(|message| message.blocks.clone()).collect();
    let want: Vec<Said> = conversation();
    let blocks = |at: usize| want[at].message.blocks.clone();
    let mut answer = blocks(2);
    for block in &mut answer {
        // What the tools are for is known by name alone; these are another's.
        if let Block::Call { action, .. } = block {
            *action = crate::object::message::Action::Other;
        }
    }
    let picture = Block::Image("image/png".into(), inline("iVBO"));
    let result = |status, words: &str| {
        vec![Block::Result { call: None, status, parts: vec![Part::Text(inline(words))] }]
    };
    assert_eq!(
        got,
        [
            blocks(0),
            answer,
            result(Status::Error, "no"),
            result(Status::Ok, "seen"),
            vec![text("[pictures that the calls above gave]"), picture],
            blocks(4),
            blocks(5),
            blocks(6),
        ]
    );
    assert_eq!(
        steps.iter().filter_map(|step| step.prompt.clone()).collect::<Vec<_>>(),
        ["Go ✓", "[pictures that the calls above gave]", "Thanks"]
    );
    assert_eq!(plan.files, [Planned::Create(plan.path.clone())]);
    assert_eq!((plan.messages, plan.losses.len()), (6, 3));
    assert!(events.contains(r#""arguments":{"command":"ls","n":1.0}"#), "numbers stay as they were");
}

#[test]
fn events_are_such_as_the_tool_insists_on() {
    let (_, events) = write(conversation()).unwrap();
    assert!(!events.contains('\u{2028}'));
    let rows: Vec<serde_json::Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["type"], "session.start");
    assert_eq!(rows[0]["data"]["sessionId"], target().native);
    assert!(rows[0]["parentId"].is_null());
    for pair in rows.windows(2) {
        assert_eq!(pair[1]["parentId"], pair[0]["id"]);
        assert!(pair[1]["timestamp"].as_str() > pair[0]["timestamp"].as_str());
        assert!(uuid::Uuid::parse_str(pair[1]["id"].as_str().unwrap()).is_ok());
    }
    for row in rows.iter().filter(|row| row["type"] == "assistant.message") {
        let says = row["data"]["content"] != "" || row["data"]["toolRequests"][0].is_object();
        assert!(says, "an answer that says nothing is sent as null: {row}");
    }
    let failed = rows.iter().find(|row| row["data"]["success"] == false).unwrap();
    assert_eq!(failed["data"]["error"]["message"], "no");
}

#[test]
fn the_same_target_gives_the_same_bytes() {
    assert_eq!(write(conversation()).unwrap().1, write(conversation()).unwrap().1);
}

#[test]
fn nothing_is_not_written() {
    assert!(matches!(write(Vec::new()), Err(ToolError::Empty)));
    let notices = vec![said(Role::System, vec![Block::Notice(inline("x"))])];
    assert!(matches!(write(notices), Err(ToolError::Empty)));
}

#[test]
fn the_workspace_says_where_and_how_it_is_called() {
    let (path, yaml) = Copilot.announce(&target()).remove(0);
    assert!(path.ends_with("session-state/01a20212-a86f-7d30-ba34-f1999c4bbe7a/workspace.yaml"));
    let yaml = String::from_utf8(yaml).unwrap();
    assert!(
        yaml.contains("\ncwd: \"/work/here\"\n") && yaml.contains("\nname: \"A title\"\nuser_named: true\n")
    );
}
