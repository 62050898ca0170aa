//! Tests of the adapter.

mod lists;
mod places;
mod writing;

use serde_json::{Value, json};

use super::Gemini;
use crate::object::message::{Block, Role, Status};
use crate::tool::testing::{call, found, messages, result, said, says, steps, text};
use crate::tool::{Framing, Link, Step, Tool};

/// The lines of a session.
fn lines(records: &[Value]) -> Vec<u8> {
    records.iter().map(|record| format!("{record}\n")).collect::<String>().into_bytes()
}

fn head() -> Value {
    json!({"sessionId": "s-1", "projectHash": "x", "startTime": "2026-01-01T00:00:00.000Z", "kind": "main"})
}

fn user(id: &str, content: Value) -> Value {
    json!({"id": id, "timestamp": "2026-01-01T00:00:01.000Z", "type": "user", "content": content})
}

fn gemini(id: &str, content: Value) -> Value {
    json!({"id": id, "timestamp": "2026-01-01T00:00:02.000Z", "type": "gemini", "content": content, "model": "m"})
}

/// A call as it stands in `toolCalls`, with its result if there is one.
fn made(id: &str, name: &str, args: Value, output: Option<&str>) -> Value {
    let response =
        |output| json!([{"functionResponse": {"id": id, "name": name, "response": {"output": output}}}]);
    json!({"id": id, "name": name, "args": args, "status": "success", "result": output.map(response)})
}

fn with(mut message: Value, key: &str, value: Value) -> Value {
    message[key] = value;
    message
}

/// All steps of a record in one list.
fn flat(steps: &[Step]) -> Vec<&Step> {
    steps.iter().flat_map(|step| std::iter::once(step).chain(&step.then)).collect()
}

#[test]
fn an_answer_comes_once_then_its_calls_then_their_results() {
    let answer =
        with(gemini("g1", json!("I look.")), "thoughts", json!([{"subject": "Plan", "description": "look"}]));
    let answer =
        with(answer, "tokens", json!({"input": 10, "output": 5, "cached": 4, "thoughts": 2, "tool": 1}));
    let calls = json!([
        made("a", "read_file", json!({"file_path": "/w/x"}), Some("text")),
        with(
            made("b", "run_shell_command", json!({"command": "ls"}), None),
            "result",
            json!([{
            "functionResponse": {"id": "b", "name": "run_shell_command", "response": {"error": "no"}}}])
        ),
    ]);
    let responses = json!([
        {"functionResponse": {"id": "a", "name": "read_file", "response": {"output": "text"}}},
        {"functionResponse": {"id": "b", "name": "run_shell_command", "response": {"error": "no"}}},
    ]);
    let records = [
        head(),
        user("u1", json!([{"text": "do  it"}])),
        json!({"$set": {"lastUpdated": "2026-01-01T00:00:01.000Z"}}),
        answer.clone(),
        with(answer, "toolCalls", calls),
        user("r1", responses),
        gemini("g2", json!("Done.")),
    ];
    let steps = steps(&Gemini, &lines(&records));
    let expected = [
        says(Role::User, "do  it"),
        crate::object::message::Message {
            role: Role::Assistant,
            blocks: vec![
                Block::Thinking { text: text("**Plan** look"), signature: None },
                Block::Text(text("I look.")),
            ],
        },
        crate::object::message::Message {
            role: Role::Assistant,
            blocks: vec![
                call("read_file", r#"{"file_path":"/w/x"}"#),
                call("run_shell_command", r#"{"command":"ls"}"#),
            ],
        },
        crate::object::message::Message {
            role: Role::User,
            blocks: vec![result(Status::Ok, "text"), result(Status::Error, "no")],
        },
        says(Role::Assistant, "Done."),
    ];
    assert_eq!(said(&messages(&steps)), said(&expected));
    let all = flat(&steps);
    assert_eq!(all.iter().filter_map(|step| step.prompt.as_deref()).collect::<Vec<_>>(), ["do it"]);
    assert!(all.iter().all(|step| !step.unknown));
    let calls = all.iter().find(|step| !step.files.is_empty()).unwrap();
    assert_eq!(calls.files, ["r/w/x"]);
    let draft = calls.message.as_ref().unwrap();
    let results = all.iter().filter_map(|step| step.message.as_ref()).find(|draft| !draft.results.is_empty());
    assert_eq!(draft.calls, results.unwrap().results);
    let usage = all.iter().find_map(|step| step.usage).unwrap();
    assert_eq!((usage.usage.input, usage.usage.cache_read, usage.usage.output), (7, 4, 7));
    // Nothing in it leaves the main line.
    assert!(all.iter().filter(|step| step.message.is_some()).all(|step| step.link == Link::Tip));
}

#[test]
fn what_the_tool_says_in_the_users_name_is_no_prompt() {
    let context = user("c", json!([{"text": "<session_context>\nhere\n</session_context>"}]));
    let records = [
        head(),
        json!({"$set": {"messages": [context]}}),
        user("u1", json!([{"text": "\n<loaded_context>\nx</loaded_context>"}, {"text": "go on"}])),
        json!({"id": "i", "type": "info", "content": "saved"}),
        json!({"id": "e", "type": "error", "content": "failed"}),
        json!({"id": "h", "type": "hologram", "content": "?"}),
        json!({"summary": "?"}),
    ];
    let steps = steps(&Gemini, &lines(&records));
    let all = messages(&steps);
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].role, all[1].role), (Role::System, Role::User));
    assert!(matches!(all[0].blocks.as_slice(), [Block::Notice(_)]));
    assert!(matches!(all[1].blocks.as_slice(), [Block::Notice(_), Block::Text(_)]));
    assert_eq!(flat(&steps).iter().filter_map(|step| step.prompt.as_deref()).collect::<Vec<_>>(), ["go on"]);
    assert_eq!(
        steps.iter().map(|step| step.unknown).collect::<Vec<_>>(),
        [false, false, false, false, false, true, true]
    );
}

