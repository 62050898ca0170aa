//! Writing, and reading what was written.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::super::form::Form;
use super::{Gemini, document};
use crate::object::message::{Block, Message, Role, Status};
use crate::tool::testing::{Memory, Talk, messages, result, said, says, steps, talk, target, text, written};
use crate::tool::{Plan, Step, Tool};

/// Writes messages for a version.
fn written_for(version: &str, messages: Vec<Message>) -> (Memory, Plan) {
    let mut memory = Memory::default();
    let target = crate::tool::Target { version: Some(version.to_owned()), ..target() };
    let plan = Gemini.resume().unwrap().write(&mut Talk::of(messages), &target, &mut memory).unwrap();
    (memory, plan)
}

fn read(memory: &Memory, plan: &Plan) -> Vec<Step> {
    let bytes = &memory.0[&plan.path];
    match plan.path.extension().unwrap().to_str() {
        Some("jsonl") => steps(&Gemini, bytes),
        _ => document(&serde_json::from_slice(bytes).unwrap()).0,
    }
}

#[test]
fn what_is_written_is_read_the_same_in_every_form() {
    for version in ["0.20.0", "0.38.2", "0.40.0", "0.44.0", "0.61.0", "1.2.0", "0.62.0-nightly.20261101"] {
        let (memory, plan) = written_for(version, talk());
        let steps = read(&memory, &plan);
        assert_eq!(said(&messages(&steps)), said(&talk()), "{version}");
        let all = super::flat(&steps);
        assert_eq!(all.iter().filter(|step| step.prompt.is_some()).count(), 2, "{version}");
        assert!(all.iter().all(|step| !step.unknown));
        let times: Vec<_> = all.iter().filter(|s| s.message.is_some()).filter_map(|s| s.time).collect();
        assert!(times.is_sorted(), "{times:?}");
        let text = String::from_utf8(memory.0[&plan.path].clone()).unwrap();
        assert!(!text.contains(['\u{2028}', '\u{2029}']));
        assert!(text.contains(r#""lastUpdated":"2027-01-15T08:00:00.000Z""#), "the tool deletes what is old");
        assert_eq!(plan.losses.len(), usize::from(version == "0.20.0"), "{:?}", plan.losses);
    }
}

#[test]
fn each_version_finds_its_session_where_it_looks_for_it() {
    let place = |version: &str| {
        let (memory, plan) = written_for(version, talk());
        let marker = memory.0.get(Path::new("/h/.gemini/tmp/my-proj/.project_root")).cloned();
        assert!(plan.files.iter().all(|file| memory.0.contains_key(file.path())));
        assert_eq!(plan.files.len(), memory.0.len());
        (plan.path.to_str().unwrap().replace(&plan.native[..8], "<id>"), marker)
    };
    let marked = || Some(b"/w/my proj".to_vec());
    let name = "/h/.gemini/tmp/my-proj/chats/session-2026-11-22T07-05-<id>";
    assert_eq!(place("0.61.0"), (format!("{name}.jsonl"), marked()));
    assert_eq!(place("0.38.0"), (format!("{name}.json"), marked()));
    let hash = crate::tool::digest::sha256_hex(b"/w/my proj");
    assert_eq!(
        place("0.20.0"),
        (format!("/h/.gemini/tmp/{hash}/chats/session-2026-11-22T07-05-<id>.json"), None)
    );
}

#[test]
fn versions_know_their_forms() {
    let form = |version| {
        let form = Form::of(version);
        (form.lines, form.results, form.slug, form.resumes)
    };
    assert_eq!(form(None), (true, true, true, true));
    assert_eq!(form(Some("0.44.0")), (true, true, true, true));
    assert_eq!(form(Some("0.43.1")), (true, false, true, true));
    assert_eq!(form(Some("0.38.0")), (false, false, true, true));
    assert_eq!(form(Some("0.28.0")), (false, false, false, true));
    assert_eq!(form(Some("0.9.0")), (false, false, false, false));
    let (_, plan) = written_for("0.9.0", talk());
    assert_eq!(plan.losses.len(), 2, "{:?}", plan.losses);
}

#[test]
fn prompts_that_look_like_commands_are_sent_and_shown_as_they_are() {
    let image = Block::Image("image/png".to_owned(), text("aWNvbg=="));
    let prompts = ["/etc is a folder", " ? really", "<session_context> is a tag", "plain"];
    let mut talk: Vec<_> = prompts.iter().map(|prompt| says(Role::User, prompt)).collect();
    talk.push(Message { role: Role::User, blocks: vec![image] });
    let (memory, plan) = written(&Gemini, talk.clone());
    let records: Vec<Value> =
        memory.0[&plan.path].split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect();
    for (record, prompt) in records[1..].iter().zip(prompts.iter().chain([&""])) {
        let sent = record["content"][0]["text"].as_str().unwrap();
        let hidden = sent.trim_start().starts_with('\u{200B}');
        assert_eq!(hidden, *prompt != "plain", "{sent:?}");
        assert_eq!(sent.trim_start_matches('\u{200B}'), *prompt);
        assert_eq!(
            record["displayContent"][0]["text"].as_str(),
            (hidden && !prompt.is_empty()).then_some(*prompt)
        );
    }
    assert_eq!(said(&messages(&read(&memory, &plan))), said(&talk));
}

#[test]
fn a_call_without_a_result_gets_one_and_thoughts_are_only_shown() {
    let mut talk = talk();
    talk.truncate(2);
    talk[1].blocks.insert(0, Block::Thinking { text: text("**Plan** hm"), signature: Some(text("sig")) });
    let lost = Block::Thinking { text: text("lost"), signature: None };
    talk.extend([says(Role::User, "well?"), Message { role: Role::Assistant, blocks: vec![lost] }]);
    for version in ["0.61.0", "0.38.0"] {
        let (memory, plan) = written_for(version, talk.clone());
        let messages = messages(&read(&memory, &plan));
        let shown =
            matches!(&messages[1].blocks[0], Block::Thinking { text: t, .. } if *t == text("**Plan** hm"));
        assert_eq!(shown, version == "0.61.0");
        let ends: Vec<_> = messages[2..4].iter().flat_map(|m| m.blocks.clone()).collect();
        let ends = &ends[..2];
        assert_eq!(ends, [result(Status::Error, "[interrupted]"), result(Status::Error, "[interrupted]")]);
        assert_eq!(plan.losses.len(), 3, "{:?}", plan.losses);
    }
}

#[test]
fn an_empty_conversation_is_not_written() {
    let mut memory = Memory::default();
    let outcome = Gemini.resume().unwrap().write(&mut Talk::of(Vec::new()), &target(), &mut memory);
    assert!(outcome.is_err() && memory.0.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_panic(lines in proptest::collection::vec("[{}\\[\\]:,\"a-z0-9$ ]{0,60}", 0..8), cut in 0usize..4000) {
        steps(&Gemini, (lines.join("\n") + "\n").as_bytes());
        let (memory, plan) = written(&Gemini, talk());
        let whole = &memory.0[&plan.path];
        let mut bytes = whole[..cut.min(whole.len())].to_vec();
        let kept = bytes.iter().filter(|byte| **byte == b'\n').count();
        bytes.push(b'\n');
        // What stands before the cut means what it meant.
        let before: Vec<_> = steps(&Gemini, whole);
        prop_assert_eq!(&steps(&Gemini, &bytes)[..kept], &before[..kept]);
    }

    #[test]
    fn records_of_any_shape_do_not_panic(records in proptest::collection::vec(record(), 0..12)) {
        let bytes: String = records.iter().map(|record| format!("{record}\n")).collect();
        steps(&Gemini, bytes.as_bytes());
        let list: Vec<_> = records.iter().map(Value::to_string).collect();
        let open = format!("{{\"$set\":{{\"messages\":[{}]}}}}\n", list.join(","));
        steps(&Gemini, format!("{bytes}{open}{bytes}").as_bytes());
    }
}

/// Records that are nearly right.
fn record() -> impl Strategy<Value = Value> {
    use serde_json::json;
    let id = prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!(1)), Just(Value::Null)];
    let content = prop_oneof![
        Just(json!("text")),
        Just(json!([{"text": 1}, "x", null, {"functionResponse": {"id": "a"}}, {"functionCall": []}])),
        Just(json!({"functionResponse": "a"})),
        Just(json!([{"text": "<session_context>"}])),
        Just(json!([{"text": "<state_snapshot>"}])),
    ];
    let calls = prop_oneof![
        Just(Value::Null),
        Just(
            json!([1, {"id": "a", "result": "x"}, {"id": "b", "result": [{"text": "y"}], "status": "error"}])
        ),
        Just(json!([{"result": {"functionResponse": {"parts": [{"inlineData": {"data": ""}}]}}}])),
    ];
    let kind = prop_oneof![Just("user"), Just("gemini"), Just("info"), Just("")];
    let message = (id.clone(), kind, content, calls)
        .prop_map(|(id, kind, content, calls)| json!({"id": id, "type": kind, "content": content, "toolCalls": calls, "thoughts": [1, {"subject": "s"}]}));
    let rewind = id.prop_map(|id| json!({"$rewindTo": id}));
    prop_oneof![4 => message, 1 => rewind, 1 => Just(json!({"$set": 1})), 1 => Just(json!([1]))]
}
