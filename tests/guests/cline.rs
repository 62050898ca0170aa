//! Sessions of Cline and Roo Code: documents that are rewritten whole.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::sandbox::{Sandbox, branches};

const ID: &str = "1795330403763_xea69";
const TASK: &str = "1795330992424";
const ROO: &str = "01a20237-0d36-74d7-9f8d-bda6abeab6f4";

fn messages() -> String {
    format!(".cline/data/sessions/{ID}/{ID}.messages.json")
}

/// A session of the newer layout. What stands around the messages changes each time.
fn session(rows: &[Value]) -> String {
    let document = json!({"version": 1, "updated_at": format!("{} rows", rows.len()), "agent": "lead", "sessionId": ID,
        "messages": rows, "system_prompt": "You are a tool."});
    serde_json::to_string_pretty(&document).unwrap()
}

fn prompt(n: usize, words: &str) -> Value {
    let text = format!("<user_input mode=\"act\">{words}</user_input>");
    json!({"id": format!("u{n}"), "role": "user", "ts": 1000 * n, "content": [{"type": "text", "text": text}]})
}

fn answer(n: usize, words: &str) -> Value {
    json!({"id": format!("a{n}"), "role": "assistant", "ts": 1000 * n, "content": [{"type": "text", "text": words}],
        "modelInfo": {"id": "model-x", "provider": "p"},
        "metrics": {"inputTokens": 100, "outputTokens": 5, "cacheReadTokens": 60, "cacheWriteTokens": 0}})
}

fn manifest(sandbox: &Sandbox) -> PathBuf {
    let text = json!({"cwd": "/p", "metadata": {"title": "A title", "git": {"branch": "dev"}}}).to_string();
    sandbox.put(&format!(".cline/data/sessions/{ID}/{ID}.json"), &text)
}

#[test]
fn a_session_grows_is_cut_and_comes_back() {
    let sandbox = Sandbox::new();
    let mut rows = vec![prompt(1, "one"), answer(2, "first")];
    sandbox.put(&messages(), &session(&rows));
    manifest(&sandbox);
    let (listed, commits) = sandbox.capture();
    assert_eq!((&listed["tool"], &listed["title"]), (&json!("cline"), &json!("A title")));
    assert_eq!((&listed["project"], &listed["git_branch"], commits), (&json!("/p"), &json!("dev"), 2));

    rows.extend([prompt(3, "two"), answer(4, "second")]);
    sandbox.put(&messages(), &session(&rows));
    let (listed, commits) = sandbox.capture();
    assert_eq!((commits, branches(&listed)), (2, vec!["main"]));
    assert_eq!(sandbox.titles("@"), ["one", "two"]);
    let log = sandbox.json(&["log", &sandbox.rev("@")]);
    let usage = &log[0]["usage"];
    assert_eq!((&usage["input"], &usage["cache_read"]), (&json!(40), &json!(60)), "{log:#}");
    // What stands around the messages is new each time, and is no commit.
    sandbox.put(&messages(), &session(&rows).replace("4 rows", "4 rows again"));
    assert_eq!(sandbox.capture().1, 0);
    sandbox.assert_restored(".", "cline", "out");

    // A checkpoint is restored: what came after it is gone from the file.
    rows.truncate(2);
    rows.push(prompt(5, "two, but better"));
    sandbox.put(&messages(), &session(&rows));
    let (listed, commits) = sandbox.capture();
    assert_eq!((commits, branches(&listed)), (1, vec!["main", "kept-1"]));
    assert_eq!(sandbox.titles("@"), ["one", "two, but better"]);
    assert_eq!(sandbox.titles("@/kept-1"), ["one", "two"]);
    sandbox.assert_restored(".", "cline", "after");
}