#[test]
fn a_prompt_is_what_is_shown_of_it_and_pictures_stay() {
    let shown = with(
        user(
            "u",
            json!([{"text": "see @p.png"}, {"inlineData": {"mimeType": "image/png", "data": "aWNvbg=="}}]),
        ),
        "displayContent",
        json!([{"text": "see the picture"}]),
    );
    let read = with(
        gemini("g", json!("")),
        "toolCalls",
        json!([with(
            made("a", "read_file", json!({}), None),
            "result",
            json!([
                {"functionResponse": {"id": "a", "name": "read_file", "response": {"output": "1 item"}}},
                {"inlineData": {"mimeType": "image/png", "data": "aWNvbg=="}},
            ]),
        )]),
    );
    let steps = steps(&Gemini, &lines(&[head(), shown, read, user("m", json!("\u{200B}/bin is a folder"))]));
    let all = messages(&steps);
    assert!(matches!(all[0].blocks.as_slice(), [Block::Text(_), Block::Image(..)]));
    let Block::Result { parts, .. } = &all[2].blocks[0] else { panic!("{all:#?}") };
    assert_eq!(parts.len(), 2);
    assert_eq!(all[3], says(Role::User, "/bin is a folder"));
    let prompts: Vec<_> = flat(&steps).iter().filter_map(|step| step.prompt.clone()).collect();
    assert_eq!(prompts, ["see the picture", "/bin is a folder"]);
}

/// Reads a document in one go.
fn document(value: &Value) -> (Vec<Step>, crate::tool::Frame) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session-1.json");
    std::fs::write(&path, serde_json::to_string_pretty(value).unwrap()).unwrap();
    let found = crate::tool::Found { path, ..found(Framing::Document) };
    let mut pieces = Gemini.open(&found).unwrap();
    let (mut reader, mut splitter) = (Gemini.reader(&found, &[]), crate::object::split::Splitter::default());
    let mut steps = Vec::new();
    while let Some(record) = pieces.next().unwrap() {
        let piece = splitter.document(&record);
        splitter.split(&record, piece, &[]);
        steps.push(reader.read(splitter.row(&record, piece)));
    }
    (steps, pieces.frame().unwrap())
}

#[test]
fn a_document_of_an_older_version_says_the_same_at_once() {
    let answer =
        with(gemini("g", json!("I look.")), "toolCalls", json!([made("a", "glob", json!({}), Some("x"))]));
    let mut session = with(head(), "messages", json!([user("u", json!("hi")), answer]));
    session["summary"] = json!("greets");
    let (steps, frame) = document(&session);
    let blocks: Vec<_> = said(&messages(&steps));
    assert_eq!(blocks.len(), 4);
    assert_eq!(blocks[3], (Role::User, result(Status::Ok, "x")));
    assert_eq!(frame.facts.tool_title.as_deref(), Some("greets"));
    // An answer that isn't whole yet is left for later.
    for open in [
        gemini("g2", json!("")),
        with(
            gemini("g2", json!("I")),
            "toolCalls",
            json!([with(made("b", "ls", json!({}), None), "status", json!("executing"))]),
        ),
    ] {
        session["messages"].as_array_mut().unwrap().push(open);
        assert_eq!(document(&session).0.len(), 2);
        session["messages"].as_array_mut().unwrap().pop();
    }
}
