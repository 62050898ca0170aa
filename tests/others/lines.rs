//! Tools that write lines: Droid, Kimi Code; and SpecStory's markdown.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, assert_same, branches};

/// Writes the beginnings of a file that end with each of `ends`, capturing
/// after each; how many commits there are in the end.
#[track_caller]
fn grow(sandbox: &Sandbox, place: &str, text: &str, ends: impl IntoIterator<Item = usize>) -> u64 {
    let mut commits = 0;
    for end in ends {
        sandbox.put(place, &text[..end]);
        let report = sandbox.json(&["capture"]);
        assert_eq!((&report["trouble"], &report["rewritten"]), (&0.into(), &0.into()), "{report} at {end}");
        commits += report["commits"].as_u64().unwrap();
    }
    assert_eq!(sandbox.json(&["capture"])["commits"], 0, "nothing is new");
    commits
}

/// One past each line, and the middle of the last one before.
fn lines(text: &str) -> Vec<usize> {
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    let torn = ends[ends.len() - 2] + 9;
    let mut all = [ends, vec![torn]].concat();
    all.sort_unstable();
    all
}

#[track_caller]
fn at_once(place: &str, text: &str) -> u64 {
    let sandbox = Sandbox::new();
    sandbox.put(place, text);
    sandbox.capture().commits
}

