//! Capture: what tools wrote, into the store.
//!
//! Every source is read from where the last capture ended. One that can't be
//! read is reported and left for the next time; the others go on. What was
//! captured is durable when this returns.

mod copy;
mod feed;
mod force;
mod graph;
mod input;
mod read;
mod side;
mod survey;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use copy::Originals;
use read::{Outcome, Read, SourceReader};
pub use survey::Survey;
use survey::missing;
pub(super) use survey::tell_apart;

use crate::object::codec::CodecError;
use crate::object::id::Id;
use crate::ops::{Env, Monitor, causes, hold, snapshot, source};
use crate::store::refs::{Edit, RefValue, Source};
use crate::store::{Batch, Store, StoreError};
use crate::tool::{Found, Tool};

/// After so many bytes of sources a batch is made durable, so that an
/// interrupted import keeps what it had.
const BATCH: u64 = 256 << 20;
/// How often a capture is begun anew because another process was faster.
const TRIES: u32 = 5;

/// Why a source was not captured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The file can't be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value can't be written.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl CaptureError {
    fn read(path: &Path, source: std::io::Error) -> CaptureError {
        CaptureError::Read { path: path.to_owned(), source }
    }
}

/// What is captured.
#[derive(Clone, Debug, Default)]
pub struct CaptureOptions {
    /// Only these tools; all of them if empty.
    pub tools: Vec<String>,
    /// Take no snapshot of the files of sessions that are being written.
    pub no_snapshots: bool,
}

impl CaptureOptions {
    /// Whether a tool's sessions are captured.
    pub fn wants(&self, tool: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|name| name == tool)
    }
}

/// What came of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureReport {
    /// Sources looked at.
    pub sources: u64,
    /// Sources with something new.
    pub changed: u64,
    /// Sessions seen for the first time.
    pub new_sessions: u64,
    /// Records read.
    pub records: u64,
    /// Messages among them.
    pub messages: u64,
    /// Commits made.
    pub commits: u64,
    /// Bytes of records read.
    pub bytes: u64,
    /// Snapshots taken of the files of sessions that are being written.
    pub snapshots: u64,
    /// Bytes by which sources are longer than when they were read before.
    pub grown: u64,
    /// Sources whose earlier records are no longer in the file: the earlier
    /// tip stays under the branch that is named.
    pub rewritten: Vec<Kept>,
    /// Sources whose file is gone.
    pub gone: Vec<Kept>,
    /// What could not be read, and why.
    pub trouble: Vec<(PathBuf, String)>,
}

/// Something that a tool took away and the store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The session.
    pub session: Id,
    /// The file.
    pub path: String,
    /// The revision that holds what was there.
    pub tip: Option<Id>,
}

/// Captures what is new in all tools, or in those named.
pub fn capture(
    env: &Env,
    store: &mut Store,
    options: &CaptureOptions,
    monitor: &dyn Monitor,
) -> Result<CaptureReport, StoreError> {
    let survey = Survey::take(env, store, options);
    capture_survey(env, store, options, &survey, monitor)
}

/// Captures what is new in what a survey of these tools found, and notes what
/// it found no more.
pub fn capture_survey(
    env: &Env,
    store: &mut Store,
    options: &CaptureOptions,
    survey: &Survey,
    monitor: &dyn Monitor,
) -> Result<CaptureReport, StoreError> {
    hold::settle(store)?;
    let sources = survey.found.len() as u64;
    let mut report = CaptureReport { sources, trouble: survey.trouble.clone(), ..CaptureReport::default() };
    let changed = survey.changed(store);
    missing(env, store, options, survey, &mut report)?;
    these(env, store, options, changed, report, monitor)
}

/// Captures what is new in these sources, without a look for others: for one
/// who knows which they are.
pub fn capture_sources(
    env: &Env,
    store: &mut Store,
    options: &CaptureOptions,
    sources: Work,
    monitor: &dyn Monitor,
) -> Result<CaptureReport, StoreError> {
    let report = CaptureReport { sources: sources.len() as u64, ..CaptureReport::default() };
    these(env, store, options, sources, report, monitor)
}

