//! Checkout: files as they were at a revision, in a folder.
//!
//! Nothing is overwritten unless the user said so, and what is overwritten is
//! kept in the store first. Files that came later stay: nothing is removed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::files::{self, FilesAt};
use super::rebuilt::Known;
use super::snapshot::{self, SnapshotError};
use super::{Env, Monitor};
use crate::object::id::{Id, Prefix};
use crate::store::{Batch, Store, StoreError};
use crate::workspace::files::build;
use crate::workspace::place::{Deed, Plan, Wanted, keep, place, plan};
use crate::workspace::{WorkspaceError, is_project};

/// Why files were not put in place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files can't be written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// What would be overwritten can't be kept.
    #[error("what would be overwritten can't be kept")]
    Keep(#[from] SnapshotError),
    /// Nothing is known of the files.
    #[error(
        "nothing tells what the files were: there is no snapshot, and no file was written or edited whole"
    )]
    Nothing,
    /// The user isn't in the session's project.
    #[error("the session worked in {0:?}, and you are elsewhere")]
    Elsewhere(String),
    /// The folder is a whole disk or holds all of the user's files.
    #[error("{} holds more than a project", .0.display())]
    TooBroad(PathBuf),
    /// The folder should be new.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A path lies outside of the project.
    #[error("{} is outside of the project", .0.display())]
    Outside(PathBuf),
    /// No file is known at a path.
    #[error("no file is known at {0:?}")]
    NoFile(String),
    /// Snapshots whose ids begin so are many or none.
    #[error("{0:?} begins the ids of {1} snapshots")]
    NoSnapshot(String, usize),
}

/// Which files, and where to.
#[derive(Clone, Debug)]
pub struct CheckoutOptions {
    /// The session.
    pub session: Id,
    /// The revision.
    pub commit: Id,
    /// A snapshot to take the files from, whatever its revision, by the
    /// beginning of its id.
    pub snapshot: Option<String>,
    /// The folder; the session's project if `None`, in which the user must be.
    pub to: Option<PathBuf>,
    /// Whether the folder must be new or empty.
    pub fresh: bool,
    /// Only these files and folders; all if empty.
    pub paths: Vec<PathBuf>,
    /// Overwrite what is there, after it was kept.
    pub force: bool,
    /// Also write files that are known in part.
    pub partial: bool,
    /// Only tell what would be done.
    pub dry_run: bool,
}

/// What was done, or would be.
pub struct CheckoutOutcome {
    /// The folder.
    pub root: PathBuf,
    /// Where the files come from.
    pub from: FilesAt,
    /// Files that were not there.
    pub created: Vec<String>,
    /// Files that were overwritten.
    pub replaced: Vec<String>,
    /// How many were there as they were wanted.
    pub same: u64,
    /// Files that are not written, and why.
    pub refused: Vec<(String, &'static str)>,
    /// Files that a backup of the tool's proves to have been so.
    pub backed: Vec<String>,
    /// Files that are known in part.
    pub partial: Vec<String>,
    /// Files of which only is known that they were changed.
    pub unknown: Vec<String>,
    /// The snapshot that keeps what was overwritten.
    pub kept: Option<Id>,
    /// Whether it was done: not in a dry run, and not if something would be
    /// overwritten without the user's word.
    pub done: bool,
}

/// Puts files of a session's project in place as they were at a revision.
pub fn checkout(
    env: &Env,
    store: &mut Store,
    options: &CheckoutOptions,
    monitor: &dyn Monitor,
) -> Result<CheckoutOutcome, CheckoutError> {
    let from = match &options.snapshot {
        Some(prefix) => named(store, &options.session, prefix)?,
        None => files::at(store, &options.session, options.commit)?,
    };
    let all = from.files.all(store)?;
    if all.values().all(|known| matches!(known, Known::Unknown | Known::Gone)) {
        return Err(CheckoutError::Nothing);
    }
    let root = root(env, &from, options)?;
    let all = chosen(env, &root, all, &options.paths)?;
    let mut outcome = CheckoutOutcome::of(root, from, &all);
    let keeps_partial = |known: &Known| options.partial || !matches!(known, Known::Text { exact: false, .. });
    let wanted = all.into_iter().filter(|(_, known)| keeps_partial(known)).filter_map(|(path, known)| {
        let (entry, bytes) = known.entry(&path)?;
        Some((path, Wanted { entry, bytes }))
    });
    let plan = plan(store, &outcome.root, wanted.collect())?;
    outcome.read(&plan);
    if options.dry_run || !outcome.replaced.is_empty() && !options.force {
        return Ok(outcome);
    }
    if !outcome.replaced.is_empty() {
        let mut batch = Batch::default();
        let old = keep(store, &mut batch, &outcome.root, &plan)?;
        let tree = build(store, &mut batch, &old)?;
        let at = (options.session, options.commit);
        outcome.kept = Some(snapshot::keep(env, store, batch, at, &outcome.root, tree)?);
    }
    monitor.begin("writing files", Some((outcome.created.len() + outcome.replaced.len()) as u64));
    let written = place(store, &outcome.root, &plan, &mut || monitor.advance(1));
    monitor.end();
    written?;
    outcome.done = true;
    Ok(outcome)
}

/// Those of the files that are there because of a backup.
fn backed(from: &FilesAt, files: &BTreeMap<String, Known>) -> Vec<String> {
    let is_there = |path: &&String| files.get(*path).is_some_and(|known| *known != Known::Gone);
    from.files.backed().iter().filter(is_there).cloned().collect()
}

impl CheckoutOutcome {
    fn of(root: PathBuf, from: FilesAt, files: &BTreeMap<String, Known>) -> CheckoutOutcome {
        let of_sort = |is: fn(&Known) -> bool| {
            files.iter().filter(|(_, known)| is(known)).map(|(path, _)| path.clone()).collect::<Vec<_>>()
        };
        CheckoutOutcome {
            root,
            backed: backed(&from, files),
            from,
            created: Vec::new(),
            replaced: Vec::new(),
            same: 0,
            refused: Vec::new(),
            partial: of_sort(|known| matches!(known, Known::Text { exact: false, .. })),
            unknown: of_sort(|known| *known == Known::Unknown),
            kept: None,
            done: false,
        }
    }

