//! Drives the screen in a pseudo-terminal, as a user would.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "ui/terminal.rs"]
mod terminal;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use terminal::Terminal;

/// A home with sessions of one tool, captured.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        fs::create_dir_all(sandbox.0.path().join("home")).unwrap();
        fs::create_dir_all(sandbox.0.path().join("project")).unwrap();
        sandbox.write("aaaa1111-0000-4000-8000-000000000001", "project", "the timer rings too early");
        sandbox.write("bbbb2222-0000-4000-8000-000000000002", "elsewhere", "write a story about a fox");
        sandbox.sfs(&["capture"]);
        sandbox
    }

    /// A session of two turns; the last calls a tool.
    fn write(&self, native: &str, place: &str, prompt: &str) {
        let call = json!([{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls -l"}}]);
        let gave = json!([{"type": "tool_result", "tool_use_id": "t1", "content": "one\ntwo\nthree"}]);
        let code = "Done:\n```rust\nfn main() {}\n```\n\u{1b}]0;evil\u{7}\u{202e}日本語";
        let said = [
            ("user", json!(prompt)),
            ("assistant", json!([{"type": "text", "text": "I look."}])),
            ("user", json!("and the files?")),
            ("assistant", call),
            ("user", gave),
            ("assistant", json!([{"type": "text", "text": code}])),
        ];
        self.rows(native, place, "2026-01-01T00:00", &said);
    }

    fn rows(&self, native: &str, place: &str, minute: &str, said: &[(&str, Value)]) {
        let cwd = self.0.path().canonicalize().unwrap().join(place);
        let mut rows = String::new();
        for (n, (role, content)) in said.iter().enumerate() {
            let parent = if n == 0 { Value::Null } else { json!(format!("{native}-{}", n - 1)) };
            let mut message = json!({"role": role, "content": content});
            if *role == "assistant" {
                message["id"] = json!(format!("msg{n}"));
                message["model"] = json!("model-1");
            }
            let row = json!({
                "parentUuid": parent, "isSidechain": false, "type": role, "sessionId": native,
                "uuid": format!("{native}-{n}"), "cwd": cwd, "version": "2.0.0",
                "timestamp": format!("{minute}:0{n}.000Z"), "message": message,
            });
            rows.push_str(&format!("{row}\n"));
        }
        let folder = self.0.path().join("home/.claude/projects").join(place);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{native}.jsonl")), rows).unwrap();
    }

    /// A session that writes a file, later than the others.
    fn write_files(&self) {
        let cwd = self.0.path().canonicalize().unwrap().join("project");
        let input = json!({"file_path": cwd.join("hello.txt"), "content": "hello\n"});
        let said = [
            ("user", json!("make a file")),
            ("assistant", json!([{"type": "tool_use", "id": "t1", "name": "Write", "input": input}])),
            (
                "user",
                json!([{"type": "tool_result", "tool_use_id": "t1", "content": "File created successfully"}]),
            ),
        ];
        self.rows("dddd4444-0000-4000-8000-000000000004", "project", "2026-01-01T12:00", &said);
    }

    fn vars(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.0.path().join(name).to_string_lossy().into_owned();
        vec![
            ("HOME", path("home")),
            ("SFS_DIR", path("store")),
            ("TZ", "UTC".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("PATH", path("bin")),
            ("SFS_TEST_TIME", "1767312000000".to_owned()),
        ]
    }

    fn sfs(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().envs(self.vars()).current_dir(self.0.path().join("project")).args(args);
        let output = command.output().unwrap();
        assert!(output.status.success(), "sfs {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Opens the screen.
    fn open(&self, args: &[&str], size: (u16, u16)) -> Terminal {
        Terminal::start(env!("CARGO_BIN_EXE_sfs"), args, &self.vars(), &self.0.path().join("project"), size)
    }
}

#[test]
fn a_session_is_found_read_and_forked() {
    let sandbox = Sandbox::new();
    let mut screen = sandbox.open(&[], (80, 24));
    let first = screen.until("2 sessions, 1 of this project");
    // The one of this project stands first, though both are as old.
    let rows: Vec<&str> = first.lines().skip(1).take(2).collect();
    assert!(rows[0].contains("the timer rings too early") && rows[1].contains("about a fox"), "{first}");
    assert!(rows[1].contains("elsewhere"), "{first}");
    screen.keys("/fox st");
    screen.until("1 session of 2");
    screen.wait("only the fox", |screen| screen.contains("fox") && !screen.contains("timer"));
    // What no title has may have been said; what makes no sense is told.
    screen.keys("\x15and files\r");
    screen.until("No session has these words");
    screen.keys("s");
    screen.until("2 sessions of 2");
    screen.keys("/\x15kind:x\rs");
    screen.until("kind: can't be");
    // Escape takes the filter away.
    screen.keys("\x1b");
    screen.until("2 sessions, 1 of this project");
    screen.keys("\r");
    screen.until("+ > Bash ls -l");
    screen.keys("\t");
    screen.until("fn main() {}");
    let read = screen.until("日本語");
    assert!(!read.contains('\u{202e}') && screen.title().is_empty(), "{read}");
    // To the call, which unfolds.
    screen.keys("nj\r");
    screen.until("\"command\": \"ls -l\"");
    screen.keys("y");
    screen.until("copied");
    // `> Bash {…`, in base64.
    assert!(screen.copied().starts_with("PiBCYXNoIHs"), "{}", screen.copied());
    screen.keys("h");
    screen.keys("fother\r");
    screen.until("made the branch other");
    screen.keys("q");
    assert_eq!(screen.end(), (0, None));
    assert!(screen.is_given_back());
    let log: Value = serde_json::from_str(&sandbox.sfs(&["log", "@/other", "--json"])).unwrap();
    assert_eq!(log.as_array().unwrap().len(), 2);
}

#[test]
fn whatever_ends_it_gives_the_terminal_back() {
    let sandbox = Sandbox::new();
    for (signal, name) in [("TERM", "Terminated"), ("HUP", "Hangup"), ("INT", "Interrupt")] {
        let mut screen = sandbox.open(&["ui", "--mouse"], (80, 24));
        screen.until("2 sessions");
        assert!(!screen.is_given_back());
        signal_to(&screen, signal);
        assert_eq!(screen.end(), (1, Some(name.to_owned())));
        assert!(screen.is_given_back(), "{signal}");
    }
}

#[test]
fn it_stops_and_goes_on_and_changes_its_size() {
    let sandbox = Sandbox::new();
    let mut screen = sandbox.open(&["ui"], (80, 24));
    screen.until("2 sessions");
    screen.keys("\x1a");
    screen.given_back();
    signal_to(&screen, "CONT");
    screen.until("2 sessions");
    // Stopped from outside, as by `kill -TSTP`.
    signal_to(&screen, "TSTP");
    screen.given_back();
    signal_to(&screen, "CONT");
    screen.until("2 sessions");
    screen.resize(40, 10);
    screen.wait("the list alone", |screen| !screen.contains("messages") && screen.contains("timer"));
    screen.resize(200, 50);
    screen.wait("side by side", |screen| {
        screen.lines().nth(1).is_some_and(|row| row.matches("the timer rings too early").count() == 2)
    });
    screen.keys("q");
    assert_eq!(screen.end(), (0, None));
}

#[test]
fn a_session_is_carried_on_in_the_tool_that_is_chosen() {
    let sandbox = Sandbox::new();
    let bin = sandbox.0.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = bin.join("claude");
    fs::write(&program, "#!/bin/sh\necho \"started with $*\"\n").unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut screen = sandbox.open(&[], (80, 24));
    screen.until("the timer rings");
    screen.keys("r");
    screen.until("print the command");
    screen.keys("\r");
    screen.until("started with --resume");
    assert_eq!(screen.end(), (0, None));
    assert!(screen.is_given_back());
    let mut screen = sandbox.open(&[], (80, 24));
    screen.until("the timer rings");
    screen.keys("r");
    screen.until("print the command");
    screen.keys("jp");
    screen.until("&& codex resume");
    assert_eq!(screen.end(), (0, None));
}

#[test]
fn revisions_are_compared_and_files_put_back_after_the_user_agreed() {
    let sandbox = Sandbox::new();
    sandbox.write_files();
    let mut screen = sandbox.open(&[], (100, 30));
    screen.until("make a file");
    screen.keys("mj\r");
    screen.until("the timer rings too early");
    screen.keys("d");
    let compared = screen.until("they share no commit");
    assert!(compared.contains("gone hello.txt") && compared.contains("-hello"), "{compared}");
    screen.keys("hh");
    screen.until("3 sessions");
    screen.keys("k");
    screen.keys("c../made\r");
    screen.until("create    hello.txt");
    assert!(!sandbox.0.path().join("made").exists());
    screen.keys("w");
    screen.until("wrote 1 files");
    assert_eq!(fs::read_to_string(sandbox.0.path().join("made/hello.txt")).unwrap(), "hello\n");
    // Another process captures: it is seen without a key.
    sandbox.write("cccc3333-0000-4000-8000-000000000003", "project", "a new one");
    sandbox.sfs(&["capture"]);
    screen.until("4 sessions");
    screen.keys("gq");
    assert_eq!(screen.end(), (0, None));
}

#[test]
fn without_colour_there_is_none_and_without_a_terminal_there_is_no_screen() {
    let sandbox = Sandbox::new();
    let colours = |args: &[&str]| {
        let mut screen = sandbox.open(args, (80, 24));
        screen.until("the timer rings");
        screen.keys("q");
        screen.end();
        let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
        let codes =
            raw.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m')).map(|(codes, _)| codes);
        // The colours of the user's palette are `38;5;0` to `38;5;15`, and `39` is none.
        let colours = codes.filter(|codes| codes.split(';').any(|code| matches!(code, "38" | "48")));
        colours.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(colours(&["--color", "never"]).is_empty());
    let some = colours(&[]);
    let is_named = |codes: &String| {
        codes
            .trim_end_matches(";49")
            .strip_prefix("38;5;")
            .is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n < 8))
    };
    assert!(!some.is_empty() && some.iter().all(is_named), "{some:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
    let output = command.env_clear().envs(sandbox.vars()).arg("ui").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("sfs list"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
    let output = command.env_clear().envs(sandbox.vars()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Usage: sfs"));
}

fn signal_to(screen: &Terminal, signal: &str) {
    let kill = Command::new("kill").args([&format!("-{signal}"), &screen.process().to_string()]).status();
    assert!(kill.unwrap().success());
}
