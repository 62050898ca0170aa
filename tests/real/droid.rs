//! The real Droid: its own sessions captured and resumed, and sessions of
//! Claude Code resumed in it, against a mocked Chat Completions API. Its
//! maker's server is the same mock, which knows of nothing.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::guest::{self, Guest};
use crate::hooks::guest_runs_the_hook;
use crate::real::completions::Completions;
use crate::real::conversation::{Conversation, Role};
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::sandbox::{Sandbox, files};
use crate::real::script::{Rule, Script, call, on, text};
use crate::real::tools::clean;

struct Droid(Package);

impl Guest for Droid {
    fn name(&self) -> &'static str {
        "droid"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        Server::start(Completions::new(Script::new(rules)))
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let model = json!({"model": "mock-model", "displayName": "Mock", "baseUrl": format!("{}/v1", server.url()),
            "apiKey": "not-a-key", "provider": "generic-chat-completion-api", "maxOutputTokens": 4000,
            "noImageSupport": false});
        let folder = sandbox.home.join(".factory");
        fs::create_dir_all(&folder).expect("a folder for settings");
        fs::write(folder.join("settings.json"), json!({"customModels": [model]}).to_string())
            .expect("settings");
        let mut command = clean(&self.0.bin.join("droid"), &self.0.path, &sandbox.home, &sandbox.project);
        for (name, value) in [
            ("FACTORY_API_KEY", "fk-not-a-key"),
            ("FACTORY_DROID_AUTO_UPDATE_ENABLED", "false"),
            ("FACTORY_DISABLE_KEYRING", "true"),
            ("HTTPS_PROXY", "http://127.0.0.1:9"),
            ("NO_PROXY", "127.0.0.1"),
        ] {
            command.env(name, value);
        }
        // Before it goes on with a session it asks its maker for it, and takes its own if there is none.
        command.env("FACTORY_API_BASE_URL", server.url());
        command.args(["exec", "-m", "custom:mock-model", "--skip-permissions-unsafe"]);
        if let Some(id) = resume {
            command.args(["--session-id", id]);
        }
        command.arg(prompt);
        command
    }

    /// A new title changes the first line.
    fn appends(&self) -> bool {
        false
    }

    fn own<'t>(&self, text: &'t str) -> &'t str {
        if text.starts_with("<system-reminder>") { "" } else { text }
    }

    /// Of results only texts are sent; what they showed follows.
    fn carried(&self, conversation: Conversation) -> Conversation {
        guest::shown_after(conversation, "Image content from tool result:")
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        let all = files(&sandbox.home.join(".factory").join("sessions"));
        all.into_iter().filter(|file| file.extension().is_some_and(|e| e == "jsonl")).collect()
    }
}

fn with(test: fn(&Droid, &Sandbox)) {
    let (Some(package), Some(sandbox)) = (package("droid", "0.215.0"), Sandbox::new()) else { return };
    test(&Droid(package), &sandbox);
}

/// Three turns with calls at once, one that fails, and a picture; as the last
/// request had it.
fn own_session(droid: &Droid, sandbox: &Sandbox) -> Conversation {
    let execute = |command: &str| {
        let why = "It only looks.";
        call(
            "Execute",
            json!({"command": command, "summary": "Look", "riskLevel": "low", "riskLevelReason": why}),
        )
    };
    let read = |path: PathBuf| call("Read", json!({"file_path": path}));
    let server = droid.server(vec![
        on("SFS-ONE", [text("Looking…"), execute("echo один"), execute("echo beside")]),
        on("beside", [text("Seen.")]),
        on("SFS-TWO", [read(sandbox.project.join("README.md")), read(sandbox.project.join("sfs-none"))]),
        on("sfs-none", [text("One of them failed.")]),
        on("SFS-THREE", [text("The end ■.")]),
    ]);
    guest::run(droid, sandbox, &server, None, "SFS-ONE Привет 👋");
    let transcript = droid.transcripts(sandbox).pop().expect("a session");
    let id = transcript.file_stem().expect("a name").to_string_lossy().into_owned();
    guest::run(droid, sandbox, &server, Some(&id), "SFS-TWO look");
    guest::run(droid, sandbox, &server, Some(&id), "SFS-THREE so?");
    server.assert_played();
    guest::asked(droid, &server, "SFS-THREE so?").and(Role::Assistant, "The end ■.")
}

#[test]
fn droid_keeps_its_own_sessions() {
    with(|droid, sandbox| {
        let conversation = own_session(droid, sandbox);
        guest::keeps_its_own(droid, sandbox, &conversation, "SFS-THREE so?");
    });
}

#[test]
fn droid_takes_a_session_of_claude_code() {
    with(|droid, sandbox| guest::takes_a_foreign_session(droid, sandbox));
}

#[test]
fn droid_runs_the_hook() {
    with(|droid, sandbox| guest_runs_the_hook(droid, sandbox));
}
