//! Messages to steps.

use std::path::Path;

use super::find::{self, MANIFEST, WORKSPACE};
use crate::object::commit::Usage;
use crate::object::json::Value;
use crate::object::message::Role;
use crate::object::split::Texts;
use crate::tool::blocks::{Making, string, time};
use crate::tool::{Counted, Found, Key, Link, Reader, Step, StepFacts};

/// Reads the messages of one session. Nothing must be known to go on: a message
/// says where it hangs.
pub(super) struct MessageReader {
    /// What the documents beside the messages tell, until a step tells it.
    facts: Option<StepFacts>,
}

impl MessageReader {
    pub(super) fn new(found: &Found) -> MessageReader {
        MessageReader { facts: found.path.parent().map(facts) }
    }
}

impl Reader for MessageReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let known = row.and_then(|(row, texts)| Some((role(row)?, row, texts)));
        let mut step = match known {
            Some((role, row, texts)) => message(role, row, texts),
            None => Step { unknown: true, ..Step::default() },
        };
        step.facts = self.facts.take().unwrap_or_default();
        step
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Who speaks. What tools say is heard as the user's.
fn role(row: Value<'_>) -> Option<Role> {
    match string(row, "role")?.raw() {
        b"user" | b"tool" => Some(Role::User),
        b"assistant" => Some(Role::Assistant),
        b"system" | b"developer" => Some(Role::System),
        _ => None,
    }
}

fn message(role: Role, row: Value<'_>, texts: &mut Texts) -> Step {
    let key = |name| string(row, name).map(|id| Key::of(id.raw()));
    let side = row.get("is_sidechain").is_some_and(|side| side.is_true());
    let mut step =
        Step { key: key("msg_id"), side, time: row.get("timestamp").and_then(time), ..Step::default() };
    step.link = match key("parent_msg_id") {
        Some(parent) => Link::Key(parent),
        // A run whose beginning doesn't tell where it was started from.
        None if side => Link::Root,
        None => Link::Tip,
    };
    step.model = string(row, "model")
        .filter(|model| !model.raw().is_empty())
        .and_then(|model| model.str())
        .map(|model| model.into_owned());
    step.usage = row.get("usage").map(|usage| Counted { api: api(row), usage: counted(usage) });
    let mut making = Making::default();
    row.get("content").into_iter().for_each(|content| making.content(content, texts));
    if row.get("is_meta").is_some_and(|meta| meta.is_true()) || role == Role::System {
        making.finish_notice(role, &mut step);
    } else {
        making.finish(role, &mut step);
    }
    step
}

/// The message of the API that tokens were counted for: several lines may
/// repeat what was counted once.
fn api(row: Value<'_>) -> Key {
    let id = row.get("metadata").and_then(|metadata| string(metadata, "cc_request_id"));
    Key::of(id.or_else(|| string(row, "msg_id")).map(|id| id.raw()).unwrap_or_default())
}

fn counted(usage: Value<'_>) -> Usage {
    let tokens =
        |name| usage.get(name).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Usage {
        input: tokens("input_tokens"),
        output: tokens("output_tokens"),
        cache_read: tokens("cache_read_tokens"),
        cache_write: tokens("cache_write_tokens"),
    }
}

/// What the manifest and the workspace tell of a session.
fn facts(folder: &Path) -> StepFacts {
    let manifest = find::read(&folder.join(MANIFEST), |tape, bytes| {
        let root = tape.root(bytes);
        let said = |value: Value<'_>, key: &str| value.string(key).filter(|words| !words.is_empty());
        let source = root.get("source");
        let version = source.and_then(|source| said(source, "tool_version"));
        let tool = source.and_then(|source| said(source, "tool"));
        Some(StepFacts {
            tool_title: said(root, "title"),
            version: tool.map(|tool| version.map_or(tool.clone(), |version| format!("{tool} {version}"))),
            forked_from: said(root, "parent_session_id"),
            created: root.get("created_at").and_then(time).filter(|ms| *ms > 0),
            updated: root.get("updated_at").and_then(time).filter(|ms| *ms > 0),
            ..StepFacts::default()
        })
    });
    let workspace = find::read(&folder.join(WORKSPACE), |tape, bytes| {
        let root = tape.root(bytes);
        let branch =
            root.path(&["git", "branch"]).and_then(|branch| branch.str()).map(|branch| branch.into_owned());
        Some((root.string("root_path").filter(|path| !path.is_empty()), branch))
    });
    let (cwd, git_branch) = workspace.unwrap_or_default();
    StepFacts { cwd, git_branch, ..manifest.unwrap_or_default() }
}
