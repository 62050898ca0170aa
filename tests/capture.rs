//! Drives the real binary in a throwaway home: what is captured comes back.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Sandbox {
    dir: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Sandbox {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("home/.claude/projects/-p")).unwrap();
        Sandbox { dir }
    }

    fn claude(&self) -> PathBuf {
        self.dir.path().join("home/.claude")
    }

    fn session(&self, name: &str) -> PathBuf {
        self.claude().join("projects/-p").join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command
            .env_clear()
            .env("HOME", self.dir.path().join("home"))
            .env("SFS_DIR", self.dir.path().join("store"));
        command.current_dir(self.dir.path()).args(args);
        command
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn restored(&self, name: &str) -> PathBuf {
        let to = self.dir.path().join(name);
        self.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        to.join("claude-code")
    }
}

fn row(n: usize, session: &str, text: &str) -> String {
    let parent = if n == 0 { "null".to_owned() } else { format!("\"u{}\"", n - 1) };
    format!(
        "{{\"parentUuid\":{parent},\"isSidechain\":false,\"type\":\"user\",\"sessionId\":\"{session}\",\"uuid\":\"u{n}\",\
         \"timestamp\":\"2026-01-01T00:00:{:02}.000Z\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n",
        n % 60
    )
}

fn long(n: usize) -> String {
    (0..40).map(|i| format!("line {i} of text {n} with \\\"quotes\\\" and ünïcödé\\n")).collect()
}

/// Every file below `a` stands below `b` with the same bytes, and no other.
fn assert_same(a: &Path, b: &Path) {
    let files = |root: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
        let files = walk.filter(|e| e.file_type().is_file());
        files
            .map(|e| (e.path().strip_prefix(root).unwrap().to_owned(), fs::read(e.path()).unwrap()))
            .collect()
    };
    let (a, b) = (files(a), files(b));
    let names = |f: &[(PathBuf, Vec<u8>)]| f.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, a), (_, b)) in a.iter().zip(&b) {
        assert!(a == b, "{} differs", name.display());
    }
}

#[test]
fn any_bytes_come_back_whole() {
    let sandbox = Sandbox::new();
    let odd: &[(&str, &[u8])] = &[
        ("empty.jsonl", b""),
        ("torn.jsonl", b"{\"type\":\"user\",\"uuid\":\"1\",\"message\":{\"content\":\"x\"}}\n{\"type\":\"us"),
        ("bom.jsonl", b"\xEF\xBB\xBF{\"type\":\"user\"}\r\n{\"type\":\"user\"}{\"a\":1}\r\n"),
        ("bytes.jsonl", b"\0\0\xff\xfe not json at all\n\n\n{\"a\":\"\xff\"}"),
    ];
    for (name, bytes) in odd {
        fs::write(sandbox.session(name), bytes).unwrap();
    }
    let rows: String = (0..200).map(|n| row(n, "s", &long(n))).collect();
    fs::write(sandbox.session("s.jsonl"), rows).unwrap();
    fs::create_dir_all(sandbox.session("s/tool-results")).unwrap();
    fs::write(sandbox.session("s/tool-results/1.txt"), b"kept apart").unwrap();
    sandbox.ok(&["capture"]);
    sandbox.ok(&["fsck"]);
    assert_same(&sandbox.claude(), &sandbox.restored("out"));
}

#[test]
fn capturing_in_steps_or_at_once_makes_the_same_commits() {
    let (live, once) = (Sandbox::new(), Sandbox::new());
    let rows: Vec<String> = (0..60).map(|n| row(n, "s", &long(n % 7))).collect();
    let file = rows.concat();
    for cut in (0..file.len()).step_by(9973).chain([file.len()]) {
        fs::write(live.session("s.jsonl"), &file.as_bytes()[..cut]).unwrap();
        live.ok(&["capture", "--json"]);
    }
    fs::write(once.session("s.jsonl"), &file).unwrap();
    once.ok(&["capture"]);
    let heads = |sandbox: &Sandbox| {
        let store = sfs::store::Store::open(&sandbox.dir.path().join("store")).unwrap();
        let heads = store.refs_below("head/").map(|(name, value)| (name.to_owned(), value.clone()));
        heads.collect::<Vec<_>>()
    };
    assert_eq!(heads(&live), heads(&once));
    assert_same(&live.claude(), &live.restored("out"));
}

#[test]
fn a_transcript_that_its_tool_cut_is_kept_and_said() {
    let sandbox = Sandbox::new();
    let rows: Vec<String> = (0..20).map(|n| row(n, "s", "words")).collect();
    fs::write(sandbox.session("s.jsonl"), rows.concat()).unwrap();
    sandbox.ok(&["capture"]);
    fs::write(sandbox.session("s.jsonl"), rows[..5].concat()).unwrap();
    let said = String::from_utf8(sandbox.run(&["capture"]).stderr).unwrap();
    assert!(said.contains("was shortened"), "{said}");
    fs::remove_file(sandbox.session("s.jsonl")).unwrap();
    let said = String::from_utf8(sandbox.run(&["capture"]).stderr).unwrap();
    assert!(said.contains("removed by its tool"), "{said}");
    sandbox.ok(&["fsck"]);
    let store = sfs::store::Store::open(&sandbox.dir.path().join("store")).unwrap();
    assert_eq!(store.refs_below("head/").filter(|(name, _)| name.ends_with("/kept-1")).count(), 1);
}

