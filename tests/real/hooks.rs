//! Hooks that `sfs` added to the settings of the real tools: at the end of a
//! turn the tool runs `sfs` by itself, and the turn is in the store before
//! anybody asks.

use serde_json::Value;

use crate::guest::Guest;
use crate::real::resume::Tool;
use crate::real::sandbox::Sandbox;
use crate::real::script::{on, text};
use crate::real::tools::{eventually, run_guarded};

/// Asserts that a turn that began with these words was captured, without a look
/// for what is new. A tool may end before its hook does.
fn assert_captured(sandbox: &Sandbox, prompt: &str) {
    eventually("the hook's capture", || {
        let log = sandbox.sfs(&["--no-capture", "log", "@", "--json"]);
        let turns: Value = serde_json::from_str(&log.stdout).unwrap_or_default();
        let is_it = turns.get(0).is_some_and(|turn| turn["title"] == prompt);
        if is_it { Ok(()) } else { Err(format!("{}{}", log.stdout, log.stderr)) }
    });
}

/// A guest's turn is captured by its hook. Its settings may be written anew when
/// its command is made, so the hook is added then.
pub(crate) fn guest_runs_the_hook(guest: &dyn Guest, sandbox: &Sandbox) {
    let server = guest.server(vec![on("SFS-HOOKED", [text("Answered.")])]);
    let command = guest.command(sandbox, &server, None, "SFS-HOOKED");
    sandbox.sfs(&["hooks", "install", "--for", guest.name(), "--yes"]).ok();
    run_guarded(command, &sandbox.folder("hooked").join(guest.name())).ok();
    assert_captured(sandbox, "SFS-HOOKED");
}

#[test]
fn claude_code_runs_the_hook() {
    let Some(sandbox) = Sandbox::new() else { return };
    let ask = |prompt: &str| {
        let server = Tool::Claude.server([on(prompt, [text("Answered.")])]);
        sandbox.claude(&server, &[prompt]).ok();
        server.assert_played();
    };
    ask("SFS-BEFORE");
    let log = sandbox.sfs(&["--no-capture", "log", "@"]);
    assert!(!log.succeeded(), "nothing captures by itself: {}", log.stdout);
    sandbox.sfs(&["hooks", "install", "--for", "claude-code", "--yes"]).ok();
    ask("SFS-HOOKED");
    assert_captured(&sandbox, "SFS-HOOKED");
    sandbox.sfs(&["hooks", "uninstall", "--for", "claude-code", "--yes"]).ok();
    assert!(!sandbox.claude_home().join("settings.json").exists(), "the file is what it was: not there");
}

/// Codex runs what its user trusts, and one who has seen it may say so for once.
#[test]
fn codex_runs_the_hook() {
    let Some(sandbox) = Sandbox::new() else { return };
    let installed = sandbox.sfs(&["hooks", "install", "--for", "codex", "--yes"]).ok();
    assert!(installed.stderr.contains("/hooks"), "{}", installed.stderr);
    let ask = |prompt: &str, trust: &[&str]| {
        let server = Tool::Codex.server([on(prompt, [text("Answered.")])]);
        sandbox.codex(&server, &[trust, &[prompt]].concat()).ok();
        server.assert_played();
    };
    ask("SFS-UNTRUSTED", &[]);
    let log = sandbox.sfs(&["--no-capture", "log", "@"]);
    assert!(!log.succeeded(), "it is not trusted: {}", log.stdout);
    ask("SFS-HOOKED", &["--dangerously-bypass-hook-trust"]);
    assert_captured(&sandbox, "SFS-HOOKED");
}
