//! Where pages are run: `/home/ada`, as they call it, with a project `tea` that
//! was worked on in one session, and `/mnt`. Both are in a folder that goes with
//! the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use crate::page::{Command, Printed};

/// The sample that `sfs demo` plays.
const SESSION: &str = include_str!("../../src/cli/demo/session.jsonl");
/// What another tool adds to it.
const TURN: &str = include_str!("../../src/cli/demo/turn.jsonl");
/// A session with a secret in it.
const SECRET: &str = include_str!("secret.jsonl");
/// The project's file as the session left it.
const TIMER: &str = include_str!("timer.py");
/// 2026-03-02T10:00:00Z: a little after the session.
const NOW: &str = "1772445600000";

pub(crate) struct Stage {
    root: PathBuf,
    _dir: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let dir = tempfile::tempdir().unwrap();
        let stage = Stage { root: dir.path().canonicalize().unwrap(), _dir: dir };
        let sessions = stage.home().join(".claude/projects/-home-ada-tea");
        for folder in [&sessions, &stage.project(), &stage.root.join("mnt/share")] {
            fs::create_dir_all(folder).unwrap();
        }
        let at_home = |text: &str| text.replace("{project}", &stage.project().to_string_lossy());
        let session = sessions.join("7c1e5a30-4b7d-4d0e-9a52-3f6b8e21c904.jsonl");
        fs::write(session, at_home(SESSION)).unwrap();
        fs::write(stage.root.join("turn.jsonl"), at_home(TURN)).unwrap();
        // Nobody's, but of a form that is known; in two pieces for those who look for such.
        let token = ["ghp_", "Q7dK2mXv9RtL4sBz8NwJ1yHc6PfG3aTeUo5i"].concat();
        fs::write(stage.root.join("secret.jsonl"), at_home(SECRET).replace("{token}", &token)).unwrap();
        fs::write(stage.project().join("timer.py"), TIMER).unwrap();
        stage
    }

    fn home(&self) -> PathBuf {
        self.root.join("home/ada")
    }

    fn project(&self) -> PathBuf {
        self.home().join("tea")
    }

    /// Runs commands one after another in one shell, as far as it gets.
    pub(crate) fn run(&self, commands: &[Command]) -> Vec<Option<Printed>> {
        let out = self.root.join("out");
        fs::create_dir(&out).unwrap();
        let mut script = String::from("was() { return $code; }\ncode=0\n");
        for (n, command) in commands.iter().enumerate() {
            let words = self.staged(&command.words);
            let out = out.join(n.to_string());
            let out = out.display();
            script.push_str(&format!(
                "was\n{{ {words}\n}} > {out}.txt 2>&1 < /dev/null\ncode=$?; echo $code > {out}.code\n"
            ));
        }
        // Whatever a page has started ends with it.
        script.push_str("sfs daemon stop > /dev/null 2>&1\n");
        fs::write(self.root.join("page.sh"), script).unwrap();
        self.shell().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        (0..commands.len()).map(|n| self.printed(&out.join(n.to_string()))).collect()
    }

    fn printed(&self, out: &Path) -> Option<Printed> {
        let code = fs::read_to_string(out.with_extension("code")).ok()?.trim().parse().ok()?;
        let text = fs::read(out.with_extension("txt")).ok()?;
        let root = self.root.to_string_lossy();
        // One tool has folders that are called after a path, like so.
        let flat = root.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let text = String::from_utf8_lossy(&text).replace(&*root, "").replace(&flat, "");
        Some(Printed { lines: text.lines().map(str::to_owned).collect(), code })
    }

    /// A command with its paths on the stage.
    fn staged(&self, words: &str) -> String {
        let root = self.root.to_string_lossy();
        let words = words.replace("/mnt/", &format!("{root}/mnt/"));
        words.replace("/home/ada", &format!("{root}/home/ada"))
    }

    fn shell(&self) -> process::Command {
        let program = Path::new(env!("CARGO_BIN_EXE_sfs")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([program].into_iter().chain(std::env::split_paths(&path))).unwrap();
        let mut shell = process::Command::new("bash");
        shell.args(["--noprofile", "--norc"]).arg(self.root.join("page.sh")).current_dir(self.project());
        shell.env_clear().env("HOME", self.home()).env("PATH", path).env("STAGE", &self.root);
        shell.env("USER", "ada").env("HOSTNAME", "laptop").env("TZ", "UTC").env("SFS_TEST_TIME", NOW);
        for role in ["AUTHOR", "COMMITTER"] {
            shell.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
            shell.env(format!("GIT_{role}_DATE"), "2026-03-02T09:05:00Z");
        }
        shell.env("GIT_CONFIG_NOSYSTEM", "1");
        shell
    }
}
