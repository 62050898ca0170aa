//! What the verbs find, as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::object::Usage;
use crate::ops::config::InForce;
use crate::ops::log::Turn;
use crate::ops::revision::Resolved;
use crate::ops::session::SessionInfo;

/// A moment, in milliseconds since 1970, as RFC 3339 has it.
pub fn time(ms: Option<i64>) -> Value {
    let at = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or(Value::Null, |at| Value::String(at.to_string()))
}

/// Tokens.
pub fn usage(usage: &Usage) -> Value {
    json!({
        "input": usage.input, "cache_write": usage.cache_write, "cache_read": usage.cache_read,
        "output": usage.output,
    })
}

/// Files touched, each with how.
pub fn files(files: &[String]) -> Value {
    let file = |file: &String| {
        let path = file.strip_prefix(['r', 'w', 'e']).unwrap_or(file);
        let how = match file.chars().next() {
            Some('r') => "read",
            Some('w') => "write",
            Some('e') => "edit",
            _ => "other",
        };
        json!({"path": path, "how": how})
    };
    files.iter().map(file).collect()
}

/// A session.
pub fn session(session: &SessionInfo) -> Value {
    let branches: Vec<&str> = session.branches.iter().map(|b| b.name.as_str()).collect();
    json!({
        "id": session.id.to_string(),
        "name": session.name,
        "tool": session.tool(),
        "tools": session.tools,
        "native_id": session.native_id,
        "title": session.title,
        "project": session.project,
        "git_branch": session.git_branch,
        "branches": branches,
        "turns": session.turns,
        "messages": session.messages,
        "created_at": time(session.created_at),
        "updated_at": time(session.updated_at),
        "model": session.model,
        "gone": session.gone,
        "shallow": session.shallow,
        "unknown_records": session.unknown,
        "broken_records": session.broken,
    })
}

/// What was in force at a revision.
pub fn in_force(at: &Resolved, found: &InForce) -> Value {
    json!({
        "session": at.session.to_string(),
        "commit": at.commit.to_string(),
        "tool": found.tool,
        "model": found.model,
        "settings": found.settings,
        "since": found.since.map(|id| id.to_string()),
        "beside": found.beside.as_ref().map(|beside| json!({
            "snapshot": beside.snapshot.to_string(),
            "time": time(Some(beside.time)),
            "settings": beside.settings,
            "instructions": beside.instructions.iter().map(|(path, id)| (path, id.to_string()))
                .collect::<BTreeMap<_, _>>(),
        })),
    })
}

/// A turn.
pub fn turn(turn: &Turn) -> Value {
    json!({
        "id": turn.tip.to_string(),
        "title": turn.title,
        "time": time(turn.time),
        "tool": turn.tool,
        "model": turn.model,
        "usage": usage(&turn.usage),
        "files": files(&turn.files),
        "messages": turn.messages,
        "calls": turn.calls,
    })
}
