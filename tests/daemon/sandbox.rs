//! A home with a store, and daemons that end with it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long is waited for what must come about at all.
const EVENTUALLY: Duration = Duration::from_secs(90);
/// How long is waited to see that nothing happens.
pub(crate) const A_WHILE: Duration = Duration::from_millis(700);

pub(crate) struct Sandbox {
    dir: tempfile::TempDir,
    pub(crate) program: PathBuf,
    vars: Vec<(String, String)>,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["home", "project"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Sandbox { dir, program: env!("CARGO_BIN_EXE_sfs").into(), vars: Vec::new() }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// Sets a variable for the processes that are started from now on.
    pub(crate) fn var(&mut self, name: &str, value: &str) {
        self.vars.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", self.path("home")).env("SFS_DIR", self.path("store"));
        // No program of the system's is found by its name, least of all its service manager.
        command.env("TZ", "UTC").env("PATH", self.path("bin")).envs(self.vars.iter().cloned());
        command.current_dir(self.path("project")).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap() + &said
    }

    pub(crate) fn status(&self) -> Value {
        let output = self.run(&["daemon", "status", "--json"]);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.success(), status["running"] == true, "{output:?}");
        status
    }

    pub(crate) fn pid(&self) -> u64 {
        self.status()["pid"].as_u64().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        let output = self.run(&["daemon", "logs", "-n", "1000"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The transcript of a session of the tool whose folder this is.
    pub(crate) fn transcript(&self, name: &str) -> PathBuf {
        self.path(&format!("home/.claude/projects/-p/1111{name}-3333-4444-5555-666677778888.jsonl"))
    }

    /// Adds prompts to a transcript, in one write.
    pub(crate) fn append(&self, path: &Path, numbers: std::ops::Range<usize>) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        let native = path.file_stem().unwrap().to_str().unwrap();
        let mut rows = String::new();
        for n in numbers {
            let parent = if n == 0 { Value::Null } else { json!(format!("{native}-{}", n - 1)) };
            let row = json!({
                "parentUuid": parent, "isSidechain": false, "type": "user", "sessionId": native,
                "uuid": format!("{native}-{n}"), "cwd": self.path("project"), "version": "2.0.0",
                "timestamp": "2026-01-01T00:00:00.000Z",
                "message": {"role": "user", "content": format!("prompt {n} of {native}")},
            });
            rows.push_str(&format!("{row}\n"));
        }
        file.write_all(rows.as_bytes()).unwrap();
    }

    /// How many prompts the store has of a transcript; nothing is captured by this.
    pub(crate) fn turns(&self, path: &Path) -> u64 {
        let output = self.run(&["list", "--all", "--json", "--no-capture"]);
        let Ok(list) = serde_json::from_slice::<Value>(&output.stdout) else { return 0 };
        let native = path.file_stem().unwrap().to_str().unwrap();
        let is_it = |s: &&Value| s["title"].as_str().unwrap().ends_with(native);
        list.as_array().unwrap().iter().find(is_it).map_or(0, |s| s["turns"].as_u64().unwrap())
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn eventually(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < EVENTUALLY, "never came about: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    pub(crate) fn captures(&self, path: &Path, turns: u64) {
        self.eventually(&format!("{turns} turns of {}", path.display()), || self.turns(path) >= turns);
        assert_eq!(self.turns(path), turns);
    }

    /// Runs a daemon as a child, and waits until it watches.
    pub(crate) fn child(&self, command: Command) -> Running<'_> {
        let running = self.spawn(command);
        self.eventually("the daemon runs", || self.status()["pid"] == running.pid());
        running
    }

    /// Runs a daemon as a child, however long that lives.
    pub(crate) fn spawn(&self, mut command: Command) -> Running<'_> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Running { child, sandbox: self }
    }

    /// Sends a signal to a process that this sandbox started.
    pub(crate) fn signal(&self, name: &str, pid: u64) {
        let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Nothing is damaged.
    #[track_caller]
    pub(crate) fn is_sound(&self) {
        self.ok(&["fsck"]);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.path("store/daemon").exists() {
            drop(self.run(&["daemon", "stop"]));
        }
    }
}

/// A daemon that is our child.
pub(crate) struct Running<'a> {
    child: Child,
    sandbox: &'a Sandbox,
}

impl Running<'_> {
    pub(crate) fn pid(&self) -> u64 {
        u64::from(self.child.id())
    }

    /// Kills it as nothing can be prepared for.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end; whether it went well.
    pub(crate) fn wait(mut self) -> bool {
        let ended = std::cell::Cell::new(None);
        let child = std::cell::RefCell::new(&mut self.child);
        self.sandbox.eventually("the daemon ends", || {
            ended.set(child.borrow_mut().try_wait().unwrap());
            ended.get().is_some()
        });
        ended.get().unwrap().success()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
