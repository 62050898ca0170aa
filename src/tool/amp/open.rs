//! A thread's document, cut at its messages.

use crate::object::json::{Tape, Value};
use crate::tool::StepFacts;
use crate::tool::document::Document;

/// How a call stands while it isn't done.
const RUNNING: &[&[u8]] =
    &[b"in-progress", b"queued", b"blocked-on-user", b"cancellation-requested", b"blocked-on-tool"];

/// Cuts a document.
pub(super) fn thread(bytes: Vec<u8>) -> Document {
    let mut document = Document::of(bytes, Some("messages"));
    if document.last().is_some_and(is_unfinished) {
        document.hold_last();
    }
    let facts = facts(&document);
    document.tell(facts);
    document
}

/// Whether the tool still writes on the last message: it streams, or a call
/// whose result goes there still runs.
fn is_unfinished(element: &[u8]) -> bool {
    let start = element.iter().position(|b| *b == b'{').unwrap_or_default();
    let element = element.get(start..).unwrap_or_default();
    let mut tape = Tape::default();
    if tape.read(element).is_none() {
        return false;
    }
    let message = tape.root(element);
    let streams = message.path(&["state", "type"]).is_some_and(|state| state.raw() == b"streaming");
    let runs = |block: Value<'_>| {
        block.path(&["run", "status"]).is_some_and(|status| RUNNING.contains(&status.raw()))
    };
    streams || message.get("content").is_some_and(|content| content.items().any(runs))
}

/// What stands around the messages.
fn facts(document: &Document) -> StepFacts {
    let mut facts = StepFacts {
        tool_title: document.string("title").filter(|title| !title.is_empty()),
        parent: document.string("mainThreadID"),
        ..StepFacts::default()
    };
    if let Some(env) = document.member("env") {
        let mut tape = Tape::default();
        tape.read(env);
        let env = tape.root(env);
        facts.version =
            env.path(&["initial", "platform"]).and_then(|platform| platform.string("clientVersion"));
        let tree = env.path(&["initial", "trees"]).and_then(|trees| trees.items().next());
        facts.cwd = tree.and_then(|tree| path_of(&tree.string("uri")?));
        let git =
            tree.and_then(|tree| tree.path(&["repository", "ref"])?.str().map(|name| name.into_owned()));
        facts.git_branch = git.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned));
    }
    if let Some(relations) = document.member("relationships") {
        let mut tape = Tape::default();
        tape.read(relations);
        let is_child_of_fork = |relation: &Value<'_>| {
            let is = |key, word: &[u8]| relation.get(key).is_some_and(|value| value.raw() == word);
            is("type", b"fork") && is("role", b"child")
        };
        let mut relations = tape.root(relations).items().filter(is_child_of_fork);
        facts.forked_from = relations.next().and_then(|relation| relation.string("threadID"));
    }
    facts
}

/// The path that a `file:` URI names.
pub(super) fn path_of(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("file://")?;
    let (mut bytes, mut left) = (Vec::with_capacity(rest.len()), rest.as_bytes());
    while let Some((byte, after)) = left.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *byte == b'%') {
            Some(decoded) => {
                bytes.push(decoded);
                left = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                left = after;
            }
        }
    }
    let path = String::from_utf8_lossy(&bytes).into_owned();
    // `file:///C:/work`
    let is_drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    Some(if is_drive { path.trim_start_matches('/').to_owned() } else { path })
}
