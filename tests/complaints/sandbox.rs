//! A throwaway home with the transcripts of both tools, and the binary in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// The thread of [`Sandbox::rollout`].
pub(crate) const THREAD: &str = "01a20212-a86f-7d30-ba34-f1999c4bbe7a";

pub(crate) struct Sandbox {
    dir: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let sandbox = Sandbox { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(sandbox.claude().join("projects/-work")).unwrap();
        fs::create_dir_all(sandbox.codex().join("sessions/2026/01/01")).unwrap();
        fs::create_dir_all(sandbox.project()).unwrap();
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn claude(&self) -> PathBuf {
        self.path("home/.claude")
    }

    pub(crate) fn codex(&self) -> PathBuf {
        self.path("home/.codex")
    }

    /// The directory that the sessions worked in.
    pub(crate) fn project(&self) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap().join("work")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// A transcript of Claude Code.
    pub(crate) fn transcript(&self, name: &str) -> PathBuf {
        self.claude().join("projects/-work").join(format!("{name}.jsonl"))
    }

    /// A rollout of Codex.
    pub(crate) fn rollout(&self) -> PathBuf {
        self.codex().join(format!("sessions/2026/01/01/rollout-2026-01-01T00-00-00-{THREAD}.jsonl"))
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.path("home")).env("SFS_DIR", self.store());
        command.current_dir(self.dir.path()).args(args).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must succeed; what it prints.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "sfs {args:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must succeed; what it prints and what it says.
    #[track_caller]
    pub(crate) fn told(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "sfs {args:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output)
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, ["--json"].as_slice()].concat());
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("sfs {args:?}: {e}: {text}"))
    }

    #[track_caller]
    pub(crate) fn sessions(&self) -> Vec<Value> {
        self.json(&["list", "--all"]).as_array().unwrap().clone()
    }

    /// The one session of the store.
    #[track_caller]
    pub(crate) fn session(&self) -> Value {
        let sessions = self.sessions();
        let [session] = sessions.as_slice() else { panic!("{sessions:#?}") };
        session.clone()
    }

    /// What was asked, turn by turn, the first one first.
    #[track_caller]
    pub(crate) fn titles(&self, rev: &str) -> Vec<String> {
        let turns = self.json(&["log", rev]);
        let titles = turns.as_array().unwrap().iter().rev().filter_map(|turn| turn["title"].as_str());
        titles.map(str::to_owned).collect()
    }

    /// The names of all branches of a session.
    pub(crate) fn branches(session: &Value) -> Vec<String> {
        session["branches"].as_array().unwrap().iter().map(|b| b.as_str().unwrap().to_owned()).collect()
    }

    /// Resumes a revision; the transcript that was written.
    #[track_caller]
    pub(crate) fn resume(&self, args: &[&str]) -> (PathBuf, String) {
        let outcome = self.json(&[["resume"].as_slice(), args].concat());
        let path = PathBuf::from(outcome["path"].as_str().unwrap());
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    }

    /// Restores everything into a new folder.
    #[track_caller]
    pub(crate) fn restore(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        self.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        to
    }

    /// Everything that the tools have comes back byte for byte, and the store is sound.
    #[track_caller]
    pub(crate) fn assert_whole(&self, name: &str) {
        self.ok(&["fsck"]);
        let to = self.restore(name);
        assert_same(&self.claude(), &to.join("claude-code"));
        assert_same(&self.codex(), &to.join("codex"));
    }

    /// The branches that capture moves, and their tips.
    pub(crate) fn heads(&self) -> Vec<(String, sfs::store::RefValue)> {
        let store = sfs::store::Store::open(&self.store()).unwrap();
        store.refs_below("head/").map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// How many bytes the store takes.
    pub(crate) fn size(&self) -> u64 {
        contents(&self.store()).iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The files below a folder, and their bytes.
pub(crate) fn contents(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|e| e.file_type().is_file());
    files.map(|e| (e.path().strip_prefix(root).unwrap().to_owned(), fs::read(e.path()).unwrap())).collect()
}

/// Every file below `a` stands below `b` with the same bytes, and no other.
#[track_caller]
pub(crate) fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (contents(a), contents(b));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, a), (_, b)) in a.iter().zip(&b) {
        assert!(a == b, "{} differs", name.display());
    }
}

/// Text that no compressor shrinks by much, the same for the same seed.
pub(crate) fn noise(seed: u64, len: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 58
    };
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..len).map(|_| char::from(LETTERS[next() as usize])).collect()
}

fn time(n: usize) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}.000Z", n / 3600, n / 60 % 60, n % 60)
}

/// A row of Claude Code as the tool would write it, for tests to change.
pub(crate) fn row(n: usize, parent: Option<&str>, cwd: &Path, message: &Value) -> Value {
    json!({
        "parentUuid": parent, "isSidechain": false, "type": message["role"], "message": message,
        "uuid": format!("u{n}"), "timestamp": time(n), "cwd": cwd, "sessionId": "s", "version": "2.1.0",
    })
}

pub(crate) fn asks(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

pub(crate) fn answers(n: usize, text: &str) -> Value {
    json!({
        "id": format!("msg_{n}"), "type": "message", "role": "assistant", "model": "claude-x",
        "content": [{"type": "text", "text": text}],
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 100,
                  "output_tokens": 5},
    })
}

/// `turns` questions and their answers as rows of Claude Code, one chain.
pub(crate) fn chain(cwd: &Path, turns: usize, filler: &dyn Fn(usize) -> String) -> Vec<Value> {
    (0..turns * 2)
        .map(|n| {
            let parent = n.checked_sub(1).map(|n| format!("u{n}"));
            let message = match n % 2 {
                0 => asks(&format!("question {}", n / 2)),
                _ => answers(n, &format!("answer {} {}", n / 2, filler(n))),
            };
            row(n, parent.as_deref(), cwd, &message)
        })
        .collect()
}

/// Rows, a line each.
pub(crate) fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// A record of Codex.
pub(crate) fn record(n: usize, kind: &str, payload: Value) -> Value {
    json!({"timestamp": time(n), "type": kind, "payload": payload})
}

pub(crate) fn said_by(n: usize, role: &str, text: &str) -> Value {
    let kind = if role == "user" { "input_text" } else { "output_text" };
    let content = json!([{"type": kind, "text": text}]);
    record(n, "response_item", json!({"type": "message", "role": role, "content": content}))
}

/// The head of a rollout.
pub(crate) fn head(cwd: &Path, id: &str) -> Value {
    let meta = json!({
        "id": id, "timestamp": time(0), "cwd": cwd, "originator": "codex_cli_rs", "cli_version": "0.98.0",
        "source": "cli",
    });
    record(0, "session_meta", meta)
}

/// A rollout of so many turns.
pub(crate) fn rollout(cwd: &Path, turns: usize) -> Vec<Value> {
    let mut rows = vec![head(cwd, THREAD)];
    for n in 0..turns {
        rows.push(said_by(n * 2 + 1, "user", &format!("question {n}")));
        rows.push(said_by(n * 2 + 2, "assistant", &format!("answer {n}")));
    }
    rows
}
