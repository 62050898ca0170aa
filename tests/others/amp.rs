//! Amp.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, assert_same, branches};

const PLACE: &str = ".local/share/amp/threads/T-1.json";

/// A thread as Amp writes it: pretty, and new from the first byte each time.
fn thread(version: u64, messages: &[Value]) -> String {
    let thread = json!({
        "v": version, "id": "T-1", "created": 1, "messages": messages, "nextMessageId": messages.len(),
        "env": {"initial": {"trees": [{"displayName": "p", "uri": "file:///p"}]}}, "title": "A thread",
    });
    serde_json::to_string_pretty(&thread).unwrap()
}

fn asks(n: usize, text: &str) -> Value {
    json!({"role": "user", "messageId": n, "content": [{"type": "text", "text": text}], "meta": {"sentAt": n * 1000}})
}

fn says(n: usize, state: &str, content: &Value) -> Value {
    json!({"role": "assistant", "messageId": n, "content": content, "state": {"type": state},
        "usage": {"model": "m", "inputTokens": 5, "outputTokens": 7}})
}

fn ran(n: usize, status: &str, output: &str) -> Value {
    let run = json!({"status": status, "result": {"output": output, "exitCode": 0}});
    json!({"role": "user", "messageId": n, "content": [{"type": "tool_result", "toolUseID": "c", "run": run}]})
}

#[test]
fn a_thread_grows_message_by_message_and_what_is_unfinished_waits() {
    let sandbox = Sandbox::new();
    let call = json!([{"type": "text", "text": "I look"},
        {"type": "tool_use", "complete": true, "id": "c", "name": "Bash", "input": {"cmd": "ls"}}]);
    let all = [
        asks(0, "first question"),
        says(1, "complete", &call),
        ran(2, "done", "a file"),
        says(3, "complete", &json!([{"type": "text", "text": "there it is"}])),
    ];
    let partly = says(1, "streaming", &json!([{"type": "text", "text": "I lo"}]));
    let running = ran(2, "in-progress", "a f");
    let steps: [(&[Value], u64); 5] = [
        (&[all[0].clone()], 1),
        (&[all[0].clone(), partly], 0),
        (&[all[0].clone(), all[1].clone(), running], 1),
        (&all[..3], 1),
        (&all, 1),
    ];
    for (version, (messages, commits)) in steps.into_iter().enumerate() {
        let file = sandbox.put(PLACE, thread(version as u64, messages));
        let captured = sandbox.capture();
        assert_eq!((captured.commits, captured.rewritten), (commits, 0), "version {version}");
        assert_same(&file, &sandbox.restored("amp", &format!("out-{version}")).join("threads/T-1.json"));
    }
    let again = sandbox.capture();
    assert_eq!((again.commits, branches(&again.session)), (0, vec!["main"]));
    assert_eq!((&again.session["title"], &again.session["project"]), (&json!("A thread"), &json!("/p")));
    assert!(sandbox.shown().contains("there it is"));
    let at_once = Sandbox::new();
    at_once.put(PLACE, thread(9, &all));
    at_once.capture();
    assert_eq!(at_once.tips(), sandbox.tips(), "in steps or at once, the same commits");
}

#[test]
fn what_a_user_edits_away_stays_and_files_changed_are_kept() {
    let sandbox = Sandbox::new();
    let answer = says(1, "complete", &json!([{"type": "text", "text": "yes"}]));
    sandbox.put(PLACE, thread(1, &[asks(0, "same"), answer.clone(), asks(2, "given up")]));
    let change = sandbox.put(".amp/file-changes/T-1/c.1", r#"{"before":"a","after":"b","isNewFile":false}"#);
    sandbox.capture();
    let file = sandbox.put(PLACE, thread(2, &[asks(0, "same"), answer, asks(2, "asked instead")]));
    let captured = sandbox.capture();
    assert_eq!((captured.commits, captured.rewritten), (1, 1));
    assert_eq!(sandbox.titles("/main"), ["same", "asked instead"]);
    assert_eq!(sandbox.titles("/kept-1"), ["same", "given up"]);
    let out = sandbox.restored("amp", "out");
    assert_same(&file, &out.join("threads/T-1.json"));
    assert_same(&change, &out.join("file-changes/T-1/c.1"));
}

#[test]
fn doctor_tells_of_threads_on_the_server() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["init"]);
    assert!(!sandbox.ok(&["doctor"]).contains("amp threads export"));
    sandbox.put(".local/share/amp/device-id.json", "{}");
    assert!(sandbox.ok(&["doctor"]).contains("amp threads export"));
}
