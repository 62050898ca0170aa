//! Delete: a session that nobody wants to see again.
//!
//! What was said stays in the store, so that it can be taken back; [`purge`]
//! takes it out for good. A tombstone stands for it that travels with the refs:
//! nothing that other machines or the tool still have brings the session back.
//!
//! [`purge`]: super::purge

use super::revision::{self, RevisionError};
use super::session::{self, SessionInfo};
use super::{Env, branch, owner};
use crate::object::id::{Id, IdSet};
use crate::store::refs::{Edit, RefValue};
use crate::store::{Batch, Store, StoreError};

/// What the names of tombstones begin with.
pub(super) const DELETED: &str = "deleted/";

/// Why a session was not deleted, or not brought back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeleteError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no session.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// No deleted session is called so.
    #[error("no deleted session has an id that begins with {0:?}")]
    Unknown(String),
    /// More than one is.
    #[error("several deleted sessions have ids that begin with {0:?}")]
    Ambiguous(String),
}

/// Tells whether a session was deleted.
pub fn is_deleted(store: &Store, session: &Id) -> bool {
    store.refs().contains_key(&format!("{DELETED}{session}"))
}

/// The ids of the sessions that were deleted, those among them of which nothing
/// is here.
pub(super) fn all_deleted(store: &Store) -> IdSet {
    store.refs_below(DELETED).filter_map(|(name, _)| Id::from_hex(name.strip_prefix(DELETED)?)).collect()
}

/// The sessions that were deleted.
pub fn deleted(store: &Store) -> Vec<SessionInfo> {
    let deleted = all_deleted(store);
    session::with_deleted(store).into_iter().filter(|s| deleted.contains(&s.id)).collect()
}

/// Deletes sessions, all or none. Returns what they were.
pub fn delete(
    env: &Env,
    store: &mut Store,
    names: &[String],
    dry_run: bool,
) -> Result<Vec<SessionInfo>, DeleteError> {
    store.refresh()?;
    let all = session::sessions(store);
    let gone = each(names, |text| {
        let id = revision::session(store, env, text)?;
        let found = all.iter().find(|session| session.id == id).cloned();
        found.ok_or_else(|| DeleteError::Unknown(text.to_owned()))
    })?;
    if !dry_run {
        change(env, store, &gone, |id| Some(RefValue::Session(id)))?;
    }
    Ok(gone)
}

/// Deletes the sessions whose last record is from before `before`
/// (milliseconds since 1970), but for those that the user cared for: with a
/// name, a tag or a branch of their own. Returns what they were.
pub fn delete_older(
    env: &Env,
    store: &mut Store,
    before: i64,
    dry_run: bool,
) -> Result<Vec<SessionInfo>, StoreError> {
    store.refresh()?;
    let all = session::sessions(store);
    let mut tagged = IdSet::default();
    for tag in branch::tags(store)? {
        tagged.extend(owner::of(store, &all, tag.commit, &*store.commit(&tag.commit)?)?);
    }
    let is_old = |s: &SessionInfo| s.updated_at.is_some_and(|at| at < before);
    let is_kept = |s: &SessionInfo| {
        s.name.is_some() || tagged.contains(&s.id) || s.branches.iter().any(|branch| branch.own)
    };
    let old: Vec<SessionInfo> = all.into_iter().filter(|s| is_old(s) && !is_kept(s)).collect();
    if !dry_run && !old.is_empty() {
        change(env, store, &old, |id| Some(RefValue::Session(id)))?;
    }
    Ok(old)
}

/// Brings deleted sessions back, all or none. Returns what they are.
pub fn bring_back(
    env: &Env,
    store: &mut Store,
    names: &[String],
    dry_run: bool,
) -> Result<Vec<SessionInfo>, DeleteError> {
    store.refresh()?;
    let back = each(names, |text| find(store, text))?;
    if !dry_run {
        change(env, store, &back, |_| None)?;
    }
    Ok(back)
}

/// What each of the names names, once.
fn each(
    names: &[String],
    find: impl Fn(&str) -> Result<SessionInfo, DeleteError>,
) -> Result<Vec<SessionInfo>, DeleteError> {
    let mut all: Vec<SessionInfo> = Vec::new();
    for name in names {
        let found = find(name)?;
        if all.iter().all(|other| other.id != found.id) {
            all.push(found);
        }
    }
    Ok(all)
}

/// The deleted session whose id, or the tool's, begins so.
pub(super) fn find(store: &Store, text: &str) -> Result<SessionInfo, DeleteError> {
    let called = |s: &SessionInfo| s.id.to_string().starts_with(text) || s.native_id.starts_with(text);
    let mut found = deleted(store).into_iter().filter(called);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(DeleteError::Unknown(text.to_owned())),
        _ => Err(DeleteError::Ambiguous(text.to_owned())),
    }
}

fn change(
    env: &Env,
    store: &mut Store,
    sessions: &[SessionInfo],
    new: impl Fn(Id) -> Option<RefValue>,
) -> Result<(), StoreError> {
    let edits = sessions.iter().map(|session| {
        let name = format!("{DELETED}{}", session.id);
        Edit { expect: store.refs().get(&name).cloned(), new: new(session.id), name }
    });
    store.apply(Batch::default(), edits.collect(), &env.actor())
}
