//! Texts that a shallow fetch left where they are, brought when they are asked
//! for.

use super::fetch::{FetchOptions, Texts, fetch};
use super::pull::take_over;
use super::remote::{self, SyncError};
use super::selection::Selection;
use super::{Env, Monitor};
use crate::object::id::{Id, IdSet};
use crate::store::Store;
use crate::store::error::Result;
use crate::store::exchange::{self, session_of};

/// The sessions that are here without all of their texts, deleted ones apart.
pub fn shallow(store: &Store) -> Result<IdSet> {
    let mut found = IdSet::default();
    if !store.has_promises() {
        return Ok(found);
    }
    for (name, value) in exchange::shared(store.refs()) {
        let Some(session) = session_of(&name, &value).filter(|id| !found.contains(id)) else { continue };
        for want in exchange::named(&value) {
            if store.is_promised(want)? {
                found.insert(session);
            }
        }
    }
    Ok(found)
}

/// Brings the texts of a session if they aren't here: from the remotes whose
/// refs tell of it. Returns from which one, and how many bytes came.
pub fn texts(
    env: &Env,
    store: &mut Store,
    session: Id,
    monitor: &dyn Monitor,
) -> Result<Option<(String, u64)>, SyncError> {
    if !shallow(store)?.contains(&session) {
        return Ok(None);
    }
    let only = Selection { sessions: vec![session.to_string()], ..Selection::default() };
    let options = FetchOptions { only, texts: Texts::Now };
    let mut failed = None;
    for name in remotes_of(store, &session)? {
        let report = match fetch(env, store, Some(&name), &options, monitor) {
            Ok(report) => report,
            Err(e) => {
                failed = failed.or(Some(e));
                continue;
            }
        };
        let bytes = report.bytes;
        // Its snapshots came, too.
        take_over(env, store, report)?;
        if !shallow(store)?.contains(&session) {
            return Ok(Some((name, bytes)));
        }
    }
    Err(failed.unwrap_or(SyncError::Lacking { session }))
}

/// The remotes that are known to have something of a session.
fn remotes_of(store: &Store, session: &Id) -> Result<Vec<String>, SyncError> {
    let tells_of = |remote: &str| {
        let prefix = format!("remote/{remote}/");
        store.refs_below(&prefix).any(|(name, value)| {
            let theirs = name.strip_prefix(&prefix).and_then(|rest| rest.split_once('/'));
            theirs.and_then(|(_, name)| session_of(name, value)) == Some(*session)
        })
    };
    Ok(remote::list(store)?.into_keys().filter(|name| tells_of(name)).collect())
}
