//! aider.

use std::fs;

use crate::sandbox::{Sandbox, assert_same};

fn head(second: u32) -> String {
    format!(
        "\n# aider chat started at 2026-01-02 03:04:{second:02}\n\n> Aider v0.86.2  \n> Model: m with diff edit format  \n"
    )
}

fn ask(words: &str) -> String {
    format!("\n#### {words}  \n")
}

fn answer(words: &str) -> String {
    format!("\n{words}\n\n> Tokens: 1.5k sent, 20 received.  \n")
}

#[test]
fn each_chat_is_a_session_and_the_history_comes_back_whole() {
    let sandbox = Sandbox::new();
    let history = sandbox.project().join(".aider.chat.history.md");
    let input = sandbox.project().join(".aider.input.history");
    fs::write(&input, "\n# 2026-01-02 03:04:07.000\n+first question\n").unwrap();
    let writes = [
        head(5),
        ask("first question"),
        answer("first answer"),
        head(9),
        ask("second chat"),
        answer("with *two* words"),
        ask("go on"),
        "\nhalf an ans".to_owned(),
    ];
    let mut text = String::new();
    let mut kept = 0;
    for write in writes {
        text.push_str(&write);
        fs::write(&history, &text).unwrap();
        let report = sandbox.json(&["capture"]);
        assert_eq!((&report["trouble"], &report["rewritten"]), (&0.into(), &0.into()), "{report}");
        kept += report["commits"].as_u64().unwrap();
    }
    let sessions = sandbox.json(&["list", "--all"]);
    let mut told: Vec<_> = sessions
        .as_array()
        .unwrap()
        .iter()
        .map(|session| {
            (
                session["title"].as_str().unwrap(),
                session["turns"].as_u64().unwrap(),
                session["project"].as_str().unwrap(),
            )
        })
        .collect();
    told.sort_unstable();
    let project = sandbox.project();
    let project = project.to_str().unwrap();
    assert_eq!(told, [("first question", 1, project), ("second chat", 2, project)]);
    assert_eq!(sandbox.json(&["capture"])["commits"], 0, "nothing is new");

    let out = sandbox.restored("aider", "out");
    for file in [&history, &input] {
        assert_same(file, &out.join(file.strip_prefix("/").unwrap()));
    }
    let at_once = Sandbox::new();
    fs::write(at_once.project().join(".aider.chat.history.md"), &text).unwrap();
    let report = at_once.json(&["capture"]);
    assert_eq!(report["commits"], kept, "in steps or at once, the same commits: {report}");
    let doctor = sandbox.ok(&["doctor"]);
    assert!(!doctor.contains("not JSON"), "markdown is no broken JSON: {doctor}");
}

#[test]
fn a_project_is_known_by_what_another_tool_did_there() {
    let sandbox = Sandbox::new();
    let other = sandbox.home().join("elsewhere");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join(".aider.chat.history.md"), head(5) + &ask("hello") + &answer("hi")).unwrap();
    assert_eq!(sandbox.json(&["capture"])["sources"], 0, "nobody knows of it");
    let row = format!(
        r#"{{"type":"user","uuid":"u","parentUuid":null,"sessionId":"s","cwd":{:?},"timestamp":"2026-01-01T00:00:00.000Z","message":{{"role":"user","content":"hi"}}}}"#,
        other.to_str().unwrap()
    );
    sandbox.put(".claude/projects/-p/s.jsonl", row + "\n");
    sandbox.json(&["capture"]);
    let report = sandbox.json(&["capture"]);
    assert_eq!((&report["new_sessions"], &report["gone"]), (&1.into(), &0.into()), "{report}");
    fs::remove_file(other.join(".aider.chat.history.md")).unwrap();
    assert_eq!(sandbox.json(&["capture"])["gone"], 1);
    assert_eq!(
        sandbox.json(&["list", "--all"]).as_array().unwrap().len(),
        2,
        "what is gone stays in the store"
    );
}
