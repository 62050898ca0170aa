//! A throwaway home, and the binary in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) struct Sandbox(tempfile::TempDir);

/// What a capture made.
pub(crate) struct Captured {
    /// The one session of the store.
    pub(crate) session: Value,
    /// How many commits are new.
    pub(crate) commits: u64,
    /// How many sources no longer hold what they held.
    pub(crate) rewritten: u64,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        fs::create_dir_all(sandbox.home()).unwrap();
        fs::create_dir_all(sandbox.project()).unwrap();
        sandbox
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// The directory in which `sfs` is run.
    pub(crate) fn project(&self) -> PathBuf {
        fs::canonicalize(self.0.path()).unwrap().join("work")
    }

    /// Writes a file below the home.
    pub(crate) fn put(&self, place: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.home()).env("SFS_DIR", self.0.path().join("store"));
        command.env("PATH", "/nowhere").current_dir(self.project()).args(args).stdin(Stdio::null());
        command.output().unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap()
    }

    /// Captures; there must be one session then.
    #[track_caller]
    pub(crate) fn capture(&self) -> Captured {
        let report = self.json(&["capture"]);
        assert_eq!(report["trouble"], 0, "{report}");
        let sessions = self.json(&["list", "--all"]);
        let [session] = sessions.as_array().unwrap().as_slice() else { panic!("{sessions:#}") };
        Captured {
            session: session.clone(),
            commits: report["commits"].as_u64().unwrap(),
            rewritten: report["rewritten"].as_u64().unwrap(),
        }
    }

    /// What was asked in the one session, the first first.
    #[track_caller]
    pub(crate) fn titles(&self, branch: &str) -> Vec<String> {
        let sessions = self.json(&["list", "--all"]);
        let id = sessions[0]["id"].as_str().unwrap();
        let turns = self.json(&["log", &format!("{id}{branch}")]);
        let titles = turns.as_array().unwrap().iter().rev().filter_map(|turn| turn["title"].as_str());
        titles.map(str::to_owned).collect()
    }

    /// The branches that capture moves, and their commits.
    pub(crate) fn tips(&self) -> Vec<(String, sfs::store::RefValue)> {
        let store = sfs::store::Store::open(&self.0.path().join("store")).unwrap();
        store.refs_below("head/").map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// All that is shown of the one session, as text.
    #[track_caller]
    pub(crate) fn shown(&self) -> String {
        let sessions = self.json(&["list", "--all"]);
        self.ok(&["show", sessions[0]["id"].as_str().unwrap()])
    }

    /// Restores everything; the folder of a tool.
    #[track_caller]
    pub(crate) fn restored(&self, tool: &str, name: &str) -> PathBuf {
        self.ok(&["fsck"]);
        let to = self.0.path().join(name);
        self.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        to.join(tool)
    }
}

/// The names of all branches of a session.
pub(crate) fn branches(session: &Value) -> Vec<&str> {
    session["branches"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

/// A file is there with the same bytes.
#[track_caller]
pub(crate) fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (fs::read(a).unwrap(), fs::read(b).unwrap_or_else(|e| panic!("{}: {e}", b.display())));
    assert_eq!(String::from_utf8_lossy(&a), String::from_utf8_lossy(&b));
    assert!(a == b);
}
