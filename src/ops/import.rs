//! Import: sessions from where the user says, in a form in which they are
//! handed on.
//!
//! What is found there is captured like any session of a tool: every byte is
//! kept, and what is known already makes nothing new. But nobody looks there
//! again by himself: that a file is gone later is no news.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::capture::{CaptureOptions, CaptureReport, Work, capture_sources, changed, tell_apart};
use super::delete::is_deleted;
use super::{Env, Monitor, source};
use crate::object::Id;
use crate::store::refs::{Edit, RefValue, Source};
use crate::store::{Batch, Store, StoreError};
use crate::tool::{Form, Tool, form};

/// How deep folders are looked into.
const DEPTH: usize = 24;
/// Folders that are not looked into: what lies there was not put by people.
const NOT_INTO: &[&str] = &[".git", "node_modules"];
/// The endings of files that are looked at in folders.
const ENDINGS: &[&str] = &["jsonl", "json", "md", "markdown"];

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A path can't be looked into.
    #[error("cannot read {}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A path is a device, a pipe or the like.
    #[error("{} is neither a file nor a folder", .0.display())]
    Special(PathBuf),
    /// Nothing in a path is in a form that is known.
    #[error("{} has no sessions in a form that is known; there are: {}", .0.display(), names())]
    Unknown(PathBuf),
    /// Nothing in a path is in the form that was named.
    #[error("{} has no sessions in the form {form:?}", path.display())]
    NotIn {
        /// The path.
        path: PathBuf,
        /// The form.
        form: &'static str,
    },
}

/// What is imported, and as what.
#[derive(Clone, Default)]
pub struct ImportOptions {
    /// The form; told from the files if `None`.
    pub form: Option<&'static str>,
    /// The directory that the sessions belong to, whatever they say.
    pub project: Option<PathBuf>,
    /// Only tell what would be imported.
    pub dry_run: bool,
}

/// What was imported, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// What was found, form by form.
    pub sources: Vec<Imported>,
    /// Files in folders that are in no form that is known.
    pub passed_over: u64,
    /// What came of reading them.
    pub capture: CaptureReport,
}

/// A source that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its form.
    pub form: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The session that it is in the store; `None` if it says nothing, or in a
    /// dry run.
    pub session: Option<Id>,
    /// What became of it.
    pub state: State,
}

/// What became of a source, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The store didn't have it.
    New,
    /// The store had it, or some of it, and it looks otherwise now.
    Changed,
    /// The store had it.
    Known,
    /// It was deleted or purged, and stays so.
    Deleted,
    /// It could not be read.
    Failed,
}

/// The names of all forms.
fn names() -> String {
    form::all().map(|(tool, _)| tool.name()).collect::<Vec<_>>().join(", ")
}

/// Imports what is in some paths.
pub fn import(
    env: &Env,
    store: &mut Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    monitor: &dyn Monitor,
) -> Result<ImportReport, ImportError> {
    let mut look = Look { form: options.form.and_then(form::by_name), found: Work::new(), passed_over: 0 };
    monitor.begin("looking", None);
    for path in paths {
        look.path(&env.resolve(path))?;
    }
    monitor.end();
    let work = distinct(store, look.found);
    let mut sources: Vec<Imported> = work.iter().map(|(tool, found)| state(store, *tool, found)).collect();
    let mut report = ImportReport { passed_over: look.passed_over, ..ImportReport::default() };
    if !options.dry_run {
        let capture = CaptureOptions { no_snapshots: true, ..CaptureOptions::default() };
        report.capture = capture_sources(env, store, &capture, work.clone(), monitor)?;
        let project = options.project.as_ref().map(|project| env.resolve(project));
        settle(env, store, &work, project.as_deref())?;
        for (one, (tool, found)) in sources.iter_mut().zip(&work) {
            let failed = report.capture.trouble.iter().any(|(path, _)| *path == found.path);
            let known = source::find(store, tool.name(), &found.native, &found.part);
            one.session = known.filter(|known| known.head.is_some()).map(|known| known.session);
            one.state = if failed { State::Failed } else { one.state };
        }
    }
    report.sources = sources;
    Ok(report)
}

/// Sources under a name of their own each; one that was named twice is one.
fn distinct(store: &Store, found: Work) -> Work {
    let mut work = Work::new();
    for (tool, _) in form::all() {
        let mut seen = BTreeSet::new();
        let of_tool = found.iter().filter(|(other, _)| other.name() == tool.name()).map(|(_, found)| found);
        let of_tool = of_tool.filter(|found| seen.insert((&found.path, &found.native)));
        let apart = tell_apart(store, tool, of_tool.cloned().collect());
        work.extend(apart.into_iter().map(|found| (tool, found)));
    }
    work
}

