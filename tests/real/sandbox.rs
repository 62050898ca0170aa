//! A throwaway home, project and store, and the programs that run in them.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::mock::Server;
use super::script::serial;
use super::tools::{Age, Run, Tools, clean, eventually, run_guarded, tools};
use super::{PNG_BASE64, decode_base64};

/// A machine of its own: everything below one folder, which goes away at the
/// end unless the test fails.
pub(crate) struct Sandbox {
    root: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) project: PathBuf,
    tools: &'static Tools,
    age: Age,
    /// Whether the tools keep their things elsewhere than in the home.
    moved: bool,
    runs: Cell<u32>,
}

impl Sandbox {
    /// A sandbox, or `None` with a printed reason where the tools can't be had.
    pub(crate) fn new() -> Option<Self> {
        Self::create(false, Age::New)
    }

    /// The same, with the tools of this age.
    pub(crate) fn of(age: Age) -> Option<Self> {
        Self::create(false, age)
    }

    /// The same, with `CLAUDE_CONFIG_DIR` and `CODEX_HOME` pointing elsewhere.
    pub(crate) fn moved() -> Option<Self> {
        Self::create(true, Age::New)
    }

    fn create(moved: bool, age: Age) -> Option<Self> {
        let tools = tools(age)?;
        let name = format!("real-{}-{}", std::process::id(), serial());
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&root).expect("a folder for the sandbox");
        let root = root.canonicalize().expect("the folder");
        let (home, project) = (root.join("home"), root.join("work").join("my project"));
        let sandbox = Self { root, home, project, tools, age, moved, runs: Cell::new(0) };
        fs::create_dir_all(&sandbox.home).expect("a home");
        sandbox.make_project(&sandbox.project);
        sandbox.configure_codex("http://127.0.0.1:9");
        Some(sandbox)
    }

    /// Another folder in the sandbox, made a git repository like the project.
    pub(crate) fn other_project(&self, name: &str) -> PathBuf {
        let folder = self.root.join("elsewhere").join(name);
        self.make_project(&folder);
        folder
    }

    /// A new empty folder in the sandbox.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.root.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn make_project(&self, folder: &Path) {
        fs::create_dir_all(folder).expect("a project");
        fs::write(folder.join("README.md"), "# A project\n").expect("a file");
        fs::write(folder.join("pic.png"), decode_base64(PNG_BASE64).expect("base64")).expect("a picture");
        self.git(folder, &["init", "-q", "-b", "main"]);
        self.git(folder, &["add", "."]);
        self.git(
            folder,
            &["-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "-q", "-m", "start"],
        );
    }

    fn git(&self, folder: &Path, args: &[&str]) {
        self.run(Path::new("git"), folder, &[], args).ok();
    }

    /// Where Claude Code keeps its things.
    pub(crate) fn claude_home(&self) -> PathBuf {
        if self.moved { self.root.join("claude config") } else { self.home.join(".claude") }
    }

    /// Where Codex keeps its things.
    pub(crate) fn codex_home(&self) -> PathBuf {
        if self.moved { self.root.join("codex home") } else { self.home.join(".codex") }
    }

    /// The variables that say so.
    fn places(&self) -> Vec<(&'static str, String)> {
        let show = |path: PathBuf| path.to_string_lossy().into_owned();
        let homes =
            [("CLAUDE_CONFIG_DIR", show(self.claude_home())), ("CODEX_HOME", show(self.codex_home()))];
        if self.moved { homes.into() } else { Vec::new() }
    }

    /// Runs Claude Code without a terminal, all tools allowed.
    pub(crate) fn claude(&self, server: &Server, args: &[&str]) -> Run {
        self.claude_in(&self.project, server, args)
    }

    /// The same in another folder.
    pub(crate) fn claude_in(&self, folder: &Path, server: &Server, args: &[&str]) -> Run {
        run_guarded(self.claude_command(folder, server, args), &self.outputs())
    }

    /// The same with a line of JSON as its input: a prompt made of blocks.
    pub(crate) fn claude_with(&self, server: &Server, args: &[&str], prompt: &serde_json::Value) -> Run {
        let outputs = self.outputs();
        let input = outputs.with_extension("stdin");
        let line = serde_json::json!({"type": "user", "message": {"role": "user", "content": prompt}});
        fs::write(&input, format!("{line}\n")).expect("a file for the input");
        let mut command = self.claude_command(&self.project, server, args);
        command.args(["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]);
        command.stdin(fs::File::open(&input).expect("the input"));
        run_guarded(command, &outputs)
    }

    fn claude_command(&self, folder: &Path, server: &Server, args: &[&str]) -> Command {
        let mut command = clean(&self.tools.claude, &self.tools.path, &self.home, folder);
        command
            .envs(self.places())
            .env("ANTHROPIC_BASE_URL", server.url())
            .env("ANTHROPIC_API_KEY", "not-a-key");
        for switch in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            // Without it, root may not skip the permission prompts.
            "IS_SANDBOX",
        ] {
            command.env(switch, "1");
        }
        command.args(["-p", "--dangerously-skip-permissions"]).args(args);
        command
    }

    /// Runs `codex exec`, all commands allowed.
    pub(crate) fn codex(&self, server: &Server, args: &[&str]) -> Run {
        self.codex_in(&self.project, server, args)
    }

    /// The same in another folder.
    pub(crate) fn codex_in(&self, folder: &Path, server: &Server, args: &[&str]) -> Run {
        self.configure_codex(&server.url());
        let mut command = clean(&self.tools.codex, &self.tools.path, &self.home, folder);
        command.envs(self.places()).env("MOCK_API_KEY", "not-a-key").arg("exec").args(args);
        // 0.98 asks its maker for models, whatever the provider.
        command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
        run_guarded(command, &self.outputs())
    }

    fn configure_codex(&self, url: &str) {
        let model = self.age.codex_model();
        let config = format!(
            r#"model = "{model}"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
[features]
plugins = false
daemon_auto_start = false
[model_providers.mock]
name = "mock"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "MOCK_API_KEY"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = false
"#
        );
        fs::create_dir_all(self.codex_home()).expect("a home for codex");
        fs::write(self.codex_home().join("config.toml"), config).expect("its settings");
    }

    /// Runs `sfs` in the project.
    pub(crate) fn sfs(&self, args: &[&str]) -> Run {
        self.sfs_in(&self.project, args)
    }

    /// Runs `sfs` in another folder.
    pub(crate) fn sfs_in(&self, folder: &Path, args: &[&str]) -> Run {
        self.run(Path::new(env!("CARGO_BIN_EXE_sfs")), folder, &self.store_vars(), args)
    }

    /// Runs the daemon on the store until what is returned goes, once it watches.
    pub(crate) fn daemon(&self) -> Daemon<'_> {
        let mut command =
            clean(Path::new(env!("CARGO_BIN_EXE_sfs")), &self.tools.path, &self.home, &self.root);
        command.envs(self.places()).env("SFS_DIR", self.root.join("store")).args(["daemon", "run"]);
        let log = fs::File::create(self.outputs()).expect("a file for what it says");
        let child = command.stdout(log.try_clone().expect("the file")).stderr(log).spawn();
        let daemon = Daemon { child: child.expect("a daemon"), sandbox: self };
        let pid = u64::from(daemon.child.id());
        let is_it = || {
            let status = self.sfs(&["daemon", "status", "--json"]).stdout;
            serde_json::from_str::<serde_json::Value>(&status).is_ok_and(|status| status["pid"] == pid)
        };
        eventually("the daemon watches", || is_it().then_some(()).ok_or_else(String::new));
        daemon
    }

    /// The store, and that nothing is captured but when a test says so: what one
    /// resume added is no part of what the next begins with.
    fn store_vars(&self) -> Vec<(&'static str, String)> {
        let store = self.root.join("store").to_string_lossy().into_owned();
        vec![("SFS_DIR", store), ("SFS_CAPTURE", "off".to_owned())]
    }

    /// Runs `sfs` where programs of a further folder are found first.
    pub(crate) fn sfs_beside(&self, programs: &Path, args: &[&str]) -> Run {
        let mut vars = self.store_vars();
        vars.push(("PATH", format!("{}:{}", programs.display(), self.tools.path)));
        self.run(Path::new(env!("CARGO_BIN_EXE_sfs")), &self.project, &vars, args)
    }

    fn run(&self, program: &Path, folder: &Path, vars: &[(&'static str, String)], args: &[&str]) -> Run {
        let mut command = clean(program, &self.tools.path, &self.home, folder);
        command.envs(self.places()).envs(vars.iter().cloned()).args(args);
        run_guarded(command, &self.outputs())
    }

    /// A name for the outputs of the next run.
    fn outputs(&self) -> PathBuf {
        self.runs.set(self.runs.get() + 1);
        let folder = self.root.join("runs");
        fs::create_dir_all(&folder).expect("a folder for outputs");
        folder.join(format!("{:03}", self.runs.get()))
    }

    /// All transcripts of Claude Code, subagents included, in order of name.
    pub(crate) fn claude_transcripts(&self) -> Vec<PathBuf> {
        transcripts(&self.claude_home().join("projects"))
    }

    /// All transcripts of Codex, the oldest first.
    pub(crate) fn codex_transcripts(&self) -> Vec<PathBuf> {
        transcripts(&self.codex_home().join("sessions"))
    }
}

/// A daemon that ends when this goes.
pub(crate) struct Daemon<'s> {
    child: Child,
    sandbox: &'s Sandbox,
}

impl Daemon<'_> {
    /// Asks it to end; fails if it doesn't end well.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.sandbox.sfs(&["daemon", "stop"]).ok();
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "the daemon ended with {status}");
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("SFS_TEST_KEEP").is_some() {
            eprintln!("the sandbox is kept: {}", self.root.display());
        } else {
            drop(fs::remove_dir_all(&self.root));
        }
    }
}

fn transcripts(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        files(folder).into_iter().filter(|file| file.extension().is_some_and(|e| e == "jsonl")).collect();
    found.sort();
    found
}

/// All files below a folder, which may be missing.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
