//! Copilot Chat in VS Code: a log that grows turn by turn, is cut off and
//! written anew, and the document that it was before.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, assert_same, branches};

const USER: &str = ".config/Code/User";
const WORKSPACE: &str = ".config/Code/User/workspaceStorage/5d41402abc4b2a76b9719d911017c592";

/// A turn that is over.
fn turn(n: u64, words: &str, answer: &str) -> Value {
    let rounds = json!([{"id": format!("round-{n}"), "response": answer, "toolCalls": []}]);
    json!({
        "requestId": format!("request_{n}"), "timestamp": 1_770_000_000_000 + n * 60_000,
        "message": {"text": words, "parts": []}, "variableData": {"variables": []},
        "agent": {"extensionVersion": "0.37.1"}, "modelId": "copilot/m",
        "response": [{"value": answer}], "modelState": {"value": 1, "completedAt": 1_770_000_001_000 + n * 60_000},
        "result": {"timings": {"totalElapsed": 900}, "metadata": {"toolCallRounds": rounds}}
    })
}

fn set(path: &Value, value: &Value) -> Value {
    json!({"kind": 1, "k": path, "v": value})
}

fn push(path: &Value, at: Option<u64>, list: &Value) -> Value {
    let mut line = json!({"kind": 2, "k": path, "v": list});
    if let Some(at) = at {
        line["i"] = at.into();
    }
    line
}

/// The lines that are written while a turn is answered.
fn answered(n: u64, at: u64, words: &str, answer: &str) -> Vec<Value> {
    let whole = turn(n, words, answer);
    let mut begun = whole.clone();
    begun["modelState"] = json!({"value": 0});
    begun["response"] = json!([]);
    begun.as_object_mut().unwrap().remove("result");
    vec![
        set(&json!(["inputState", "inputText"]), &words.into()),
        push(&json!(["requests"]), None, &json!([begun])),
        push(&json!(["requests", at, "response"]), None, &json!([{"value": "half of "}])),
        set(&json!(["requests", at, "result"]), &whole["result"]),
        set(&json!(["requests", at, "modelState"]), &whole["modelState"]),
        push(&json!(["requests", at, "response"]), Some(0), &whole["response"]),
    ]
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn object(requests: &Value) -> Value {
    json!({"version": 3, "responderUsername": "GitHub Copilot", "requests": requests,
        "sessionId": "s1", "creationDate": 1_770_000_000_000_u64, "customTitle": "A chat"})
}

#[test]
fn a_log_grows_is_cut_off_and_written_anew() {
    let sandbox = Sandbox::new();
    sandbox.put(&format!("{WORKSPACE}/workspace.json"), r#"{"folder": "file:///w/a%20b"}"#);
    let place = format!("{WORKSPACE}/chatSessions/s1.jsonl");
    let mut lines = vec![json!({"kind": 0, "v": object(&json!([]))})];
    lines.extend(answered(1, 0, "first question", "one"));
    lines.extend(answered(2, 1, "second question", "two"));
    let whole = text(&lines);
    let mut commits = 0;
    for end in whole.match_indices('\n').flat_map(|(at, _)| [at - 20, at + 1]) {
        sandbox.put(&place, &whole[..end]);
        let report = sandbox.json(&["capture"]);
        assert_eq!((&report["trouble"], &report["rewritten"]), (&0.into(), &0.into()), "{report} at {end}");
        commits += report["commits"].as_u64().unwrap();
    }
    let at_once = Sandbox::new();
    at_once.put(&place, &whole);
    assert_eq!(commits, at_once.capture().commits, "in steps or at once, the same commits");
    assert_eq!(sandbox.titles(""), ["first question", "second question"]);
    let session = sandbox.capture().session;
    assert_eq!((&session["title"], &session["project"]), (&"A chat".into(), &"/w/a b".into()));
    assert_eq!(branches(&session), ["main"]);

    lines.push(push(&json!(["requests"]), Some(1), &json!([turn(3, "another way", "three")])));
    let file = sandbox.put(&place, text(&lines));
    let captured = sandbox.capture();
    assert_eq!(captured.rewritten, 0, "it only grew");
    assert_eq!(sandbox.titles(""), ["first question", "another way"]);
    assert_eq!(branches(&captured.session).len(), 2, "what was taken back has a name");
    assert_same(&file, &sandbox.restored("vscode-copilot", "out").join(&place));

    let requests = json!([turn(1, "first question", "one"), turn(3, "another way", "three")]);
    sandbox.put(&place, text(&[json!({"kind": 0, "v": object(&requests)})]));
    let captured = sandbox.capture();
    assert_eq!(captured.rewritten, 1, "the tip of the lines before is kept");
    assert_eq!(sandbox.titles(""), ["first question", "another way"]);
    assert_same(&file, &sandbox.restored("vscode-copilot", "anew").join(&place));
}

#[test]
fn a_document_grows_and_becomes_a_log() {
    let sandbox = Sandbox::new();
    let folder = format!("{USER}/globalStorage/emptyWindowChatSessions");
    let place = format!("{folder}/s1.json");
    let document = |requests: &[Value]| object(&requests.into()).to_string();
    let (first, second) = (turn(1, "first question", "one"), turn(2, "second question", "two"));
    let mut open = second.clone();
    open["modelState"] = json!({"value": 0});
    open.as_object_mut().unwrap().remove("result");
    sandbox.put(&place, document(&[first.clone(), open]));
    assert_eq!(sandbox.capture().commits, 2, "the second turn is still answered");
    let old = sandbox.put(&place, document(&[first.clone(), second.clone()]));
    let captured = sandbox.capture();
    assert_eq!((captured.commits, captured.rewritten), (2, 0), "only what is new");

    let log = sandbox.put(
        &format!("{folder}/s1.jsonl"),
        text(&[json!({"kind": 0, "v": object(&json!([first, second]))})]),
    );
    sandbox.capture();
    assert_eq!(sandbox.titles(""), ["first question", "second question"]);
    let out = sandbox.restored("vscode-copilot", "out");
    for file in [old, log] {
        assert_same(&file, &out.join(&folder).join(file.file_name().unwrap()));
        assert!(fs::read(&file).is_ok(), "nothing of the tool's is touched");
    }
}
