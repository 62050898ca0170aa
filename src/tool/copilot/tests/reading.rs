//! What events mean.

use super::*;
use crate::object::message::{Action, Block, Input, Json, Part, Role, Status};
use crate::tool::{Key, Link};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Lines of events, a second apart, with ids `e0`, `e1`, …
fn events(events: &[(&str, Value)]) -> String {
    let lines = events.iter().enumerate().map(|(n, (kind, data))| {
        let (kind, agent) = kind.split_once('@').map_or((*kind, None), |(kind, agent)| (kind, Some(agent)));
        let before = n.checked_sub(1).map(|n| format!("e{n}"));
        let mut event = json!({"type": kind, "data": data, "id": format!("e{n}"),
            "timestamp": format!("2026-11-22T06:34:{n:02}.000Z"), "parentId": before});
        if let Some(agent) = agent {
            event["agentId"] = json!(agent);
        }
        format!("{event}\n")
    });
    lines.collect()
}

fn read(list: &[(&str, Value)]) -> Vec<Step> {
    steps(&events(list))
}

fn text(words: &str) -> Block {
    Block::Text(inline(words))
}

fn result(status: Status, parts: Vec<Part>) -> Message {
    Message { role: Role::User, blocks: vec![Block::Result { call: None, status, parts }] }
}

