//! Chains of rows that their tool broke, and places that it is bound to.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, answers, asks, chain, lines, record, rollout, row};

fn none(_: usize) -> String {
    String::new()
}

/// Captures a transcript whose rows are these, in steps as well as at once,
/// and checks that `turns` questions and all answers are on the main line.
#[track_caller]
fn assert_all_reachable(rows: &[Value], turns: usize) {
    for steps in [1, 7] {
        let sandbox = Sandbox::new();
        for end in (1..=steps).map(|step| rows.len() * step / steps) {
            fs::write(sandbox.transcript("s"), lines(&rows[..end])).unwrap();
            sandbox.ok(&["capture"]);
        }
        sandbox.assert_whole("out");
        let id = sandbox.session()["id"].as_str().unwrap().to_owned();
        let questions: Vec<String> = (0..turns).map(|n| format!("question {n}")).collect();
        assert_eq!(sandbox.titles(&id), questions, "in {steps} steps");
        for tool in ["claude-code", "codex"] {
            let (_, text) = sandbox.resume(&[&id, "--in", tool]);
            let lost: Vec<usize> = (0..turns).filter(|n| !text.contains(&format!("answer {n} "))).collect();
            assert!(lost.is_empty(), "{tool}, in {steps} steps: answers {lost:?} are lost");
        }
    }
}

/// anthropics/claude-code#24304, #22107, #58554, #46603, #61188: rows hang on
/// rows that were never written, and a resume reaches 1 to 10 % of them.
#[test]
fn rows_that_hang_on_rows_never_written_are_all_reachable() {
    let sandbox = Sandbox::new();
    let mut rows = chain(&sandbox.project(), 40, &none);
    for n in (5..80).step_by(9) {
        rows[n]["parentUuid"] = json!(format!("never-written-{n}"));
    }
    assert_all_reachable(&rows, 40);
}

/// anthropics/claude-code#35024: rows of hooks fork the chain, and four fifths
/// of it are lost on the way.
#[test]
fn progress_rows_that_fork_the_chain_hide_nothing() {
    let sandbox = Sandbox::new();
    let mut rows = Vec::new();
    for (n, row_of) in chain(&sandbox.project(), 20, &none).into_iter().enumerate() {
        let mut progress = row(n, Some(&format!("u{n}")), &sandbox.project(), &json!({"role": "progress"}));
        progress.as_object_mut().unwrap().remove("message");
        progress["uuid"] = json!(format!("p{n}"));
        rows.extend([row_of, progress]);
    }
    // Every third row hangs on what a hook said, not on the row before it.
    for n in (3..20).step_by(3) {
        rows[n * 2]["parentUuid"] = json!(format!("p{}", n - 1));
    }
    assert_all_reachable(&rows, 20);
}

/// anthropics/claude-code#24304: a snapshot has the id of the row after it.
#[test]
fn a_snapshot_with_the_id_of_a_row_hides_nothing() {
    let sandbox = Sandbox::new();
    let mut rows = chain(&sandbox.project(), 10, &none);
    for n in [12, 4] {
        let snapshot = json!({"type": "file-history-snapshot", "messageId": format!("u{n}"),
                              "snapshot": {"messageId": format!("u{n}"), "trackedFileBackups": {}},
                              "isSnapshotUpdate": false});
        rows.insert(n, snapshot);
    }
    assert_all_reachable(&rows, 10);
}

