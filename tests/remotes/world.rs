//! Machines with sessions, each with a home and a store of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine.
pub(crate) struct Machine {
    pub(crate) dir: PathBuf,
    vars: Vec<(String, String)>,
}

impl Machine {
    /// A machine in a folder, with these variables.
    pub(crate) fn new(dir: PathBuf, vars: &[(&str, &str)]) -> Machine {
        fs::create_dir_all(dir.join("home/.claude/projects/-p")).unwrap();
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Machine { dir, vars }
    }

    /// The same with a session that is captured.
    pub(crate) fn with_session(dir: PathBuf, vars: &[(&str, &str)], prompts: usize) -> Machine {
        let machine = Machine::new(dir, vars);
        machine.write("one", 0..prompts);
        machine.ok(&["capture"]);
        machine
    }

    /// Appends prompts to a session's file.
    pub(crate) fn write(&self, session: &str, prompts: std::ops::Range<usize>) {
        let path = self.dir.join("home/.claude/projects/-p").join(format!("{session}.jsonl"));
        let mut file = fs::read(&path).unwrap_or_default();
        prompts.for_each(|n| file.extend_from_slice(row(n, session).as_bytes()));
        fs::write(path, file).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.dir.join("home")).env("SFS_DIR", self.dir.join("store"));
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(self.vars.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.dir).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must succeed; what it says.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap() + &said
    }

    /// Runs a command that must fail in words; what it says.
    pub(crate) fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some_and(|code| code != 0 && code != 101), "sfs {args:?}: {said}");
        said
    }

    /// What this machine's tools have written, and what of it this and another
    /// machine restore, must be the same.
    pub(crate) fn assert_same(&self, other: &Machine) {
        other.ok(&["fsck"]);
        let to = other.dir.join("restored");
        drop(fs::remove_dir_all(&to));
        other.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        let restored = contents(&to.join("claude-code"));
        assert!(!restored.is_empty() && contents(&self.dir.join("home/.claude")) == restored);
    }
}

/// Drives an address through what remotes are for: one machine pushes, another
/// clones, adds and pushes, and the first pulls; a third gets texts later.
pub(crate) fn round_trip(dir: &Path, vars: &[(&str, &str)], address: &str) {
    let a = Machine::with_session(dir.join("a"), vars, 30);
    a.ok(&["remote", "add", "origin", address]);
    a.ok(&["push"]);
    assert!(a.ok(&["push"]).contains("has everything"));
    let b = Machine::new(dir.join("b"), vars);
    b.ok(&["clone", address]);
    a.assert_same(&b);
    let c = Machine::new(dir.join("shallow"), vars);
    c.ok(&["clone", "--shallow", address]);
    assert_eq!(c.run(&["log", "one", "--json"]).stdout, a.run(&["log", "one", "--json"]).stdout);
    assert!(c.ok(&["show", "one"]).contains("Got the texts of"));
    a.assert_same(&c);
    b.write("two", 0..5);
    b.ok(&["capture"]);
    b.ok(&["push"]);
    a.ok(&["pull"]);
    let list = a.ok(&["list", "--all"]);
    assert_eq!(list, b.ok(&["list", "--all"]));
}

/// The files below a folder, and their bytes.
pub(crate) fn contents(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|e| e.file_type().is_file());
    files.map(|e| (e.path().strip_prefix(root).unwrap().to_owned(), fs::read(e.path()).unwrap())).collect()
}

/// A prompt that says little that another does too.
fn row(n: usize, session: &str) -> String {
    let parent = if n == 0 { "null".to_owned() } else { format!("\"u{}\"", n - 1) };
    let mut state = session.bytes().fold(n as u64, |state, byte| state.wrapping_mul(31) + u64::from(byte));
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:x}", state >> 20)
    };
    let text: Vec<String> = (0..60).map(|_| word()).collect();
    let text = text.join(" ");
    format!(
        "{{\"parentUuid\":{parent},\"isSidechain\":false,\"type\":\"user\",\"sessionId\":\"{session}\",\"uuid\":\"u{n}\",\
         \"timestamp\":\"2026-01-01T00:00:{:02}.000Z\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n",
        n % 60
    )
}
