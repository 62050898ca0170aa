//! Purge: a secret, or a session, out of the history for good.
//!
//! Here: what holds it is replaced by what stands in for it, the log is
//! cleaned, and all files in which it was are removed. On remotes: what this
//! store pushed is sent anew, and the packs that hold it go, if nobody else
//! needs them. What can't be reached is told.

mod elsewhere;
mod finding;
mod session;

use std::path::PathBuf;

use super::remote::SyncError;
use super::revision::RevisionError;
use super::secrets::{Secrets, SecretsError};
use super::{Env, Monitor, delete, revision, source};
use crate::object::id::Id;
use crate::search::{self, Index, SearchError};
use crate::store::{Purge, Scrub, Store, StoreError};
use crate::tool::{self, Tool};

/// What to take out.
#[derive(Clone, Debug, Default)]
pub struct PurgeOptions {
    /// The beginning of a finding's id, or what names a session; with
    /// `finding:` or `session:` before it where it could be either.
    pub what: String,
    /// Only tell what would be done.
    pub dry_run: bool,
}

/// What was taken out, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// What went: a finding's id, or a session's.
    pub cause: Id,
    /// What that is, in words.
    pub what: String,
    /// Objects that are gone.
    pub objects: u64,
    /// Refs that are gone, or whose words changed.
    pub refs: u64,
    /// Files of the store in which it may still be.
    pub left: Vec<PathBuf>,
    /// What was done on each remote.
    pub remotes: Vec<RemotePurge>,
    /// The tools' own files that hold it. They are never touched.
    pub tools: Vec<PathBuf>,
}

/// What a purge did on a remote, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemotePurge {
    /// Its name.
    pub name: String,
    /// Packs that were removed.
    pub removed: u64,
    /// Packs that hold it and stay, since another store needs them.
    pub kept: u64,
    /// Other stores that exchange with it, and may have it.
    pub others: u64,
    /// Why nothing could be done.
    pub failed: Option<String>,
}

/// Why nothing was taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PurgeError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is known of secrets can't be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// No session is called so.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// A remote could not be read.
    #[error(transparent)]
    Remote(#[from] SyncError),
    /// The words that are kept for searches could not be reached.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// It is the beginning of a finding's id and names a session.
    #[error("{0:?} names a finding and a session")]
    Both(String),
}

/// What is meant.
enum Target {
    /// A finding, and the beginning of its id.
    Finding(Id),
    Session(Id),
}

/// Takes a secret or a session out of the history.
pub fn purge(
    env: &Env,
    store: &mut Store,
    options: &PurgeOptions,
    monitor: &dyn Monitor,
) -> Result<PurgeReport, PurgeError> {
    store.refresh()?;
    let secrets = Secrets::open(env, store)?;
    let mut report = match target(env, store, &secrets, &options.what, monitor)? {
        Target::Finding(id) => finding::purge(env, store, &secrets, id, options.dry_run, monitor)?,
        Target::Session(id) => session::purge(env, store, id, options.dry_run, monitor)?,
    };
    report.tools.sort();
    report.tools.dedup();
    Ok(report)
}

fn target(
    env: &Env,
    store: &Store,
    secrets: &Secrets,
    text: &str,
    monitor: &dyn Monitor,
) -> Result<Target, PurgeError> {
    if let Some(text) = text.strip_prefix("session:") {
        return Ok(Target::Session(session_called(env, store, text)?));
    }
    let only = text.strip_prefix("finding:");
    let session = session_called(env, store, text).ok().filter(|_| only.is_none());
    match (finding::find(env, store, secrets, only.unwrap_or(text), monitor), session) {
        (Ok(_), Some(_)) => Err(PurgeError::Both(text.to_owned())),
        (Ok(id), None) => Ok(Target::Finding(id)),
        (Err(PurgeError::Secrets(SecretsError::Unknown(_))), Some(session)) => Ok(Target::Session(session)),
        (Err(e), _) => Err(e),
    }
}

/// The session of a name or id, be it deleted.
fn session_called(env: &Env, store: &Store, text: &str) -> Result<Id, RevisionError> {
    let found = revision::session(store, env, text);
    found.or_else(|e| delete::find(store, text).map(|session| session.id).map_err(|_| e))
}

/// Takes it out of the store, and out of what is kept to be faster. Returns the
/// files in which it may still be.
fn take_out(
    env: &Env,
    store: &mut Store,
    purge: Purge,
    scrub: Scrub<'_>,
) -> Result<Vec<PathBuf>, PurgeError> {
    // Held until it is gone: a search that indexes now would keep its words.
    let index = Index::remove(store)?;
    let mut left = store.purge(purge, scrub, &env.actor())?;
    store.forget_cached(search::FOLDER)?;
    left.extend(index.left);
    Ok(left)
}

/// The files of the tools that are there still, each with its source's name.
fn tool_files(env: &Env, store: &Store) -> Vec<(Id, PathBuf)> {
    let places = source::places(env, store);
    let path = |tool: &'static dyn Tool, place: &str| tool.root(&places).join(place);
    let mut files = Vec::new();
    for known in source::all(store) {
        if let Some(path) = tool::by_name(&known.tool).map(|tool| path(tool, &known.place)) {
            files.extend(path.is_file().then_some((known.session, path)));
        }
    }
    files
}
