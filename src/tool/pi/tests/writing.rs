//! What is written is read as what was to be written.

use super::*;
use crate::object::message::{Block, Role, Status};
use crate::tool::testing::{Memory, Talk, call, result, said, says, talk, target, written};
use crate::tool::{Link, Planned};
use serde_json::Value;
use std::collections::HashSet;

/// What was planned, and the entries.
fn write(messages: Vec<Message>) -> (Plan, String) {
    let (memory, plan) = written(&Pi, messages);
    let entries = String::from_utf8(memory.0[&Pi.path_for(&target())].clone()).unwrap();
    assert_eq!(plan.files, [Planned::Create(plan.path.clone())]);
    (plan, entries)
}

#[test]
fn what_is_written_is_read_again() {
    let (plan, entries) = write(talk());
    let steps = steps(&entries);
    assert!(steps.iter().all(|step| !step.unknown));
    assert_eq!(said(&testing::messages(&steps)), said(&talk()));
    assert_eq!((plan.messages, plan.losses), (talk().len() as u64, Vec::new()));
    assert_eq!(steps[0].facts.cwd.as_deref(), Some("/w/my proj"));
    assert_eq!(steps[1].facts.user_title.as_deref(), Some("a \"title\" ✓"));
}

#[test]
fn entries_are_one_line_of_ids_that_differ() {
    let (_, entries) = write(talk());
    let rows: Vec<Value> = entries.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&rows[0]["type"], &rows[0]["version"]), (&"session".into(), &3.into()));
    assert_eq!(rows[0]["id"], target().native);
    assert!(rows[1]["parentId"].is_null());
    for pair in rows[1..].windows(2) {
        assert_eq!(pair[1]["parentId"], pair[0]["id"]);
        assert!(pair[1]["timestamp"].as_str() > pair[0]["timestamp"].as_str());
    }
    let ids: HashSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(rows[1..].iter().all(|row| row["id"].as_str().unwrap().len() == 8));
    for answer in rows.iter().filter(|row| row["message"]["role"] == "assistant") {
        assert!(answer["message"]["usage"]["cost"]["total"] == 0, "the tool sums it up: {answer}");
    }
}

#[test]
fn what_the_tool_would_read_otherwise_is_written_otherwise() {
    let thought = |words: &str| Block::Thinking { text: inline(words), signature: Some(inline("proof")) };
    let model = |blocks| Message { role: Role::Assistant, blocks };
    let empty = Block::Result { call: Some(0), status: Status::Ok, parts: Vec::new() };
    let (plan, entries) = write(vec![
        model(vec![thought("Hm."), call("a.b", r#"{"n":1.0}"#), call("c", "{}")]),
        Message { role: Role::User, blocks: vec![empty] },
        model(vec![Block::Text(inline("So.")), thought("dropped")]),
        Message { role: Role::User, blocks: vec![result(Status::Ok, "whose?")] },
    ]);
    let steps = steps(&entries);
    let said = messages(&steps);
    assert_eq!(said[0].blocks, [Block::Text(inline("[the beginning of this conversation is not there]"))]);
    assert_eq!(said[1].blocks[0], Block::Thinking { text: inline("Hm."), signature: None });
    assert!(entries.contains(r#""name":"a_b","arguments":{"n":1.0}"#), "numbers stay as they were");
    assert!(entries.contains("(no output)") && entries.contains("[interrupted]"));
    assert_eq!(said[4].blocks, [Block::Text(inline("So."))]);
    let Block::Text(Text::Inline(late)) = &said[5].blocks[0] else { panic!("{:?}", said[5]) };
    assert!(late.ends_with(b"whose?"));
    let rows: Vec<Value> = entries.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[3]["message"]["stopReason"], "toolUse");
    assert!(rows[3]["message"]["usage"]["totalTokens"].as_u64() > Some(0));
    assert_eq!(plan.losses.len(), 6, "{:?}", plan.losses);
    assert!(steps[2..].iter().all(|step| matches!(step.link, Link::Key(_))));
}

#[test]
fn the_same_target_gives_the_same_bytes() {
    assert_eq!(write(talk()).1, write(talk()).1);
}

#[test]
fn nothing_is_not_written() {
    let notice = Message { role: Role::System, blocks: vec![Block::Notice(inline("x"))] };
    let thought = Block::Thinking { text: inline("x"), signature: None };
    let thought = Message { role: Role::System, blocks: vec![thought] };
    for messages in [Vec::new(), vec![notice], vec![thought]] {
        let outcome = Pi.write(&mut Talk::of(messages), &target(), &mut Memory::default());
        assert!(matches!(outcome, Err(ToolError::Empty)));
    }
    assert!(!write(vec![says(Role::User, "x")]).1.is_empty());
}
