//! Tests of the adapter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status};
use crate::tool::testing::{self, corpus, messages, text};
use crate::tool::{Framing, Key, Link, Step};

const HEAD: &str =
    r#"{"type":"session_start","id":"s","title":"T","cwd":"/w","isSessionTitleManuallySet":true}"#;

fn lines(records: &[Value]) -> String {
    let records = records.iter().map(|record| format!("\n{record}"));
    format!("{HEAD}{}\n", records.collect::<String>())
}

/// The steps of a file; all its bytes must come back.
fn read(bytes: &[u8]) -> Vec<Step> {
    let (steps, all) = testing::cut(&Droid, Framing::Document, open::Session::of(bytes.to_vec()));
    assert_eq!(String::from_utf8_lossy(&all), String::from_utf8_lossy(bytes), "restored");
    steps
}

fn steps(records: &[Value]) -> Vec<Step> {
    read(lines(records).as_bytes())
}

fn message(id: &str, parent: Option<&str>, role: &str, content: Value) -> Value {
    json!({"type": "message", "id": id, "parentId": parent, "timestamp": "2026-11-27T08:32:32.830Z",
        "message": {"role": role, "content": content, "modelId": "m"}})
}

/// A turn with all that a message may hold.
fn turn() -> Vec<Step> {
    steps(&[
        message(
            "r",
            None,
            "user",
            json!([{"type": "text", "text": "<system-reminder>\nx\n</system-reminder>"}]),
        ),
        message(
            "a",
            Some("r"),
            "user",
            json!([
                {"type": "text", "text": "<system-reminder>now</system-reminder>\n"},
                {"type": "text", "text": "do\nit"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}},
            ]),
        ),
        message(
            "b",
            Some("a"),
            "assistant",
            json!([
                {"type": "thinking", "thinking": "hm", "signature": "proof"},
                {"type": "redacted_thinking", "data": "sealed"},
                {"type": "text", "text": "looking"},
                {"type": "tool_use", "id": "c1", "name": "Read", "input": {"file_path": "/w/a"}},
            ]),
        ),
        json!({"type": "todo_state", "id": "t", "todos": {"todos": "1. x"}}),
        message(
            "c",
            Some("b"),
            "user",
            json!([
                {"type": "tool_result", "tool_use_id": "c1", "is_error": true, "content": [{"type": "text", "text": "no"}]},
            ]),
        ),
        json!({"type": "compaction_state", "id": "k", "summaryText": "short", "removedCount": 3}),
        json!({"type": "agent_turn_outcome", "turnId": "a", "reason": "completed", "resultKind": "text"}),
    ])
}

#[test]
fn a_turn_is_understood() {
    let steps = turn();
    assert!(steps.iter().all(|step| !step.unknown), "{steps:#?}");
    let message = |role, blocks| Message { role, blocks };
    let input = Input::Json(Json { literal: br#"{"file_path":"/w/a"}"#.to_vec(), holes: Vec::new() });
    let thought = |words, proof| Block::Thinking { text: text(words), signature: Some(text(proof)) };
    let want = [
        message(Role::System, vec![Block::Notice(text("<system-reminder>\nx\n</system-reminder>"))]),
        message(
            Role::User,
            vec![
                Block::Notice(text("<system-reminder>now</system-reminder>\n")),
                Block::Text(text("do\nit")),
                Block::Image("image/png".to_owned(), text("aWNvbg==")),
            ],
        ),
        message(
            Role::Assistant,
            vec![
                thought("hm", "proof"),
                thought("", "sealed"),
                Block::Text(text("looking")),
                Block::Call { name: "Read".to_owned(), action: Action::Read, input },
            ],
        ),
        message(
            Role::User,
            vec![Block::Result { call: None, status: Status::Error, parts: vec![Part::Text(text("no"))] }],
        ),
        message(Role::System, vec![Block::Summary(text("short"))]),
    ];
    assert_eq!(messages(&steps), want);
}

#[test]
fn messages_tell_where_they_hang() {
    let steps = turn();
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["do it"]);
    assert_eq!(steps[0].link, Link::Tip);
    assert_eq!((steps[2].key, &steps[2].link), (Some(Key::of(b"b")), &Link::Key(Key::of(b"a"))));
    assert_eq!((steps[2].model.as_deref(), steps[2].time), (Some("m"), Some(1_795_768_352_830)));
    assert_eq!(steps[2].message.as_ref().unwrap().calls, steps[4].message.as_ref().unwrap().results);
    assert_eq!(steps[2].files, ["r/w/a"]);
}

#[test]
fn what_one_side_alone_sees_is_no_prompt() {
    let seen = |visibility| {
        let content = json!([{"type": "text", "text": "x"}]);
        json!({"type": "message", "message": {"role": "user", "content": content, "visibility": visibility}})
    };
    let steps = steps(&[seen("llm_only"), seen("user_only"), seen("both")]);
    let prompts: Vec<_> = steps.iter().map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, [None, None, Some("x")]);
    let roles: Vec<_> = messages(&steps).iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::System, Role::User]);
    assert_eq!(messages(&steps)[0].blocks, [Block::Notice(text("x"))]);
}

