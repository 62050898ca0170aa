//! Less than the whole conversation, and none of it cut in silence.

use std::fs;

use crate::sandbox::{Sandbox, chain, lines};

fn none(_: usize) -> String {
    String::new()
}

fn sandbox(turns: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(sandbox.transcript("s"), lines(&chain(&sandbox.project(), turns, &none))).unwrap();
    sandbox.ok(&["capture"]);
    sandbox
}

/// What does not fit into a smaller context is left out with a summary of it,
/// and both the user and the model are told.
#[test]
fn the_last_turns_come_with_a_summary_of_those_before() {
    let sandbox = sandbox(9);
    let id = sandbox.sessions()[0]["id"].as_str().unwrap().to_owned();
    let outcome = sandbox.json(&["resume", &id, "--in", "codex", "--history", "2"]);
    assert_eq!(outcome["left_out_turns"], 7, "{outcome:#}");
    let written = fs::read_to_string(outcome["path"].as_str().unwrap()).unwrap();
    assert!(written.contains("not the conversation") && written.contains("question 6"), "{written}");
    let told = sandbox.told(&["resume", &id, "--in", "codex", "--history", "2", "-n"]);
    assert!(told.contains("7 earlier turns are not written"), "{told}");
    // All of it is the default, and more turns than there are is all of it.
    for part in ["all", "99", "compacted"] {
        let outcome = sandbox.json(&["resume", &id, "--in", "codex", "--history", part, "-n"]);
        assert_eq!(outcome["left_out_turns"], 0, "{part}");
    }
}

/// Where a tool can't hold the session, or shall not, it gets what fits.
#[test]
fn a_briefing_tells_the_session_within_its_budget() {
    let sandbox = sandbox(40);
    let id = sandbox.sessions()[0]["id"].as_str().unwrap().to_owned();
    let outcome = sandbox.json(&["resume", &id, "--in", "codex", "--briefing", "--budget", "500"]);
    let path = outcome["briefing"].as_str().unwrap();
    let text = fs::read_to_string(path).unwrap();
    assert!(text.len() < 2600 && text.contains("not the conversation itself"), "{text}");
    assert!(text.contains("question 39") && text.contains("left out"), "{text}");
    assert_eq!(outcome["turns"], 40);
    let command: Vec<_> =
        outcome["command"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert!(command[0] == "codex" && command[1].contains(path), "{command:?}");
}
