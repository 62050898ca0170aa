//! Drives the real binary: listing, reading, comparing, forking and undoing.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

struct Sandbox(tempfile::TempDir);

impl Sandbox {
    /// A home with one session of so many turns, captured.
    fn new(turns: usize) -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        fs::create_dir_all(sandbox.0.path().join("home/.claude/projects/-p")).unwrap();
        fs::create_dir_all(sandbox.0.path().join("project/src")).unwrap();
        sandbox.write("11112222-3333-4444-5555-666677778888", turns);
        sandbox.ok(&["capture"]);
        sandbox
    }

    fn write(&self, native: &str, turns: usize) {
        let cwd = self.0.path().canonicalize().unwrap().join("project");
        let mut rows = String::new();
        for n in 0..turns * 2 {
            let parent = if n == 0 { Value::Null } else { json!(format!("u{}", n - 1)) };
            let (kind, content) = match n % 2 {
                0 => ("user", json!(format!("prompt {} \u{1b}]0;title\u{7}\u{202e}", n / 2))),
                _ => ("assistant", json!([{"type": "text", "text": format!("answer {}\u{1b}[2J", n / 2)}])),
            };
            let mut message = json!({"role": kind, "content": content});
            if kind == "assistant" {
                message["id"] = json!(format!("msg{n}"));
                message["model"] = json!("model-1");
                message["usage"] = json!({"input_tokens": 10, "output_tokens": 5});
            }
            let row = json!({
                "parentUuid": parent, "isSidechain": false, "type": kind, "sessionId": native,
                "uuid": format!("u{n}"), "cwd": cwd, "version": "2.0.0",
                "timestamp": format!("2026-01-01T00:00:{:02}.000Z", n % 60), "message": message,
            });
            rows.push_str(&format!("{row}\n"));
        }
        fs::write(self.0.path().join(format!("home/.claude/projects/-p/{native}.jsonl")), rows).unwrap();
    }

    fn run_in(&self, dir: &str, args: &[&str]) -> Output {
        let home = self.0.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", home.join("home")).env("SFS_DIR", home.join("store"));
        command.env("TZ", "UTC").current_dir(home.join(dir)).args(args).output().unwrap()
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        let output = self.run_in("project", args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(harmful) && !said.contains(harmful), "sfs {args:?}: {text:?} {said:?}");
        text
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    #[track_caller]
    fn fails(&self, args: &[&str]) -> String {
        let output = self.run_in("project", args);
        assert!(!output.status.success(), "sfs {args:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn sessions_are_listed_where_they_worked() {
    let sandbox = Sandbox::new(3);
    let list = sandbox.json(&["list", "--json"]);
    let session = &list[0];
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!((&session["turns"], &session["messages"]), (&json!(3), &json!(6)));
    assert_eq!(session["updated_at"], "2026-01-01T00:00:05Z");
    assert_eq!(session["branches"], json!(["main"]));
    for dir in ["project/src", "."] {
        let found = sandbox.run_in(dir, &["list", "--json"]).stdout;
        assert_eq!(serde_json::from_slice::<Value>(&found).unwrap(), list, "{dir}");
    }
    let nowhere = sandbox.run_in("home", &["list"]);
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains("sfs list --all"));
    assert_eq!(sandbox.json(&["list", "--since", "2026-01-02", "--json"]), json!([]));
    assert!(sandbox.ok(&["list"]).contains("prompt 0"));
}

#[test]
fn turns_and_messages_are_shown_whole_and_harmless() {
    let sandbox = Sandbox::new(3);
    let log = sandbox.json(&["log", "--json"]);
    assert_eq!(log.as_array().unwrap().len(), 3);
    assert_eq!(log[0]["usage"]["output"], 5);
    assert!(sandbox.ok(&["log", "--oneline"]).lines().next().unwrap().contains("prompt 2"));
    assert!(sandbox.ok(&["log", "--graph"]).starts_with("*  "));
    let message = sandbox.json(&["show", "@~1:3", "--json"]);
    assert_eq!(message["messages"][0]["blocks"][0]["text"], "prompt 1 \u{1b}]0;title\u{7}\u{202e}");
    assert_eq!(sandbox.json(&["show", "--all", "--json"])["messages"].as_array().unwrap().len(), 6);
    let last = sandbox.ok(&["show", "1111"]);
    assert!(last.contains("answer 2") && !last.contains("answer 1"));
    assert!(sandbox.ok(&["show", "--all"]).contains("answer 0"));
}

#[test]
fn forks_names_and_tags_are_made_and_taken_back() {
    let sandbox = Sandbox::new(3);
    let made = sandbox.json(&["fork", "@~2", "--name", "try", "--json"]);
    assert_eq!(sandbox.json(&["log", "@/try", "--json"]).as_array().unwrap().len(), 1);
    for verb in ["name", "tag"] {
        for turned in ["@", "1111", "@~1"] {
            let said = sandbox.fails(&[verb, turned, "mine"]);
            assert!(said.contains(&format!("`sfs {verb} mine {turned}`")), "{said}");
        }
        assert!(!sandbox.fails(&[verb, "mine", "nothing"]).contains("comes first"));
    }
    sandbox.ok(&["name", "mine", "@"]);
    sandbox.ok(&["tag", "good", "mine~1", "-m", "it worked"]);
    assert_eq!(sandbox.json(&["tag", "--json"])[0]["words"], "it worked");
    assert_eq!(sandbox.json(&["log", "good", "--json"]).as_array().unwrap().len(), 2);
    sandbox.ok(&["branch", "--delete", "try"]);
    assert!(sandbox.fails(&["log", "mine/try"]).contains("no branch \"try\""));
    sandbox.ok(&["undo"]);
    assert_eq!(sandbox.json(&["show", "mine/try", "--json"])["commit"], made["commit"]);
    sandbox.ok(&["undo"]);
    assert_eq!(sandbox.json(&["tag", "--json"]), json!([]));
    assert!(sandbox.ok(&["reflog", "mine/try"]).contains("@{0}"));
    assert!(sandbox.ok(&["reflog"]).contains("undo"));
    sandbox.ok(&["gc", "--grace", "0"]);
    sandbox.ok(&["fsck"]);
    assert_eq!(sandbox.json(&["list", "--json"])[0]["name"], "mine");
}

#[test]
fn what_two_lines_did_since_they_parted_is_shown() {
    let sandbox = Sandbox::new(3);
    assert_eq!(sandbox.json(&["diff", "@", "@", "--json", "--exit-code"])["same"], true);
    let found = sandbox.json(&["diff", "@~1", "@", "--json"]);
    assert_eq!((&found["common_messages"], &found["right"]["messages"]), (&json!(4), &json!(2)));
    sandbox.write("99992222-3333-4444-5555-666677778888", 4);
    sandbox.ok(&["capture"]);
    let output = sandbox.run_in("project", &["diff", "@~1", "@", "--stat", "--exit-code"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(sandbox.ok(&["diff", "@~1"]).lines().any(|line| line.starts_with("+ answer")));
}

#[test]
fn how_things_stand_is_told() {
    let sandbox = Sandbox::new(1);
    assert_eq!(sandbox.json(&["status", "--json"])["pending"], 0);
    sandbox.write("99992222-3333-4444-5555-666677778888", 1);
    assert_eq!(sandbox.json(&["status", "--json"])["pending"], 1);
    assert!(sandbox.ok(&["doctor"]).contains("sfs capture"));
    assert!(sandbox.ok(&["completions", "bash"]).contains("sfs"));
    assert!(sandbox.ok(&["man", "log"]).contains("turn by turn"));
    assert!(sandbox.fails(&["show", "nothing"]).contains("hint:"));
    assert!(sandbox.fails(&["show", "--store", "/nowhere"]).contains("no store"));
}

#[test]
fn where_a_tools_own_program_is_missing_a_briefing_is_advised() {
    let sandbox = Sandbox::new(2);
    let (mut missing, tools) = (0, sfs::tool::TOOLS.iter().map(|tool| tool.name()));
    for tool in tools {
        let output = sandbox.run_in("project", &["resume", "@", "--in", tool, "--yes"]);
        if !output.status.success() {
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("is not installed"), "{tool}: {said}");
            assert!(said.contains(&format!("`sfs resume @ --in {tool} --briefing`")), "{tool}: {said}");
            sandbox.ok(&["resume", "@", "--in", tool, "--briefing"]);
            missing += 1;
        }
    }
    assert!(missing >= 3, "some tools only take a session in by their own program");
}
