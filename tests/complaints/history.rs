//! History that its tool deletes, rewrites or empties.

use std::fs;

use serde_json::json;

use crate::sandbox::{
    Sandbox, THREAD, answers, asks, assert_same, chain, contents, head, lines, record, rollout, row, said_by,
};

fn none(_: usize) -> String {
    String::new()
}

/// anthropics/claude-code#95203, #90866, #85743, #61852, #90371, #18881: the
/// tool's own cleanup deletes transcripts, and nobody is told.
#[test]
fn history_silently_deleted_is_said_and_comes_back() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.transcript("s"), lines(&chain(&sandbox.project(), 5, &none))).unwrap();
    fs::write(sandbox.rollout(), lines(&rollout(&sandbox.project(), 4))).unwrap();
    let beside = sandbox.claude().join("projects/-work/s/tool-results");
    fs::create_dir_all(&beside).unwrap();
    fs::write(beside.join("long.txt"), "a result that was kept apart").unwrap();
    sandbox.ok(&["capture"]);
    fs::rename(sandbox.path("home"), sandbox.path("before")).unwrap();
    fs::create_dir_all(sandbox.claude().join("projects")).unwrap();

    let said = sandbox.told(&["capture"]);
    for place in ["projects/-work/s.jsonl", &format!("-{THREAD}.jsonl")] {
        let line = said.lines().find(|line| line.contains(place)).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains("removed by its tool") && line.contains("sfs restore"), "{line}");
    }
    // Said once, not at every capture.
    assert_eq!(sandbox.json(&["capture"])["gone"], 0);
    // Nor does a list lose them (kenn-io/agentsview#1470).
    let sessions = sandbox.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["gone"] == true), "{sessions:#?}");
    let to = sandbox.restore("back");
    assert_same(&sandbox.path("before/.claude"), &to.join("claude-code"));
    assert_same(&sandbox.path("before/.codex"), &to.join("codex"));
}

/// anthropics/claude-code#61852: the command that the warning gives brings the
/// one session back.
#[test]
fn the_command_that_is_told_brings_a_deleted_session_back() {
    let sandbox = Sandbox::new();
    let file = lines(&chain(&sandbox.project(), 3, &none));
    fs::write(sandbox.transcript("s"), &file).unwrap();
    sandbox.ok(&["capture"]);
    fs::remove_file(sandbox.transcript("s")).unwrap();
    let said = sandbox.told(&["capture"]);
    let from = said.find("`sfs restore ").unwrap() + "`sfs restore ".len();
    let session = said[from..].split_whitespace().next().unwrap();
    let to = sandbox.path("back");
    sandbox.ok(&["restore", session, "--to", to.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(to.join("claude-code/projects/-work/s.jsonl")).unwrap(), file);
    // And it can be gone on with, in the tool that deleted it.
    let (path, text) = sandbox.resume(&[session]);
    assert!(path.exists() && text.contains("answer 0") && text.contains("answer 2"));
}

/// openai/codex#44363, #45350, #42311: compaction rewrites the stored rollout
/// in place, from 3,777 answers to none.
#[test]
fn compaction_that_rewrites_the_rollout_in_place_loses_nothing() {
    let sandbox = Sandbox::new();
    let whole = rollout(&sandbox.project(), 30);
    fs::write(sandbox.rollout(), lines(&whole)).unwrap();
    sandbox.ok(&["capture"]);
    let replacement = json!([{"type": "message", "role": "user",
                              "content": [{"type": "input_text", "text": "question 29"}]}]);
    let compacted = record(90, "compacted", json!({"message": "", "replacement_history": replacement}));
    let after = [head(&sandbox.project(), THREAD), compacted, said_by(91, "user", "what now?")];
    fs::write(sandbox.rollout(), lines(&after)).unwrap();

    let said = sandbox.told(&["capture"]);
    assert!(said.contains("shortened or removed by its tool"), "{said}");
    let session = sandbox.session();
    let kept = format!("{}/kept-1", session["id"].as_str().unwrap());
    let questions: Vec<String> = (0..30).map(|n| format!("question {n}")).collect();
    assert_eq!(sandbox.titles(&kept), questions);
    let (_, text) = sandbox.resume(&[&kept, "--in", "codex"]);
    assert!((0..30).all(|n| text.contains(&format!("answer {n}"))), "an answer is lost");
    // What the tool made of the file is kept as well.
    sandbox.ok(&["fsck"]);
    let to = sandbox.restore("out").join("codex");
    let place = sandbox.rollout().strip_prefix(sandbox.codex()).unwrap().to_owned();
    assert_eq!(fs::read_to_string(to.join(place)).unwrap(), lines(&after));
}

/// anomalyco/opencode#32368 and others: the state before a compaction can't be
/// gone back to.
#[test]
fn the_state_before_a_compaction_can_be_gone_back_to() {
    let sandbox = Sandbox::new();
    let mut rows = chain(&sandbox.project(), 4, &none);
    let mut boundary = row(8, None, &sandbox.project(), &json!({"role": "system"}));
    boundary["subtype"] = json!("compact_boundary");
    boundary["logicalParentUuid"] = json!("u7");
    boundary.as_object_mut().unwrap().remove("message");
    let mut summary = row(9, Some("u8"), &sandbox.project(), &asks("A SUMMARY of it all"));
    summary["isCompactSummary"] = json!(true);
    rows.extend([
        boundary,
        summary,
        row(10, Some("u9"), &sandbox.project(), &asks("question after")),
        row(11, Some("u10"), &sandbox.project(), &answers(11, "answer after")),
    ]);
    fs::write(sandbox.transcript("s"), lines(&rows)).unwrap();
    sandbox.ok(&["capture"]);
    let session = sandbox.session();
    assert!(Sandbox::branches(&session).contains(&"compacted-1".to_owned()), "{session:#}");
    let before = format!("{}/compacted-1", session["id"].as_str().unwrap());
    assert_eq!(sandbox.titles(&before), ["question 0", "question 1", "question 2", "question 3"]);
    for tool in ["claude-code", "codex"] {
        let (_, text) = sandbox.resume(&[&before, "--in", tool]);
        assert!(text.contains("answer 0") && text.contains("answer 3"), "{tool}: {text}");
        assert!(!text.contains("A SUMMARY") && !text.contains("answer after"), "{tool}: {text}");
    }
}

/// anthropics/claude-code#41344: a resume that comes up blank overwrites the
/// original.
#[test]
fn a_blank_resume_that_overwrites_the_original_loses_nothing() {
    let sandbox = Sandbox::new();
    let original = lines(&chain(&sandbox.project(), 10, &none));
    fs::write(sandbox.transcript("s"), &original).unwrap();
    sandbox.ok(&["capture"]);
    let blank = [row(90, None, &sandbox.project(), &asks("hello?"))];
    fs::write(sandbox.transcript("s"), lines(&blank)).unwrap();
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["rewritten"], &report["trouble"]), (&json!(1), &json!(0)));
    let session = sandbox.session();
    let kept = format!("{}/kept-1", session["id"].as_str().unwrap());
    assert_eq!(sandbox.titles(&kept).len(), 10);
    // The whole of it comes back as the tool's own rows.
    let (path, text) = sandbox.resume(&[&kept, "--in", "claude-code"]);
    assert_ne!(path, sandbox.transcript("s"));
    assert!(text.contains("answer 0") && text.contains("answer 9"));
}

