//! Drives the real binary: settings, where they are said and which counts.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// The sample that `sfs demo` plays.
const SESSION: &str = include_str!("../src/cli/demo/session.jsonl");

struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        fs::create_dir_all(sandbox.path("home/.claude/projects/-p")).unwrap();
        fs::create_dir_all(sandbox.path("project")).unwrap();
        sandbox.session("7c1e5a30-4b7d-4d0e-9a52-3f6b8e21c904");
        sandbox
    }

    fn session(&self, native: &str) {
        let project = self.path("project").to_string_lossy().into_owned();
        let file = self.path(&format!("home/.claude/projects/-p/{native}.jsonl"));
        let text = SESSION.replace("7c1e5a30-4b7d-4d0e-9a52-3f6b8e21c904", native);
        // With rows and words of its own: else it would be a copy of the first.
        let text = text.replace("5d0e", &native[..4]).replace("a second too early", native);
        fs::write(file, text.replace("{project}", &project)).unwrap();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(below)
    }

    fn run(&self, variables: &[(&str, &str)], args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.path("home")).env("TZ", "UTC").envs(variables.iter().copied());
        command.current_dir(self.path("project")).args(args).output().unwrap()
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> (String, String) {
        let output = self.run(&[], args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    }

    #[track_caller]
    fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(&[], args);
        assert_eq!(output.status.code(), Some(code), "sfs {args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn file(&self) -> PathBuf {
        let path = self.ok(&["config", "path"]).0;
        PathBuf::from(path.trim())
    }
}

#[test]
fn an_option_goes_before_c_that_before_a_variable_that_before_the_file() {
    let sandbox = Sandbox::new();
    let at = |dir: &str| sandbox.path(dir).join("current").exists();
    sandbox.ok(&["config", "set", "store", "~/in-file"]);
    sandbox.ok(&["capture"]);
    assert!(at("home/in-file"));
    let variable = sandbox.path("variable").to_string_lossy().into_owned();
    let variables = [("SFS_DIR", variable.as_str())];
    assert!(sandbox.run(&variables, &["capture"]).status.success() && at("variable"));
    let given = format!("store={}", sandbox.path("given").display());
    assert!(sandbox.run(&variables, &["-c", &given, "capture"]).status.success() && at("given"));
    let option = sandbox.path("option").to_string_lossy().into_owned();
    assert!(sandbox.run(&variables, &["capture", "-c", &given, "--store", &option]).status.success());
    assert!(at("option"));
    let told = sandbox.run(&variables, &["config", "list", "--json"]).stdout;
    let told: Value = serde_json::from_slice(&told).unwrap();
    let store = told.as_array().unwrap().iter().find(|row| row["key"] == "store").unwrap();
    assert_eq!((&store["value"], &store["from"]), (&variable.clone().into(), &"environment".into()));
    let warned = sandbox.run(&variables, &["config", "set", "store", "~/x"]).stderr;
    assert!(String::from_utf8(warned).unwrap().contains("SFS_DIR goes before the file"));
}

#[test]
fn settings_stand_in_for_options_that_are_not_given() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["capture"]);
    sandbox.ok(&["config", "set", "resume.in", "codex"]);
    assert!(sandbox.ok(&["resume", "--dry-run"]).1.contains("/.codex/sessions/"));
    assert!(sandbox.ok(&["resume", "--dry-run", "--in", "pi"]).1.contains("/.pi/agent/sessions/"));
    assert!(sandbox.ok(&["-c", "resume.in=pi", "resume", "--dry-run"]).1.contains("/.pi/agent/sessions/"));
    sandbox.ok(&["config", "unset", "resume.in"]);
    assert!(sandbox.ok(&["resume", "--dry-run"]).1.contains("in the tool's own bytes"));

    sandbox.ok(&["remote", "add", "one", "../one"]);
    sandbox.ok(&["remote", "add", "two", "../two"]);
    assert!(sandbox.fails(1, &["push"]).contains("no remote is named"));
    sandbox.ok(&["config", "set", "remote", "two"]);
    assert!(sandbox.ok(&["push"]).1.contains("Pushed to two"));
    assert!(sandbox.ok(&["push", "one"]).1.contains("Pushed to one"));

    sandbox.ok(&["config", "set", "color", "always"]);
    assert!(sandbox.ok(&["list"]).0.contains('\u{1b}'));
    let plain = sandbox.run(&[("NO_COLOR", "1")], &["list"]).stdout;
    assert!(!plain.contains(&0x1b) && !plain.is_empty());
    assert!(!sandbox.ok(&["list", "--color", "never"]).0.contains('\u{1b}'));
}

#[test]
fn what_is_switched_off_stays_off_until_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["capture"]);
    let sessions = |args: &[&str]| -> usize {
        let list: Value = serde_json::from_str(&sandbox.ok(args).0).unwrap();
        list.as_array().unwrap().len()
    };
    sandbox.ok(&["config", "set", "capture.auto", "false"]);
    sandbox.session("00000000-0000-4000-8000-000000000002");
    assert_eq!(sessions(&["list", "--json"]), 1);
    assert_eq!(sessions(&["-c", "capture.auto=true", "list", "--json"]), 2);
}

