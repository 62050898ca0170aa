//! What stands beside a session: its title, directory and origin.

use std::path::Path;

use crate::object::json::Tape;
use crate::tool::StepFacts;

/// The name of that file.
pub(super) const STATE: &str = "state.json";

/// What the file tells; nothing if it can't be read.
pub(super) fn facts(path: &Path) -> StepFacts {
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut tape = Tape::default();
    if tape.read(&bytes).is_none() {
        return StepFacts::default();
    }
    let state = tape.root(&bytes);
    let text = |key: &str| state.string(key).filter(|text| !text.is_empty());
    let time = |key: &str| state.get(key).and_then(|time| time.int());
    // `custom_title` is kimi-cli's, which made titles itself as well.
    let title = text("title").or_else(|| text("custom_title"));
    let given = state.get("isCustomTitle").is_some_and(|given| given.is_true())
        || state.get("title_generated").is_some_and(|made| made.raw() == b"false");
    let (user_title, tool_title) = if given { (title, None) } else { (None, title) };
    StepFacts {
        user_title,
        tool_title,
        cwd: text("cwd").or_else(|| text("workDir")),
        forked_from: text("forkedFrom"),
        created: time("createdAt"),
        ..StepFacts::default()
    }
}
