//! Drives the real binary: which turn each line of a file is from.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

mod sandbox;

use std::fs;

use sandbox::Throwaway;
use serde_json::{Value, json};

const CLAUDE: &str = "11112222-3333-4444-5555-666677778888";
const CODEX: &str = "019a0000-0000-7000-8000-000000000001";
/// The name of the model that one of the tools runs.
const HOSTILE: &str = "model-\u{1b}[31mred";

/// A home in which two tools work on one project.
struct Sandbox {
    dir: Throwaway,
    claude: Vec<Value>,
    codex: Vec<Value>,
    /// Milliseconds since 1970.
    clock: i64,
}

impl std::ops::Deref for Sandbox {
    type Target = Throwaway;

    fn deref(&self) -> &Throwaway {
        &self.dir
    }
}

impl Sandbox {
    fn new() -> Sandbox {
        let dir = Throwaway::new(&["home/.claude/projects/-p", "home/.codex/sessions/2026/01/01"]);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let clock = i64::try_from(now.as_millis()).unwrap() - 100_000;
        Sandbox { dir, claude: Vec::new(), codex: Vec::new(), clock }
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let at = self.path("project").join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }

    fn time(&mut self) -> String {
        self.clock += 10;
        jiff::Timestamp::from_millisecond(self.clock).unwrap().to_string()
    }

    fn claude(&mut self, kind: &str, content: Value) {
        let (n, at) = (self.claude.len(), self.time());
        let mut message = json!({"role": kind, "content": content});
        if kind == "assistant" {
            message["id"] = json!(format!("msg{n}"));
            message["model"] = json!("model-1");
        }
        self.claude.push(json!({
            "parentUuid": n.checked_sub(1).map(|n| format!("u{n}")), "isSidechain": false, "type": kind,
            "sessionId": CLAUDE, "uuid": format!("u{n}"), "cwd": self.path("project"), "version": "2.0.0",
            "timestamp": at, "message": message,
        }));
        let text: String = self.claude.iter().map(|row| format!("{row}\n")).collect();
        fs::write(self.path(&format!("home/.claude/projects/-p/{CLAUDE}.jsonl")), text).unwrap();
    }

    fn claude_calls(&mut self, name: &str, input: Value) {
        let id = format!("toolu_{}", self.claude.len());
        self.claude("assistant", json!([{"type": "tool_use", "id": id, "name": name, "input": input}]));
        self.claude("user", json!([{"type": "tool_result", "tool_use_id": id, "content": "done"}]));
    }

    fn codex(&mut self, kind: &str, payload: Value) {
        if self.codex.is_empty() {
            let at = self.time();
            let meta = json!({"id": CODEX, "timestamp": at, "cwd": self.path("project"), "originator": "o",
                "cli_version": "0.98.0", "source": "cli"});
            self.codex.push(json!({"timestamp": at, "type": "session_meta", "payload": meta}));
        }
        let at = self.time();
        self.codex.push(json!({"timestamp": at, "type": kind, "payload": payload}));
        let text: String = self.codex.iter().map(|row| format!("{row}\n")).collect();
        let name = format!("home/.codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-{CODEX}.jsonl");
        fs::write(self.path(&name), text).unwrap();
    }

    fn codex_says(&mut self, words: &str) {
        let context = json!({"cwd": self.path("project"), "model": HOSTILE, "approval_policy": "never",
            "sandbox_policy": {"type": "read-only"}, "summary": "auto"});
        self.codex("turn_context", context);
        let content = json!([{"type": "input_text", "text": words}]);
        self.codex("response_item", json!({"type": "message", "role": "user", "content": content}));
    }

