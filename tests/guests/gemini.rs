//! Sessions of Gemini CLI, as its versions write them, and what others lose of
//! them.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, branches};

const ID: &str = "9169c942-cc77-4c59-b8e6-cc463894fc07";
const CHATS: &str = ".gemini/tmp/proj/chats";

fn file() -> String {
    format!("{CHATS}/session-2026-11-22T06-48-9169c942.jsonl")
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn head(id: &str) -> Value {
    json!({"sessionId": id, "projectHash": "00", "startTime": "2026-11-22T06:48:00.000Z",
           "lastUpdated": "2026-11-22T06:48:00.000Z", "kind": "main"})
}

fn time(n: usize) -> String {
    format!("2026-11-22T06:48:{n:02}.000Z")
}

fn user(n: usize, text: &str) -> Value {
    json!({"id": format!("m{n}"), "timestamp": time(n), "type": "user", "content": [{"text": text}]})
}

fn says(n: usize, text: &str) -> Value {
    json!({"id": format!("m{n}"), "timestamp": time(n), "type": "gemini", "content": text, "model": "gemini-x",
           "thoughts": [{"subject": "Look", "description": "around", "timestamp": time(n)}],
           "tokens": {"input": 100, "output": 10, "cached": 20, "thoughts": 5, "tool": 0, "total": 115}})
}

/// An answer with a call and its result, as it comes a second time.
fn calls(n: usize, text: &str) -> Value {
    let response = json!({"functionResponse": {"id": "c1", "name": "read_file", "response": {"output": "fn main() {}"}}});
    let mut answer = says(n, text);
    answer["toolCalls"] = json!([{"id": "c1", "name": "read_file", "args": {"file_path": "src/main.rs"},
                                  "result": [response], "status": "success", "timestamp": time(n)}]);
    answer
}

fn begun() -> Vec<Value> {
    vec![head(ID), user(1, "one"), says(2, "I look."), calls(2, "I look."), says(3, "Done.")]
}

fn set(list: &[Value]) -> Value {
    json!({"$set": {"messages": list, "lastUpdated": "2026-11-22T07:00:00.000Z"}})
}

/// SessionFS 0.26 finds only `.json` files: of today's Gemini CLI it captures
/// nothing. It also loses the project, the model, the tokens and the thoughts.
#[test]
fn sessions_of_today_are_captured_with_their_project_model_tokens_and_thoughts() {
    let sandbox = Sandbox::new();
    sandbox.put(".gemini/tmp/proj/.project_root", "/work/proj");
    sandbox.put(&file(), &lines(&begun()));
    let (session, _) = sandbox.capture();
    assert_eq!((&session["tool"], &session["title"]), (&"gemini".into(), &"one".into()));
    assert_eq!((&session["native_id"], &session["project"]), (&ID.into(), &"/work/proj".into()));
    assert_eq!(
        (&session["turns"], &session["messages"], &session["model"]),
        (&1.into(), &5.into(), &"gemini-x".into())
    );
    let log = sandbox.json(&["log", &sandbox.rev("@")]).to_string();
    assert!(log.contains("src/main.rs"), "{log}");
    let shown = sandbox.ok(&["show", &sandbox.rev("@"), "--json"]);
    assert!(shown.contains("Done."), "{shown}");
    sandbox.assert_restored(".gemini", "gemini", "out");
}

#[test]
fn a_session_grows_is_resumed_and_rewound_and_comes_back() {
    let sandbox = Sandbox::new();
    let mut records = begun();
    sandbox.put(&file(), &lines(&records));
    assert_eq!(sandbox.capture().1, 5);
    // A resume lists everything anew: in another form, and without what is shown only.
    let response = json!([{"functionResponse": {"id": "c1", "name": "read_file", "response": {"output": "fn main() {}"}}}]);
    let call =
        json!({"functionCall": {"id": "c1", "name": "read_file", "args": {"file_path": "src/main.rs"}}});
    let listed = |id: &str, kind: &str, content: Value| json!({"id": id, "timestamp": time(30), "type": kind, "content": content});
    records.extend([
        head(ID),
        set(&[
            listed("c", "user", json!([{"text": "<session_context>today</session_context>"}])),
            listed("m1", "user", json!([{"text": "one"}])),
            listed(
                "m2",
                "gemini",
                json!([{"text": "**Look** around", "thought": true}, {"text": "I look."}, call]),
            ),
            listed("m2_response", "user", response),
            listed("m3", "gemini", json!([{"text": "Done."}])),
        ]),
        user(4, "two"),
        says(5, "Second."),
    ]);
    sandbox.put(&file(), &lines(&records));
    // The context, the prompt and the answer.
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, branches(&session)), (3, vec!["main"]), "{session:#}");
    assert_eq!(sandbox.titles("@"), ["one", "two"]);

    records.extend([json!({"$rewindTo": "m4"}), user(6, "two, but better"), says(7, "Better.")]);
    sandbox.put(&file(), &lines(&records));
    let (session, commits) = sandbox.capture();
    assert_eq!(commits, 2, "{session:#}");
    assert_eq!(sandbox.titles("@"), ["one", "two, but better"]);
    assert_eq!(branches(&session), ["main", "rewind-1"]);
    assert_eq!(sandbox.titles("@/rewind-1"), ["one", "two"]);
    assert_eq!(sandbox.capture().1, 0);
    sandbox.assert_restored(".gemini", "gemini", "out");
}

