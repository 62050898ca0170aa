//! Tests of the adapter.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::object::message::{Action, Input, Json, Role, Status};
use crate::object::split::Splitter;
use crate::tool::testing::{self, messages, text};

const CONTEXT_LINES: &str = r#"{"role": "_system_prompt", "content": "You are Kimi."}
{"role": "_checkpoint", "id": 0}
{"role":"user","content":"first\nquestion"}
{"role":"user","content":[{"type":"text","text":"<system>CHECKPOINT 1</system>"}]}
{"role": "_usage", "token_count": 100}
{"role":"assistant","content":[{"type":"think","think":"hm","encrypted":null},{"type":"text","text":"I look."}],"tool_calls":[{"type":"function","id":"c1","function":{"name":"WriteFile","arguments":"{\"path\": \"/w/a\"}"}}]}
{"role":"tool","content":[{"type":"text","text":"<system>ERROR: no</system>"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aWNvbg=="}}],"tool_call_id":"c1"}
{"role":"user","content":[{"type":"text","text":"<system>Previous context has been compacted. Here is the compaction output:</system>"},{"type":"text","text":"short"}]}
"#;

const LOG: &str = r#"{"type": "metadata", "protocol_version": "1.9"}
{"timestamp": 1795769643.021725, "message": {"type": "TurnBegin", "payload": {"user_input": "first"}}}
{"timestamp": 1795769643.8, "message": {"type": "StatusUpdate", "payload": {"token_usage": {"input_other": 70, "output": 20, "input_cache_read": 30, "input_cache_creation": 0}}}}
{"timestamp": 1795769644, "message": {"type": "StatusUpdate", "payload": {"token_usage": null}}}
"#;

/// Reads lines of a source, with the reader made anew after each.
fn read(found: &Found, bytes: &[u8]) -> Vec<Step> {
    let (mut at, mut state, mut steps, mut splitter) = (0, Vec::new(), Vec::new(), Splitter::default());
    while let Some(piece) = splitter.next(&bytes[at..]) {
        splitter.split(&bytes[at..], piece, &[]);
        let mut reader = KimiCli.reader(found, &state);
        steps.push(reader.read(splitter.row(&bytes[at..], piece)));
        state = reader.state();
        at += piece.end;
    }
    steps
}

#[test]
fn a_context_is_understood() {
    let steps = testing::steps(&KimiCli, CONTEXT_LINES.as_bytes());
    assert!(steps.iter().all(|step| !step.unknown));
    let said: Vec<_> =
        messages(&steps).into_iter().flat_map(|m| m.blocks.into_iter().map(move |b| (m.role, b))).collect();
    let input = Input::Json(Json { literal: br#"{"path":"/w/a"}"#.to_vec(), holes: Vec::new() });
    let failed = vec![
        Part::Text(text("<system>ERROR: no</system>")),
        Part::Image("image/png".to_owned(), text("aWNvbg==")),
    ];
    let compacted = "<system>Previous context has been compacted. Here is the compaction output:</system>";
    let want = [
        (Role::User, Block::Text(text("first\nquestion"))),
        (Role::System, Block::Notice(text("<system>CHECKPOINT 1</system>"))),
        (Role::Assistant, Block::Thinking { text: text("hm"), signature: None }),
        (Role::Assistant, Block::Text(text("I look."))),
        (Role::Assistant, Block::Call { name: "WriteFile".to_owned(), action: Action::Write, input }),
        (Role::User, Block::Result { call: None, status: Status::Error, parts: failed }),
        (Role::System, Block::Summary(text(compacted))),
        (Role::System, Block::Summary(text("short"))),
    ];
    assert_eq!(said, want);
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["first question"]);
    assert_eq!(steps[5].files, ["w/w/a"]);
    assert_eq!(steps[5].message.as_ref().unwrap().calls, steps[6].message.as_ref().unwrap().results);
}

#[test]
fn sessions_are_found_with_their_log_their_agents_and_their_directory() {
    let home = tempfile::tempdir().unwrap();
    let bucket = format!("sessions/{}", digest::md5_hex(b"/w/my proj"));
    for (place, bytes) in [
        (format!("{bucket}/s1/context.jsonl"), CONTEXT_LINES),
        (format!("{bucket}/s1/context_1.jsonl"), CONTEXT_LINES),
        (format!("{bucket}/s1/wire.jsonl"), LOG),
        (format!("{bucket}/s1/state.json"), r#"{"custom_title":"Mine","title_generated":false}"#),
        (format!("{bucket}/s1/subagents/a1/context.jsonl"), CONTEXT_LINES),
        (format!("{bucket}/s1/subagents/a1/wire.jsonl"), LOG),
        (format!("{bucket}/s1/subagents/a1/meta.json"), "{}"),
        (format!("{bucket}/s0.jsonl"), CONTEXT_LINES),
        ("kimi.json".to_owned(), r#"{"work_dirs":[{"path":"/else"},{"path":"/w/my proj"}]}"#),
        ("credentials/kimi.json".to_owned(), "secret"),
    ] {
        let path = home.path().join(".kimi").join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let Discovery { found, trouble } = KimiCli.discover(&places);
    assert!(trouble.is_empty());
    let parts: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.part.as_str())).collect();
    let want = [("s0", ""), ("s1", ""), ("s1", "context_1"), ("s1", "a1"), ("s1", "a1.wire"), ("s1", "wire")];
    assert_eq!(parts, want);
    let side: Vec<_> = found[1].side.iter().map(|file| file.path.file_name().unwrap()).collect();
    assert_eq!(side, ["state.json", "meta.json"]);

    let steps = read(&found[1], CONTEXT_LINES.as_bytes());
    let facts = &steps[0].facts;
    assert_eq!((facts.user_title.as_deref(), facts.cwd.as_deref()), (Some("Mine"), Some("/w/my proj")));
    let times: Vec<_> = steps.iter().map(|step| step.time).collect();
    assert_eq!(
        (times[2], times[3], times[5]),
        (Some(1_795_769_643_021), None, None),
        "only the first is told"
    );
    assert_eq!(read(&found[3], CONTEXT_LINES.as_bytes())[0].facts.parent.as_deref(), Some("s1"));

    let log = read(&found[5], LOG.as_bytes());
    let told: Vec<_> = log.iter().filter_map(|step| step.facts.parent.as_deref()).collect();
    assert_eq!(told, ["s1"]);
    assert!(log.iter().all(|step| step.message.is_none() && !step.unknown));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), n in 0usize..5) {
        let odd = String::from_utf8_lossy(&bytes).into_owned();
        let odd = [json!(odd), json!([odd, {"type": odd}]), json!({"content": [odd]}), json!(null), json!(-7.5)];
        let odd = |at: usize| odd[(at + n) % odd.len()].clone();
        let mut lines = Vec::new();
        for role in ["user", "assistant", "tool", "system", "_usage", "x"] {
            let line = json!({"role": role, "content": odd(0), "tool_calls": odd(1), "tool_call_id": odd(2)});
            lines.extend(format!("{line}\n").into_bytes());
        }
        let log = json!({"timestamp": odd(0), "message": {"payload": {"token_usage": odd(1)}}});
        lines.extend(format!("{log}\n").into_bytes());
        lines.extend_from_slice(&bytes);
        testing::steps(&KimiCli, &lines);
        let found = Found { path: WIRE.into(), ..testing::found(crate::tool::Framing::Lines) };
        read(&found, &lines);
    }
}