fn state(store: &Store, tool: &dyn Tool, found: &crate::tool::Found) -> Imported {
    let known = source::find(store, tool.name(), &found.native, &found.part);
    let deleted = known.is_some_and(|known| is_deleted(store, &known.session));
    let state = if deleted || source::is_left(store, tool.name(), &found.native, &found.part) {
        State::Deleted
    } else if known.is_none() {
        State::New
    } else if changed(store, tool, found) {
        State::Changed
    } else {
        State::Known
    };
    Imported { form: tool.name(), path: found.path.clone(), session: None, state }
}

/// Notes what an import says of sources besides what is in them: that they
/// belong to a directory; and that what stood in a file before, as a session
/// that isn't in it now, is gone from it.
fn settle(env: &Env, store: &mut Store, work: &Work, project: Option<&Path>) -> Result<(), StoreError> {
    let cwd = project.map(|project| project.to_string_lossy().into_owned());
    let key = |known: &Source| Source::key(&known.tool, &known.native, &known.part);
    let keys: BTreeSet<Id> =
        work.iter().map(|(tool, found)| Source::key(tool.name(), &found.native, &found.part)).collect();
    let places: BTreeSet<(&str, &str)> =
        work.iter().map(|(tool, found)| (tool.name(), found.place.as_str())).collect();
    let mut edits = Vec::new();
    for known in source::all(store) {
        let is_here = keys.contains(&key(known));
        if !is_here && !places.contains(&(known.tool.as_str(), known.place.as_str())) {
            continue;
        }
        let mut now = known.clone();
        if is_here {
            now.about.cwd = cwd.clone().or(now.about.cwd);
        } else {
            now.about.gone = true;
        }
        if now != *known {
            edits.push(Edit {
                name: source::ref_name(&key(known)),
                expect: Some(RefValue::from(known.clone())),
                new: Some(RefValue::from(now)),
            });
        }
    }
    if edits.is_empty() { Ok(()) } else { store.apply(Batch::default(), edits, &env.actor()) }
}

/// A look through paths.
struct Look {
    /// The form that was named.
    form: Option<(&'static dyn Tool, &'static dyn Form)>,
    found: Work,
    passed_over: u64,
}

impl Look {
    /// Looks into a path that the user named.
    fn path(&mut self, path: &Path) -> Result<(), ImportError> {
        let read = |source| ImportError::Read { path: path.to_owned(), source };
        let meta = std::fs::metadata(path).map_err(read)?;
        if !meta.is_file() && !meta.is_dir() {
            return Err(ImportError::Special(path.to_owned()));
        }
        let before = self.found.len();
        if !self.take(path)? && meta.is_dir() {
            self.folder(path)?;
        }
        match self.form {
            _ if self.found.len() > before => Ok(()),
            Some((tool, _)) => Err(ImportError::NotIn { path: path.to_owned(), form: tool.name() }),
            None => Err(ImportError::Unknown(path.to_owned())),
        }
    }

    /// Takes the sessions in a file or folder, if it is in a form that is
    /// wanted.
    fn take(&mut self, path: &Path) -> Result<bool, ImportError> {
        let read = |source| ImportError::Read { path: path.to_owned(), source };
        let known = match self.form {
            Some((tool, form)) => form.is_in(path).map_err(read)?.then_some((tool, form)),
            None => form::of(path).map_err(read)?,
        };
        let Some((tool, form)) = known else { return Ok(false) };
        let sources = form.sources(path).map_err(read)?;
        self.found.extend(sources.into_iter().map(|found| (tool, found)));
        Ok(true)
    }

    /// Looks into a folder that is no session itself. Links are not followed.
    fn folder(&mut self, folder: &Path) -> Result<(), ImportError> {
        let mut walk =
            walkdir::WalkDir::new(folder).min_depth(1).max_depth(DEPTH).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = entry.map_err(|e| ImportError::Read { path: folder.to_owned(), source: e.into() })?;
            let (kind, path) = (entry.file_type(), entry.path());
            if kind.is_dir() {
                let left = NOT_INTO.iter().any(|name| entry.file_name() == *name);
                if left || self.take(path)? {
                    walk.skip_current_dir();
                }
            } else if kind.is_file() {
                let ending = path.extension().unwrap_or_default();
                let looks = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
                self.passed_over += u64::from(looks && !self.take(path)?);
            }
        }
        Ok(())
    }
}
