//! Snapshots: the files of a project when a session had come to a commit.
//!
//! A capture that follows a session as it is written takes one. It is an
//! object beside the commits, so that they are the same whether or not someone
//! looked at the files ([`crate::object::snapshot`]).

use std::path::{Path, PathBuf};

use super::config::look::{Looked, look};
use super::{Env, Monitor, line, session};
use crate::object::id::{Id, IdSet, Kind};
use crate::object::snapshot::Reason;
use crate::object::{Commit, Snapshot};
use crate::store::refs::{Edit, RefValue, Source};
use crate::store::{Batch, Store, StoreError};
use crate::workspace::{Around, Limits, Taken, WorkspaceError, is_project, take};

/// A session whose file was changed longer ago is not followed.
const LIVE: i64 = 5 * 60 * 1000;
/// How often a snapshot is taken anew because another process was faster.
const TRIES: u32 = 5;

/// Why no snapshot was taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files can't be taken.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// It isn't known where the session worked.
    #[error("the session doesn't say in which folder it worked")]
    NoProject,
    /// The user is elsewhere.
    #[error("the session worked in {}, and you are elsewhere", .0.display())]
    Elsewhere(PathBuf),
    /// The project isn't there.
    #[error("the project's folder {} is not there", .0.display())]
    Gone(PathBuf),
    /// All of the user's files, or of the disk, are no project.
    #[error("{} holds more than a project", .0.display())]
    TooBroad(PathBuf),
    /// A limit in the environment is none.
    #[error("SFS_SNAPSHOT_MAX is {0:?}, which is no size such as 5000000, 500k or 20M")]
    Limit(String),
}

/// A snapshot that was taken, or was there.
#[derive(Debug)]
pub struct Snapped {
    /// Its id.
    pub id: Id,
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Whether it is the one before, since nothing has changed.
    pub same: bool,
    /// How many files it has, if they were counted just now.
    pub files: u64,
    /// How many of them had to be read.
    pub read: u64,
    /// How many bytes these have.
    pub bytes: u64,
}

/// Tells whether snapshots are turned off: `SFS_SNAPSHOT=off`.
pub fn is_off(env: &Env) -> bool {
    let said = env.places.vars.get("SFS_SNAPSHOT").map(|said| said.to_lowercase());
    said.is_some_and(|said| matches!(said.as_str(), "off" | "no" | "0" | "false"))
}

/// The folder that a session works in.
pub fn project(store: &Store, session: &Id) -> Option<PathBuf> {
    session::info(store, session)?.project.map(PathBuf::from)
}

/// The folder that a session works in, if the user is in it. What a session
/// that came from elsewhere calls its folder may be any.
pub fn project_here(env: &Env, store: &Store, session: &Id) -> Result<PathBuf, SnapshotError> {
    let root = project(store, session).ok_or(SnapshotError::NoProject)?;
    if is_here(env, &root) { Ok(root) } else { Err(SnapshotError::Elsewhere(root)) }
}

/// Tells whether the user is in a folder.
pub(super) fn is_here(env: &Env, root: &Path) -> bool {
    root.is_absolute() && env.cwd.starts_with(env.resolve(root))
}