/// Captures sources: here everything that is captured comes by.
fn these(
    env: &Env,
    store: &mut Store,
    options: &CaptureOptions,
    mut work: Work,
    mut report: CaptureReport,
    monitor: &dyn Monitor,
) -> Result<CaptureReport, StoreError> {
    work.retain(|(tool, found)| !is_unchanged(store, *tool, found));
    // What was deleted or purged would come back from the tool's own file.
    work.retain(|(tool, found)| !source::is_left(store, tool.name(), &found.native, &found.part));
    // The older first, so that a copy finds what it was copied from; sessions
    // before their parts.
    work.sort_by(|(_, a), (_, b)| {
        (!a.part.is_empty(), a.stamp.mtime, &a.path).cmp(&(!b.part.is_empty(), b.stamp.mtime, &b.path))
    });
    let total = work.iter().map(|(_, found)| found.stamp.len).sum();
    monitor.begin("capturing", Some(total));
    let written: Vec<(Id, i64)> =
        work.iter().map(|(tool, f)| (Source::key(tool.name(), &f.native, &f.part), f.stamp.mtime)).collect();
    let outcome = all(env, store, work, &mut report, monitor);
    monitor.end();
    outcome?;
    if !options.no_snapshots {
        report.snapshots = follow(env, store, &written, monitor)?;
    }
    Ok(report)
}

/// Takes snapshots for those of the sources that are being written, which were
/// captured without; how many.
pub fn take_snapshots(
    env: &Env,
    store: &mut Store,
    sources: &Work,
    monitor: &dyn Monitor,
) -> Result<u64, StoreError> {
    let written = sources.iter();
    let written = written.map(|(tool, f)| (Source::key(tool.name(), &f.native, &f.part), f.stamp.mtime));
    follow(env, store, &written.collect::<Vec<_>>(), monitor)
}

/// Takes snapshots for those of the captured sources that are being written.
fn follow(
    env: &Env,
    store: &mut Store,
    written: &[(Id, i64)],
    monitor: &dyn Monitor,
) -> Result<u64, StoreError> {
    let mut live = Vec::new();
    for (key, mtime) in written {
        if let Some(RefValue::Source(source)) = store.refs().get(&source::ref_name(key)) {
            live.extend(snapshot::live(env, store, source, *mtime)?);
        }
    }
    Ok(snapshot::follow(env, store, live, monitor))
}

/// Whether a source that the store has looks otherwise now.
pub(super) fn changed(store: &Store, tool: &dyn Tool, found: &Found) -> bool {
    !is_unchanged(store, tool, found)
}

fn is_unchanged(store: &Store, tool: &dyn Tool, found: &Found) -> bool {
    source::find(store, tool.name(), &found.native, &found.part).is_some_and(|known| is_as(known, found))
}

/// Tells whether a source looks as it did when it was captured.
fn is_as(known: &Source, found: &Found) -> bool {
    known.mark.stamp == (found.stamp.len, found.stamp.mtime, found.stamp.inode)
        && known.mark.side == side::fingerprint(&found.side)
        && known.place == found.place
        && !known.about.gone
}