    fn codex_patches(&mut self, patch: &str) {
        let id = format!("call_{}", self.codex.len());
        let input = format!("*** Begin Patch\n{patch}*** End Patch\n");
        let call = json!({"type": "custom_tool_call", "name": "apply_patch", "input": input, "call_id": id,
            "status": "completed"});
        self.codex("response_item", call);
        let output = json!({"type": "custom_tool_call_output", "call_id": id, "output": "Success."});
        self.codex("response_item", output);
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let output = self.program("git", &[&who, args].concat()).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Of each line: the tool, the turn's title, and how it is known.
fn whose(found: &Value) -> Vec<String> {
    let origin = |line: &Value| match line["origin"].as_u64() {
        None => "nobody".to_owned(),
        Some(n) => {
            let origin = &found["origins"][usize::try_from(n).unwrap()];
            let word = |key: &str| origin[key].as_str().unwrap().to_owned();
            format!("{}: {} ({})", word("tool"), word("title"), word("how"))
        }
    };
    found["lines"].as_array().unwrap().iter().map(origin).collect()
}

fn two_tools() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let file = sandbox.path("project/src/a.txt");
    sandbox.claude("user", json!("begin"));
    sandbox
        .claude_calls("Write", json!({"file_path": file, "content": "alpha one\nbeta two\ngamma three\n"}));
    sandbox.codex_says("go on");
    sandbox
        .codex_patches("*** Update File: src/a.txt\n@@\n alpha one\n-beta two\n+beta second\n+beta third\n");
    sandbox.claude("user", json!("and the end"));
    sandbox.claude_calls(
        "Edit",
        json!({"file_path": file, "old_string": "gamma three", "new_string": "gamma 3"}),
    );
    sandbox.put("src/a.txt", "alpha one\r\nby hand\r\nbeta second\r\nbeta third\r\ngamma 3\u{1b}[2J");
    sandbox.ok(&["capture", "--no-snapshot"]);
    sandbox
}

#[test]
fn lines_are_put_down_to_turns_of_both_tools() {
    let sandbox = two_tools();
    let found = sandbox.json(&["blame", "src/a.txt", "--json"]);
    let codex = "codex: go on (told)".to_owned();
    let wanted = [
        "claude-code: begin (told)".to_owned(),
        "nobody".to_owned(),
        codex.clone(),
        codex,
        "nobody".to_owned(),
    ];
    assert_eq!(whose(&found), wanted);
    assert_eq!((&found["changes"], &found["missed_changes"]), (&json!(3), &json!(0)));
    assert_eq!((&found["origins"][0]["model"], &found["origins"][1]["turn"]), (&json!("model-1"), &json!(1)));
    assert_eq!(found["origins"][1]["prompt"], "go on");
    let shown = sandbox.ok(&["show", found["origins"][1]["commit"].as_str().unwrap(), "--json"]);
    assert!(shown.contains("beta third"), "{shown}");

    // The same from below, by a whole path, and a part of it.
    let whole = sandbox.path("project/src/../src/a.txt");
    assert_eq!(sandbox.json(&["blame", whole.to_str().unwrap(), "--json"]), found);
    let some = sandbox.json(&["blame", "src/a.txt", "-L", "2,+2", "--json"]);
    assert_eq!(whose(&some), wanted[1..3]);
    assert!(sandbox.fails(1, &["blame", "src/a.txt", "-L", "9"]).contains("hint:"));

    // Nothing commands the terminal.
    let text = sandbox.ok(&["blame", "src/a.txt"]);
    assert!(
        !text.contains('\u{1b}') && text.contains("model- [31mred") && text.contains("(not by a session)")
    );
    assert_eq!(text.lines().count(), 5);
    assert!(text.lines().nth(3).unwrap().ends_with(" 4) beta third"), "{text}");

    // As it was, though it is gone.
    fs::remove_dir_all(sandbox.path("project/src")).unwrap();
    assert!(sandbox.fails(1, &["blame", "src/a.txt"]).contains("hint: `sfs blame REV FILE`"));
    let rev = format!("{CLAUDE:.8}~1");
    let then = sandbox.json(&["blame", &rev, "src/a.txt", "--json"]);
    assert_eq!(whose(&then), vec!["claude-code: begin (told)"; 3]);
    assert!(sandbox.fails(1, &["blame", &rev, "src/b.txt"]).contains("nothing tells"));
    sandbox.put("src/a.txt", b"\0");
    assert!(sandbox.fails(1, &["blame", "src/a.txt"]).contains("not text"));
    sandbox.fails(2, &["blame", "src/a.txt", "-L", "2,1"]);
}

#[test]
fn it_is_written_for_other_tools() {
    let sandbox = two_tools();
    assert!(sandbox.fails(1, &["blame", "src/a.txt", "--as", "git-notes"]).contains("commit the file first"));
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "src/a.txt"]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let record = sandbox.json(&["blame", "src/a.txt", "--as", "agent-trace"]);
    assert_eq!(record["vcs"], json!({"type": "git", "revision": head.trim()}));
    let found = sandbox.json(&["blame", "src/a.txt", "--json"]);
    let url = |n: usize, key: &str| format!("sfs:{}", found["origins"][n][key].as_str().unwrap());
    let conversation = |n: usize, model: &str, first: u64, last: u64| {
        json!({
            "url": url(n, "commit"), "contributor": {"type": "ai", "model_id": model},
            "ranges": [{"start_line": first, "end_line": last}],
            "related": [{"type": "session", "url": url(n, "session")}],
        })
    };
    let unknown = json!({"contributor": {"type": "unknown"},
        "ranges": [{"start_line": 2, "end_line": 2}, {"start_line": 5, "end_line": 5}]});
    let wanted = [unknown, conversation(0, "model-1", 1, 1), conversation(1, HOSTILE, 3, 4)];
    assert_eq!(record["files"], json!([{"path": "src/a.txt", "conversations": wanted}]));