/// anthropics/claude-code#89820, #37437: after a resume or a retry the tool
/// hangs what follows on a stale row, and hours of work are off the chain.
#[test]
fn work_that_a_stale_parent_orphans_is_a_branch() {
    let sandbox = Sandbox::new();
    let mut rows = chain(&sandbox.project(), 12, &none);
    // The rest hangs on the first answer.
    let mut stale = row(24, Some("u1"), &sandbox.project(), &asks("Continue from where you left off."));
    stale["isMeta"] = json!(true);
    rows.push(stale);
    rows.push(row(25, Some("u24"), &sandbox.project(), &answers(25, "and on it goes")));
    fs::write(sandbox.transcript("s"), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    let session = sandbox.session();
    let id = session["id"].as_str().unwrap();
    assert!(Sandbox::branches(&session).contains(&"rewind-1".to_owned()), "{session:#}");
    assert_eq!(sandbox.titles(&format!("{id}/rewind-1")).len(), 12);
    let (_, text) = sandbox.resume(&[&format!("{id}/rewind-1"), "--in", "codex"]);
    assert!(text.contains("answer 11") && !text.contains("on it goes"), "the whole work resumes");
    let (_, text) = sandbox.resume(&[id, "--in", "codex"]);
    assert!(text.contains("on it goes") && !text.contains("answer 11"), "and so does what the tool shows");
}

/// anthropics/claude-code#48936, #40363, #66454: rows are written twice, at once
/// or when a session is forked or resumed, and then without parents.
#[test]
fn rows_that_are_written_again_neither_hide_nor_double_anything() {
    let sandbox = Sandbox::new();
    let mut rows = chain(&sandbox.project(), 50, &none);
    let again: Vec<Value> = rows[..60]
        .iter()
        .cloned()
        .map(|mut row| {
            (row["parentUuid"], row["slug"]) = (Value::Null, json!("a-slug"));
            row
        })
        .collect();
    rows.extend(again);
    rows.extend(chain(&sandbox.project(), 55, &none).into_iter().skip(100));
    rows.insert(30, rows[29].clone());
    assert_all_reachable(&rows, 55);

    fs::write(sandbox.transcript("s"), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    let session = sandbox.session();
    assert_eq!(session["messages"], 110, "{session:#}");
    assert_eq!(Sandbox::branches(&session), ["main"], "{session:#}");
    // Where nothing follows them the tip stays what it was, in a fork as well.
    fs::write(sandbox.transcript("fork"), lines(&rows[..161])).unwrap();
    sandbox.ok(&["capture"]);
    let other = Sandbox::new();
    fs::write(other.transcript("s"), lines(&rows[..161])).unwrap();
    other.ok(&["capture"]);
    for (sandbox, branch) in [(&sandbox, "fork-1"), (&other, "main")] {
        let titles = sandbox.titles(&format!("{}/{branch}", sandbox.session()["id"].as_str().unwrap()));
        assert_eq!((titles.len(), titles.last().map(String::as_str)), (50, Some("question 49")), "{branch}");
    }
}

/// anthropics/claude-code#36583: a crash leaves half a line, and rows after it.
#[test]
fn a_torn_line_in_the_middle_hides_nothing() {
    let sandbox = Sandbox::new();
    let rows = chain(&sandbox.project(), 10, &none);
    let half = &lines(&rows[9..10])[..70];
    let file = lines(&rows[..9]) + half + "\n" + &lines(&rows[9..]);
    fs::write(sandbox.transcript("s"), file).unwrap();
    sandbox.ok(&["capture"]);
    let session = sandbox.session();
    assert_eq!(session["broken_records"], 1, "{session:#}");
    assert_eq!(sandbox.titles(session["id"].as_str().unwrap()).len(), 10);
    sandbox.assert_whole("out");
}

/// anthropics/claude-code#81603, #37954, #27473, #58475, #52852: a session is
/// bound to the absolute path of its project, which has moved.
#[test]
fn a_session_goes_on_where_its_project_has_moved() {
    let sandbox = Sandbox::new();
    let old = sandbox.project();
    let read = |n: usize, parent: &str| {
        let input = json!({"file_path": old.join("src/main.rs")});
        let mut message = answers(n, "");
        message["content"] = json!([{"type": "tool_use", "id": "t1", "name": "Read", "input": input}]);
        row(n, Some(parent), &old, &message)
    };
    let result = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t1", "content": "fn main() {}"}]});
    let rows = [
        row(0, None, &old, &asks("question 0")),
        read(1, "u0"),
        row(2, Some("u1"), &old, &result),
        row(3, Some("u2"), &old, &answers(3, "answer 0")),
    ];
    fs::write(sandbox.transcript("s"), lines(&rows)).unwrap();
    fs::write(sandbox.rollout(), lines(&rollout(&old, 2))).unwrap();
    sandbox.ok(&["capture"]);
    let moved = old.with_file_name("moved");
    fs::rename(&old, &moved).unwrap();
    let there = moved.to_str().unwrap();

    for session in sandbox.sessions() {
        let id = session["id"].as_str().unwrap();
        let is_claude = session["tool"] == "claude-code";
        for tool in ["claude-code", "codex"] {
            let outcome = sandbox.json(&["resume", id, "--in", tool, "--project", there]);
            assert_eq!(outcome["cwd"], there, "{outcome:#}");
            assert!(!is_claude || outcome["rebased"].as_u64() > Some(0), "{outcome:#}");
            let path = outcome["path"].as_str().unwrap();
            let text = fs::read_to_string(path).unwrap();
            assert!(text.contains(there), "{text}");
            assert!(!text.contains(old.to_str().unwrap()), "the old path is left: {text}");
            if tool == "claude-code" {
                let folder = format!("{}/projects/{}", sandbox.claude().display(), encoded(there));
                assert!(path.starts_with(&folder), "{path} is not where the tool looks: {folder}");
            }
        }
    }
    // The transcripts that were there are as they were.
    assert_eq!(fs::read_to_string(sandbox.transcript("s")).unwrap(), lines(&rows));
}

/// What Claude Code calls a project's folder.
fn encoded(path: &str) -> String {
    path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// openai/codex#20165, anthropics/claude-code#21610, #27096: the picker shows a
/// part of the sessions, or hides those of another provider.
#[test]
fn every_session_is_listed_whatever_its_provider_or_place() {
    let sandbox = Sandbox::new();
    let day = sandbox.codex().join("sessions/2026/01/01");
    for (n, provider) in ["one", "two", "three"].into_iter().enumerate() {
        let id = format!("01a20212-a86f-7d30-ba34-00000000000{n}");
        let mut rows = rollout(&sandbox.project(), 1);
        rows[0]["payload"]["id"] = json!(id);
        rows[0]["payload"]["model_provider"] = json!(provider);
        rows.insert(1, record(0, "turn_context", json!({"cwd": sandbox.project(), "model": "m"})));
        rows[2]["payload"]["content"][0]["text"] = json!(format!("question of {provider}"));
        fs::write(day.join(format!("rollout-2026-01-01T00-00-0{n}-{id}.jsonl")), lines(&rows)).unwrap();
    }
    for n in 0..120 {
        let folder = sandbox.claude().join(format!("projects/-work-{}", n % 7));
        fs::create_dir_all(&folder).unwrap();
        let mut rows = chain(&sandbox.project(), 1, &none);
        rows[0]["message"]["content"] = json!(format!("question of session {n}"));
        fs::write(folder.join(format!("session-{n}.jsonl")), lines(&rows)).unwrap();
    }
    sandbox.ok(&["capture"]);
    let sessions = sandbox.sessions();
    let titles: Vec<&str> = sessions.iter().filter_map(|session| session["title"].as_str()).collect();
    assert_eq!(sessions.len(), 123);
    for provider in ["one", "two", "three"] {
        assert!(titles.contains(&format!("question of {provider}").as_str()), "{titles:?}");
    }
}
