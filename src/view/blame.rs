//! Whose lines of a file are: as JSON, as an Agent Trace record, as a git note.

use serde_json::{Value, json};

use super::clean::clean;
use super::json::time;
use crate::object::Id;
use crate::ops::blame::{BlameOutcome, How, Origin};

/// The version of the Agent Trace specification that records follow
/// (<https://agent-trace.dev>).
const TRACE: &str = "0.1.0";

/// All that was found, as JSON.
pub fn json(found: &BlameOutcome) -> Value {
    let origin = |origin: &Origin| {
        json!({
            "commit": origin.commit.to_string(), "session": origin.session.map(|id| id.to_string()),
            "session_label": origin.label, "project": origin.project, "elsewhere": origin.elsewhere,
            "turn": origin.turn, "title": origin.title, "prompt": origin.prompt, "time": time(origin.time),
            "tool": origin.tool, "model": origin.model, "how": how(origin.how),
        })
    };
    let lines = found.lines.iter().map(|line| json!({"n": line.n, "text": line.text, "origin": line.origin}));
    json!({
        "path": found.path, "was": found.was, "project": found.project,
        "lines": lines.collect::<Value>(),
        "origins": found.origins.iter().map(origin).collect::<Value>(),
        "changes": found.changes, "missed_changes": found.missed,
    })
}

/// How it is known, in a word.
pub fn how(how: How) -> &'static str {
    match how {
        How::Told => "told",
        How::Text => "text",
        How::Seen => "seen",
    }
}

/// Runs of lines: the first and the last of each.
pub type Runs = Vec<(usize, usize)>;

/// The lines of each origin; those that no session explains come first.
pub fn ranges(found: &BlameOutcome) -> Vec<(Option<&Origin>, Runs)> {
    let mut all: Vec<(Option<&Origin>, Runs)> = vec![(None, Vec::new())];
    all.extend(found.origins.iter().map(|origin| (Some(origin), Vec::new())));
    for line in &found.lines {
        let Some((_, runs)) = all.get_mut(line.origin.map_or(0, |n| n + 1)) else { continue };
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == line.n => *last = line.n,
            _ => runs.push((line.n, line.n)),
        }
    }
    all.retain(|(_, runs)| !runs.is_empty());
    all
}

/// Runs in words: `3,7-9`.
pub fn runs(runs: &Runs) -> String {
    let run = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}

/// What a record of Agent Trace is made of besides files.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    /// Its id: a UUID.
    pub id: &'r str,
    /// When it is made, in milliseconds since 1970.
    pub now: i64,
    /// The commit of git that has the files as they are.
    pub revision: Option<&'r str>,
}

/// An Agent Trace record of files. Lines that no session explains, and those
/// that only snapshots saw, have an unknown contributor. With a session, only
/// its lines are told.
pub fn agent_trace(found: &[BlameOutcome], record: &Record<'_>, session: Option<Id>) -> Value {
    let files = found.iter().map(|found| json!({"path": found.path, "conversations": told(found, session)}));
    let sum = |count: fn(&BlameOutcome) -> u64| found.iter().map(count).sum::<u64>();
    let (changes, missed) = (sum(|found| found.changes), sum(|found| found.missed));
    let mut value = json!({
        "version": TRACE, "id": record.id, "timestamp": time(Some(record.now)),
        "tool": {"name": "sfs", "version": env!("CARGO_PKG_VERSION")},
        "files": files.collect::<Value>(),
        "metadata": {"sfs": {"changes": changes, "missed_changes": missed}},
    });
    if let Some(revision) = record.revision {
        value["vcs"] = json!({"type": "git", "revision": revision});
    }
    value
}

/// Whose the lines of a file are, as conversations.
fn told(found: &BlameOutcome, session: Option<Id>) -> Value {
    let wanted = |(origin, _): &(Option<&Origin>, Runs)| {
        session.is_none() || origin.is_some_and(|origin| origin.session == session)
    };
    let conversation = |(origin, runs): (Option<&Origin>, Runs)| {
        let runs: Value =
            runs.into_iter().map(|(first, last)| json!({"start_line": first, "end_line": last})).collect();
        let Some(origin) = origin else {
            return json!({"contributor": {"type": "unknown"}, "ranges": runs});
        };
        let kind = if origin.how == How::Seen { "unknown" } else { "ai" };
        let mut contributor = json!({"type": kind});
        // The specification allows for no more.
        if let Some(model) = origin.model.as_ref().filter(|model| model.chars().count() <= 250) {
            contributor["model_id"] = json!(model);
        }
        let mut one = json!({"url": url(&origin.commit), "contributor": contributor, "ranges": runs});
        if let Some(session) = origin.session {
            one["related"] = json!([{"type": "session", "url": url(&session)}]);
        }
        one
    };
    ranges(found).into_iter().filter(wanted).map(conversation).collect()
}

fn url(id: &Id) -> String {
    format!("sfs:{id}")
}

/// A note on the file for a commit of git: a line for each origin.
pub fn note(found: &BlameOutcome) -> Vec<String> {
    let mut lines = vec![format!("sfs blame {}", clean(&found.path))];
    for (origin, lines_of) in ranges(found) {
        let words = match origin {
            None => "not by a session".to_owned(),
            Some(origin) => {
                let at = time(origin.time);
                let known = [
                    origin.commit.to_string(),
                    how(origin.how).to_owned(),
                    origin.tool.clone(),
                    origin.model.clone().unwrap_or_else(|| "-".to_owned()),
                    at.as_str().unwrap_or("-").to_owned(),
                    origin.title.clone().unwrap_or_default(),
                ];
                clean(&known.join(" "))
            }
        };
        lines.push(format!("{}: {words}", runs(&lines_of)));
    }
    lines
}