    let note = sandbox.ok(&["blame", "src/a.txt", "--as", "git-notes"]);
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines[..2], ["sfs blame src/a.txt", "2,5: not by a session"]);
    assert!(lines[3].starts_with("3-4: ") && lines[3].ends_with(" go on"), "{note}");
    assert!(!note.contains('\u{1b}'));
    // The repository is as it was.
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main\n");
    sandbox.put("src/a.txt", "changed");
    assert_eq!(sandbox.json(&["blame", "src/a.txt", "--as", "agent-trace"])["vcs"], Value::Null);
}

#[test]
fn what_commands_did_is_seen_between_snapshots() {
    let mut sandbox = Sandbox::new();
    sandbox.put("a.txt", "was there\n");
    sandbox.claude("user", json!("begin"));
    sandbox.ok(&["capture"]);
    // By hand, while nothing ran.
    sandbox.put("a.txt", "was there\nby hand\n");
    sandbox.claude("user", json!("next"));
    sandbox.ok(&["capture"]);
    sandbox.claude_calls("Bash", json!({"command": "make a.txt"}));
    sandbox.put("a.txt", "was there\nmade by make\nby hand\n");
    sandbox.ok(&["capture"]);
    let file = sandbox.path("project/a.txt");
    // Done, seen, and told only then.
    sandbox.put("a.txt", "was there\nmade by make\nby hand too\n");
    let input = json!({"file_path": file, "old_string": "by hand", "new_string": "by hand too"});
    let id = "toolu_last";
    sandbox.claude("user", json!("last"));
    sandbox.claude("assistant", json!([{"type": "tool_use", "id": id, "name": "Edit", "input": input}]));
    sandbox.ok(&["capture"]);
    sandbox.clock += 1_000_000;
    sandbox.claude("user", json!([{"type": "tool_result", "tool_use_id": id, "content": "done"}]));
    sandbox.ok(&["capture", "--no-snapshot"]);
    let found = sandbox.json(&["blame", "a.txt", "--json"]);
    assert_eq!(whose(&found), ["nobody", "claude-code: next (seen)", "claude-code: last (told)"]);
    assert!(sandbox.ok(&["blame", "a.txt"]).lines().nth(1).unwrap().starts_with('?'));
    // As it was a turn ago, though the snapshot is later than what was said then.
    let then = sandbox.json(&["blame", "@~1", "a.txt", "--json"]);
    assert_eq!(whose(&then), ["nobody", "claude-code: next (seen)", "nobody"]);
}

