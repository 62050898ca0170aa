//! A throwaway home, and the binary in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// It goes away at the end.
pub(crate) struct Sandbox(pub(crate) tempfile::TempDir);

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        Sandbox(tempfile::tempdir().unwrap())
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// Writes a file below the home.
    pub(crate) fn put(&self, place: &str, text: &str) -> PathBuf {
        let path = self.home().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.home()).env("SFS_DIR", self.0.path().join("store"));
        let output = command.current_dir(self.0.path()).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap()
    }

    /// The one session of the store, after a capture; and how many commits that made.
    pub(crate) fn capture(&self) -> (Value, u64) {
        let report = self.json(&["capture"]);
        assert_eq!(report["trouble"], 0, "{report}");
        let sessions = self.json(&["list", "--all"]);
        assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions:#}");
        (sessions[0].clone(), report["commits"].as_u64().unwrap())
    }

    /// A revision; `@` is the one session, wherever it worked.
    pub(crate) fn rev(&self, rev: &str) -> String {
        let sessions = self.json(&["list", "--all"]);
        rev.replacen('@', sessions[0]["id"].as_str().unwrap(), 1)
    }

    /// What was asked on a line, the first first.
    pub(crate) fn titles(&self, rev: &str) -> Vec<String> {
        let turns = self.json(&["log", &self.rev(rev)]);
        let titles = turns.as_array().unwrap().iter().rev().filter_map(|turn| turn["title"].as_str());
        titles.map(str::to_owned).collect()
    }

    /// Everything below `folder` of the home comes back byte for byte.
    pub(crate) fn assert_restored(&self, folder: &str, tool: &str, name: &str) {
        self.ok(&["fsck"]);
        let to = self.0.path().join(name);
        self.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        assert_eq!(contents(&to.join(tool)), contents(&self.home().join(folder)));
    }
}

pub(crate) fn contents(root: &Path) -> Vec<(PathBuf, String)> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let bytes = fs::read(entry.path()).unwrap();
            let place = entry.path().strip_prefix(root).unwrap().to_owned();
            (place, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// The branches of a session.
pub(crate) fn branches(session: &Value) -> Vec<&str> {
    session["branches"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}