fn jsonl(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn droid(id: &str, title: &str, turns: &[(&str, &str)]) -> String {
    let head = json!({"type": "session_start", "id": id, "title": title, "cwd": "/w", "version": 2});
    let mut records = vec![head];
    let mut parent = Value::Null;
    for (at, (asked, answered)) in turns.iter().enumerate() {
        for (role, text) in [("user", asked), ("assistant", answered)] {
            let own = format!("{role}-{at}");
            let message = json!({"role": role, "content": [{"type": "text", "text": text}]});
            let time = format!("2026-11-27T08:{at:02}:32.830Z");
            records.push(json!({"type": "message", "id": own, "parentId": parent, "timestamp": time, "message": message}));
            parent = own.into();
        }
        records.push(
            json!({"type": "agent_turn_outcome", "turnId": format!("user-{at}"), "reason": "completed"}),
        );
    }
    jsonl(&records)
}

#[test]
fn a_droid_session_grows_is_renamed_and_forked() {
    let sandbox = Sandbox::new();
    let place = ".factory/sessions/-w/s1.jsonl";
    let turns = [("first question", "one"), ("second question", "two")];
    let text = droid("s1", "first question", &turns);
    let settings = sandbox.put(".factory/sessions/-w/s1.settings.json", "{\n  \"model\": \"m\"\n}");
    let commits = grow(&sandbox, place, &text, lines(&text));
    assert_eq!(commits, at_once(place, &text), "in steps or at once, the same commits");
    assert_eq!(sandbox.titles(""), ["first question", "second question"]);

    let renamed = droid("s1", "A much better title", &turns);
    let file = sandbox.put(place, &renamed);
    let captured = sandbox.capture();
    assert_eq!((captured.commits, captured.rewritten), (0, 0), "only the first line is another");
    assert_eq!(
        (&captured.session["title"], &captured.session["project"]),
        (&"A much better title".into(), &"/w".into())
    );
    assert_eq!(branches(&captured.session), ["main"]);

    let forked = droid("s2", "A much better title", &[turns[0], turns[1], ("elsewhere", "three")]);
    let fork = sandbox
        .put(".factory/sessions/-w/s2.jsonl", forked.replace("\"version\"", "\"parent\":\"s1\",\"version\""));
    let captured = sandbox.capture();
    assert_eq!(
        (captured.commits, branches(&captured.session).len()),
        (3, 2),
        "what is copied is known: {:?}",
        captured.session
    );

    let out = sandbox.restored("droid", "out");
    for file in [file, fork, settings] {
        assert_same(&file, &out.join(file.strip_prefix(sandbox.home().join(".factory")).unwrap()));
    }
}

fn said(words: &str, time: u64) -> Value {
    let message =
        json!({"role": "user", "content": [{"type": "text", "text": words}], "origin": {"kind": "user"}});
    json!({"type": "context.append_message", "agentId": "main", "message": message, "time": time})
}

fn event(event: Value, time: u64) -> Value {
    json!({"type": "context.append_loop_event", "agentId": "main", "event": event, "time": time})
}

fn turn(words: &str, time: u64) -> Vec<Value> {
    vec![
        json!({"type": "turn.prompt", "input": [{"type": "text", "text": words}], "time": time}),
        said(words, time),
        event(json!({"type": "step.begin", "uuid": "s"}), time + 1),
        json!({"type": "usage.record", "model": "m", "usage": {"inputOther": 70, "output": 20}, "time": time + 2}),
        event(json!({"type": "content.part", "part": {"type": "think", "think": "hm"}}), time + 2),
        event(
            json!({"type": "tool.call", "toolCallId": "c", "name": "Bash", "args": {"command": "ls"}}),
            time + 3,
        ),
        event(json!({"type": "tool.result", "toolCallId": "c", "result": {"output": "a.rs"}}), time + 4),
        event(
            json!({"type": "content.part", "part": {"type": "text", "text": format!("answer to {words}")}}),
            time + 5,
        ),
        json!({"type": "turn.ended", "time": time + 6}),
    ]
}

#[test]
fn a_kimi_session_grows_is_undone_and_has_agents() {
    let sandbox = Sandbox::new();
    let folder = ".kimi-code/sessions/wd_w_0123456789ab/session_1";
    let place = format!("{folder}/agents/main/wire.jsonl");
    let head = json!({"type": "metadata", "protocol_version": "1.5", "created_at": 1_795_767_719_315_u64});
    let undo = json!({"type": "context.undo", "count": 1, "time": 1_795_767_719_999_u64});
    let records = [
        vec![head.clone()],
        turn("first question", 1_795_767_720_000),
        turn("left behind", 1_795_767_730_000),
        vec![undo],
        turn("third question", 1_795_767_740_000),
    ];
    let text = jsonl(&records.concat());
    let state =
        sandbox.put(&format!("{folder}/state.json"), r#"{"cwd":"/w","title":"Mine","isCustomTitle":true}"#);
    let commits = grow(&sandbox, &place, &text, lines(&text));
    assert_eq!(commits, at_once(&place, &text), "in steps or at once, the same commits");
    let captured = sandbox.capture();
    assert_eq!((&captured.session["title"], &captured.session["project"]), (&"Mine".into(), &"/w".into()));
    assert_eq!(sandbox.titles(""), ["first question", "third question"]);
    assert_eq!(sandbox.titles("/rewind-1"), ["first question", "left behind"]);
    let shown = sandbox.shown();
    assert!(shown.contains("a.rs") && shown.contains("answer to third question"), "{shown}");

    let mut prompt = said("look around", 1_795_767_745_000);
    prompt["message"]["origin"] = json!({"kind": "system_trigger", "name": "subagent"});
    let agent = sandbox.put(&format!("{folder}/agents/agent-0/wire.jsonl"), jsonl(&[head, prompt]));
    let captured = sandbox.capture();
    assert!(branches(&captured.session).contains(&"agent-0"), "{:?}", captured.session);
    let out = sandbox.restored("kimi", "out");
    for file in [sandbox.home().join(&place), agent, state] {
        assert_same(&file, &out.join(file.strip_prefix(sandbox.home().join(".kimi-code")).unwrap()));
    }
}

#[test]
fn a_specstory_history_grows_and_comes_back_whole() {
    let sandbox = Sandbox::new();
    let history = sandbox.project().join(".specstory/history/2026-01-02_03-04-05Z-words.md");
    fs::create_dir_all(history.parent().unwrap()).unwrap();
    let writes = [
        "<!-- Generated by SpecStory, Markdown v2.1.0 -->\n\n# 2026-01-02 03:04:05Z\n\n_**User (2026-01-02 03:04:05Z)**_\n\nfirst question\n",
        "\n---\n\n_**Agent (m 2026-01-02 03:04:06Z)**_\n\nI look.\n",
        "\n_**Agent (m 2026-01-02 03:04:07Z)**_\n\n<tool-use data-tool-type=\"shell\" data-tool-name=\"Bash\"><details>\n<summary>`ls`</summary>\n\na.rs\n</details></tool-use>\n",
        "\n---\n\n_**User (2026-01-02 03:05:05Z)**_\n\nsecond question\n",
    ];
    let (mut text, mut commits) = (String::new(), 0);
    for write in writes {
        text.push_str(write);
        fs::write(&history, &text).unwrap();
        let captured = sandbox.capture();
        assert_eq!(captured.rewritten, 0);
        commits += captured.commits;
        assert_eq!(sandbox.shown().contains("a.rs"), commits == 4, "as soon as it is there");
    }
    assert_eq!(commits, 5, "two prompts, words, a call and its result");
    assert_eq!(sandbox.titles(""), ["first question", "second question"]);
    let captured = sandbox.capture();
    assert_eq!(captured.session["project"].as_str(), sandbox.project().to_str());
    let out = sandbox.restored("specstory", "out");
    assert_same(&history, &out.join(history.strip_prefix("/").unwrap()));
}

#[test]
fn a_session_of_the_program_before_kimi_code_is_cleared() {
    let sandbox = Sandbox::new();
    let folder = ".kimi/sessions/5f70ad7edc571788020ab158042187a6/s1";
    let line = |role: &str, words: &str| json!({"role": role, "content": words});
    let log = |n: u64| {
        let begins = json!({"type": "TurnBegin", "payload": {"user_input": "a question"}});
        format!("{}\n", json!({"timestamp": 1_795_769_643 + n, "message": begins}))
    };
    let first =
        jsonl(&[line("_system_prompt", "x"), line("user", "first question"), line("assistant", "one")]);
    let context = sandbox.put(&format!("{folder}/context.jsonl"), &first);
    let wire = sandbox.put(&format!("{folder}/wire.jsonl"), log(10));
    sandbox.capture();
    fs::write(&context, first.clone() + &jsonl(&[line("user", "second question")])).unwrap();
    fs::write(&wire, log(10) + &log(20)).unwrap();
    let captured = sandbox.capture();
    assert_eq!(captured.rewritten, 0);
    assert_eq!(sandbox.titles(""), ["first question", "second question"]);

    // What it clears, it keeps under another name.
    let old = sandbox.home().join(folder).join("context_1.jsonl");
    fs::rename(&context, &old).unwrap();
    fs::write(&context, jsonl(&[line("_system_prompt", "x"), line("user", "anew")])).unwrap();
    let captured = sandbox.capture();
    assert_eq!(captured.rewritten, 1, "said, and the earlier tip is kept");
    assert_eq!(sandbox.titles(""), ["anew"]);
    let out = sandbox.restored("kimi-cli", "out");
    for file in [context, wire, old] {
        assert_same(&file, &out.join(file.strip_prefix(sandbox.home().join(".kimi")).unwrap()));
    }
}