#[test]
fn a_fork_that_rewrites_its_session_id_costs_little_and_is_a_branch() {
    let sandbox = Sandbox::new();
    let rows = |session: &str| -> String { (0..300).map(|n| row(n, session, &long(n))).collect() };
    fs::write(sandbox.session("one.jsonl"), rows("one")).unwrap();
    sandbox.ok(&["capture"]);
    let size = || sfs::store::Store::open(&sandbox.dir.path().join("store")).unwrap().size().unwrap();
    let first = size();
    fs::write(sandbox.session("two.jsonl"), rows("two") + &row(300, "two", "something new")).unwrap();
    sandbox.ok(&["capture"]);
    let store = sfs::store::Store::open(&sandbox.dir.path().join("store")).unwrap();
    let heads: Vec<_> = store.refs_below("head/").map(|(name, _)| name.rsplit('/').next().unwrap()).collect();
    assert_eq!(heads, ["fork-1", "main"]);
    assert!(size() - first < first / 2, "{first} {}", size());
    assert_same(&sandbox.claude(), &sandbox.restored("out"));
}

#[test]
fn a_transcript_rewritten_to_be_longer_keeps_its_old_tip_too() {
    let sandbox = Sandbox::new();
    let rows =
        |words: &str| -> String { (0..5).map(|n| row(n, "s", if n == 2 { words } else { "x" })).collect() };
    fs::write(sandbox.session("s.jsonl"), rows("as it was")).unwrap();
    sandbox.ok(&["capture"]);
    fs::write(
        sandbox.session("s.jsonl"),
        rows("as it never was") + &row(5, "s", "more") + &row(6, "s", "yet more"),
    )
    .unwrap();
    let report = sandbox.ok(&["capture", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["rewritten"], 1);
    let store = sfs::store::Store::open(&sandbox.dir.path().join("store")).unwrap();
    assert_eq!(store.refs_below("head/").filter(|(name, _)| name.ends_with("/kept-1")).count(), 1);
}

#[test]
fn two_files_of_one_id_are_both_kept_and_then_left_alone() {
    let sandbox = Sandbox::new();
    let other = sandbox.claude().join("projects/-q");
    fs::create_dir_all(&other).unwrap();
    fs::write(sandbox.session("s.jsonl"), row(0, "s", "one") + &row(1, "s", "two")).unwrap();
    fs::write(other.join("s.jsonl"), row(0, "s", "one") + &row(1, "s", "another")).unwrap();
    sandbox.ok(&["capture"]);
    let again = sandbox.ok(&["capture", "--json"]);
    assert!(again.contains("\"changed\": 0") || again.contains("\"changed\":0"), "{again}");
    assert_same(&sandbox.claude(), &sandbox.restored("out"));
}

#[test]
fn published_sessions_come_back_whole() {
    let Some(corpus) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("SKIPPED: SFS_CORPUS names no corpus");
        return;
    };
    let sandbox = Sandbox::new();
    let walk = walkdir::WalkDir::new(corpus).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|e| e.file_type().is_file() && e.path().to_string_lossy().ends_with(".jsonl"));
    for (n, entry) in files.enumerate() {
        fs::write(sandbox.session(&format!("{n}.jsonl")), fs::read(entry.path()).unwrap()).unwrap();
    }
    sandbox.ok(&["capture"]);
    sandbox.ok(&["fsck"]);
    assert_same(&sandbox.claude(), &sandbox.restored("out"));
}

#[cfg(unix)]
#[test]
fn watching_captures_what_is_written_and_stops_when_told() {
    let sandbox = Sandbox::new();
    let mut watching =
        sandbox.command(&["capture", "--watch"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let store = sandbox.dir.path().join("store");
    let captured = |turns: u64| {
        // Bounded, so that a watcher that never looks fails instead of hanging.
        (0..600).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let store = sfs::store::Store::open(&store);
            store.is_ok_and(|store| sfs::ops::session::sessions(&store).iter().any(|s| s.turns == turns))
        })
    };
    fs::write(sandbox.session("s.jsonl"), row(0, "s", "one")).unwrap();
    assert!(captured(1));
    fs::write(sandbox.session("s.jsonl"), row(0, "s", "one") + &row(1, "s", "two")).unwrap();
    assert!(captured(2));
    Command::new("kill").args(["-INT", &watching.id().to_string()]).status().unwrap();
    assert!(watching.wait().unwrap().success());
}
