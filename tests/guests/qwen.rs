//! Sessions of Qwen Code through the real binary.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, branches};

const ID: &str = "c3a2d09a-bca4-40dc-8b6e-a2a66fece12a";

fn file() -> String {
    format!(".qwen/projects/-home-dev-proj/chats/{ID}.jsonl")
}

/// A row that hangs on another.
fn row(n: usize, parent: Option<&str>, kind: &str, rest: Value) -> Value {
    let mut row = json!({
        "uuid": format!("r{n}"), "parentUuid": parent, "sessionId": ID, "type": kind, "cwd": "/home/dev/proj",
        "timestamp": format!("2026-11-22T07:16:{n:02}.000Z"), "version": "0.24.4", "gitBranch": "dev",
    });
    row.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    row
}

fn user(n: usize, parent: Option<&str>, words: &str) -> Value {
    row(n, parent, "user", json!({"message": {"role": "user", "parts": [{"text": words}]}}))
}

fn says(n: usize, parent: &str, words: &str) -> Value {
    let usage = json!({"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110});
    let message = json!({"role": "model", "parts": [{"text": words}]});
    row(n, Some(parent), "assistant", json!({"model": "qwen-x", "message": message, "usageMetadata": usage}))
}

fn system(n: usize, parent: &str, subtype: &str, payload: Value) -> Value {
    row(n, Some(parent), "system", json!({"subtype": subtype, "systemPayload": payload}))
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn a_session_grows_is_rewound_and_comes_back() {
    let sandbox = Sandbox::new();
    let mut rows = vec![
        user(0, None, "one"),
        system(1, "r0", "ui_telemetry", json!({})),
        says(2, "r1", "first"),
        user(3, Some("r2"), "two"),
        says(4, "r3", "second"),
        system(5, "r4", "custom_title", json!({"customTitle": "A name", "titleSource": "manual"})),
    ];
    sandbox.put(&file(), &lines(&rows));
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, &session["tool"], &session["title"]), (4, &"qwen".into(), &"A name".into()));
    assert_eq!((&session["project"], &session["git_branch"]), (&"/home/dev/proj".into(), &"dev".into()));
    assert_eq!((&session["model"], &session["unknown_records"]), (&"qwen-x".into(), &0.into()));

    // A rewind to the first answer, and on from there.
    rows.extend([
        system(6, "r2", "rewind", json!({})),
        user(7, Some("r6"), "two, but better"),
        says(8, "r7", "better"),
    ]);
    sandbox.put(&file(), &lines(&rows));
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, branches(&session)), (2, vec!["main", "rewind-1"]));
    assert_eq!(sandbox.titles("@"), ["one", "two, but better"]);
    assert_eq!(sandbox.titles("@/rewind-1"), ["one", "two"]);
    assert_eq!(sandbox.capture().1, 0);
    sandbox.assert_restored(".qwen", "qwen", "out");
}

/// QwenLM/qwen-code#6501: a row whose parent isn't there cuts off all before it.
#[test]
fn a_broken_chain_is_healed() {
    let sandbox = Sandbox::new();
    let rows =
        [user(0, None, "one"), says(1, "r0", "first"), user(2, Some("lost"), "two"), says(3, "r2", "second")];
    sandbox.put(&file(), &lines(&rows));
    sandbox.capture();
    assert_eq!(sandbox.titles("@"), ["one", "two"]);
    // Resumed, it is whole again.
    let outcome = sandbox.json(&[
        "resume",
        &sandbox.rev("@"),
        "--in",
        "qwen",
        "--project",
        sandbox.home().to_str().unwrap(),
    ]);
    let written = fs::read_to_string(outcome["path"].as_str().unwrap()).unwrap();
    assert!(written.contains("one") && written.contains("second"), "{written}");
}

/// What follows a session that was written, right after it, is part of it.
#[test]
fn the_first_prompt_after_a_resume_is_captured() {
    let sandbox = Sandbox::new();
    sandbox.put(&file(), &lines(&[user(0, None, "one"), says(1, "r0", "first")]));
    sandbox.capture();
    let home = fs::canonicalize(sandbox.home()).unwrap();
    let outcome =
        sandbox.json(&["resume", &sandbox.rev("@"), "--in", "qwen", "--project", home.to_str().unwrap()]);
    let (path, id) = (outcome["path"].as_str().unwrap(), outcome["native_id"].as_str().unwrap());
    let mut text = fs::read_to_string(path).unwrap();
    assert!(text.lines().all(|line| line.is_empty() || line.contains(id)), "{text}");
    assert_eq!(id.as_bytes()[14], b'4', "a UUID of version 4: {id}");
    text += &lines(&[user(7, Some("r1"), "two"), says(8, "r7", "second")]);
    fs::write(path, text).unwrap();
    let (session, commits) = sandbox.capture();
    assert_eq!(session["turns"], 2, "{session:#}");
    assert!(commits <= 3, "{commits}");
    assert_eq!(sandbox.titles("@"), ["one", "two"]);
}
