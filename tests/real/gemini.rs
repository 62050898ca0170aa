//! The real Gemini CLI: its own sessions captured and resumed, and sessions of
//! Claude Code resumed in it, in the form that each version reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::guest::{self, Guest};
use crate::hooks::guest_runs_the_hook;
use crate::real::compare::Expected;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::google::Google;
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::resume::only_session;
use crate::real::sandbox::{Sandbox, files};
use crate::real::script::{Rule, Script, call, on, text, thinking};
use crate::real::tools::clean;

struct Gemini {
    package: Package,
    version: &'static str,
}

impl Guest for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        Server::start(Google::new(Script::new(rules), true))
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let settings = json!({
            "general": {"enableAutoUpdate": false, "disableAutoUpdate": true, "disableUpdateNag": true},
            "privacy": {"usageStatisticsEnabled": false},
            "telemetry": {"enabled": false},
            "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
            "selectedAuthType": "gemini-api-key",
        });
        let folder = sandbox.home.join(".gemini");
        fs::create_dir_all(&folder).expect("a folder for settings");
        fs::write(folder.join("settings.json"), settings.to_string()).expect("settings");
        let mut command =
            clean(&self.package.bin.join("gemini"), &self.package.path, &sandbox.home, &sandbox.project);
        for (name, value) in [
            ("GEMINI_API_KEY", "not-a-key"),
            ("GEMINI_CLI_NO_RELAUNCH", "true"),
            ("GEMINI_TELEMETRY_ENABLED", "false"),
            ("NO_PROXY", "127.0.0.1"),
        ] {
            command.env(name, value);
        }
        command.env("GOOGLE_GEMINI_BASE_URL", server.url()).arg("-y");
        if let Some(id) = resume {
            command.args(["--resume", id]);
        }
        command.args(["-p", prompt]);
        command
    }

    fn programs(&self) -> Option<&Path> {
        Some(&self.package.bin)
    }

    /// The oldest version makes a text of all that a prompt holds.
    fn carried(&self, mut conversation: Conversation) -> Conversation {
        if self.version != "0.20.0" {
            return conversation;
        }
        let is_image = |item: &Item| matches!(item, Item::Image { role: Role::User, .. });
        while let Some(at) = conversation.items.iter().position(is_image) {
            conversation.items.remove(at);
            if let Some(Item::Text { text, .. }) = conversation.items.get_mut(at - 1) {
                text.push_str("<image/png>");
            }
        }
        conversation
    }

    fn appends(&self) -> bool {
        !matches!(self.version, "0.38.0" | "0.20.0")
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        let all = files(&sandbox.home.join(".gemini").join("tmp"));
        let is_session =
            |file: &PathBuf| file.file_name().is_some_and(|n| n.to_string_lossy().starts_with("session-"));
        // Each start makes a file, named by the minute, in which nobody speaks if
        // an earlier session goes on; it is no session.
        let speaks = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains("SFS-"));
        all.into_iter().filter(is_session).filter(speaks).collect()
    }
}

/// A version with each of the forms that sessions are written in.
fn each(versions: &[&'static str], test: fn(&Gemini, &Sandbox)) {
    for version in versions {
        let (Some(package), Some(sandbox)) = (package("@google/gemini-cli", version), Sandbox::new()) else {
            continue;
        };
        eprintln!("Gemini CLI {version}");
        test(&Gemini { package, version }, &sandbox);
    }
}

/// Two turns, the first with calls, one of which fails, and thoughts.
fn own_session(gemini: &Gemini, sandbox: &Sandbox) -> Conversation {
    let bash =
        |command: &str| call("run_shell_command", json!({"command": command, "description": "Run it"}));
    let read = |path: &str| call("read_file", json!({"file_path": path}));
    let server = gemini.server(vec![
        on("SFS-ONE", [thinking("**Plan** First I look ✓."), text("Looking…"), bash("echo один")]),
        on("один", [read("sfs-none"), read("README.md")]),
        on("sfs-none", [text("One of them failed.")]),
    ]);
    guest::run(gemini, sandbox, &server, None, "SFS-ONE Привет 👋");
    server.assert_played();
    let first = guest::last(gemini, &server).and(Role::Assistant, "One of them failed.");
    // It sends what came of calls twice when it resumes (0.61): nothing to learn from.
    let lenient = Server::start(Google::new(Script::new([on("SFS-TWO", [text("The end ■.")])]), false));
    let id = native_id(sandbox);
    guest::run(gemini, sandbox, &lenient, Some(&id), SECOND);
    lenient.assert_played();
    first.and(Role::User, SECOND).and(Role::Assistant, "The end ■.")
}

const SECOND: &str = "SFS-TWO so?";

/// The id of the only session, in the tool.
fn native_id(sandbox: &Sandbox) -> String {
    sandbox.sfs(&["capture"]).ok();
    only_session(sandbox)["native_id"].as_str().expect("an id").to_owned()
}

#[test]
fn gemini_keeps_its_own_sessions() {
    each(&["0.61.0", "0.44.0", "0.40.0"], |gemini, sandbox| {
        let conversation = own_session(gemini, sandbox);
        guest::keeps_its_own(gemini, sandbox, &conversation, SECOND);
    });
}

#[test]
fn gemini_takes_a_session_of_claude_code() {
    each(&["0.61.0", "0.44.0", "0.40.0", "0.38.0", "0.20.0"], |gemini, sandbox| {
        guest::takes_a_foreign_session(gemini, sandbox);
    });
}

/// At each resume the whole session is written again, in another form; the
/// session is captured before and after.
#[test]
fn what_gemini_repeats_when_it_resumes_is_captured_once() {
    each(&["0.61.0", "0.40.0"], |gemini, sandbox| {
        let conversation = own_session(gemini, sandbox);
        let id = native_id(sandbox);
        for prompt in ["SFS-THREE", "SFS-FOUR"] {
            let lenient = Server::start(Google::new(Script::default(), false));
            guest::run(gemini, sandbox, &lenient, Some(&id), prompt);
            assert_eq!(native_id(sandbox), id);
        }
        let session = only_session(sandbox);
        assert_eq!((&session["turns"], &session["branches"]), (&json!(4), &json!(["main"])), "{session:#}");
        let whole = conversation.and(Role::User, "SFS-THREE").and(Role::Assistant, "ok");
        let whole = whole.and(Role::User, "SFS-FOUR").and(Role::Assistant, "ok").and(Role::User, guest::NEXT);
        let written = guest::resume(gemini, sandbox, "@");
        Expected::own(&whole).assert(&guest::go_on(gemini, sandbox, &written, guest::NEXT));
    });
}

#[test]
fn gemini_runs_the_hook() {
    each(&["0.61.0"], |gemini, sandbox| guest_runs_the_hook(gemini, sandbox));
}
