//! Hooks that `sfs` added to the settings of the real tools: at the end of a
//! turn the tool runs `sfs` by itself, and the turn is in the store before
//! anybody asks.

use serde_json::Value;

use crate::real::resume::Tool;
use crate::real::sandbox::Sandbox;
use crate::real::script::{on, text};
use crate::real::tools::eventually;

/// Adds the hook for a tool.
pub(crate) fn install(sandbox: &Sandbox, tool: &str) {
    sandbox.sfs(&["hooks", "install", "--for", tool, "--yes"]).ok();
}

/// Asserts that a turn that began with these words was captured, without a look
/// for what is new. A tool may end before its hook does.
pub(crate) fn assert_captured(sandbox: &Sandbox, prompt: &str) {
    eventually("the hook's capture", || {
        let log = sandbox.sfs(&["--no-capture", "log", "@", "--json"]);
        let turns: Value = serde_json::from_str(&log.stdout).unwrap_or_default();
        let is_it = turns.get(0).is_some_and(|turn| turn["title"] == prompt);
        if is_it { Ok(()) } else { Err(format!("{}{}", log.stdout, log.stderr)) }
    });
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
    install(&sandbox, "claude-code");
    ask("SFS-HOOKED");
    assert_captured(&sandbox, "SFS-HOOKED");
    sandbox.sfs(&["hooks", "uninstall", "--for", "claude-code", "--yes"]).ok();
    assert!(!sandbox.claude_home().join("settings.json").exists(), "the file is what it was: not there");
}
