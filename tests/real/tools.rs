//! Installs the real tools once, and runs programs with a guard against hanging.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::package;

/// Which versions of the tools are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// The newest that were verified.
    New,
    /// Ones that some still use.
    Old,
}

impl Age {
    /// The packages of Claude Code and of Codex.
    fn packages(self) -> [(&'static str, &'static str); 2] {
        let [claude, codex] = match self {
            Age::New => ["2.1.332", "0.171.0"],
            Age::Old => ["2.0.54", "0.98.0"],
        };
        [("@anthropic-ai/claude-code", claude), ("@openai/codex", codex)]
    }

    /// The model that Codex is set to. It has `apply_patch` and `view_image`,
    /// and sends its tools beside the conversation, not in it.
    pub(crate) fn codex_model(self) -> &'static str {
        match self {
            Age::New => "gpt-5.5",
            Age::Old => "gpt-5-codex",
        }
    }
}

/// A program that runs longer hangs, and is killed. No test asserts a time.
const HANGING: Duration = Duration::from_secs(240);

/// The same for the installation, which downloads some hundred megabytes.
const HANGING_INSTALL: Duration = Duration::from_secs(1200);

/// What never comes about within this time doesn't at all.
const NEVER: Duration = Duration::from_secs(90);

/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// The installed tools.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) claude: PathBuf,
    pub(crate) codex: PathBuf,
    /// Value of `PATH` for everything that is run: the tools, node, git, the shell.
    pub(crate) path: String,
}

/// The tools, installed at the first call; `None`, with the reason printed
/// each time, where that isn't possible.
pub(crate) fn tools(age: Age) -> Option<&'static Tools> {
    static NEW: OnceLock<Result<Tools, String>> = OnceLock::new();
    static OLD: OnceLock<Result<Tools, String>> = OnceLock::new();
    let tools = match age {
        Age::New => &NEW,
        Age::Old => &OLD,
    };
    match tools.get_or_init(|| install(age)) {
        Ok(tools) => Some(tools),
        Err(reason) => {
            eprintln!("SKIPPED: {reason}");
            None
        }
    }
}

/// Where the tools are kept between runs.
pub(super) fn cache() -> PathBuf {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("real-tools");
    std::env::var_os("SFS_TEST_TOOLS").map_or_else(beside, PathBuf::from)
}

fn install(age: Age) -> Result<Tools, String> {
    let node = on_path("node").ok_or("node isn't installed")?;
    let git = on_path("git").ok_or("git isn't installed")?;
    let mut bins = Vec::new();
    for (name, version) in age.packages() {
        let package = package::install(name, version).map_err(|why| format!("{name}@{version}: {why}"))?;
        bins.push(package.bin);
    }
    let [claude, codex] = bins.as_slice() else { return Err("two packages".to_owned()) };
    let path = path(&[claude, codex, &node, &git]);
    let tools = Tools { claude: claude.join("claude"), codex: codex.join("codex"), path };
    tools.try_out(age)?;
    Ok(tools)
}

/// The folder on `PATH` that holds `program`.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join(program).is_file())
}

pub(super) fn path(folders: &[&Path]) -> String {
    let system = [Path::new("/usr/local/bin"), Path::new("/usr/bin"), Path::new("/bin")];
    let joined = std::env::join_paths(folders.iter().copied().chain(system)).unwrap_or_default();
    joined.to_string_lossy().into_owned()
}

impl Tools {
    /// Whether the tools run on this machine at all.
    fn try_out(&self, age: Age) -> Result<(), String> {
        let cache = cache().join(format!("tried-{age:?}"));
        for (name, program) in [("claude", &self.claude), ("codex", &self.codex)] {
            let home = cache.join("home");
            fs::create_dir_all(&home).map_err(|e| format!("cannot create a home: {e}"))?;
            let mut command = clean(program, &self.path, &home, &home);
            command.arg("--version");
            let run =
                run(command, &cache.join(name), HANGING).map_err(|e| format!("{name} doesn't run: {e}"))?;
            if !run.status.is_some_and(|status| status.success()) {
                return Err(format!(
                    "{name} doesn't run here: {}",
                    run.stderr.lines().next().unwrap_or_default()
                ));
            }
        }
        Ok(())
    }
}

/// A command with nothing in its environment but a home, a path and a locale.
pub(crate) fn clean(program: &Path, path: &str, home: &Path, cwd: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(cwd);
    command.env("HOME", home).env("PATH", path).env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
    command.env("SHELL", "/bin/bash").env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
    command
}

/// How a program ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    /// What was run, for messages.
    pub(crate) command: String,
    /// `None` if it was killed because it hung.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Whether it ended with 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Panics with all that was written unless it ended with 0.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        let Run { command, status, stdout, stderr } = &self;
        assert!(
            self.succeeded(),
            "{command}\nended with {status:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }

    /// Its output as JSON; panics if it failed or wrote something else.
    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        let run = self.ok();
        serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("{}\nwrote no JSON: {error}\n{}", run.command, run.stdout))
    }
}

/// Waits until something is so; fails with what it was last if that never
/// comes about.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, is_so: impl Fn() -> Result<T, String>) -> T {
    let deadline = Instant::now() + NEVER;
    loop {
        match is_so() {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < deadline, "never came about: {what}\n{instead}"),
        }
        std::thread::sleep(GLANCE);
    }
}

/// Runs a program that is expected to end by itself.
pub(crate) fn run_guarded(command: Command, outputs: &Path) -> Run {
    let name = format!("{command:?}");
    run(command, outputs, HANGING).unwrap_or_else(|error| panic!("{name}\ndoesn't start: {error}"))
}

/// Runs what downloads.
pub(super) fn run_install(command: Command, outputs: &Path) -> Result<Run, String> {
    run(command, outputs, HANGING_INSTALL).map_err(|e| format!("npm doesn't run: {e}"))
}

/// Runs a program with its outputs in files beside `outputs`, so that
/// processes it leaves behind keep nobody waiting.
fn run(mut command: Command, outputs: &Path, hanging: Duration) -> io::Result<Run> {
    let (stdout, stderr) = (outputs.with_extension("stdout"), outputs.with_extension("stderr"));
    command.stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let name = format!("{} {words:?}", command.get_program().display());
    let mut child = command.spawn()?;
    let status = wait(&mut child, hanging)?;
    let read = |path: &Path| Ok::<_, io::Error>(String::from_utf8_lossy(&fs::read(path)?).into_owned());
    Ok(Run { command: name, status, stdout: read(&stdout)?, stderr: read(&stderr)? })
}

/// Waits for the end of a program, and kills it if it hangs.
fn wait(child: &mut Child, hanging: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + hanging;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(GLANCE);
    }
}