#[test]
fn a_file_that_makes_no_sense_is_told_and_mended() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["capture"]);
    assert_eq!(sandbox.ok(&["config", "get", "gc.level"]).0, "12\n");
    sandbox.fails(1, &["config", "get", "remote"]);
    assert!(sandbox.fails(2, &["config", "get", "level"]).contains("is gc.level meant?"));
    assert!(sandbox.fails(2, &["config", "set", "gc.level", "99"]).contains("a number from 1 to 22"));
    assert!(sandbox.fails(2, &["-c", "gc.level", "list"]).contains("is not KEY=VALUE"));
    assert!(sandbox.fails(2, &["-c", "gc.level=x", "list"]).contains("sfs help config"));

    let file = sandbox.file();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "[gc]\nlevel = \"high\" # why not\n").unwrap();
    let said = sandbox.fails(1, &["list"]);
    assert!(
        said.contains("gc.level can't be \"high\"") && said.contains("sfs config unset gc.level"),
        "{said}"
    );
    sandbox.fails(1, &["config", "list"]);
    sandbox.ok(&["help", "config"]);
    sandbox.ok(&["config", "unset", "gc.level"]);
    sandbox.ok(&["list"]);

    fs::write(&file, "shiny = 1\n").unwrap();
    assert!(sandbox.ok(&["list"]).1.contains("sets shiny, which is no setting"));
    assert_eq!(sandbox.ok(&["list", "--quiet"]).1, "");
    fs::write(&file, "[gc\nlevel = 1\n").unwrap();
    let said = sandbox.fails(1, &["list"]);
    assert!(
        said.contains("config.toml") && said.contains("line 1") && said.contains("mend it by hand"),
        "{said}"
    );
}

#[test]
fn help_explains_commands_and_topics() {
    let sandbox = Sandbox::new();
    for (words, part) in [
        (&["help"][..], "Usage: sfs"),
        (&["help", "remote", "key"], "Say who may read an encrypted remote"),
        (&["help", "revisions"], "BASE[/BRANCH][@{N}][~N][:N]"),
        (&["help", "remotes"], "s3://BUCKET/PREFIX"),
        (&["help", "tools"], "Claude Code"),
        (&["help", "config"], "search.max-count"),
    ] {
        let (text, _) = sandbox.ok(words);
        assert!(text.contains(part) && !text.contains('\u{1b}'), "sfs {words:?}: {text}");
    }
    let said = sandbox.fails(2, &["help", "nothing"]);
    assert!(said.contains("topics are revisions, remotes, tools, config"), "{said}");
}

#[test]
fn the_turns_behind_a_commit_are_found_and_nothing_else() {
    let sandbox = Sandbox::new();
    let project = sandbox.path("project");
    let git = |at: &str, args: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]).args(args);
        command.env("GIT_AUTHOR_DATE", at).env("GIT_COMMITTER_DATE", at).env("HOME", sandbox.path("home"));
        assert!(command.current_dir(&project).output().unwrap().status.success(), "git {args:?}");
    };
    git("2026-03-01T00:00:00Z", &["init", "-q"]);
    assert!(sandbox.fails(1, &["log", "--git", "HEAD"]).contains("there is no store"));
    sandbox.ok(&["capture"]);
    assert!(sandbox.fails(1, &["log", "--git", "HEAD"]).contains("git knows no commit \"HEAD\""));
    let commit = |at: &str, file: &str| {
        fs::write(project.join(file), at).unwrap();
        git(at, &["add", "."]);
        git(at, &["commit", "-q", "-m", at]);
    };
    // The session's first turn begins at 09:00:05, its second at 09:04.
    commit("2026-03-02T08:00:00Z", "timer.py");
    commit("2026-03-02T09:02:00Z", "timer.py");
    commit("2026-03-02T09:10:00Z", "timer.py");
    commit("2026-03-02T09:11:00Z", "other.py");
    let behind = |rev: &str| -> Vec<(String, String)> {
        let found: Value = serde_json::from_str(&sandbox.ok(&["log", "--git", rev, "--json"]).0).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(|f| (word(&f["sure"]), word(&f["turn"]["title"]))).collect()
    };
    let title = |rev: &str| {
        behind(rev).into_iter().map(|(sure, title)| (sure, title[..4].to_owned())).collect::<Vec<_>>()
    };
    let likely = |words: &str| vec![("likely".to_owned(), words.to_owned())];
    assert_eq!(behind("HEAD~3"), []);
    assert_eq!(title("HEAD~2"), likely("My t"));
    assert_eq!(title("HEAD~1"), likely("Good"));
    let (text, said) = sandbox.ok(&["log", "--git", "HEAD"]);
    assert!(text.lines().count() == 1 && said.contains("No turn that the store knows"), "{text}{said}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_its_place_is_not_waited_for() {
    let sandbox = Sandbox::new();
    let file = sandbox.file();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert!(sandbox.fails(1, &["list"]).contains("it is not a file"));
}
