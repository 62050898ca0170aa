//! The real Copilot CLI: its own sessions captured and resumed, and sessions of
//! Claude Code resumed in it. It runs without a login against a model of ours
//! (since 1.0.12).

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::guest::{self, Guest};
use crate::real::conversation::{Conversation, Role};
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::sandbox::{Sandbox, files};
use crate::real::scenario::anthropic;
use crate::real::script::{Rule, call, on, text, thinking};
use crate::real::tools::clean;

struct Copilot(Package);

impl Guest for Copilot {
    fn name(&self) -> &'static str {
        "copilot"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        anthropic(rules)
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let program = self.0.bin.join("copilot-linux-x64");
        let program = if program.is_file() { program } else { self.0.bin.join("copilot") };
        let mut command = clean(&program, &self.0.path, &sandbox.home, &sandbox.project);
        let cache = self.0.modules.parent().expect("the package's folder").join("unpacked");
        command.env("COPILOT_CACHE_HOME", cache);
        for (name, value) in [
            ("COPILOT_OFFLINE", "true"),
            ("COPILOT_AUTO_UPDATE", "false"),
            ("COPILOT_PROVIDER_TYPE", "anthropic"),
            ("COPILOT_PROVIDER_API_KEY", "not-a-key"),
            ("COPILOT_MODEL", "claude-sonnet-4.5"),
            ("NO_PROXY", "127.0.0.1"),
        ] {
            command.env(name, value);
        }
        command.env("COPILOT_PROVIDER_BASE_URL", server.url());
        if let Some(id) = resume {
            command.arg(format!("--resume={id}"));
        }
        command.args(["-p", prompt, "--allow-all"]);
        command
    }

    fn own<'t>(&self, text: &'t str) -> &'t str {
        // 1.0.70 says which of another tool's tools it doesn't have.
        let text = match text.split_once("</tools_changed_notice>\n\n") {
            Some((notice, own)) if notice.contains("<tools_changed_notice>") => own,
            _ => text,
        };
        let text = match text.split_once("</current_datetime>\n\n") {
            Some((time, own)) if time.starts_with("<current_datetime>") => own,
            _ => text,
        };
        let text = text.split("\n\n<system_reminder>").next().unwrap_or_default();
        let label = text == "Attached image" || text.starts_with("Image file at path ");
        if label || text.starts_with("<system_reminder>") {
            return "";
        }
        text
    }

    /// Of results only texts are sent again; what they showed follows.
    fn carried(&self, conversation: Conversation) -> Conversation {
        guest::shown_after(conversation, "[pictures that the calls above gave]")
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        let all = files(&sandbox.home.join(".copilot").join("session-state"));
        all.into_iter().filter(|file| file.extension().is_none_or(|e| e != "lock")).collect()
    }
}

/// The newest version and an old one that run without a login.
fn each(test: fn(&Copilot, &Sandbox)) {
    for version in ["1.0.102", "1.0.40"] {
        let (Some(package), Some(sandbox)) = (package("@github/copilot", version), Sandbox::new()) else {
            continue;
        };
        eprintln!("Copilot CLI {version}");
        test(&Copilot(package), &sandbox);
    }
}

/// Three turns with calls, a picture and thoughts; as the last request had it.
fn own_session(copilot: &Copilot, sandbox: &Sandbox) -> Conversation {
    let bash = |command: &str| call("bash", json!({"command": command, "description": "Run it"}));
    let picture = sandbox.project.join("pic.png");
    let server = copilot.server(vec![
        on(
            "SFS-ONE",
            [thinking("First I look ✓."), text("Looking…"), bash("echo один"), bash("echo beside")],
        ),
        on("beside", [text("Seen.")]),
        on("SFS-TWO", [call("view", json!({"path": picture})), call("view", json!({"path": "/sfs-none"}))]),
        on("sfs-none", [text("One of them failed.")]),
        on("SFS-THREE", [text("The end ■.")]),
    ]);
    guest::run(copilot, sandbox, &server, None, "SFS-ONE Привет 👋");
    let events = copilot.transcripts(sandbox).into_iter().find(|path| path.ends_with("events.jsonl"));
    let folder = events.as_deref().and_then(|path| path.parent()?.file_name()).expect("a session");
    let id = folder.to_string_lossy().into_owned();
    guest::run(copilot, sandbox, &server, Some(&id), "SFS-TWO look");
    guest::run(copilot, sandbox, &server, Some(&id), "SFS-THREE so?");
    server.assert_played();
    guest::last(copilot, &server).and(Role::Assistant, "The end ■.")
}

#[test]
fn copilot_keeps_its_own_sessions() {
    each(|copilot, sandbox| {
        let conversation = own_session(copilot, sandbox);
        guest::keeps_its_own(copilot, sandbox, &conversation, "SFS-THREE so?");
    });
}

#[test]
fn copilot_takes_a_session_of_claude_code() {
    each(|copilot, sandbox| guest::takes_a_foreign_session(copilot, sandbox));
}