/// anthropics/claude-code#41344, specstoryai/getspecstory#60, #63: what is
/// there is written over. Ours never is.
#[test]
fn neither_resume_nor_restore_writes_over_anything() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.transcript("s"), lines(&chain(&sandbox.project(), 3, &none))).unwrap();
    fs::write(sandbox.rollout(), lines(&rollout(&sandbox.project(), 2))).unwrap();
    sandbox.ok(&["capture"]);
    let before = contents(&sandbox.path("home"));
    let sessions = sandbox.sessions();
    for session in &sessions {
        for tool in ["claude-code", "codex"] {
            let id = session["id"].as_str().unwrap();
            sandbox.resume(&[id, "--in", tool]);
            sandbox.resume(&[&format!("{id}~1"), "--in", tool]);
        }
    }
    let after = contents(&sandbox.path("home"));
    for (path, bytes) in &before {
        assert!(after.iter().any(|(p, b)| p == path && b == bytes), "{} was changed", path.display());
    }
    // A restore over files that exist refuses, and says which.
    let to = sandbox.restore("out");
    let first = contents(&to);
    // The sessions that were written to be resumed are sessions as well.
    assert_eq!(first.len(), before.len() + sessions.len() * 4);
    let place = to.join("codex").join(sandbox.rollout().strip_prefix(sandbox.codex()).unwrap());
    fs::write(&place, "mine").unwrap();
    let output = sandbox.run(&["restore", "--all", "--to", to.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(fs::read_to_string(&place).unwrap(), "mine");
    assert_eq!(contents(&to).len(), first.len());
}

/// The capture engine's own blind spot: a tool that mends a transcript in
/// place, without a byte more or less.
#[test]
fn what_is_changed_in_place_is_captured_and_the_old_state_stays() {
    let sandbox = Sandbox::new();
    let file = lines(&chain(&sandbox.project(), 200, &|n| format!("{n:0200}")));
    fs::write(sandbox.transcript("s"), &file).unwrap();
    sandbox.ok(&["capture"]);
    let changed = file.replacen("question 100", "quEstion 100", 1);
    assert_ne!(changed, file);
    fs::write(sandbox.transcript("s"), &changed).unwrap();
    let report = sandbox.json(&["capture"]);
    assert_eq!(report["rewritten"], 1, "{report}");
    let to = sandbox.restore("back");
    assert_eq!(fs::read_to_string(to.join("claude-code/projects/-work/s.jsonl")).unwrap(), changed);
    let kept = format!("{}/kept-1", sandbox.session()["id"].as_str().unwrap());
    assert!(sandbox.titles(&kept).contains(&"question 100".to_owned()));
}

/// A file that begins to say it is another session's takes its place: what is
/// restored there is what is there now.
#[test]
fn of_two_sessions_that_had_one_file_the_present_one_is_restored() {
    let sandbox = Sandbox::new();
    let rows = |id: &str, words: &str| {
        let row = |n: usize, kind: &str| {
            format!("{{\"id\":\"{n}\",\"type\":\"{kind}\",\"content\":\"{words} {n}\"}}\n")
        };
        let head = format!("{{\"sessionId\":\"{id}\",\"projectHash\":\"x\"}}\n");
        head + &row(1, "user") + &row(2, "gemini")
    };
    let place = "tmp/p/chats/session-2026-01-01T00-00-aaaaaaaa.jsonl";
    let path = sandbox.path("home/.gemini").join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for (id, words) in [("first", "old"), ("second", "new"), ("a-third", "newest")] {
        fs::write(&path, rows(id, words)).unwrap();
        sandbox.ok(&["capture"]);
        let to = sandbox.path(id);
        let output = sandbox.run(&["restore", "--all", "--to", to.to_str().unwrap()]);
        let back = fs::read_to_string(to.join("gemini").join(place)).unwrap();
        assert_eq!(back, rows(id, words), "{}", crate::sandbox::said(&output));
    }
}
