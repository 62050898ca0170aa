//! What a search found, as text and as JSON.

use serde_json::{Value, json};

use super::clean::clean_part;
use crate::ops::search::{Hit, Snippet};

/// The parts of a snippet for one line of a terminal, each with whether it is
/// what was looked for.
pub fn parts(snippet: &Snippet) -> Vec<(String, bool)> {
    let (mut parts, mut space) = (Vec::new(), true);
    for (text, hit) in &snippet.parts {
        let text = clean_part(text, &mut space);
        parts.push((text, *hit));
    }
    parts
}

/// A hit as JSON.
pub fn json(hit: &Hit) -> Value {
    let snippet = |snippet: &Snippet| {
        let part = |(text, hit): &(String, bool)| json!({"text": text, "match": hit});
        json!({
            "kind": snippet.kind,
            "parts": snippet.parts.iter().map(part).collect::<Vec<_>>(),
            "cut_before": snippet.cut_before,
            "cut_after": snippet.cut_after,
        })
    };
    json!({
        "revision": hit.revision,
        "commit": hit.commit.to_string(),
        "session": hit.session.to_string(),
        "name": hit.name,
        "title": hit.title,
        "project": hit.project,
        "branch": hit.branch,
        "n": hit.n,
        "turn": hit.turn,
        "role": super::message::role(hit.role),
        "time": super::json::time(hit.time),
        "tool": hit.tool,
        "model": hit.model,
        "score": hit.score,
        "snippets": hit.snippets.iter().map(snippet).collect::<Vec<_>>(),
    })
}
