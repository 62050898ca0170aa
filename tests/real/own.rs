//! The harness proves itself: rules and comparison on made-up conversations,
//! and both real tools resuming their own sessions, without `sfs`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::real::compare::Expected;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::sandbox::Sandbox;
use crate::real::scenario::{LAST, anthropic, asked, claude_session, codex_session, openai};
use crate::real::{anthropic_rules, openai_rules};

/// Removes the only line that holds `word` (and none of `but`) from a file.
#[track_caller]
pub(crate) fn drop_line(path: &Path, word: &str) {
    let text = fs::read_to_string(path).expect("a transcript");
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(word)).collect();
    assert!(kept.len() < text.lines().count(), "{word:?} isn't in {}", path.display());
    fs::write(path, kept.join("\n") + "\n").expect("the transcript");
}

#[test]
fn claude_code_resumes_its_own_session_whole() {
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    for i in &native.conversation.items {
        eprintln!("{}", format!("{i:?}").chars().take(240).collect::<String>());
    }
    let expected = Expected::own(&native.conversation.clone().and(Role::User, "SFS-GO on"));
    let server = anthropic([]);
    sandbox.claude(&server, &["--resume", &native.id, "SFS-GO on"]).ok();
    server.assert_played();
    expected.assert(&asked(&server, "SFS-GO on"));

    drop_line(&native.path, "One of them failed.");
    let server = anthropic([]);
    sandbox.claude(&server, &["--resume", &native.id, "SFS-AGAIN"]).ok();
    let found = asked(&server, "SFS-AGAIN").before("SFS-GO on").and(Role::User, "SFS-GO on");
    expected.compare(&found).expect_err("a dropped row must be noticed");
}

#[test]
fn codex_resumes_its_own_session_whole() {
    let Some(sandbox) = Sandbox::new() else { return };
    let native = codex_session(&sandbox);
    for i in &native.conversation.items {
        eprintln!("{}", format!("{i:?}").chars().take(240).collect::<String>());
    }
    let expected = Expected::own(&native.conversation.clone().and(Role::User, "SFS-GO on"));
    let server = openai([]);
    sandbox.codex(&server, &["resume", &native.id, "SFS-GO on"]).ok();
    server.assert_played();
    expected.assert(&asked(&server, "SFS-GO on"));
}