    fn read(&mut self, plan: &Plan) {
        for (path, (_, deed)) in plan {
            match deed {
                Deed::Same => self.same += 1,
                Deed::Create => self.created.push(path.clone()),
                Deed::Replace(_) => self.replaced.push(path.clone()),
                Deed::Refuse(why) => self.refused.push((path.clone(), why.words())),
            }
        }
    }
}

/// The files of the snapshot of a session whose id begins so.
fn named(store: &Store, session: &Id, text: &str) -> Result<FilesAt, CheckoutError> {
    let all = snapshot::all(store, session)?;
    let prefix = Prefix::parse(text);
    let mut found: Vec<_> =
        all.into_iter().filter(|(id, _)| prefix.as_ref().is_some_and(|prefix| prefix.matches(id))).collect();
    match (found.pop(), found.len()) {
        (Some((id, snapshot)), 0) => Ok(files::of_snapshot(id, snapshot)),
        (last, others) => {
            Err(CheckoutError::NoSnapshot(text.to_owned(), others + usize::from(last.is_some())))
        }
    }
}

/// The folder to write to.
fn root(env: &Env, from: &FilesAt, options: &CheckoutOptions) -> Result<PathBuf, CheckoutError> {
    let root = match &options.to {
        Some(dir) => resolve(&env.cwd.join(dir)),
        None => {
            // A session that came from elsewhere may name any folder.
            let own = Path::new(&from.root);
            if !snapshot::is_here(env, own) {
                return Err(CheckoutError::Elsewhere(from.root.clone()));
            }
            env.resolve(own)
        }
    };
    let home = std::fs::canonicalize(&env.places.home).unwrap_or_else(|_| env.places.home.clone());
    if !is_project(&root, &home) {
        return Err(CheckoutError::TooBroad(root));
    }
    let is_empty = || std::fs::read_dir(&root).map_or(!root.exists(), |mut dir| dir.next().is_none());
    if options.fresh && !is_empty() {
        return Err(CheckoutError::NotEmpty(root));
    }
    Ok(root)
}

/// The files at and below paths, which are relative to where the user is if
/// that is in the project, else to the project.
fn chosen(
    env: &Env,
    root: &Path,
    all: BTreeMap<String, Known>,
    paths: &[PathBuf],
) -> Result<BTreeMap<String, Known>, CheckoutError> {
    if paths.is_empty() {
        return Ok(all);
    }
    let base = if env.cwd.starts_with(root) { &env.cwd } else { root };
    let mut chosen = BTreeMap::new();
    for path in paths {
        let full = normal(&base.join(path));
        let below = full.strip_prefix(root).map_err(|_| CheckoutError::Outside(path.clone()))?;
        let below = below.to_string_lossy().replace('\\', "/");
        let is_in = |file: &str| {
            below.is_empty() || file.strip_prefix(&below).is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        let before = chosen.len();
        chosen
            .extend(all.iter().filter(|(file, _)| is_in(file)).map(|(f, known)| (f.clone(), known.clone())));
        if chosen.len() == before && !chosen.keys().any(|file| is_in(file)) {
            return Err(CheckoutError::NoFile(below));
        }
    }
    Ok(chosen)
}

/// A path with links resolved as far as it exists.
fn resolve(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (std::fs::canonicalize(above), path.strip_prefix(above)) {
            return normal(&real.join(rest));
        }
    }
    normal(path)
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}