/// Sources, each with its tool.
pub type Work = Vec<(&'static dyn Tool, Found)>;

/// Captures sources, batch by batch, until none is left.
fn all(
    env: &Env,
    store: &mut Store,
    mut work: Work,
    report: &mut CaptureReport,
    monitor: &dyn Monitor,
) -> Result<(), StoreError> {
    let (mut tries, mut stuck) = (0, false);
    while !work.is_empty() {
        let key = |(tool, f): &(&'static dyn Tool, Found)| Source::key(tool.name(), &f.native, &f.part);
        // Sources that wait for each other are read as they are.
        let coming = if stuck { HashSet::new() } else { work.iter().map(key).collect() };
        let mut pass = Pass { coming, ..Pass::default() };
        let mut seen = report.clone();
        let mut done = 0;
        for (tool, found) in &work {
            if pass.bytes(&seen, report) >= BATCH || done > 0 && monitor.is_over() {
                break;
            }
            pass.source(store, *tool, found, &mut seen);
            monitor.advance(found.stamp.len);
            done += 1;
        }
        let Pass { batch, edits, later, .. } = pass;
        stuck = edits.is_empty() && later.len() == done;
        match store.apply(batch, edits, &env.actor()) {
            Ok(()) => {
                *report = seen;
                work.drain(..done);
                if monitor.is_over() {
                    return Ok(());
                }
                work.extend(later);
                tries = 0;
            }
            Err(StoreError::Conflict(_)) if tries < TRIES => {
                tries += 1;
                work.retain(|(tool, found)| !is_unchanged(store, *tool, found));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// The name of a branch of a source beside its main one, which is called `main`.
fn head_name(session: Id, main: &str, label: &str) -> String {
    let prefix = if main == "main" { String::new() } else { format!("{main}/") };
    format!("head/{session}/{prefix}{label}")
}

/// One batch.
#[derive(Default)]
struct Pass {
    batch: Batch,
    edits: Vec<Edit>,
    /// The branches that they change.
    heads: HashSet<String>,
    roots: Vec<u64>,
    later: Work,
    coming: HashSet<Id>,
}

impl Pass {
    fn bytes(&self, seen: &CaptureReport, before: &CaptureReport) -> u64 {
        seen.bytes - before.bytes
    }

    /// Reads one source into the batch.
    fn source(&mut self, store: &Store, tool: &'static dyn Tool, found: &Found, report: &mut CaptureReport) {
        let key = Source::key(tool.name(), &found.native, &found.part);
        let known = source::find(store, tool.name(), &found.native, &found.part).cloned();
        let originals = Originals::new(key, &self.roots, &self.coming);
        let before = report.clone();
        let outcome =
            SourceReader::run(store, &mut self.batch, report, originals, tool, found, known.as_ref());
        match outcome {
            Ok(Outcome::Later) => {
                *report = before;
                self.later.push((tool, found.clone()));
            }
            Ok(Outcome::Read(mut read)) => {
                self.roots.push(read.source.about.root);
                if let Err(e) = side::capture(store, &mut self.batch, found, &mut read.source) {
                    report.trouble.push((found.path.clone(), e.to_string()));
                }
                self.settle(store, key, known, *read, report);
            }
            // A file that vanished while it was looked for is no error.
            Err(CaptureError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => report.trouble.push((found.path.clone(), causes(&e).join(": "))),
        }
    }

    /// Says which refs change for a source that was read.
    fn settle(
        &mut self,
        store: &Store,
        key: Id,
        known: Option<Source>,
        read: Read,
        report: &mut CaptureReport,
    ) {
        let Read { mut source, leaves, parted, forked_from, original, rewritten } = read;
        let fresh = known.as_ref().is_none_or(|known| known.file.is_none());
        if source.session == Id::ZERO {
            source.session = self.session_of(store, &source, forked_from.as_deref(), original);
        }
        if fresh && source.session == key {
            report.new_sessions += 1;
        }
        if source.about.label.is_empty() {
            source.about.label = self.label_for(store, &source, key);
        }
        report.changed += 1;
        let before = known.as_ref().map_or(0, |known| known.mark.stamp.0);
        report.grown += source.mark.stamp.0.saturating_sub(before);
        let below = format!("head/{}/", source.session);
        let main = source.about.label.clone();
        if let Some(head) = source.head {
            let name = format!("{below}{main}");
            self.keep_pulled(store, &name, known.as_ref().and_then(|known| known.head), head);
            self.head(store, name, head);
        }
        if let Some(tip) = known.as_ref().and_then(|known| known.head).filter(|_| rewritten) {
            report.rewritten.push(Kept {
                session: source.session,
                path: source.place.clone(),
                tip: Some(tip),
            });
            self.keep_rewritten(store, tip, &below);
        }
        for tip in parted {
            self.keep_rewritten(store, tip, &below);
        }
        for (label, tip) in leaves {
            self.head(store, head_name(source.session, &main, &label), tip);
        }
        self.edits.push(Edit {
            name: source::ref_name(&key),
            expect: known.map(RefValue::from),
            new: Some(RefValue::from(source)),
        });
    }

    /// A branch may have moved on to what another machine made of it. When the
    /// file here goes on from where it was, that stays beside it, as it does when
    /// both are known at once ([`crate::ops::pull`]).
    fn keep_pulled(&mut self, store: &Store, name: &str, before: Option<Id>, now: Id) {
        let Some(RefValue::Commit(tip)) = store.refs().get(name) else { return };
        if before.is_none_or(|before| before == *tip || before == now) {
            return;
        }
        let theirs = store.refs_below("remote/").find_map(|(full, value)| {
            let (_, rest) = full.strip_prefix("remote/")?.split_once('/')?;
            let (writer, other) = rest.split_once('/')?;
            (other == name && *value == RefValue::Commit(*tip)).then_some(writer)
        });
        if let Some(writer) = theirs {
            self.head(store, format!("{name}@{:.8}", writer), *tip);
        }
    }

    /// A tip that a rewritten file had stays under a name of its own.
    fn keep_rewritten(&mut self, store: &Store, tip: Id, below: &str) {
        let is_free = |name: &String| match store.refs().get(name) {
            None => !self.heads.contains(name),
            Some(value) => *value == RefValue::Commit(tip),
        };
        let name = (1u32..).map(|n| format!("{below}kept-{n}")).find(is_free);
        if let Some(name) = name {
            self.head(store, name, tip);
        }
    }

    fn head(&mut self, store: &Store, name: String, tip: Id) {
        let (expect, new) = (store.refs().get(&name).cloned(), Some(RefValue::Commit(tip)));
        if expect != new && self.heads.insert(name.clone()) {
            self.edits.push(Edit { name, expect, new });
        }
    }

    /// A source read in this batch.
    fn pending(&self, key: &Id) -> Option<&Source> {
        let name = source::ref_name(key);
        self.edits.iter().find(|edit| edit.name == name).and_then(|edit| match &edit.new {
            Some(RefValue::Source(source)) => Some(&**source),
            _ => None,
        })
    }

    /// The session that a source belongs to: that of what it is part of, was
    /// copied from or forked from; else one of its own.
    fn session_of(
        &self,
        store: &Store,
        source: &Source,
        forked_from: Option<&str>,
        original: Option<Id>,
    ) -> Id {
        if let Some(session) = original {
            return session;
        }
        let whole = (!source.part.is_empty()).then_some(source.native.as_str());
        for native in [whole, source.about.parent.as_deref(), forked_from].into_iter().flatten() {
            let key = Source::key(&source.tool, native, "");
            if key == Source::key(&source.tool, &source.native, &source.part) {
                continue;
            }
            let known = source::find(store, &source.tool, native, "").or_else(|| self.pending(&key));
            match known {
                Some(known) => return known.session,
                None if Some(native) != forked_from => return key,
                None => {}
            }
        }
        Source::key(&source.tool, &source.native, &source.part)
    }

    /// What the branches of a source are called in its session.
    fn label_for(&self, store: &Store, source: &Source, key: Id) -> String {
        if source.session == key {
            return "main".to_owned();
        }
        if !source.part.is_empty() {
            return source.part.clone();
        }
        let kind = if source.about.parent.is_some() { "agent" } else { "fork" };
        let taken = |label: &str| {
            let name = format!("head/{}/{label}", source.session);
            store.refs().contains_key(&name) || self.heads.contains(&name)
        };
        let label = (1u32..).map(|n| format!("{kind}-{n}")).find(|label| !taken(label));
        label.unwrap_or_else(|| source.native.clone())
    }
}
