//! What is written is read as what was to be written.

use super::*;
use crate::object::message::{Block, Part, Role, Status};
use crate::tool::testing::{Memory, Talk, call, said, says, talk, target, written};
use crate::tool::{Link, Planned};
use serde_json::Value;

/// What was planned, and the events.
fn write(messages: Vec<Message>) -> (Plan, String) {
    let (memory, plan) = written(&Copilot, messages);
    let events = String::from_utf8(memory.0[&Copilot.path_for(&target())].clone()).unwrap();
    assert_eq!(plan.files, [Planned::Create(plan.path.clone())]);
    (plan, events)
}

/// Thoughts, texts one after the other, a picture that a call gave.
fn more() -> Vec<Message> {
    let thought = |words: &str| Block::Thinking { text: inline(words), signature: None };
    let seen = Block::Result {
        call: Some(0),
        status: Status::Ok,
        parts: vec![Part::Text(inline("seen")), Part::Image("image/png".into(), inline("iVBO"))],
    };
    let model = |blocks| Message { role: Role::Assistant, blocks };
    vec![
        says(Role::User, "Go"),
        Message { role: Role::System, blocks: vec![Block::Notice(inline("context"))] },
        model(vec![thought("Hm."), Block::Text(inline("One.")), thought("So."), Block::Text(inline("Two."))]),
        model(vec![thought("Now."), call("a.b", r#"{"n":1.0,"s":"x"}"#)]),
        Message { role: Role::User, blocks: vec![seen] },
        says(Role::Assistant, "Done."),
    ]
}

#[test]
fn what_is_written_is_read_again() {
    let (plan, events) = write(talk());
    let steps = steps(&events);
    assert!(steps.iter().all(|step| !step.unknown && step.link == Link::Tip && !step.side));
    assert_eq!(said(&testing::messages(&steps)), said(&talk()));
    assert_eq!((plan.messages, plan.losses), (talk().len() as u64, Vec::new()));
    let facts = &steps[0].facts;
    assert_eq!((facts.cwd.as_deref(), facts.git_branch.as_deref()), (Some("/w/my proj"), Some("main")));
}

#[test]
fn thoughts_stay_with_what_they_led_to_and_pictures_follow_results() {
    let (plan, events) = write(more());
    let rows: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<(&str, &Value, &Value)> = rows
        .iter()
        .filter(|row| row["type"] == "assistant.message" || row["type"] == "user.message")
        .map(|row| (row["type"].as_str().unwrap(), &row["data"]["reasoningText"], &row["data"]["content"]))
        .collect();
    let (user, model, no) = ("user.message", "assistant.message", &Value::Null);
    let seen = Value::from("[pictures that the calls above gave]");
    assert_eq!(
        said,
        [
            (user, no, &"Go".into()),
            (model, &"Hm.".into(), &"One.".into()),
            (model, &"So.".into(), &"Two.".into()),
            (model, &"Now.".into(), &"".into()),
            (user, no, &seen),
            (model, no, &"Done.".into()),
        ]
    );
    assert!(events.contains(r#""name":"a_b","arguments":{"n":1.0,"s":"x"}"#), "numbers stay as they were");
    assert_eq!(plan.losses.len(), 4, "{:?}", plan.losses);
}

#[test]
fn events_are_such_as_the_tool_insists_on() {
    for messages in [talk(), more(), vec![says(Role::Assistant, "I begin.")]] {
        let (_, events) = write(messages);
        assert!(!events.contains('\u{2028}'));
        let rows: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&rows[0]["type"], &rows[1]["type"]), (&"session.start".into(), &"user.message".into()));
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
        for row in rows.iter().filter(|row| row["data"]["success"] == false) {
            assert!(row["data"]["error"]["message"].is_string() && row["data"]["result"].is_null());
        }
    }
}

#[test]
fn the_same_target_gives_the_same_bytes() {
    assert_eq!(write(talk()).1, write(talk()).1);
}

#[test]
fn nothing_is_not_written() {
    let thought = Block::Thinking { text: inline("x"), signature: None };
    for block in [None, Some((Role::System, Block::Notice(inline("x")))), Some((Role::System, thought))] {
        let messages = block.map(|(role, block)| Message { role, blocks: vec![block] });
        let mut talk = Talk::of(messages.into_iter().collect());
        let outcome = Copilot.write(&mut talk, &target(), &mut Memory::default());
        assert!(matches!(outcome, Err(ToolError::Empty)));
    }
}

#[test]
fn the_workspace_says_where_and_how_it_is_called() {
    let (path, yaml) = Copilot.announce(&target()).remove(0);
    assert_eq!(path, Copilot.path_for(&target()).with_file_name("workspace.yaml"));
    let yaml = String::from_utf8(yaml).unwrap();
    assert!(yaml.contains("\ncwd: \"/w/my proj\"\n"), "{yaml}");
    assert!(yaml.contains("\nname: \"a \\\"title\\\" ✓\"\nuser_named: true\n"), "{yaml}");
}
