//! Sessions of the Copilot CLI, Cline, Roo Code, Cursor, Gemini CLI, Pi and Qwen Code through the real binary: captured,
//! gone on with, cut, copied and restored.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "guests/cline.rs"]
mod cline;
#[path = "guests/config.rs"]
mod config;
#[path = "guests/cursor.rs"]
mod cursor;
#[path = "guests/gemini.rs"]
mod gemini;
#[path = "guests/qwen.rs"]
mod qwen;
#[path = "guests/sandbox.rs"]
mod sandbox;

use std::fs;

use sandbox::{Sandbox, branches};
use serde_json::{Value, json};

/// Events of the Copilot CLI from number `from` on, a second apart.
fn events(from: usize, events: &[(&str, Value)]) -> String {
    let lines = events.iter().enumerate().map(|(n, (kind, data))| {
        let n = n + from;
        let (kind, agent) = kind.split_once('@').map_or((*kind, None), |(kind, agent)| (kind, Some(agent)));
        let mut event = json!({"type": kind, "data": data, "id": format!("00000000-0000-4000-8000-{n:012}"),
            "timestamp": format!("2026-11-22T06:34:{n:02}.000Z"), "parentId": null});
        if let Some(agent) = agent {
            event["agentId"] = json!(agent);
        }
        format!("{event}\n")
    });
    lines.collect()
}

fn prompt(words: &str) -> (&'static str, Value) {
    ("user.message", json!({"content": words, "attachments": []}))
}

fn answer(words: &str) -> (&'static str, Value) {
    ("assistant.message", json!({"messageId": words, "content": words, "toolRequests": []}))
}

fn head() -> (&'static str, Value) {
    let context = json!({"cwd": "/p", "branch": "dev"});
    let start = json!({"sessionId": "s1", "version": 1, "producer": "copilot-agent",
        "copilotVersion": "1.0.102", "startTime": "2026-11-22T06:34:00.000Z", "context": context});
    ("session.start", start)
}

const EVENTS: &str = ".copilot/session-state/s1/events.jsonl";

#[test]
fn a_copilot_session_grows_is_cut_and_comes_back() {
    let sandbox = Sandbox::new();
    let mut text = events(0, &[head(), prompt("one"), answer("first"), prompt("two"), answer("second")]);
    sandbox.put(EVENTS, &text);
    sandbox.put(".copilot/session-state/s1/workspace.yaml", "name: 'A name'\nuser_named: true\n");
    sandbox.put(".copilot/session-state/s1/checkpoints/index.md", "# none\n");
    let (session, commits) = sandbox.capture();
    assert_eq!((&session["tool"], &session["title"]), (&"copilot".into(), &"A name".into()));
    assert_eq!((&session["project"], &session["turns"]), (&"/p".into(), &2.into()));
    assert_eq!(commits, 4);
    sandbox.assert_restored(".copilot", "copilot", "first");

    let cut = text.len();
    text += &events(5, &[prompt("three"), answer("third"), ("session.shutdown", json!({}))]);
    sandbox.put(EVENTS, &text);
    assert_eq!(sandbox.capture().1, 2);
    assert_eq!(sandbox.titles("@"), ["one", "two", "three"]);

    // A rewind cuts the file, and what comes then is another way.
    sandbox.put(EVENTS, &format!("{}{}", &text[..cut], events(8, &[prompt("other")])));
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, sandbox.titles("@")), (1, vec!["one".into(), "two".into(), "other".into()]));
    let kept = branches(&session).into_iter().find(|name| name.starts_with("kept")).unwrap().to_owned();
    let id = session["id"].as_str().unwrap();
    assert_eq!(sandbox.titles(&format!("{id}/{kept}")), ["one", "two", "three"]);
    sandbox.assert_restored(".copilot", "copilot", "second");
    assert_eq!(sandbox.capture().1, 0);
}

#[test]
fn a_copilot_subagent_is_a_line_beside_the_main_one() {
    let sandbox = Sandbox::new();
    let list = [
        head(),
        prompt("go"),
        ("subagent.started@A", json!({"toolCallId": "c"})),
        ("user.message@A", json!({"content": "look for it", "source": "agent-s1"})),
        ("assistant.message@A", json!({"messageId": "a", "content": "found it", "toolRequests": []})),
        answer("done"),
    ];
    // As it is written, event by event.
    for n in 2..=list.len() {
        sandbox.put(EVENTS, &events(0, &list[..n]));
        sandbox.capture();
    }
    let (session, _) = sandbox.capture();
    assert_eq!(sandbox.titles("@"), ["go"]);
    let id = session["id"].as_str().unwrap();
    let side = branches(&session).into_iter().find(|name| name.contains("side")).unwrap();
    assert_eq!(sandbox.titles(&format!("{id}/{side}")), ["look for it"]);
    assert_eq!(session["messages"], 2);
    sandbox.assert_restored(".copilot", "copilot", "out");
}