/// A file of Claude Code's session, edited under one name and carried on under others.
#[test]
fn a_file_is_followed_to_where_it_was() {
    let mut sandbox = Sandbox::new();
    let path = |sandbox: &Sandbox, name: &str| sandbox.path("project").join(name);
    let first = path(&sandbox, "first.txt");
    sandbox.claude("user", json!("begin"));
    sandbox.claude_calls("Write", json!({"file_path": first, "content": "alpha one\nbeta two\n"}));
    // A move that failed, and one of another file.
    sandbox.claude_calls("Bash", json!({"command": "false || git mv other.txt src/second.txt"}));
    sandbox.claude_calls("Bash", json!({"command": "mv notes.txt src/"}));
    sandbox.claude("user", json!("by a command"));
    sandbox.claude_calls(
        "Bash",
        json!({"command": "mkdir -p src && git mv first.txt src/second.txt; git status"}),
    );
    sandbox.claude_calls("Edit", json!({"file_path": path(&sandbox, "src/second.txt"), "old_string": "beta two", "new_string": "beta 2"}));
    sandbox.claude("user", json!("with its folder"));
    sandbox.claude_calls("Bash", json!({"command": "mv src lib"}));
    sandbox.codex_says("by a patch");
    sandbox.codex_patches(
        "*** Update File: lib/second.txt\n*** Move to: third.txt\n@@\n beta 2\n+gamma three\n",
    );
    sandbox.codex_says("anew");
    sandbox.codex_patches(
        "*** Delete File: third.txt\n*** Add File: fourth.txt\n+alpha one\n+beta 2\n+gamma three\n",
    );
    sandbox.codex_says("and on");
    sandbox.codex_patches("*** Update File: fourth.txt\n@@\n gamma three\n+delta four\n");
    sandbox.put("fourth.txt", "alpha one\nbeta 2\ngamma three\ndelta four\n");
    sandbox.ok(&["capture", "--no-snapshot"]);
    let found = sandbox.json(&["blame", "fourth.txt", "--json"]);
    let wanted = [
        "claude-code: begin (told)",
        "claude-code: by a command (told)",
        "codex: by a patch (told)",
        "codex: and on (told)",
    ];
    assert_eq!(whose(&found), wanted);
    let was = ["first.txt", "src/second.txt", "lib/second.txt", "third.txt"];
    assert_eq!(found["was"], json!(was.map(|name| path(&sandbox, name))));
    assert_eq!(found["missed_changes"], 0);
    let output = sandbox.run(&["blame", "fourth.txt"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("first.txt, then "), "{output:?}");
    // Another file with a content of its own has no past.
    sandbox.codex_says("another");
    sandbox.codex_patches("*** Delete File: fourth.txt\n*** Add File: fifth.txt\n+something else\n");
    sandbox.put("fifth.txt", "something else\n");
    sandbox.ok(&["capture", "--no-snapshot"]);
    assert_eq!(sandbox.json(&["blame", "fifth.txt", "--json"])["was"], json!([]));
}

#[test]
fn snapshots_show_where_a_file_was() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.path("project/old.txt");
    sandbox.put("old.txt", "alpha one\nbeta two\n");
    sandbox.put("alike1.txt", "the same\n");
    sandbox.put("alike2.txt", "the same\n");
    sandbox.claude("user", json!("begin"));
    sandbox.claude_calls("Write", json!({"file_path": old, "content": "alpha one\nbeta two\n"}));
    sandbox.ok(&["capture"]);
    // By no command that tells its name.
    for (from, to) in [("old.txt", "new.txt"), ("alike1.txt", "alike3.txt"), ("alike2.txt", "alike4.txt")] {
        fs::rename(sandbox.path("project").join(from), sandbox.path("project").join(to)).unwrap();
    }
    sandbox.claude("user", json!("move it"));
    sandbox.claude_calls("Bash", json!({"command": "./move-it"}));
    sandbox.ok(&["capture"]);
    let found = sandbox.json(&["blame", "new.txt", "--json"]);
    assert_eq!(whose(&found), vec!["claude-code: begin (told)"; 2]);
    assert_eq!(found["was"], json!([old]));
    // Of two that were alike, none is said to be it.
    assert_eq!(sandbox.json(&["blame", "alike3.txt", "--json"])["was"], json!([]));
}

#[test]
fn a_commit_tells_which_sessions_it_comes_from() {
    let sandbox = two_tools();
    let install = ["hooks", "install", "--for", "git", "--yes"];
    assert!(sandbox.fails(1, &install).contains("this is no git repository"));
    sandbox.git(&["init", "-q"]);
    let told = || -> Vec<String> {
        let message = sandbox.git(&["log", "-1", "--format=%B"]);
        message.lines().filter_map(|line| Some(line.strip_prefix("Sfs-Session: ")?.to_owned())).collect()
    };
    let hook = sandbox.path("project/.git/hooks/prepare-commit-msg");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\n").unwrap();
    let refused = sandbox.fails(1, &install);
    assert!(refused.contains("another hook") && refused.contains("commit-message \"$@\""), "{refused}");
    assert_eq!(fs::read_to_string(&hook).unwrap(), "#!/bin/sh\n");
    fs::remove_file(&hook).unwrap();
    assert!(sandbox.ok(&["hooks", "install", "--for", "git", "--dry-run"]).contains("prepare-commit-msg"));
    assert!(!hook.exists());
    sandbox.ok(&install);
    sandbox.ok(&install);

    // Before there is a commit, and of what is told in place of the index.
    sandbox.put("other.txt", "by hand");
    sandbox.git(&["add", "other.txt"]);
    sandbox.git(&["commit", "-q", "-m", "base", "--date=2026-01-01T00:00:00Z"]);
    assert_eq!(told(), Vec::<String>::new());
    sandbox.git(&["add", "-N", "src/a.txt"]);
    sandbox.git(&["commit", "-q", "-a", "-m", "the text\n\nReviewed-by: someone"]);
    let sessions = told();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    for (session, tool) in sessions.iter().zip(["claude-code", "codex"]) {
        let (id, by) = session.split_once(' ').unwrap();
        assert_eq!(by, format!("({tool})"));
        assert!(sandbox.ok(&["show", id]).contains(tool));
    }
    // Said once, and of files that no session wrote nothing.
    sandbox.git(&["commit", "-q", "--amend", "--no-edit"]);
    assert_eq!(told(), sessions);
    sandbox.put("other.txt", "by hand again");
    sandbox.git(&["commit", "-q", "-a", "-m", "by hand"]);
    assert_eq!(told(), Vec::<String>::new());
    sandbox.ok(&["hooks", "uninstall", "--for", "git", "--yes"]);
    assert!(!hook.exists());
}