/// Takes a snapshot of the project at `root` for a commit of a session.
pub fn snapshot(
    env: &Env,
    store: &mut Store,
    (session, commit): (Id, Id),
    root: &Path,
    reason: Reason,
) -> Result<Snapped, SnapshotError> {
    let called = root;
    let root = std::fs::canonicalize(called).map_err(|_| SnapshotError::Gone(called.to_owned()))?;
    let home = std::fs::canonicalize(&env.places.home).unwrap_or_else(|_| env.places.home.clone());
    if !is_project(&root, &home) {
        return Err(SnapshotError::TooBroad(root));
    }
    let limits = limits(env)?;
    let around = Around { now: env.now, ignore: Some(home.join(".config/git/ignore")) };
    let mut tries = 0;
    loop {
        let mut batch = Batch::default();
        let outcome = take(store, &mut batch, &root, &limits, &around).map_err(SnapshotError::from);
        let outcome = outcome.and_then(|mut taken| {
            let before = newest(store, &session);
            let tool = store.commit(&commit)?.tool.clone();
            let looked = look(env, store, &mut batch, &tool, &root)?;
            let found = (&taken, &looked);
            let snapped = make(env, store, &mut batch, found, (commit, before), called, reason)?;
            if !snapped.same {
                store.apply(batch, vec![edit(store, session, before, snapped.id)], &env.actor())?;
            }
            taken.remember(store);
            Ok(snapped)
        });
        match outcome {
            Err(SnapshotError::Store(StoreError::Conflict(_)))
            | Err(SnapshotError::Workspace(WorkspaceError::Store(StoreError::Conflict(_))))
                if tries < TRIES =>
            {
                tries += 1;
                store.refresh()?;
            }
            outcome => return outcome,
        }
    }
}

/// Puts a snapshot that is only some files, which are in the batch, into the
/// store.
pub(super) fn keep(
    env: &Env,
    store: &mut Store,
    mut batch: Batch,
    (session, commit): (Id, Id),
    root: &Path,
    tree: Id,
) -> Result<Id, SnapshotError> {
    let before = newest(store, &session);
    let snapshot = Snapshot {
        commit,
        before,
        time: env.now,
        reason: Reason::Replaced,
        root: root.to_string_lossy().into_owned(),
        tree,
        ..Snapshot::default()
    };
    let id = batch.put_value(store, Kind::Snapshot, &snapshot)?;
    let edit = edit(store, session, before, id);
    store.apply(batch, vec![edit], &env.actor())?;
    Ok(id)
}

/// The snapshot of what was taken; the one before if that says the same of the
/// same turn.
fn make(
    env: &Env,
    store: &Store,
    batch: &mut Batch,
    (taken, looked): (&Taken, &Looked),
    (commit, before): (Id, Option<Id>),
    root: &Path,
    reason: Reason,
) -> Result<Snapped, SnapshotError> {
    let snapshot = Snapshot {
        commit,
        before,
        time: env.now,
        reason,
        root: root.to_string_lossy().into_owned(),
        tree: taken.tree,
        git: taken.git.clone(),
        left_out: taken.left_out.clone(),
        more: taken.more,
        complete: taken.complete,
        config: looked.config,
        instructions: looked.instructions,
    };
    let (files, read, bytes) = (taken.files, taken.read, taken.bytes);
    if let Some(id) = before {
        let last = store.snapshot(&id)?;
        let as_now = Snapshot { commit, before, time: env.now, reason, ..last.clone() };
        let covers =
            last.commit == commit || reason == Reason::Turn && is_same_turn(store, last.commit, commit)?;
        if last.reason != Reason::Replaced && as_now == snapshot && covers {
            return Ok(Snapped { id, snapshot: last, same: true, files, read, bytes });
        }
    }
    let id = batch.put_value(store, Kind::Snapshot, &snapshot)?;
    Ok(Snapped { id, snapshot, same: false, files, read, bytes })
}

/// Tells whether `later` goes on in the turn of `earlier`.
fn is_same_turn(store: &Store, earlier: Id, later: Id) -> Result<bool, StoreError> {
    let (first, second) = (store.commit(&earlier)?, store.commit(&later)?);
    let turn = |id: Id, commit: &Commit| if commit.begins_turn() { Some(id) } else { commit.turn };
    let same = turn(earlier, &first) == turn(later, &second);
    Ok(same && line::holds(store, later, earlier, &first)?)
}

fn ref_name(store: &Store, session: &Id) -> String {
    format!("workspace/{session}/{}", store.writer())
}

/// The newest snapshot that this store took for a session.
fn newest(store: &Store, session: &Id) -> Option<Id> {
    match store.refs().get(&ref_name(store, session)) {
        Some(RefValue::Snapshot(id)) => Some(*id),
        _ => None,
    }
}