/// In steps or at once: the same commits.
#[test]
fn captured_line_by_line_a_session_is_the_same() {
    let mut records = begun();
    records.extend([
        json!({"$rewindTo": "m1"}),
        user(4, "again"),
        says(5, "x"),
        set(&[user(4, "again"), says(5, "x")]),
        user(6, "on"),
    ]);
    let (steps, once) = (Sandbox::new(), Sandbox::new());
    for n in 1..=records.len() {
        steps.put(&file(), &lines(&records[..n]));
        steps.json(&["capture"]);
    }
    once.put(&file(), &lines(&records));
    once.json(&["capture"]);
    let tips = |sandbox: &Sandbox| {
        let (session, _) = sandbox.capture();
        let log = sandbox.json(&["log", &sandbox.rev("@")]);
        (session["branches"].clone(), log)
    };
    assert_eq!(tips(&steps), tips(&once));
    assert_eq!(steps.titles("@"), ["again", "on"]);
}

/// Documents before 0.39 are written whole each time.
#[test]
fn a_document_grows_and_comes_back() {
    let sandbox = Sandbox::new();
    let place = format!("{CHATS}/session-2026-01-01T00-00-9169c942.json");
    let document = |messages: &[Value], updated: usize| {
        let mut session = head(ID);
        session["lastUpdated"] = json!(time(updated));
        session["messages"] = json!(messages);
        serde_json::to_string_pretty(&session).unwrap()
    };
    let mut messages = vec![user(1, "one"), calls(2, "I look."), says(3, "Done.")];
    sandbox.put(&place, &document(&messages, 3));
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, &session["messages"], &session["turns"]), (4, &4.into(), &1.into()));
    sandbox.assert_restored(".gemini", "gemini", "before");

    messages.extend([user(4, "two"), says(5, "Second.")]);
    sandbox.put(&place, &document(&messages, 5));
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, branches(&session)), (2, vec!["main"]));
    // An answer that isn't whole is waited for.
    messages.push(json!({"id": "m6", "timestamp": time(6), "type": "gemini", "content": ""}));
    sandbox.put(&place, &document(&messages, 6));
    assert_eq!(sandbox.capture().1, 0);
    sandbox.assert_restored(".gemini", "gemini", "after");

    // A newer version goes on beside it, in lines, under the same id.
    messages.pop();
    let lines = lines(&[vec![head(ID)], messages, vec![user(7, "three"), says(8, "Third.")]].concat());
    sandbox.put(&place.replace(".json", ".jsonl"), &lines);
    let (session, commits) = sandbox.capture();
    assert_eq!(session["messages"].as_u64(), Some(6), "{session:#}");
    assert_eq!(branches(&session).len(), 2, "{session:#}");
    assert!(commits <= 3, "what was copied is stored once: {commits}");
    sandbox.assert_restored(".gemini", "gemini", "both");
}