#[test]
fn the_first_line_may_change_and_a_line_that_is_not_whole_waits() {
    let records = [message("a", None, "user", json!([{"type": "text", "text": "hi"}]))];
    let whole = lines(&records);
    let cut = |bytes: &str| {
        let mut session = open::Session::of(bytes.as_bytes().to_vec());
        let mut records = Vec::new();
        while let Some(record) = session.next().unwrap() {
            records.push(String::from_utf8(record.into_owned()).unwrap());
        }
        let frame = session.frame().unwrap();
        (records, frame)
    };
    let (records, frame) = cut(&whole);
    let facts = &frame.facts;
    assert_eq!((facts.user_title.as_deref(), facts.cwd.as_deref()), (Some("T"), Some("/w")));
    assert_eq!((frame.lead.as_slice(), frame.trail.as_slice()), (HEAD.as_bytes(), &b"\n"[..]));
    let renamed = whole.replace("\"T\"", "\"Another title\"").replace("true", "false");
    let (same, frame) = cut(&renamed);
    assert_eq!((same, frame.facts.tool_title.as_deref()), (records, Some("Another title")));
    let old = r#"{"type":"session_start","title":"first prompt","sessionTitle":"New Session","parent":"p","callingSessionId":"c"}"#;
    let facts = cut(old).1.facts;
    assert_eq!(facts.tool_title.as_deref(), Some("first prompt"));
    assert_eq!((facts.forked_from.as_deref(), facts.parent.as_deref()), (Some("p"), Some("c")));
    for end in 0..whole.len() {
        let said = messages(&read(&whole.as_bytes()[..end])).len();
        assert_eq!(said, usize::from(end + 1 == whole.len()), "at {end}");
    }
}

#[test]
fn printed_events_are_read_too() {
    let steps = read(
        br#"{"type":"system","subtype":"init","cwd":"/w","session_id":"s","model":"m"}
{"type":"message","role":"user","id":"a","text":"hi","timestamp":1760806427595}
{"type":"tool_call","id":"c","toolName":"Execute","parameters":{"command":"ls"},"timestamp":1760806427596}
{"type":"tool_result","id":"c","isError":true,"error":{"type":"tool_error","message":"no"}}
{"type":"error","message":"ended early"}
"#,
    );
    assert!(steps.iter().all(|step| !step.unknown), "{steps:#?}");
    assert_eq!((steps[1].prompt.as_deref(), steps[1].time), (Some("hi"), Some(1_760_806_427_595)));
    let said = messages(&steps);
    let failed = Block::Result { call: None, status: Status::Error, parts: vec![Part::Text(text("no"))] };
    assert_eq!(said[2].blocks, [failed]);
    assert_eq!(said[3].blocks, [Block::Notice(text("ended early"))]);
    assert_eq!(steps[2].message.as_ref().unwrap().calls, steps[3].message.as_ref().unwrap().results);
}

#[test]
fn what_is_not_known_is_said_to_be_so() {
    let steps = read(b"{\"type\":\"dream\"}\nnot json\n{\"type\":\"message\",\"message\":{\"role\":\"x\"}}\n{\"type\":\"message\",\"message\":{\"hookEventName\":\"Stop\"}}\n");
    assert_eq!(steps.iter().map(|step| step.unknown).collect::<Vec<_>>(), [true, true, true, false]);
}

