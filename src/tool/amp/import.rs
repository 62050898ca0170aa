//! Builds that keep threads on the server: a session gets in by the tool's own
//! importer of Claude Code's transcripts.
//!
//! `amp threads import claude <id> --claude-dir <folder> --json` sends it to the
//! server and prints a line of JSON for each thread it made. The thread can
//! only be read (0.0.1790142911).

use crate::object::json::Tape;
use crate::tool::claude_code::ClaudeCode;
use crate::tool::{Conversation, Import, Loss, Plan, Resume, Sink, Target, ToolError};

/// Where threads go, unless a variable says otherwise.
const SERVER: &str = "https://ampcode.com";

/// Writes the transcript below [`Target::scratch`].
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut inner = Target { version: None, ..target.clone() };
    let folder = target.scratch.to_string_lossy().into_owned();
    inner.places.vars.insert("CLAUDE_CONFIG_DIR".to_owned(), folder.clone());
    let mut plan = ClaudeCode.write(conversation, &inner, sink)?;
    let words = ["amp", "threads", "import", "claude", &plan.native, "--claude-dir", &folder, "--json"];
    let server = target.places.vars.get("AMP_URL").filter(|url| !url.is_empty());
    plan.imports.push(Import {
        command: words.map(str::to_owned).to_vec(),
        uploads_to: Some(server.cloned().unwrap_or_else(|| SERVER.to_owned())),
    });
    plan.losses.push(Loss {
        what: "the thread can only be read: a new one that mentions it goes on from it".to_owned(),
        count: 1,
    });
    Ok(plan)
}

/// The thread that was made, as one mentions it.
pub(super) fn thread(said: &str) -> Option<String> {
    said.lines().find_map(|line| {
        let mut tape = Tape::default();
        tape.read(line.as_bytes())?;
        Some(format!("@{}", tape.root(line.as_bytes()).string("threadID")?))
    })
}
