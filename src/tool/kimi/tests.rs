//! Tests of the adapter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status};
use crate::tool::testing::{self, corpus, messages, text};
use crate::tool::{Framing, Key, Link, Step};

const HEAD: &str = r#"{"type":"metadata","protocol_version":"1.5","created_at":1}"#;

fn lines(records: &[Value]) -> String {
    let records = records.iter().map(|record| format!("\n{record}"));
    format!("{HEAD}{}\n", records.collect::<String>())
}

fn steps(records: &[Value]) -> Vec<Step> {
    testing::steps(&Kimi, lines(records).as_bytes())
}

fn said(role: &str, words: &str, origin: Value) -> Value {
    let content = json!([{"type": "text", "text": words}]);
    json!({"type": "context.append_message", "time": 5,
        "message": {"role": role, "content": content, "toolCalls": [], "origin": origin}})
}

fn event(event: Value) -> Value {
    json!({"type": "context.append_loop_event", "agentId": "main", "event": event, "time": 7})
}

#[test]
fn a_turn_is_understood() {
    let steps = steps(&[
        json!({"type": "profile.bind", "modelAlias": "m", "environmentDisclosure": {"cwd": "/w"}}),
        json!({"type": "turn.prompt", "input": [{"type": "text", "text": "hi"}], "origin": {"kind": "user"}}),
        said("user", "hi\nthere", json!({"kind": "user"})),
        said("user", "<system-reminder>", json!({"kind": "injection", "variant": "date_change"})),
        event(json!({"type": "step.begin", "uuid": "s"})),
        json!({"type": "usage.record", "model": "m2", "usage":
            {"inputOther": 70, "output": 20, "inputCacheRead": 30, "inputCacheCreation": 4}}),
        event(
            json!({"type": "content.part", "part": {"type": "think", "think": "hm", "encrypted": "proof"}}),
        ),
        event(json!({"type": "content.part", "part": {"type": "text", "text": "look"}})),
        event(json!({"type": "tool.call", "toolCallId": "c1", "name": "Read", "args": {"path": "/w/a"}})),
        event(
            json!({"type": "tool.result", "toolCallId": "c1", "result": {"output": "no", "isError": true}}),
        ),
        event(json!({"type": "step.end", "usage": {"inputOther": 70, "output": 20}})),
        json!({"type": "agent.message.appended", "kind": "event", "message": {"message": {"role": "user"}}}),
    ]);
    assert!(steps.iter().all(|step| !step.unknown), "{steps:#?}");
    let blocks: Vec<_> =
        messages(&steps).into_iter().flat_map(|m| m.blocks.into_iter().map(move |b| (m.role, b))).collect();
    let input = Input::Json(Json { literal: br#"{"path":"/w/a"}"#.to_vec(), holes: Vec::new() });
    let want = [
        (Role::User, Block::Text(text("hi\nthere"))),
        (Role::System, Block::Notice(text("<system-reminder>"))),
        (Role::Assistant, Block::Thinking { text: text("hm"), signature: Some(text("proof")) }),
        (Role::Assistant, Block::Text(text("look"))),
        (Role::Assistant, Block::Call { name: "Read".to_owned(), action: Action::Read, input }),
        (
            Role::User,
            Block::Result { call: None, status: Status::Error, parts: vec![Part::Text(text("no"))] },
        ),
    ];
    assert_eq!(blocks, want);
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["hi there"]);
    assert_eq!(steps[1].facts.cwd.as_deref(), Some("/w"));
    assert_eq!((steps[3].time, steps[7].time), (Some(5), Some(7)));
    assert_eq!(steps[7].model.as_deref(), Some("m2"));
    let counted: Vec<_> = steps.iter().filter_map(|step| step.usage).collect();
    assert_eq!(counted.len(), 1, "what an answer cost is counted once");
    assert_eq!(steps[7].usage, Some(counted[0]), "with the answer, not before it");
    let usage = counted[0].usage;
    assert_eq!((usage.input, usage.output, usage.cache_read, usage.cache_write), (70, 20, 30, 4));
    assert_eq!(steps[9].message.as_ref().unwrap().calls, [Key::of(b"c1")]);
    assert_eq!(steps[10].message.as_ref().unwrap().results, [Key::of(b"c1")]);
    assert_eq!(steps[9].files, ["r/w/a"]);
}

#[test]
fn what_was_counted_for_no_answer_is_not_lost() {
    let usage = |n| json!({"type": "usage.record", "usage": {"inputOther": n, "output": 1}});
    let steps = steps(&[usage(10), usage(20), said("user", "hi", json!(null))]);
    let counted: Vec<_> = steps.iter().map(|step| step.usage.map(|counted| counted.usage.input)).collect();
    assert_eq!(counted, [None, None, Some(10), None]);
}

#[test]
fn messages_written_whole_are_read_too() {
    let answer = json!({"type": "context.append_message", "message": {
        "role": "assistant",
        "content": [{"type": "think", "think": "hm"}],
        "toolCalls": [{"type": "function", "id": "c", "name": "Bash", "arguments": "{\"command\":\"ls\"}"}],
    }});
    let result = json!({"type": "context.append_message", "message": {
        "role": "tool", "toolCallId": "c", "toolCalls": [],
        "content": [{"type": "image_url", "imageUrl": {"url": "data:image/png;base64,aWNvbg=="}}],
    }});
    let steps = steps(&[answer, result]);
    let said = messages(&steps);
    let input = Input::Json(Json { literal: br#"{"command":"ls"}"#.to_vec(), holes: Vec::new() });
    assert_eq!(said[0].blocks[1], Block::Call { name: "Bash".to_owned(), action: Action::Shell, input });
    let picture = Part::Image("image/png".to_owned(), text("aWNvbg=="));
    assert_eq!(said[1].blocks, [Block::Result { call: None, status: Status::Ok, parts: vec![picture] }]);
    assert_eq!(steps[1].message.as_ref().unwrap().calls, steps[2].message.as_ref().unwrap().results);
}

#[test]
fn undone_turns_cleared_contexts_and_compactions() {
    let user = || json!({"kind": "user"});
    let steps = steps(&[
        said("user", "one", user()),
        json!({"type": "context.undo", "count": 2}),
        json!({"type": "context.clear"}),
        json!({"type": "turn.ended"}),
        said("user", "two", user()),
        said("user", "three", user()),
        json!({"type": "context.apply_compaction", "summary": "short", "contextSummary": "long", "compactedCount": 2}),
        json!({"type": "context.apply_compaction", "summary": {"role": "user", "content": [{"type": "text", "text": "old"}]}}),
        said("user", "again", json!({"kind": "compaction_summary"})),
    ]);
    let links: Vec<_> = steps.iter().map(|step| step.link.clone()).collect();
    let tip = || Link::Tip;
    assert_eq!(links[..7], [tip(), tip(), Link::TurnsBack(2), tip(), tip(), Link::Root, tip()]);
    let summaries: Vec<_> = messages(&steps)[3..].iter().map(|m| (m.role, m.blocks[0].clone())).collect();
    let want = ["long", "old", "again"].map(|words| (Role::System, Block::Summary(text(words))));
    assert_eq!(summaries, want);
}

#[test]
fn who_speaks_in_the_users_place_is_told_by_the_origin() {
    let steps = steps(&[
        said(
            "user",
            "a",
            json!({"kind": "skill_activation", "trigger": "user-slash", "skillName": "fix", "skillArgs": "it"}),
        ),
        said("user", "b", json!({"kind": "skill_activation", "trigger": "model-tool", "skillName": "fix"})),
        said("user", "c", json!({"kind": "system_trigger", "name": "subagent"})),
        said("user", "d", json!({"kind": "task", "taskId": "t"})),
        said("user", "e", json!({"kind": "shell_command", "phase": "input"})),
    ]);
    let prompts: Vec<_> = steps[1..].iter().map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, [Some("/fix it"), None, Some("c"), None, None]);
}

#[test]
fn what_is_not_known_is_said_to_be_so() {
    let steps = testing::steps(
        &Kimi,
        b"{\"type\":\"dream\"}\n{\"type\":\"context.append_message\"}\nnot json\n{}\n{\"type\":\"context.append_loop_event\",\"event\":{\"type\":\"x\"}}\n{\"type\":\"goal.new\"}\n",
    );
    assert_eq!(
        steps.iter().map(|step| step.unknown).collect::<Vec<_>>(),
        [true, true, true, true, true, false]
    );
}

#[test]
fn sessions_are_found_with_their_agents_and_what_stands_beside() {
    let home = tempfile::tempdir().unwrap();
    let session = "sessions/wd_w_0123456789ab/session_1";
    for (place, bytes) in [
        (format!("{session}/agents/main/wire.jsonl"), HEAD),
        (format!("{session}/agents/agent-0/wire.jsonl"), HEAD),
        (format!("{session}/agents/main/plans/p.md"), "plan"),
        (format!("{session}/logs/kimi-code.log"), "log"),
        (
            format!("{session}/state.json"),
            r#"{"cwd":"/w","title":"T","isCustomTitle":true,"forkedFrom":"session_0","createdAt":9}"#,
        ),
        ("credentials/kimi.json".to_owned(), "secret"),
        ("sessions/wd_w_0123456789ab/session_2/agents/agent-1/wire.jsonl".to_owned(), HEAD),
    ] {
        let path = home.path().join(".kimi-code").join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let Discovery { found, trouble } = Kimi.discover(&places);
    assert!(trouble.is_empty());
    let parts: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.part.as_str(), f.framing)).collect();
    let line = Framing::Lines;
    let want = [("session_1", "", line), ("session_1", "agent-0", line), ("session_2", "agent-1", line)];
    assert_eq!(parts, want);
    let side: Vec<_> = found[0].side.iter().map(|file| file.place.strip_prefix(session).unwrap()).collect();
    assert_eq!(side, ["/state.json", "/agents/main/plans/p.md"]);
    let row = r#"{"type":"turn.ended"}"#;
    let facts = |found: &Found| {
        let mut reader = Kimi.reader(found, &[]);
        let mut splitter = crate::object::split::Splitter::default();
        let piece = splitter.document(row.as_bytes());
        splitter.split(row.as_bytes(), piece, &[]);
        reader.read(splitter.row(row.as_bytes(), piece)).facts
    };
    let told = facts(&found[0]);
    assert_eq!((told.user_title.as_deref(), told.cwd.as_deref()), (Some("T"), Some("/w")));
    assert_eq!((told.forked_from.as_deref(), told.created), (Some("session_0"), Some(9)));
    assert_eq!(facts(&found[1]).parent.as_deref(), Some("session_1"));
    let moved = Places { vars: [("KIMI_CODE_HOME".to_owned(), "/k".to_owned())].into(), ..places };
    assert!(Kimi.discover(&moved).found.is_empty() && Kimi.root(&moved) == Path::new("/k"));
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let (memory, plan) = testing::written(&Kimi, testing::talk());
    let folder =
        Path::new("/h/.kimi-code/sessions/wd_my-proj_f12e8bd9554b/01a20212-a86f-7d30-ba34-f1999c4bbe7a");
    assert_eq!(plan.path, folder.join("agents/main/wire.jsonl"));
    let bytes = &memory.0[&plan.path];
    let said = messages(&testing::steps(&Kimi, bytes));
    assert_eq!(testing::said(&said), testing::said(&testing::talk()));
    let state: Value = serde_json::from_slice(&memory.0[&folder.join("state.json")]).unwrap();
    assert_eq!((&state["cwd"], &state["title"]), (&"/w/my proj".into(), &"a \"title\" ✓".into()));
    assert_eq!(state["agents"]["main"]["homedir"], folder.join("agents/main").to_str().unwrap());
    assert_eq!(Kimi.resume().unwrap().new_id("x"), "session_x");
}

#[test]
fn thoughts_keep_the_proof_that_is_the_tools_own() {
    let thought = Block::Thinking { text: text("hm"), signature: Some(text("proof")) };
    let said = vec![
        testing::says(Role::User, "hi"),
        Message { role: Role::Assistant, blocks: vec![thought, Block::Text(text("ho"))] },
    ];
    let written = |by: &str| {
        let (mut memory, mut talk) = (testing::Memory::default(), testing::Talk::of(said.clone()));
        talk.by(by);
        let plan = Kimi.resume().unwrap().write(&mut talk, &testing::target(), &mut memory).unwrap();
        (String::from_utf8(memory.0[&plan.path].clone()).unwrap(), plan.losses.len())
    };
    let (own, losses) = written("kimi");
    assert!(own.contains(r#""encrypted":"proof""#) && losses == 0, "{own}");
    let (other, losses) = written("another");
    assert!(!other.contains("proof") && other.contains(r#""think":"hm""#) && losses == 1, "{other}");
}

#[test]
fn real_sessions_are_understood() {
    for (path, bytes) in [corpus("kimi", ".jsonl"), corpus("_synthetic/kimi", ".jsonl")].concat() {
        let steps = testing::steps(&Kimi, &[bytes.as_slice(), b"\n"].concat());
        let unknown = steps.iter().filter(|step| step.unknown).count();
        let prompts = steps.iter().filter(|step| step.prompt.is_some()).count();
        let output: u64 = steps.iter().filter_map(|step| step.usage).map(|c| c.usage.output).sum();
        println!(
            "{}: {} records, {} messages, {unknown} unknown, {prompts} prompts, {output} tokens out",
            path.display(),
            steps.len(),
            messages(&steps).len()
        );
        // One is of the program before.
        let other = path.to_string_lossy().contains("kimi-parity");
        assert!(other || unknown == 0, "{}", path.display());
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), n in 0usize..5) {
        let odd = String::from_utf8_lossy(&bytes).into_owned();
        let odd = [json!(odd), json!([odd, {"type": odd}]), json!({"content": [odd], "usage": odd}), json!(null), json!(-7)];
        let odd = |at: usize| odd[(at + n) % odd.len()].clone();
        let mut records = Vec::new();
        for kind in ["user", "assistant", "tool", "system"] {
            records.push(json!({"type": "context.append_message", "time": odd(1), "message":
                {"role": kind, "content": odd(0), "toolCalls": odd(1), "origin": odd(2), "toolCallId": odd(3)}}));
        }
        for kind in ["content.part", "tool.call", "tool.result"] {
            records.push(event(json!({"type": kind, "part": odd(0), "args": odd(1), "name": odd(2), "result": odd(3)})));
        }
        for kind in ["context.apply_compaction", "context.undo", "usage.record", "profile.bind"] {
            records.push(json!({"type": kind, "summary": odd(0), "count": odd(1), "usage": odd(2), "modelAlias": odd(3)}));
        }
        testing::steps(&Kimi, &[lines(&records).as_bytes(), &bytes, b"\n"].concat());
    }
}
