//! The real Kimi Code: its own sessions captured and resumed, and sessions of
//! Claude Code resumed in it, against a mocked Chat Completions API.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::guest::{self, Guest};
use crate::real::completions::Completions;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::sandbox::{Sandbox, files};
use crate::real::script::{Rule, Script, call, on, text, thinking};
use crate::real::tools::clean;

/// The version of Node that it needs.
const NODE: &str = "24.9.0";

struct Kimi {
    package: Package,
    node: Package,
}

impl Guest for Kimi {
    fn name(&self) -> &'static str {
        "kimi"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        Server::start(Completions::new(Script::new(rules)))
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let path = format!("{}:{}", self.node.bin.display(), self.package.path);
        let mut command = clean(&self.package.bin.join("kimi"), &path, &sandbox.home, &sandbox.project);
        for (name, value) in [
            ("KIMI_MODEL_NAME", "mock-model"),
            ("KIMI_MODEL_API_KEY", "not-a-key"),
            ("KIMI_MODEL_PROVIDER_TYPE", "openai"),
            ("KIMI_MODEL_CAPABILITIES", "image_in,thinking"),
            ("KIMI_CODE_NO_AUTO_UPDATE", "1"),
            ("HTTPS_PROXY", "http://127.0.0.1:9"),
            ("NO_PROXY", "127.0.0.1"),
        ] {
            command.env(name, value);
        }
        command.env("KIMI_MODEL_BASE_URL", format!("{}/v1", server.url()));
        if let Some(id) = resume {
            // What `sfs` writes names no model, and a session has no default one.
            command.args(["--session", id, "-m", "__kimi_env_model__"]);
        }
        command.args(["-p", prompt]);
        command
    }

    fn own<'t>(&self, text: &'t str) -> &'t str {
        if text.starts_with("<system-reminder>") { "" } else { text }
    }

    /// Of results only texts are sent; what they showed follows.
    fn carried(&self, conversation: Conversation) -> Conversation {
        guest::shown_after(conversation, "Attached media from tool result:")
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        let all = files(&sandbox.home.join(".kimi-code").join("sessions"));
        all.into_iter().filter(|file| file.ends_with("agents/main/wire.jsonl")).collect()
    }
}

fn with(test: fn(&Kimi, &Sandbox)) {
    let packages = package("@moonshot-ai/kimi-code", "2.1.0").zip(package("node", NODE));
    let (Some((package, node)), Some(sandbox)) = (packages, Sandbox::new()) else { return };
    test(&Kimi { package, node }, &sandbox);
}

/// Three turns with thoughts, calls at once and one that fails; as the last
/// request had it.
fn own_session(kimi: &Kimi, sandbox: &Sandbox) -> Conversation {
    let bash = |command: &str| call("Bash", json!({"command": command}));
    let read = |path: PathBuf| call("Read", json!({"path": path}));
    let server = kimi.server(vec![
        on(
            "SFS-ONE",
            [thinking("First I look ✓."), text("Looking…"), bash("echo один"), bash("echo beside")],
        ),
        on("beside", [text("Seen.")]),
        on("SFS-TWO", [read(sandbox.project.join("README.md")), read(sandbox.project.join("sfs-none"))]),
        on("sfs-none", [text("One of them failed.")]),
        on("SFS-THREE", [text("The end ■.")]),
    ]);
    guest::run(kimi, sandbox, &server, None, "SFS-ONE Привет 👋");
    let transcript = kimi.transcripts(sandbox).pop().expect("a session");
    let folder = transcript.ancestors().nth(3).and_then(|folder| folder.file_name()).expect("its folder");
    let id = folder.to_string_lossy().into_owned();
    guest::run(kimi, sandbox, &server, Some(&id), "SFS-TWO look");
    guest::run(kimi, sandbox, &server, Some(&id), "SFS-THREE so?");
    server.assert_played();
    plain(guest::asked(kimi, &server, "SFS-THREE so?").and(Role::Assistant, "The end ■."))
}

/// Without what it tells its model of a result besides: how long it took, how
/// much of a file it is. It is kept in its log, and not written for it.
fn plain(mut conversation: Conversation) -> Conversation {
    let texts = conversation.items.iter_mut().filter_map(|item| match item {
        Item::Result { texts, .. } => texts.first_mut(),
        _ => None,
    });
    for text in texts {
        if text.starts_with("Wall time: ") {
            *text = text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        }
        text.truncate(text.find("\n<system>").unwrap_or(text.len()));
    }
    conversation
}

#[test]
fn kimi_keeps_its_own_sessions() {
    with(|kimi, sandbox| {
        let conversation = own_session(kimi, sandbox);
        guest::keeps_its_own(kimi, sandbox, &conversation, "SFS-THREE so?");
    });
}

#[test]
fn kimi_takes_a_session_of_claude_code() {
    with(|kimi, sandbox| guest::takes_a_foreign_session(kimi, sandbox));
}
