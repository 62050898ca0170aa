//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Block, Role, Status};
use crate::tool::testing::{messages, result, said, steps, talk, target, text, written};
use crate::tool::{Key, Link};

#[test]
fn rows_mean_what_they_say() {
    let rows = [
        r#"{"uuid":"a","parentUuid":null,"sessionId":"s","timestamp":"2026-01-01T00:00:00.000Z","type":"user","cwd":"/w","version":"1","message":{"role":"user","parts":[{"text":"<system-reminder>x"},{"text":"do  it"}]}}"#,
        r#"{"uuid":"b","parentUuid":"a","type":"system","subtype":"ui_telemetry","cwd":"/w"}"#,
        r#"{"uuid":"c","parentUuid":"b","type":"assistant","model":"m","message":{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"id":"1","name":"write_file","args":{"file_path":"/w/f"}}}]},"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":5,"totalTokenCount":16}}"#,
        r#"{"uuid":"d","parentUuid":"c","type":"tool_result","message":{"role":"user","parts":[{"functionResponse":{"id":"1","name":"write_file","response":{"error":"full"}}}]},"toolCallResult":{"callId":"1","status":"error"}}"#,
        r#"{"uuid":"e","parentUuid":"d","type":"system","subtype":"chat_compression","systemPayload":{"compressedHistory":[{"role":"user","parts":[{"text":"so far"}]}]}}"#,
        r#"{"uuid":"f","parentUuid":"e","type":"system","subtype":"custom_title","systemPayload":{"customTitle":"T","titleSource":"manual"}}"#,
        r#"{"uuid":"g","parentUuid":"a","type":"user","subtype":"notification","message":{"role":"user","parts":[{"text":"a task ended"}]}}"#,
        r#"{"uuid":"h","parentUuid":"a","type":"holo"}"#,
        "not json",
    ];
    let steps = steps(&Qwen, (rows.join("\n") + "\n").as_bytes());
    assert_eq!(steps[0].prompt.as_deref(), Some("do it"));
    assert_eq!((steps[0].link.clone(), steps[0].facts.cwd.as_deref()), (Link::Root, Some("/w")));
    assert!(!steps[1].unknown && steps[1].message.is_none() && steps[1].facts.cwd.is_none());
    assert_eq!(steps[2].link, Link::Key(Key::of(b"b")));
    assert_eq!(
        (steps[2].files.as_slice(), steps[2].model.as_deref()),
        (["w/w/f".to_owned()].as_slice(), Some("m"))
    );
    let usage = steps[2].usage.unwrap().usage;
    assert_eq!((usage.input, usage.cache_read, usage.output), (6, 4, 6));
    let blocks = |n: usize| steps[n].message.as_ref().unwrap().message.blocks.clone();
    assert_eq!(blocks(3), [result(Status::Error, "full")]);
    assert_eq!(blocks(4), [Block::Summary(text("so far"))]);
    assert_eq!(steps[5].facts.user_title.as_deref(), Some("T"));
    assert_eq!((blocks(6), steps[6].prompt.clone()), (vec![Block::Notice(text("a task ended"))], None));
    assert!(steps[7].unknown && steps[8].unknown);
}

#[test]
fn what_is_written_is_read_the_same() {
    let (memory, plan) = written(&Qwen, talk());
    assert_eq!(
        plan.path,
        Path::new("/h/.qwen/projects/-w-my-proj/chats/01a20212-a86f-7d30-ba34-f1999c4bbe7a.jsonl")
    );
    let bytes = &memory.0[&plan.path];
    let steps = steps(&Qwen, bytes);
    assert_eq!(said(&messages(&steps)), said(&talk()));
    assert_eq!(steps.iter().filter(|step| step.prompt.is_some()).count(), 2);
    // Each row hangs on the one before it, and says when it was.
    let links: Vec<_> = steps.iter().skip(1).map(|step| step.link.clone()).collect();
    let keys: Vec<_> = steps.iter().map(|step| Link::Key(step.key.unwrap())).collect();
    assert_eq!(links, keys[..keys.len() - 1]);
    assert!(steps.windows(2).all(|pair| pair[0].time < pair[1].time));
    assert_eq!(steps.last().unwrap().facts.user_title.as_deref(), Some("a \"title\" ✓"));
    // Node ends lines at these, and the title is found as text.
    assert!(!bytes.windows(3).any(|w| matches!(w, [0xE2, 0x80, 0xA8 | 0xA9])));
    assert!(String::from_utf8_lossy(bytes).contains(r#""subtype":"custom_title""#));
}

#[test]
fn a_call_without_a_result_gets_one_and_thoughts_stay() {
    let mut talk = talk();
    talk.truncate(2);
    talk[1].blocks.insert(0, Block::Thinking { text: text("hm"), signature: Some(text("sig")) });
    let (memory, plan) = written(&Qwen, talk);
    let messages = messages(&steps(&Qwen, &memory.0[&plan.path]));
    assert_eq!(messages[1].blocks[0], Block::Thinking { text: text("hm"), signature: None });
    let ends: Vec<_> = messages[2..].iter().flat_map(|m| m.blocks.clone()).collect();
    assert_eq!(ends, [result(Status::Error, "[interrupted]"), result(Status::Error, "[interrupted]")]);
    assert_eq!(plan.losses.len(), 2, "{:?}", plan.losses);
    assert!(messages.iter().all(|m| m.role != Role::System));
}

#[test]
fn a_row_of_another_session_is_given_the_new_id() {
    let raw = b"\n {\"a\":1,\"sessionId\": \"old\",\"b\":\"old\"}";
    assert_eq!(
        &*Qwen.rehome(raw, &target()),
        b"\n {\"a\":1,\"sessionId\": \"01a20212-a86f-7d30-ba34-f1999c4bbe7a\",\"b\":\"old\"}"
    );
    assert!(matches!(Qwen.rehome(b"{broken", &target()), Cow::Borrowed(_)));
}

#[test]
fn transcripts_are_found_where_they_are_moved_to() {
    let home = tempfile::tempdir().unwrap();
    let chats = home.path().join("q/projects/-w/chats");
    std::fs::create_dir_all(chats.join("archive")).unwrap();
    let id = "c3a2d09a-bca4-40dc-8b6e-a2a66fece12a";
    for name in
        [&format!("{id}.jsonl"), &format!("{id}.pr.json"), "notes.jsonl", &format!("archive/{id}.jsonl")]
    {
        std::fs::write(chats.join(name), "x").unwrap();
    }
    let mut places = Places { home: home.path().to_owned(), ..Places::default() };
    assert!(Qwen.discover(&places).found.is_empty());
    places.vars.insert("QWEN_HOME".into(), home.path().join("q").to_str().unwrap().into());
    let discovery = Qwen.discover(&places);
    let found: Vec<_> = discovery.found.iter().map(|f| (f.place.as_str(), f.side.len())).collect();
    let place = |below: &str| format!("projects/-w/chats/{below}{id}.jsonl");
    assert_eq!(found, [(place("").as_str(), 1), (place("archive/").as_str(), 0)]);
    assert!(discovery.trouble.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_panic(lines in proptest::collection::vec("[{}\\[\\]:,\"a-z0-9 ]{0,60}", 0..8), cut in 0usize..2000) {
        steps(&Qwen, (lines.join("\n") + "\n").as_bytes());
        let (memory, plan) = written(&Qwen, talk());
        let bytes = &memory.0[&plan.path];
        let mut bytes = bytes[..cut.min(bytes.len())].to_vec();
        bytes.push(b'\n');
        steps(&Qwen, &bytes);
    }
}
