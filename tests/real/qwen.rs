//! The real Qwen Code: its own sessions captured and resumed, and sessions of
//! Claude Code resumed in it, whole: every piece, in its order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::guest::{self, Guest};
use crate::hooks::guest_runs_the_hook;
use crate::real::completions::Completions;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::mock::Server;
use crate::real::package::{Package, package};
use crate::real::sandbox::{Sandbox, files};
use crate::real::script::{Rule, Script, call, on, text, thinking};
use crate::real::tools::clean;

/// The version of Node that it needs.
const NODE: &str = "22.20.0";

struct Qwen {
    package: Package,
    node: Package,
    version: &'static str,
}

impl Guest for Qwen {
    fn name(&self) -> &'static str {
        "qwen"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        Server::start(Completions::new(Script::new(rules)))
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let settings = json!({
            "general": {"enableAutoUpdate": false, "disableAutoUpdate": true, "disableUpdateNag": true},
            "privacy": {"usageStatisticsEnabled": false},
            "telemetry": {"enabled": false},
            // Pictures are only sent to models that are said to see.
            "model": {"name": "qwen3-vl-plus", "generationConfig": {"modalities": {"image": true}}},
            "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": false}},
        });
        let folder = sandbox.home.join(".qwen");
        fs::create_dir_all(&folder).expect("a folder for settings");
        fs::write(folder.join("settings.json"), settings.to_string()).expect("settings");
        let path = format!("{}:{}", self.node.bin.display(), self.package.path);
        let mut command = clean(&self.package.bin.join("qwen"), &path, &sandbox.home, &sandbox.project);
        for (name, value) in [
            ("OPENAI_API_KEY", "not-a-key"),
            ("OPENAI_MODEL", "qwen3-vl-plus"),
            ("QWEN_CODE_NO_RELAUNCH", "true"),
            ("NO_PROXY", "127.0.0.1"),
        ] {
            command.env(name, value);
        }
        command.env("OPENAI_BASE_URL", format!("{}/v1", server.url())).arg("-y");
        if let Some(id) = resume {
            command.args(["--resume", id]);
        }
        command.args(["-p", prompt]);
        command
    }

    fn programs(&self) -> Option<&Path> {
        Some(&self.package.bin)
    }

    /// The oldest version sends only the text of a result.
    fn carried(&self, mut conversation: Conversation) -> Conversation {
        for item in &mut conversation.items {
            if let (Item::Result { images, .. }, "0.5.2") = (item, self.version) {
                images.clear();
            }
        }
        conversation
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        let all = files(&sandbox.home.join(".qwen").join("projects"));
        let is_session = |file: &PathBuf| file.parent().is_some_and(|folder| folder.ends_with("chats"));
        all.into_iter().filter(is_session).collect()
    }
}

/// The newest version that was verified, and an old one.
fn each(test: fn(&Qwen, &Sandbox)) {
    for version in ["0.24.4", "0.12.0", "0.5.2"] {
        let packages = package("@qwen-code/qwen-code", version).zip(package("node", NODE));
        let (Some((package, node)), Some(sandbox)) = (packages, Sandbox::new()) else { continue };
        eprintln!("Qwen Code {version}");
        test(&Qwen { package, node, version }, &sandbox);
    }
}

const SECOND: &str = "SFS-TWO so?";

/// Two turns, the first with calls at once, one of which fails, and thoughts.
fn own_session(qwen: &Qwen, sandbox: &Sandbox) -> Conversation {
    let bash = |command: &str| {
        call(
            "run_shell_command",
            json!({"command": command, "description": "Run it", "is_background": false}),
        )
    };
    let read = |path: PathBuf| call("read_file", json!({"file_path": path, "absolute_path": path}));
    let server = qwen.server(vec![
        on("SFS-ONE", [thinking("First I look ✓."), text("Looking…"), bash("echo один")]),
        on("один", [read(sandbox.project.join("sfs-none")), read(sandbox.project.join("README.md"))]),
        on("sfs-none", [text("One of them failed.")]),
        on("SFS-TWO", [text("The end ■.")]),
    ]);
    guest::run(qwen, sandbox, &server, None, "SFS-ONE Привет 👋");
    let path =
        qwen.transcripts(sandbox).into_iter().find(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let path = path.expect("a session");
    let id = path.file_stem().expect("a name").to_string_lossy().into_owned();
    guest::run(qwen, sandbox, &server, Some(&id), SECOND);
    server.assert_played();
    guest::asked(qwen, &server, SECOND).and(Role::Assistant, "The end ■.")
}

#[test]
fn qwen_keeps_its_own_sessions() {
    each(|qwen, sandbox| {
        let conversation = own_session(qwen, sandbox);
        guest::keeps_its_own(qwen, sandbox, &conversation, SECOND);
    });
}

#[test]
fn qwen_takes_a_session_of_claude_code() {
    each(|qwen, sandbox| guest::takes_a_foreign_session(qwen, sandbox));
}

/// 0.12.0 runs none that its settings alone name.
#[test]
fn qwen_runs_the_hook() {
    each(|qwen, sandbox| {
        if qwen.version == "0.24.4" {
            guest_runs_the_hook(qwen, sandbox);
        }
    });
}