#[test]
fn sessions_are_found_with_their_settings() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join(".factory");
    for place in ["sessions/-w/a.jsonl", "sessions/-w/a.settings.json", "sessions/b.jsonl", "auth.json"] {
        std::fs::create_dir_all(root.join(place).parent().unwrap()).unwrap();
        std::fs::write(root.join(place), HEAD).unwrap();
    }
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let Discovery { found, trouble } = Droid.discover(&places);
    assert!(trouble.is_empty());
    let names: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.place.as_str(), f.side.len())).collect();
    assert_eq!(names, [("a", "sessions/-w/a.jsonl", 1), ("b", "sessions/b.jsonl", 0)]);
    assert_eq!(found[0].side[0].place, "sessions/-w/a.settings.json");
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let (memory, plan) = testing::written(&Droid, testing::talk());
    let id = "01a20212-a86f-7d30-ba34-f1999c4bbe7a";
    assert_eq!(plan.path, Path::new("/h/.factory/sessions/-w-my proj").join(format!("{id}.jsonl")));
    let steps = read(&memory.0[&plan.path]);
    assert_eq!(testing::said(&messages(&steps)), testing::said(&testing::talk()));
    assert!(plan.losses.is_empty(), "{:?}", plan.losses);
    let text = String::from_utf8(memory.0[&plan.path].clone()).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&rows[0]["id"], &rows[0]["cwd"]), (&id.into(), &"/w/my proj".into()));
    assert!(rows[1].get("parentId").is_none());
    for pair in rows[1..].windows(2) {
        assert_eq!(pair[1]["parentId"], pair[0]["id"]);
        assert!(pair[1]["timestamp"].as_str() > pair[0]["timestamp"].as_str());
    }
}

#[test]
fn what_the_tool_would_refuse_is_written_otherwise() {
    let thought = |words: &str| Block::Thinking { text: text(words), signature: Some(text("proof")) };
    let (memory, plan) = testing::written(
        &Droid,
        vec![
            Message {
                role: Role::Assistant,
                blocks: vec![thought(""), thought("hm"), testing::call("a.b", "[1]")],
            },
            Message { role: Role::User, blocks: vec![testing::result(Status::Ok, "whose?")] },
            Message { role: Role::Assistant, blocks: vec![thought("alone")] },
        ],
    );
    let steps = read(&memory.0[&plan.path]);
    let roles: Vec<_> = messages(&steps).iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User, Role::User]);
    let said = format!("{:?}", messages(&steps)[1]);
    assert!(said.contains("a_b") && !said.contains("proof"), "{said}");
    assert_eq!(plan.losses.len(), 8, "{:#?}", plan.losses);
    let alone = vec![Message { role: Role::Assistant, blocks: vec![Block::Notice(text("x"))] }];
    let mut memory = testing::Memory::default();
    let written =
        Droid.resume().unwrap().write(&mut testing::Talk::of(alone), &testing::target(), &mut memory);
    assert!(matches!(written, Err(ToolError::Empty)));
}

#[test]
fn real_sessions_are_understood() {
    for (path, bytes) in [corpus("droid", ".jsonl"), corpus("_synthetic/droid", ".jsonl")].concat() {
        let steps = read(&bytes);
        let unknown = steps.iter().filter(|step| step.unknown).count();
        let prompts = steps.iter().filter(|step| step.prompt.is_some()).count();
        println!(
            "{}: {} records, {} messages, {unknown} unknown, {prompts} prompts",
            path.display(),
            steps.len(),
            messages(&steps).len()
        );
        assert_eq!(unknown, 0, "{}", path.display());
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), n in 0usize..5) {
        let odd = String::from_utf8_lossy(&bytes).into_owned();
        let odd = [json!(odd), json!([odd, {"type": odd}]), json!({"content": [odd]}), json!(null), json!(7)];
        let odd = |at: usize| odd[(at + n) % odd.len()].clone();
        let mut records = Vec::new();
        for kind in ["text", "thinking", "redacted_thinking", "tool_use", "tool_result", "image"] {
            let item = json!({"type": kind, kind: odd(0), "data": odd(1), "input": odd(2), "content": odd(3), "source": odd(4)});
            records.push(message("a", None, "user", json!([item])));
            records.push(message("a", Some("a"), "assistant", odd(1)));
        }
        for kind in ["message", "compaction_state", "tool_call", "tool_result", "error", "session_start"] {
            records.push(json!({"type": kind, "summaryText": odd(0), "message": odd(1), "parameters": odd(2), "value": odd(3)}));
        }
        let text = lines(&records);
        read(&[text.as_bytes(), &bytes, b"\n"].concat());
        read(&[&bytes, text.as_bytes()].concat());
    }
}
