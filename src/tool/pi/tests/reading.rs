//! What entries mean.

use super::*;
use crate::object::message::{Action, Block, Input, Json, Part, Role, Status};
use crate::tool::{Key, Link};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Lines of messages in a row, with ids `m0`, `m1`, … and a head before them.
fn session(messages: &[Value]) -> String {
    let head = json!({"type": "session", "version": 3, "id": "s", "timestamp": "2026-11-22T06:34:00.000Z",
        "cwd": "/p", "parentSession": "/h/sessions/--p--/2026-11-22T00-00-00-000Z_01a20212-a86f-7d30-ba34-f1999c4bbe7a.jsonl"});
    let lines = messages.iter().enumerate().map(|(n, message)| {
        let parent = n.checked_sub(1).map(|n| format!("m{n}"));
        json!({"type": "message", "id": format!("m{n}"), "parentId": parent,
            "timestamp": format!("2026-11-22T06:34:{n:02}.000Z"), "message": message})
    });
    std::iter::once(head).chain(lines).map(|line| format!("{line}\n")).collect()
}

fn text(words: &str) -> Block {
    Block::Text(inline(words))
}

#[test]
fn a_turn_is_read_as_it_was_said() {
    let steps = steps(&session(&[
        json!({"role": "user", "content": [{"type": "text", "text": "Look"},
            {"type": "image", "data": "iVBO", "mimeType": "image/png"}]}),
        json!({"role": "assistant", "model": "m", "provider": "p", "stopReason": "toolUse", "content": [
            {"type": "thinking", "thinking": "Where?", "thinkingSignature": "c2ln"},
            {"type": "text", "text": "I look.", "textSignature": "x"},
            {"type": "toolCall", "id": "c1", "name": "read", "arguments": {"path": "/p/a", "n": 1.50}},
            {"type": "toolCall", "id": "c2", "name": "bash", "arguments": {"command": "ls"}}],
            "usage": {"input": 10, "output": 5, "cacheRead": 3, "cacheWrite": 2, "totalTokens": 20}}),
        json!({"role": "toolResult", "toolCallId": "c2", "toolName": "bash", "isError": true,
            "content": [{"type": "text", "text": "no"}]}),
        json!({"role": "toolResult", "toolCallId": "c1", "toolName": "read", "isError": false,
            "content": [{"type": "image", "data": "iVBO", "mimeType": "image/png"}]}),
        json!({"role": "assistant", "content": [], "stopReason": "error", "errorMessage": "rate limited",
            "usage": {"input": 1, "output": 0}}),
    ]));
    assert_eq!(steps[0].facts.cwd.as_deref(), Some("/p"));
    assert_eq!(steps[0].facts.forked_from.as_deref(), Some("01a20212-a86f-7d30-ba34-f1999c4bbe7a"));
    assert!(steps.iter().all(|step| !step.unknown && !step.side));
    assert_eq!((steps[1].prompt.as_deref(), &steps[1].link), (Some("Look"), &Link::Root));
    assert_eq!((steps[2].key, &steps[2].link), (Some(Key::of(b"m1")), &Link::Key(Key::of(b"m0"))));
    assert_eq!((steps[1].time, steps[2].model.as_deref()), (Some(1_795_329_240_000), Some("m")));
    let call = |name: &str, action, literal: &str| {
        let json = Json { literal: literal.as_bytes().to_vec(), holes: Vec::new() };
        Block::Call { name: name.into(), action, input: Input::Json(json) }
    };
    let result = |status, part| Message {
        role: Role::User,
        blocks: vec![Block::Result { call: None, status, parts: vec![part] }],
    };
    let picture = || ("image/png".to_owned(), inline("iVBO"));
    let answer = Message {
        role: Role::Assistant,
        blocks: vec![
            Block::Thinking { text: inline("Where?"), signature: Some(inline("c2ln")) },
            text("I look."),
            call("read", Action::Read, r#"{"path":"/p/a","n":1.5}"#),
            call("bash", Action::Shell, r#"{"command":"ls"}"#),
        ],
    };
    assert_eq!(
        messages(&steps),
        [
            &Message { role: Role::User, blocks: vec![text("Look"), Block::Image(picture().0, picture().1)] },
            &answer,
            &result(Status::Error, Part::Text(inline("no"))),
            &result(Status::Ok, Part::Image(picture().0, picture().1)),
        ]
    );
    assert_eq!(steps[2].message.as_ref().unwrap().calls, [Key::of(b"c1"), Key::of(b"c2")]);
    assert_eq!(steps[3].message.as_ref().unwrap().results, [Key::of(b"c2")]);
    assert_eq!(steps[2].files, ["r/p/a"]);
    let usage = steps[2].usage.unwrap().usage;
    assert_eq!((usage.input, usage.output, usage.cache_read, usage.cache_write), (10, 5, 3, 2));
    assert_eq!(steps[5].usage.unwrap().usage.input, 1);
}

#[test]
fn entries_hang_where_they_say() {
    let entry = |kind: &str, id: &str, parent: Value, more: Value| {
        let mut entry = json!({"type": kind, "id": id, "parentId": parent});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("{entry}\n")
    };
    let user = |words: &str| json!({"message": {"role": "user", "content": words}});
    let lines = [
        entry("model_change", "a", Value::Null, json!({"provider": "p", "modelId": "m"})),
        entry("message", "b", json!("a"), user("one")),
        entry("message", "c", json!("b"), user("left")),
        entry("branch_summary", "d", json!("b"), json!({"fromId": "c", "summary": "went left"})),
        entry("label", "e", json!("d"), json!({"targetId": "b", "label": "here"})),
        entry("message", "f", json!("e"), user("right")),
        entry(
            "compaction",
            "g",
            json!("f"),
            json!({"summary": "all", "firstKeptEntryId": "f", "tokensBefore": 9}),
        ),
        entry("session_info", "h", json!("g"), json!({"name": "My work"})),
        entry("custom", "i", json!("h"), json!({"customType": "x", "data": {}})),
        entry(
            "custom_message",
            "j",
            json!("i"),
            json!({"customType": "x", "content": "put in", "display": true}),
        ),
    ];
    let steps = steps(&lines.concat());
    assert!(steps.iter().all(|step| !step.unknown));
    let key = |id: &str| Link::Key(Key::of(id.as_bytes()));
    let links: Vec<_> = steps.iter().map(|step| step.link.clone()).collect();
    let want = [
        Link::Root,
        key("a"),
        key("b"),
        key("b"),
        key("d"),
        key("e"),
        key("f"),
        key("g"),
        key("h"),
        key("i"),
    ];
    assert_eq!(links, want);
    let said = messages(&steps);
    let Block::Text(Text::Inline(branch)) = &said[2].blocks[0] else { panic!("{:?}", said[2]) };
    assert!(branch.ends_with(b"<summary>\nwent left</summary>") && said[2].role == Role::User);
    assert_eq!((said[4].role, &said[4].blocks[0]), (Role::System, &Block::Summary(inline("all"))));
    assert_eq!((said[5].role, &said[5].blocks[0]), (Role::System, &Block::Notice(inline("put in"))));
    assert_eq!(steps[7].facts.user_title.as_deref(), Some("My work"));
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["one", "left", "right"]);
}

#[test]
fn entries_without_ids_follow_each_other() {
    let steps = steps(
        "{\"type\":\"session\",\"id\":\"v1\",\"cwd\":\"/p\"}\n\
         {\"type\":\"message\",\"message\":{\"role\":\"user\",\"content\":\"one\"}}\n\
         {\"type\":\"message\",\"message\":{\"role\":\"hookMessage\",\"content\":\"two\"}}\n",
    );
    assert!(steps.iter().all(|step| step.key.is_none() && step.link == Link::Tip && !step.unknown));
    assert_eq!(messages(&steps)[1].blocks, [Block::Notice(inline("two"))]);
}

#[test]
fn commands_of_the_user_are_told_as_the_model_is_told() {
    let run = |more: Value| {
        let mut message = json!({"role": "bashExecution", "command": "ls", "output": "a", "exitCode": 0});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let steps = steps(&session(&[message]));
        assert!(steps[1].prompt.is_none());
        messages(&steps)[0].blocks[0].clone()
    };
    assert_eq!(run(json!({})), text("Ran `ls`\n```\na\n```"));
    let failed = "Ran `ls`\n(no output)\n\nCommand exited with code 2";
    assert_eq!(run(json!({"output": "", "exitCode": 2})), text(failed));
    let hidden = Block::Notice(inline("Ran `ls`\n```\na\n```"));
    assert_eq!(run(json!({"excludeFromContext": true})), hidden);
}

#[test]
fn what_is_not_known_is_said_to_be_so() {
    let steps =
        steps("{\"type\":\"dream\"}\n{\"type\":\"message\",\"message\":{\"role\":\"x\"}}\nnot json\n{}\n");
    assert_eq!(steps.iter().map(|step| step.unknown).collect::<Vec<_>>(), [true, true, true, true]);
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), n in 0usize..12) {
        let odd = String::from_utf8_lossy(&bytes).into_owned();
        let odd = [json!(odd), json!([odd, {"type": odd}]), json!({"content": [odd]}), json!(null), json!(7)];
        let roles = ["user", "assistant", "toolResult", "bashExecution", "custom", "branchSummary"];
        let messages = roles.map(|role| {
            let mut message = json!({"role": role});
            for (at, key) in ["content", "usage", "model", "command", "output", "summary", "toolCallId"].iter().enumerate() {
                message[key] = odd[(at + n) % odd.len()].clone();
            }
            message
        });
        let lines = [session(&messages).as_bytes(), &bytes, b"\n"].concat();
        testing::steps(&Pi, &lines);
    }
}