#[test]
fn a_turn_is_read_as_it_was_said() {
    let arguments = json!({"path": "/p/a.txt", "n": 1.50});
    let steps = read(&[
        (
            "session.start",
            json!({"sessionId": "s", "version": 1, "copilotVersion": "1.0.102", "selectedModel": "m0",
                "context": {"cwd": "/p", "branch": "dev"}}),
        ),
        ("user.message", json!({"content": "Look at it", "transformedContent": "<x>\n\nLook at it"})),
        ("system.message", json!({"role": "system", "content": "You are"})),
        ("assistant.turn_start", json!({"turnId": "0"})),
        (
            "assistant.message",
            json!({"messageId": "m1", "content": "I look.", "reasoningText": "Where?",
                "reasoningOpaque": "c2ln", "outputTokens": 7, "toolRequests": [
                    {"toolCallId": "c1", "name": "view", "arguments": arguments, "type": "function"},
                    {"toolCallId": "c2", "name": "apply_patch", "type": "custom",
                        "arguments": "*** Begin Patch\n*** Update File: b.rs\n"}]}),
        ),
        ("tool.execution_start", json!({"toolCallId": "c1", "toolName": "view", "arguments": arguments})),
        (
            "tool.execution_complete",
            json!({"toolCallId": "c2", "success": true, "result": {"content": "ok"}}),
        ),
        (
            "tool.execution_complete",
            json!({"toolCallId": "c1", "success": false, "result": {"content": "ignored"},
                "error": {"message": "Path does not exist", "code": "failure"}}),
        ),
        ("assistant.message", json!({"messageId": "m2", "content": "", "toolRequests": [], "model": "m1"})),
    ]);
    let facts = &steps[0].facts;
    assert_eq!((facts.cwd.as_deref(), facts.git_branch.as_deref()), (Some("/p"), Some("dev")));
    assert_eq!(facts.version.as_deref(), Some("1.0.102"));
    assert!(steps.iter().all(|step| !step.unknown && step.link == Link::Tip && !step.side));
    assert_eq!(steps[1].prompt.as_deref(), Some("Look at it"));
    assert_eq!((steps[1].key, steps[1].time), (Some(Key::of(b"e1")), Some(1_795_329_241_000)));
    let json = |literal: &str| Json { literal: literal.as_bytes().to_vec(), holes: Vec::new() };
    let patch = inline("*** Begin Patch\n*** Update File: b.rs\n");
    let call = |name: &str, action, input| Block::Call { name: name.into(), action, input };
    let answer = Message {
        role: Role::Assistant,
        blocks: vec![
            Block::Thinking { text: inline("Where?"), signature: Some(inline("c2ln")) },
            text("I look."),
            call("view", Action::Read, Input::Json(json(r#"{"path":"/p/a.txt","n":1.5}"#))),
            call("apply_patch", Action::Edit, Input::Text(patch)),
        ],
    };
    assert_eq!(
        messages(&steps),
        [
            &Message { role: Role::User, blocks: vec![text("Look at it")] },
            &answer,
            &result(Status::Ok, vec![Part::Text(inline("ok"))]),
            &result(Status::Error, vec![Part::Text(inline("Path does not exist"))]),
        ]
    );
    assert_eq!(steps[4].message.as_ref().unwrap().calls, [Key::of(b"c1"), Key::of(b"c2")]);
    assert_eq!(steps[6].message.as_ref().unwrap().results, [Key::of(b"c2")]);
    assert_eq!(steps[4].files, ["r/p/a.txt", "eb.rs"]);
    assert_eq!((steps[4].model.as_deref(), steps[8].model.as_deref()), (Some("m0"), Some("m1")));
    assert_eq!(steps[4].usage.unwrap().usage.output, 7);
}

#[test]
fn tool_calls_have_their_names_inputs_and_results() {
    // A rival looks for `data.tool` and `tool.execution_result`, which the
    // tool never wrote: its calls are unknown, its results lost.
    let steps = read(&[
        (
            "assistant.message",
            json!({"messageId": "m", "content": "", "toolRequests": [
                {"toolCallId": "c", "name": "bash", "arguments": "{\"command\":\"ls\"}", "type": "function"}]}),
        ),
        (
            "tool.execution_complete",
            json!({"toolCallId": "c", "success": true, "result": {"content": "a b"}}),
        ),
        ("tool.execution_complete", json!({"toolCallId": "x", "success": true})),
    ]);
    let input = Input::Json(Json { literal: br#"{"command":"ls"}"#.to_vec(), holes: Vec::new() });
    let call = Block::Call { name: "bash".into(), action: Action::Shell, input };
    assert_eq!(messages(&steps)[0].blocks, [call]);
    assert_eq!(messages(&steps)[1], &result(Status::Ok, vec![Part::Text(inline("a b"))]));
    assert_eq!(messages(&steps)[2], &result(Status::Ok, Vec::new()));
}

#[test]
fn tokens_count_once_and_with_their_message() {
    let record = |api: &str, input: u64| {
        json!({"usage": {"apiCallId": api, "inputTokens": input, "outputTokens": 9, "cacheReadTokens": 4,
            "cacheWriteTokens": 1}})
    };
    let steps = read(&[
        ("session.usage_record", record("a", 10)),
        ("assistant.message", json!({"messageId": "m", "apiCallId": "a", "content": "x", "outputTokens": 9})),
        ("session.usage_record", record("failed", 20)),
        ("session.usage_record", record("b", 30)),
        ("assistant.message", json!({"messageId": "n", "apiCallId": "b", "content": "y", "outputTokens": 9})),
        (
            "session.compaction_complete",
            json!({"success": true, "summaryContent": "s",
            "compactionTokensUsed": {"inputTokens": 99}}),
        ),
    ]);
    let counted: Vec<_> = steps.iter().map(|step| step.usage.map(|c| (c.api, c.usage.input))).collect();
    let key = |api: &str| Key::of(api.as_bytes());
    let (a, failed, b) = (Some((key("a"), 5)), Some((key("failed"), 15)), Some((key("b"), 25)));
    assert_eq!(counted, [None, a, None, failed, b, None]);
    let usage = steps[1].usage.unwrap().usage;
    assert_eq!((usage.cache_read, usage.cache_write, usage.output), (4, 1, 9));
}

#[test]
fn subagents_are_lines_of_their_own() {
    let steps = read(&[
        ("user.message", json!({"content": "go"})),
        ("subagent.started@A", json!({"toolCallId": "c"})),
        ("user.message@A", json!({"content": "find", "source": "agent-s"})),
        ("user.message@B", json!({"content": "seek", "source": "agent-s"})),
        ("assistant.message@A", json!({"messageId": "m", "content": "found", "parentToolCallId": "c"})),
        ("assistant.turn_end@A", json!({})),
        ("assistant.message@A", json!({"messageId": "n", "content": "more"})),
        ("assistant.message", json!({"messageId": "o", "content": "old", "parentToolCallId": "d"})),
        ("assistant.message", json!({"messageId": "p", "content": "done"})),
    ]);
    let side: Vec<bool> = steps.iter().map(|step| step.side).collect();
    assert_eq!(side, [false, true, true, true, true, true, true, true, false]);
    assert_eq!((&steps[2].link, &steps[3].link, &steps[7].link), (&Link::Root, &Link::Root, &Link::Root));
    assert_eq!(steps[4].link, Link::Key(Key::of(b"e2")));
    assert_eq!(steps[6].link, Link::Key(Key::of(b"e4")));
    assert_eq!((&steps[8].link, steps[2].prompt.as_deref()), (&Link::Tip, Some("find")));
}

#[test]
fn pictures_stand_in_the_session_once() {
    let asset = json!({"assetId": "sha256:1", "type": "image", "mimeType": "image/png", "data": "iVBO"});
    let part = json!({"type": "image", "assetId": "sha256:1", "mimeType": "image/png"});
    let file = json!({"type": "file", "path": "/p/x.png", "assetId": "sha256:1", "mimeType": "image/png"});
    let blob = json!({"type": "blob", "mimeType": "application/pdf", "displayName": "d.pdf", "data": "JVBE"});
    let unseen = json!({"type": "directory", "path": "/p"});
    let steps = read(&[
        ("session.binary_asset", asset),
        ("user.message", json!({"content": "see", "attachments": [file, blob, unseen]})),
        (
            "tool.execution_complete",
            json!({"toolCallId": "c", "success": true,
            "result": {"content": "", "binaryResultsForLlm": [part, {"type": "image", "assetId": "gone"}]}}),
        ),
    ]);
    let picture = ("image/png".to_owned(), inline("iVBO"));
    let said = messages(&steps);
    assert_eq!(said[0].blocks[1], Block::Image(picture.0.clone(), picture.1.clone()));
    assert_eq!(said[0].blocks[2], Block::File("application/pdf".into(), "d.pdf".into(), inline("JVBE")));
    assert!(matches!(said[0].blocks[3], Block::Other(_)));
    let Block::Result { parts, .. } = &said[1].blocks[0] else { panic!() };
    assert_eq!(parts[0], Part::Image(picture.0, picture.1));
    assert!(matches!(parts[1], Part::Other(_)) && parts.len() == 2);
}

#[test]
fn what_was_put_in_is_no_prompt() {
    let steps = read(&[
        ("user.message", json!({"content": "skill text", "source": "skill-pdf"})),
        ("system.notification", json!({"content": "shell done", "kind": {"type": "shell_completed"}})),
        ("user.message", json!({"content": "steer", "source": "immediate-prompt"})),
        ("user.message", json!({"content": "go on", "isAutopilotContinuation": true})),
        ("session.compaction_complete", json!({"success": true, "summaryContent": "so far"})),
        ("session.compaction_complete", json!({"success": false, "error": "x"})),
        ("session.context_cleared", json!({"messagesCleared": 3})),
        ("user.message", json!({"content": "anew"})),
    ]);
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["steer", "anew"]);
    let said = messages(&steps);
    let roles: Vec<Role> = said.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::System, Role::User, Role::User, Role::System, Role::User]);
    assert_eq!(said[4].blocks, [Block::Summary(inline("so far"))]);
    assert_eq!((&steps[7].link, &steps[3].link), (&Link::Root, &Link::Tip));
}

#[test]
fn what_is_not_known_is_said_to_be_so() {
    let steps = steps("{\"type\":\"session.dreamt\",\"data\":{}}\n{\"type\":\"user.message\"}\nnot json\n");
    assert_eq!(steps.iter().map(|step| step.unknown).collect::<Vec<_>>(), [true, true, true]);
}

#[test]
fn old_documents_are_read_without_what_was_put_in() {
    let dir = tempfile::tempdir().unwrap();
    let name = "session_c_1760182820882.json";
    let found = found(dir.path().join(name), name);
    let written = serde_json::to_string_pretty(&json!({
        "sessionId": "c", "startTime": "2025-10-11T11:40:20.882Z",
        "chatMessages": [
            {"role": "system", "content": "You are"},
            {"role": "user", "content": "Do it\n\n<current_datetime>now</current_datetime>\n\n<reminder>\nx</reminder>"},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function":
                {"name": "str_replace_editor", "arguments": "{\"command\":\"create\",\"path\":\"/p/n\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "made"},
            {"role": "assistant", "content": "Done."},
            {"role": "user", "content": [{"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}]},
        ],
        "timeline": [],
    }));
    std::fs::write(&found.path, written.as_ref().unwrap()).unwrap();
    let (steps, bytes) = document(&found);
    assert_eq!(bytes, written.unwrap().into_bytes());
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["Do it", "See"]);
    let said = messages(&steps);
    assert_eq!(said[0].blocks, [text("Do it")]);
    assert_eq!(said[2], &result(Status::Ok, vec![Part::Text(inline("made"))]));
    assert_eq!(said[4].blocks[1], Block::Image("image/png".into(), inline("iVBO")));
    assert_eq!(steps[2].files, ["w/p/n"]);
    assert_eq!(steps[1].time, Some(1_760_182_820_882));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), n in 0usize..12) {
        let kinds = ["user.message", "assistant.message", "tool.execution_complete", "session.binary_asset",
            "session.usage_record", "session.start", "tool.user_requested", "session.compaction_complete"];
        let odd = String::from_utf8_lossy(&bytes).into_owned();
        let odd = [json!(odd), json!([odd]), json!({"content": [odd], "toolCallId": 7, "usage": odd}), json!(null)];
        let data: Value = ["content", "toolRequests", "attachments", "result", "error", "usage", "data", "assetId"]
            .iter().enumerate().map(|(at, key)| ((*key).to_owned(), odd[(at + n) % odd.len()].clone())).collect();
        let all = kinds.map(|kind| (kind, data.clone()));
        let mut lines = events(&all).into_bytes();
        lines.extend_from_slice(&bytes);
        testing::steps(&Copilot, &lines);
    }
}