/// In steps or at once: the same commits, in all three layouts.
#[test]
fn captured_message_by_message_a_session_is_the_same() {
    let user = |n: usize, words: &str| json!({"role": "user", "ts": n + 1, "content": [{"type": "text", "text": format!("<task>\n{words}\n</task>")}]});
    let model = |n: usize, words: &str| json!({"role": "assistant", "ts": n, "content": [{"type": "text", "text": words}]});
    let tool = |n: usize| json!({"role": "user", "ts": n, "content": [{"type": "text", "text": "[read_file for 'a'] Result:\nx"}]});
    let task: Vec<Value> = (0..30)
        .flat_map(|n| {
            [
                user(n * 4, &format!("ask {n}")),
                model(n * 4 + 1, "<read_file>\n<path>a</path>\n</read_file>"),
                tool(n * 4 + 2),
                model(n * 4 + 3, "Done."),
            ]
        })
        .collect();
    let rows: Vec<Value> = (0..60)
        .flat_map(|n| [prompt(n * 2, &format!("ask {n}")), answer(n * 2 + 1, &"word ".repeat(n * 20))])
        .collect();
    let history = format!(".cline/data/tasks/{TASK}/api_conversation_history.json");
    let roo = format!(
        ".config/VSCodium/User/globalStorage/rooveterinaryinc.roo-cline/tasks/{ROO}/api_conversation_history.json"
    );
    let put = |sandbox: &Sandbox, n: usize| {
        sandbox.put(&messages(), &session(&rows[..n.min(rows.len())]));
        for place in [&history, &roo] {
            sandbox.put(place, &serde_json::to_string(&task[..n.min(task.len())]).unwrap());
        }
    };
    let (steps, once) = (Sandbox::new(), Sandbox::new());
    for n in (1..=rows.len()).step_by(7).chain([rows.len()]) {
        put(&steps, n);
        steps.json(&["capture"]);
    }
    put(&once, rows.len());
    once.json(&["capture"]);
    let heads = |sandbox: &Sandbox| {
        let store = sfs::store::Store::open(&sandbox.0.path().join("store")).unwrap();
        store.refs_below("head/").map(|(name, value)| (name.to_owned(), value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(heads(&steps).len(), 3);
    assert_eq!(heads(&steps), heads(&once));
}

/// A fork copies messages with their times; it is captured before and after
/// something new follows them.
#[test]
fn a_fork_is_a_branch_from_its_first_message_on() {
    let sandbox = Sandbox::new();
    let mut rows = vec![prompt(1, "one"), answer(2, "first"), prompt(3, "two"), answer(4, "second")];
    sandbox.put(&messages(), &session(&rows));
    sandbox.capture();
    let place = ".cline/data/sessions/fork/fork.messages.json";
    let origin = json!({"cwd": "/p", "metadata": {"fork": {"forkedFromSessionId": ID}}}).to_string();
    sandbox.put(".cline/data/sessions/fork/fork.json", &origin);
    for n in [1, 3] {
        sandbox.put(place, &session(&rows[..n]));
        let (listed, commits) = sandbox.capture();
        assert_eq!((branches(&listed), &listed["turns"]), (vec!["main", "fork-1"], &json!(2)), "{listed:#}");
        // What the copies are carried in says nothing.
        assert!(commits <= 1, "{commits}");
    }
    rows.truncate(3);
    rows.push(answer(5, "another second"));
    sandbox.put(place, &session(&rows));
    let (listed, _) = sandbox.capture();
    assert_eq!(branches(&listed), ["main", "fork-1"]);
    assert_eq!(sandbox.titles("@/fork-1"), ["one", "two"]);
    let common = sandbox.json(&["diff", &sandbox.rev("@/main"), &sandbox.rev("@/fork-1")]);
    assert_eq!(common["common_messages"], 3, "{common:#}");
    sandbox.assert_restored(".", "cline", "out");
}

/// What a rewritten document costs: what was added, and little more.
#[test]
fn a_long_document_grows_the_store_by_what_was_added() {
    let sandbox = Sandbox::new();
    let noise = |seed: usize| -> String {
        let mut state = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..3000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b'!' + u8::try_from((state >> 40) % 90).unwrap())
            })
            .collect()
    };
    let mut rows: Vec<Value> = (0..1700).map(|n| answer(n, &noise(n))).collect();
    sandbox.put(&messages(), &session(&rows));
    sandbox.capture();
    let size = || -> u64 {
        let walk = walkdir::WalkDir::new(sandbox.0.path().join("store")).into_iter().flatten();
        walk.filter_map(|entry| entry.metadata().ok())
            .filter(|meta| meta.is_file())
            .map(|meta| meta.len())
            .sum()
    };
    for n in 0..3 {
        rows.push(answer(10_000 + n, &noise(10_000 + n)));
        let text = session(&rows);
        assert!(text.len() > 5_000_000);
        sandbox.put(&messages(), &text);
        let before = size();
        assert_eq!(sandbox.capture().1, 1);
        let grown = size().saturating_sub(before);
        assert!(grown < 3000 + 8192, "the store grew by {grown} bytes");
    }
    sandbox.assert_restored(".", "cline", "out");
}

