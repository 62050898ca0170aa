//! Which session a commit is part of.

use super::session::SessionInfo;
use super::{line, source};
use crate::object::id::IdSet;
use crate::object::{Commit, Id};
use crate::store::exchange::Want;
use crate::store::refs::RefValue;
use crate::store::{Result, Store};

/// The session that holds a commit: on the line of a branch, else in a source
/// file, else on a line that a branch once had.
pub(super) fn of(store: &Store, all: &[SessionInfo], id: Id, commit: &Commit) -> Result<Option<Id>> {
    // Times are only a hint at where to look first.
    let likely = |s: &&SessionInfo| match commit.time {
        Some(time) => s.created_at.is_none_or(|t| t <= time) && s.updated_at.is_none_or(|t| time <= t),
        None => false,
    };
    let (first, rest): (Vec<_>, Vec<_>) = all.iter().partition(likely);
    for session in first.into_iter().chain(rest) {
        let mut seen = IdSet::default();
        for branch in session.branches.iter().filter(|b| seen.insert(b.tip)) {
            if line::holds(store, branch.tip, id, commit)? {
                return Ok(Some(session.id));
            }
        }
    }
    if let Some(session) = in_files(store, id)? {
        return Ok(Some(session));
    }
    on_old_lines(store, id, commit)
}

fn in_files(store: &Store, wanted: Id) -> Result<Option<Id>> {
    for known in source::all(store) {
        let mut next = known.file;
        while let Some(id) = next {
            if id == wanted {
                return Ok(Some(known.session));
            }
            next = store.commit(&id)?.after;
        }
    }
    Ok(None)
}

fn on_old_lines(store: &Store, wanted: Id, commit: &Commit) -> Result<Option<Id>> {
    let mut seen = IdSet::default();
    for (name, value) in store.ops()?.iter().rev().flat_map(|op| &op.changes) {
        let rest = name.strip_prefix("head/").or_else(|| name.strip_prefix("branch/"));
        let session = rest.and_then(|rest| rest.split_once('/')).and_then(|(id, _)| Id::from_hex(id));
        let (Some(session), Some(RefValue::Commit(tip))) = (session, value) else { continue };
        if seen.insert(*tip) && store.knows(Want::Commit(*tip))? && line::holds(store, *tip, wanted, commit)?
        {
            return Ok(Some(session));
        }
    }
    Ok(None)
}
