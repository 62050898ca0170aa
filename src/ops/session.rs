//! Sessions, as the refs tell of them. No commit is read.

use std::collections::BTreeMap;

use super::source;
use crate::object::id::Id;
use crate::store::Store;
use crate::store::refs::{RefValue, Source};

/// A session at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its id.
    pub id: Id,
    /// The name that the user gave it here.
    pub name: Option<String>,
    /// The tool that it began in.
    pub tool: String,
    /// The id that this tool gave it.
    pub native_id: String,
    /// Its title.
    pub title: String,
    /// The directory it worked in.
    pub project: String,
    /// Its branches: those that capture moves, then the user's.
    pub branches: Vec<String>,
    /// Turns on the longest branch.
    pub turns: u64,
    /// Messages on the longest branch.
    pub messages: u64,
    /// Time of its first record, in milliseconds since 1970.
    pub created_at: Option<i64>,
    /// Time of its last record.
    pub updated_at: Option<i64>,
    /// The model that spoke last.
    pub model: Option<String>,
    /// Whether a transcript of it is gone, and only the store has it.
    pub gone: bool,
    /// Records that were not JSON, or of an unknown kind.
    pub odd_records: u64,
}

/// All sessions that have something in them, the one last worked on first.
pub fn sessions(store: &Store) -> Vec<SessionInfo> {
    let mut all: BTreeMap<Id, SessionInfo> = BTreeMap::new();
    for source in source::all(store) {
        // One that was only just written to be resumed has nothing of its own yet.
        if source.head.is_none() && source.file.is_none() && source.tail.is_none() {
            continue;
        }
        let info = all
            .entry(source.session)
            .or_insert_with(|| SessionInfo { id: source.session, ..SessionInfo::default() });
        add(info, source);
    }
    for (name, value) in store.refs_below("") {
        let mut parts = name.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next(), value) {
            (Some("head" | "branch"), Some(session), Some(label), _) => {
                if let Some(info) = Id::from_hex(session).and_then(|id| all.get_mut(&id)) {
                    info.branches.push(label.to_owned());
                }
            }
            (Some("name"), Some(label), None, RefValue::Session(id)) => {
                if let Some(info) = all.get_mut(id) {
                    info.name = Some(label.to_owned());
                }
            }
            _ => {}
        }
    }
    let mut all: Vec<SessionInfo> = all.into_values().collect();
    for info in &mut all {
        info.branches.sort_by_key(|b| (b != "main", b.clone()));
    }
    all.sort_by_key(|info| std::cmp::Reverse((info.updated_at, info.id)));
    all
}

fn add(info: &mut SessionInfo, source: &Source) {
    let about = &source.about;
    if about.label == "main" || info.native_id.is_empty() {
        info.tool.clone_from(&source.tool);
        info.native_id.clone_from(&source.native);
        source.title().clone_into(&mut info.title);
        info.project = about.cwd.clone().unwrap_or_default();
    }
    info.turns = info.turns.max(about.counts.turns);
    info.messages = info.messages.max(about.counts.messages);
    info.created_at = [info.created_at, about.created].into_iter().flatten().min();
    if about.updated > info.updated_at {
        info.updated_at = about.updated;
        info.model.clone_from(&about.model);
    }
    info.gone |= about.gone;
    info.odd_records += about.unknown + about.broken;
}