/// Rivals look only where Code keeps its things, and skip what has no times
/// and what is short.
#[test]
fn tasks_of_any_editor_are_captured_without_times_and_of_one_message() {
    let sandbox = Sandbox::new();
    let task = json!([{"role": "user", "content": "<task>\nhello\n</task>"}]).to_string();
    let places = [
        ".config/Code/User",
        ".config/Code - Insiders/User",
        ".config/VSCodium/User",
        ".config/Cursor/User",
        ".config/Windsurf/User",
        ".vscode-server/data/User",
        ".vscode-server-insiders/data/User",
        ".local/share/code-server/User",
    ];
    for (n, user) in places.iter().enumerate() {
        let folder = format!("{user}/globalStorage/saoudrizwan.claude-dev/tasks/{}", 1_795_330_992_424 + n);
        sandbox.put(&format!("{folder}/api_conversation_history.json"), &task);
        sandbox.put(&format!("{folder}/ui_messages.json"), "[{\"ts\":1,\"type\":\"say\"}]");
    }
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["new_sessions"], &report["trouble"]), (&json!(places.len()), &json!(0)), "{report}");
    let sessions = sandbox.json(&["list", "--all"]);
    for listed in sessions.as_array().unwrap() {
        assert_eq!((&listed["title"], &listed["turns"]), (&json!("hello"), &json!(1)));
        // A task is called by the time it began.
        assert!(listed["created_at"].as_str().unwrap().starts_with("2026-11-22T07:03:12"), "{listed:#}");
    }
    sandbox.assert_restored(".", "cline", "out");
}

/// Rivals stumble over members of unexpected types.
#[test]
fn odd_files_beside_a_task_do_no_harm() {
    let sandbox = Sandbox::new();
    let folder = format!(".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks/{ROO}");
    sandbox.put(
        &format!("{folder}/api_conversation_history.json"),
        &json!([{"role": "user", "ts": 5, "content": "hi"}]).to_string(),
    );
    sandbox.put(
        &format!("{folder}/history_item.json"),
        &json!({"totalCost": {"usd": 1}, "workspace": "/w", "number": "x"}).to_string(),
    );
    sandbox.put(&format!("{folder}/task_metadata.json"), "[{");
    let (listed, _) = sandbox.capture();
    assert_eq!(
        (&listed["tool"], &listed["project"], &listed["turns"]),
        (&json!("roo"), &json!("/w"), &json!(1))
    );
    sandbox.assert_restored(".", "roo", "out");
}

/// A task that another one handed out is a part of its session.
#[test]
fn what_a_task_hands_out_belongs_to_it() {
    let sandbox = Sandbox::new();
    let folder = ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks";
    for (id, parent, words) in [("t1", None, "whole"), ("t2", Some("t1"), "part")] {
        let item = json!({"id": id, "parentTaskId": parent, "workspace": "/w"});
        sandbox.put(&format!("{folder}/{id}/history_item.json"), &item.to_string());
        let rows = json!([{"role": "user", "ts": 5, "content": format!("<user_message>\n{words}\n</user_message>")}]);
        sandbox.put(&format!("{folder}/{id}/api_conversation_history.json"), &rows.to_string());
    }
    let (listed, _) = sandbox.capture();
    assert_eq!((&listed["native_id"], branches(&listed)), (&json!("t1"), vec!["main", "agent-1"]));
}

/// When Roo Code condenses, it marks every message before the summary: all
/// records are new, the conversation before it stays under a name.
#[test]
fn a_condensed_task_keeps_what_was_there() {
    let sandbox = Sandbox::new();
    let place = format!(
        ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks/{ROO}/api_conversation_history.json"
    );
    let mut rows: Vec<Value> = (0..6)
        .map(|n| json!({"role": if n % 2 == 0 { "user" } else { "assistant" }, "ts": n + 1, "content": [{"type": "text", "text": format!("words {n}")}]}))
        .collect();
    sandbox.put(&place, &json!(rows).to_string());
    sandbox.capture();
    for row in &mut rows {
        row["condenseParent"] = json!("c1");
    }
    rows.push(json!({"role": "user", "ts": 10, "isSummary": true, "condenseId": "c1", "content": [{"type": "text", "text": "All of it."}]}));
    rows.push(json!({"role": "user", "ts": 11, "content": [{"type": "text", "text": "and on"}]}));
    sandbox.put(&place, &json!(rows).to_string());
    let (listed, _) = sandbox.capture();
    assert_eq!(branches(&listed), ["main", "compacted-1", "kept-1"]);
    assert_eq!(sandbox.titles("@"), ["words 0", "words 2", "words 4", "and on"]);
    assert_eq!(sandbox.titles("@/kept-1"), ["words 0", "words 2", "words 4"]);
    sandbox.assert_restored(".", "roo", "out");
}

/// A folder that can't be read is no session that is gone.
#[cfg(unix)]
#[test]
fn sessions_in_a_folder_that_cannot_be_read_are_not_gone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let path = sandbox.put(&messages(), &session(&[prompt(1, "one")]));
    sandbox.capture();
    let folder = path.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o000)).unwrap();
    // A user who may read everything sees the session as it is.
    let report = sandbox.json(&["capture"]);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(report["gone"], 0, "{report}");
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(sandbox.json(&["capture"])["gone"], 1);
    assert_eq!(sandbox.titles("@"), ["one"]);
}