fn edit(store: &Store, session: Id, before: Option<Id>, id: Id) -> Edit {
    let (expect, new) = (before.map(RefValue::Snapshot), Some(RefValue::Snapshot(id)));
    Edit { name: ref_name(store, &session), expect, new }
}

/// All snapshots of a session, whoever took them, the newest first.
pub fn all(store: &Store, session: &Id) -> Result<Vec<(Id, Snapshot)>, StoreError> {
    let (mut all, mut seen) = (Vec::new(), IdSet::default());
    for (_, value) in store.refs_below(&format!("workspace/{session}/")) {
        let mut next = match value {
            RefValue::Snapshot(id) => Some(*id),
            _ => None,
        };
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            let snapshot = store.snapshot(&id)?;
            next = snapshot.before;
            all.push((id, snapshot));
        }
    }
    all.sort_by(|(a, x), (b, y)| (y.time, b).cmp(&(x.time, a)));
    Ok(all)
}

fn limits(env: &Env) -> Result<Limits, SnapshotError> {
    let Some(said) = env.places.vars.get("SFS_SNAPSHOT_MAX") else { return Ok(Limits::default()) };
    let file = size(said).ok_or_else(|| SnapshotError::Limit(said.clone()))?;
    Ok(Limits { file, ..Limits::default() })
}

/// Reads a size in bytes, with `k`, `M` or `G` for thousands.
fn size(text: &str) -> Option<u64> {
    let units = [('k', 1_000), ('m', 1_000_000), ('g', 1_000_000_000)];
    let small = text.trim().to_lowercase();
    let unit = units.into_iter().find_map(|(unit, factor)| Some((small.strip_suffix(unit)?, factor)));
    let (digits, factor) = unit.unwrap_or((&small, 1));
    // Longer files than this can't be held at once.
    digits.trim().parse::<u64>().ok()?.checked_mul(factor).filter(|n| *n <= 1 << 30)
}

/// A session that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Live {
    session: Id,
    commit: Id,
    root: PathBuf,
}

/// The session of a source that was captured just now, if it is being written:
/// its file, which was changed at `mtime` (nanoseconds since 1970), and its
/// newest record are from the last minutes. Old sessions never get the files
/// of today.
pub(super) fn live(
    env: &Env,
    store: &Store,
    source: &Source,
    mtime: i64,
) -> Result<Option<Live>, StoreError> {
    let recent = |ms: i64| (-LIVE..LIVE).contains(&env.now.saturating_sub(ms));
    let (Some(commit), Some(cwd), true) = (source.head, &source.about.cwd, source.part.is_empty()) else {
        return Ok(None);
    };
    if is_off(env) || !recent(mtime / 1_000_000) || !store.commit(&commit)?.time.is_none_or(recent) {
        return Ok(None);
    }
    let root = PathBuf::from(cwd);
    Ok(root.is_absolute().then_some(Live { session: source.session, commit, root }))
}

/// Takes the snapshots of sessions that are being written. What can't be taken
/// is told, and is no reason to fail: what was said is captured.
pub(super) fn follow(env: &Env, store: &mut Store, live: Vec<Live>, monitor: &dyn Monitor) -> u64 {
    let mut taken = 0;
    for Live { session, commit, root } in live {
        match snapshot(env, store, (session, commit), &root, Reason::Turn) {
            Ok(snapped) => taken += u64::from(!snapped.same),
            // A project that was removed, or a session in no project.
            Err(SnapshotError::Gone(_) | SnapshotError::TooBroad(_)) => {}
            Err(e) => monitor.warn(&format!("no snapshot of {} was taken: {e}", root.display())),
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(["12", "5k", "20 M", "1G"].map(size), [12, 5_000, 20_000_000, 1_000_000_000].map(Some));
        assert_eq!(["", "x", "-1", "9999G", "1.5M"].map(size), [None; 5]);
    }
}
