//! The real Pi: its own sessions captured and resumed, and sessions of Claude
//! Code resumed in it, against a mocked Responses API.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::guest::{self, Guest};
use crate::real::conversation::{Conversation, Role};
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::sandbox::{Sandbox, files};
use crate::real::scenario::openai;
use crate::real::script::{Rule, call, on, text, thinking};
use crate::real::tools::clean;

struct Pi {
    package: Package,
    /// Whether what results show is sent after them.
    shows_after: bool,
}

impl Guest for Pi {
    fn name(&self) -> &'static str {
        "pi"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        openai(rules)
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let agent = sandbox.home.join(".pi").join("agent");
        let model = json!({"id": "mock-model", "reasoning": true, "input": ["text", "image"]});
        let provider = json!({"baseUrl": format!("{}/v1", server.url()), "api": "openai-responses",
            "apiKey": "not-a-key", "models": [model]});
        fs::create_dir_all(&agent).expect("a home for pi");
        fs::write(agent.join("models.json"), json!({"providers": {"mock": provider}}).to_string())
            .expect("its models");
        let mut command =
            clean(&self.package.bin.join("pi"), &self.package.path, &sandbox.home, &sandbox.project);
        command.env("PI_OFFLINE", "1").env("PI_SKIP_VERSION_CHECK", "1").env("NO_PROXY", "127.0.0.1");
        command.args(["--provider", "mock", "--model", "mock-model", "--thinking", "low"]);
        if let Some(id) = resume {
            command.args(["--session", id]);
        }
        command.args(["-p", prompt]);
        command
    }

    fn carried(&self, conversation: Conversation) -> Conversation {
        if self.shows_after {
            guest::shown_after(conversation, "Attached image(s) from tool result:")
        } else {
            conversation
        }
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        files(&sandbox.home.join(".pi").join("agent").join("sessions"))
    }
}

/// The newest version and an old one.
fn each(test: fn(&Pi, &Sandbox)) {
    for version in ["0.73.1", "0.52.12"] {
        let package = package("@mariozechner/pi-coding-agent", version);
        let (Some(package), Some(sandbox)) = (package, Sandbox::new()) else { continue };
        eprintln!("Pi {version}");
        test(&Pi { package, shows_after: version == "0.52.12" }, &sandbox);
    }
}

/// Three turns with calls, a picture and thoughts; as the last request had it.
fn own_session(pi: &Pi, sandbox: &Sandbox) -> Conversation {
    let bash = |command: &str| call("bash", json!({"command": command}));
    let picture = sandbox.project.join("pic.png");
    let server = pi.server(vec![
        on(
            "SFS-ONE",
            [thinking("First I look ✓."), text("Looking…"), bash("echo один"), bash("echo beside")],
        ),
        on("beside", [text("Seen.")]),
        on("SFS-TWO", [call("read", json!({"path": picture})), call("read", json!({"path": "/sfs-none"}))]),
        on("sfs-none", [text("One of them failed.")]),
        on("SFS-THREE", [text("The end ■.")]),
    ]);
    guest::run(pi, sandbox, &server, None, "SFS-ONE Привет 👋");
    let transcript = pi.transcripts(sandbox).pop().expect("a session");
    let stem = transcript.file_stem().expect("a name").to_string_lossy().into_owned();
    let id = stem.rsplit('_').next().expect("an id");
    guest::run(pi, sandbox, &server, Some(id), "SFS-TWO look");
    guest::run(pi, sandbox, &server, Some(id), "SFS-THREE so?");
    server.assert_played();
    guest::last(pi, &server).and(Role::Assistant, "The end ■.")
}

#[test]
fn pi_keeps_its_own_sessions() {
    each(|pi, sandbox| {
        let conversation = own_session(pi, sandbox);
        guest::keeps_its_own(pi, sandbox, &conversation, "SFS-THREE so?");
    });
}

#[test]
fn pi_takes_a_session_of_claude_code() {
    each(|pi, sandbox| guest::takes_a_foreign_session(pi, sandbox));
}