#[test]
fn an_old_copilot_document_is_resumed_as_events() {
    let sandbox = Sandbox::new();
    let document = json!({"sessionId": "c", "startTime": "2025-10-11T11:40:20.882Z", "chatMessages": [
        {"role": "user", "content": "Do it\n\n<current_datetime>now</current_datetime>"},
        {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": "{\"command\":\"ls\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a b"},
        {"role": "assistant", "content": "Done."}], "timeline": []});
    let text = serde_json::to_string_pretty(&document).unwrap();
    sandbox.put(".copilot/history-session-state/session_c_1760182820882.json", &text);
    sandbox.capture();
    assert_eq!(sandbox.titles("@"), ["Do it"]);
    sandbox.assert_restored(".copilot", "copilot", "out");
    let resumed = sandbox.json(&["resume", &sandbox.rev("@"), "--in", "copilot"]);
    let events = fs::read_to_string(resumed["path"].as_str().unwrap()).unwrap();
    let kinds: Vec<Value> =
        events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone()).collect();
    assert_eq!(
        kinds,
        [
            "session.start",
            "user.message",
            "assistant.message",
            "tool.execution_start",
            "tool.execution_complete",
            "assistant.message"
        ]
    );
}

/// Entries of Pi: id, parent, role, words.
fn entries(list: &[(&str, Option<&str>, &str, &str)]) -> String {
    let lines = list.iter().map(|(id, parent, role, words)| {
        let content = json!([{"type": "text", "text": words}]);
        let entry = json!({"type": "message", "id": id, "parentId": parent,
            "timestamp": "2026-11-22T06:34:00.000Z", "message": {"role": role, "content": content}});
        format!("{entry}\n")
    });
    lines.collect()
}

const PI: &str =
    ".pi/agent/sessions/--p--/2026-11-22T06-34-00-000Z_01a20212-a86f-7d30-ba34-f1999c4bbe7a.jsonl";
const FORK: &str =
    ".pi/agent/sessions/--p--/2026-11-22T07-34-00-000Z_01a20213-4085-7753-bb34-e2749a22fda8.jsonl";

#[test]
fn a_pi_session_branches_forks_and_comes_back() {
    let sandbox = Sandbox::new();
    let head = |id: &str| format!("{}\n", json!({"type": "session", "version": 3, "id": id, "cwd": "/p"}));
    let mut text = head("01a20212-a86f-7d30-ba34-f1999c4bbe7a")
        + &entries(&[
            ("a", None, "user", "one"),
            ("b", Some("a"), "assistant", "first"),
            ("c", Some("b"), "user", "two"),
            ("d", Some("c"), "assistant", "second"),
        ]);
    sandbox.put(PI, &text);
    let (session, commits) = sandbox.capture();
    assert_eq!((&session["tool"], &session["project"], commits), (&"pi".into(), &"/p".into(), 4));

    // Gone on with from an earlier entry: the leaf that was left keeps a name.
    text += &entries(&[("e", Some("b"), "user", "instead")]);
    sandbox.put(PI, &text);
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, sandbox.titles("@")), (1, vec!["one".into(), "instead".into()]));
    let id = session["id"].as_str().unwrap().to_owned();
    let left = branches(&session).into_iter().find(|name| name.starts_with("rewind")).unwrap().to_owned();
    assert_eq!(sandbox.titles(&format!("{id}/{left}")), ["one", "two"]);

    // A fork copies all entries under a new head.
    let entries_alone = text.split_once('\n').unwrap().1;
    let fork = json!({"type": "session", "version": 3, "id": "01a20213-4085-7753-bb34-e2749a22fda8",
        "cwd": "/p", "parentSession": sandbox.home().join(PI)});
    let more = entries(&[("f", Some("e"), "assistant", "forked")]);
    sandbox.put(FORK, &format!("{fork}\n{entries_alone}{more}"));
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["messages"], 1, "only what is new: {report}");
    let (session, _) = sandbox.capture();
    assert_eq!(session["id"], id.as_str());
    sandbox.assert_restored(".pi/agent/sessions", "pi", "out");
    assert_eq!(sandbox.capture().1, 0);
}

#[test]
fn a_turn_of_pi_before_the_last_is_resumed_as_its_own_bytes() {
    let sandbox = Sandbox::new();
    let head = json!({"type": "session", "version": 3, "id": "01a20212-a86f-7d30-ba34-f1999c4bbe7a", "cwd": "/gone"});
    let first = entries(&[("a", None, "user", "one"), ("b", Some("a"), "assistant", "first")]);
    let second = entries(&[("c", Some("b"), "user", "two"), ("d", Some("c"), "assistant", "second")]);
    sandbox.put(PI, &format!("{head}\n{first}{second}"));
    sandbox.capture();
    let project = sandbox.0.path().canonicalize().unwrap();
    let args = ["resume", &sandbox.rev("@~1"), "--in", "pi", "--project", project.to_str().unwrap()];
    let resumed = sandbox.json(&args);
    let text = fs::read_to_string(resumed["path"].as_str().unwrap()).unwrap();
    let (line, rest) = text.split_once('\n').unwrap();
    assert_eq!(rest.trim_end(), first.trim_end());
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["id"], &line["cwd"]), (&resumed["native_id"], &json!(project)));
}