/// SessionFS keeps 32 bits of the id: what begins alike is one session to it.
#[test]
fn sessions_whose_ids_begin_alike_are_two() {
    let sandbox = Sandbox::new();
    let other = "9169c942-0000-4000-8000-000000000000";
    sandbox.put(&file(), &lines(&begun()));
    let second = format!("{CHATS}/session-2026-11-22T06-50-9169c942.jsonl");
    sandbox.put(&second, &lines(&[head(other), user(9, "another"), says(10, "x")]));
    assert_eq!(sandbox.json(&["capture"])["trouble"], 0);
    let sessions = sandbox.json(&["list", "--all"]);
    let mut natives: Vec<_> =
        sessions.as_array().unwrap().iter().map(|s| s["native_id"].as_str().unwrap()).collect();
    natives.sort_unstable();
    assert_eq!(natives, [other, ID]);
}

/// google-gemini/gemini-cli#27721, #27368: sessions are deleted after 30 days.
#[test]
fn a_session_that_gemini_deletes_stays() {
    let sandbox = Sandbox::new();
    let path = sandbox.put(&file(), &lines(&begun()));
    sandbox.capture();
    fs::remove_file(path).unwrap();
    let (session, _) = sandbox.capture();
    assert_eq!((&session["gone"], &session["turns"]), (&true.into(), &1.into()));
    assert_eq!(sandbox.titles("@"), ["one"]);
}

#[test]
fn a_subagent_is_part_of_the_session_that_started_it() {
    let sandbox = Sandbox::new();
    sandbox.put(&file(), &lines(&begun()));
    let mut sub = head("170e1fe0-c1eb-4583-9657-9667da149d28");
    sub["kind"] = json!("subagent");
    let place = format!("{CHATS}/{ID}/170e1fe0-c1eb-4583-9657-9667da149d28.jsonl");
    sandbox.put(&place, &lines(&[sub, user(11, "look into it"), says(12, "It is so.")]));
    let (session, _) = sandbox.capture();
    assert_eq!(branches(&session).len(), 2, "{session:#}");
    assert_eq!(session["title"], "one");
    sandbox.assert_restored(".gemini", "gemini", "out");
}

/// What SessionFS writes appears only in projects that Gemini CLI has never
/// seen, and breaks the tool's list of projects if a name holds a dot.
#[test]
fn a_session_is_written_where_the_tool_looks_and_nothing_else_is_touched() {
    let sandbox = Sandbox::new();
    let project = sandbox.home().join("My.App");
    fs::create_dir_all(&project).unwrap();
    let project = fs::canonicalize(project).unwrap();
    let list = format!("{{\"projects\":{{{}:\"my-app-7\"}}}}", json!(project));
    sandbox.put(".gemini/projects.json", &list);
    sandbox.put(".gemini/oauth_creds.json", "{}");
    sandbox.put(&file(), &lines(&begun()));
    sandbox.capture();
    let args = ["resume", &sandbox.rev("@"), "--in", "gemini", "--project", project.to_str().unwrap()];
    let outcome = sandbox.json(&args);
    let path = outcome["path"].as_str().unwrap();
    assert!(path.contains("/.gemini/tmp/my-app-7/chats/session-2026-11-22T06-48-"), "{path}");
    let marker = fs::read_to_string(sandbox.home().join(".gemini/tmp/my-app-7/.project_root")).unwrap();
    assert_eq!(marker, project.to_str().unwrap());
    assert_eq!(fs::read_to_string(sandbox.home().join(".gemini/projects.json")).unwrap(), list);
    // The answer to it becomes part of the session.
    let mut text = fs::read_to_string(path).unwrap();
    text += &lines(&[user(40, "and on"), says(41, "Gladly.")]);
    fs::write(path, text).unwrap();
    let (session, commits) = sandbox.capture();
    assert_eq!((commits, &session["turns"]), (3, &2.into()), "{session:#}");
    assert_eq!(sandbox.titles("@").last().unwrap(), "and on");
}
