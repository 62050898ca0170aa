//! Bringing the index up to date: what the store has beyond it becomes a
//! segment, in memory as long as it is little, else on disk.
//!
//! Objects never change, so what is new is told by the packs and the end of
//! the journal; when packs were merged, by the commits that no segment has.

use std::sync::{Mutex, PoisonError};

use super::build::Builder;
use super::error::Result;
use super::index::{Files, Table};
use super::segment::Segment;
use super::text::{self, role_number};
use crate::object::Id;
use crate::object::id::{IdMap, IdSet};
use crate::store::{Store, StoreError};

/// Bytes of text up to which what is new is kept in memory only.
const LITTLE: u64 = 256 << 10;
/// Commits up to which that is tried at all.
const FEW: usize = 1000;
/// Bytes of text at which a segment is full.
const FULL: u64 = 16 << 20;
/// So many segments of like size become one.
const ALIKE: usize = 6;
/// How many commits a thread takes at once.
const SHARE: usize = 1024;

/// Hears of the progress of a long update.
pub trait Progress: Sync {
    /// So many messages are about to be indexed.
    fn begin(&self, commits: u64) {
        let _ = commits;
    }
    /// So many more are.
    fn advance(&self, commits: u64) {
        let _ = commits;
    }
    /// It is done.
    fn end(&self) {}
}

/// An update on its way.
pub(super) struct Update<'u> {
    store: &'u Store,
    files: &'u Files,
    table: Table,
    segments: Vec<Segment>,
}

impl<'u> Update<'u> {
    /// Brings the index up to date; returns its segments, and how many
    /// messages the store could not read.
    pub(super) fn run(
        store: &'u Store,
        files: &'u Files,
        progress: &dyn Progress,
    ) -> Result<(Vec<Segment>, u64)> {
        let update = Update::read(store, files)?;
        let missing = update.missing()?;
        if missing.is_empty() && update.is_settled() {
            return Ok((update.segments, 0));
        }
        if missing.len() <= FEW {
            let (builder, unreadable) = update.build(&missing);
            if builder.text() <= LITTLE && update.is_settled() {
                return update.with(builder, unreadable);
            }
        }
        match files.lock() {
            // What was taken out of the store since it was opened stays out.
            Ok(_lock) if store.is_current()? => {
                // Another process may have done it while we waited.
                let update = Update::read(store, files)?;
                let missing = update.missing()?;
                update.persist(&missing, progress)
            }
            // Where nothing can be written, the search goes on without.
            _ => {
                let (builder, unreadable) = update.build(&missing);
                update.with(builder, unreadable)
            }
        }
    }

    fn read(store: &'u Store, files: &'u Files) -> Result<Update<'u>> {
        let table = files.table();
        let segments = files.segments(&table)?;
        Ok(Update { store, files, table, segments })
    }

    /// Whether the table knows all packs, so that only the end of the journal
    /// can be new.
    fn is_settled(&self) -> bool {
        self.store.packs().all(|pack| self.table.packs.contains(&pack))
            && self.store.commits_since(&self.table.journal).is_some()
    }

    /// The commits that no segment has.
    fn missing(&self) -> Result<Vec<Id>> {
        if self.is_settled() {
            return Ok(self.store.commits_since(&self.table.journal).unwrap_or_default());
        }
        let mut known = IdSet::default();
        for segment in &self.segments {
            known.extend(segment.ids()?);
        }
        let mut missing = Vec::new();
        for pack in self.store.packs().filter(|pack| !self.table.packs.contains(pack)) {
            missing.extend(self.store.commits_in_pack(&pack)?.into_iter().filter(|id| known.insert(*id)));
        }
        missing.extend(self.store.commits_in_journal().into_iter().filter(|id| known.insert(*id)));
        Ok(missing)
    }

    /// The segments, and what was built in memory.
    fn with(mut self, builder: Builder, unreadable: u64) -> Result<(Vec<Segment>, u64)> {
        if !builder.is_empty() {
            self.segments.push(Segment::in_memory(builder.finish()?)?);
        }
        Ok((self.segments, unreadable))
    }

    /// Indexes commits in memory. What can't be read is counted.
    fn build(&self, commits: &[Id]) -> (Builder, u64) {
        let (mut builder, mut lines) = (Builder::new(), Lines::new(self.store, &self.segments));
        let failed = commits.iter().filter(|id| index(self.store, **id, &mut lines, &mut builder).is_err());
        let failed = failed.count() as u64;
        (builder, failed)
    }

    /// Indexes commits on disk. The caller holds the lock.
    fn persist(mut self, missing: &[Id], progress: &dyn Progress) -> Result<(Vec<Segment>, u64)> {
        progress.begin(missing.len() as u64);
        let work = Work {
            store: self.store,
            files: self.files,
            segments: &self.segments,
            left: Mutex::new(missing.chunks(SHARE)),
            done: Mutex::new(self.table.clone()),
            progress,
        };
        let threads = if missing.len() > SHARE {
            std::thread::available_parallelism().map_or(1, |n| n.get().min(4))
        } else {
            1
        };
        let outcome: Result<u64> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| work.run())).collect();
            let mut failed = work.run()?;
            for other in others {
                failed += other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(failed)
        });
        let table = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        progress.end();
        let unreadable = outcome?;
        self.table = table;
        if unreadable == 0 {
            self.table.packs = self.store.packs().collect();
            self.table.journal = self.store.journal_mark();
        }
        self.merge()?;
        self.files.write_table(&self.table)?;
        // Where something is still being read, the next one removes it.
        drop(self.files.sweep(Some(&self.table)));
        let segments = self.files.segments(&self.table)?;
        Ok((segments, unreadable))
    }

    /// Makes one of segments of like size, until there are few.
    fn merge(&mut self) -> Result<()> {
        while let Some(alike) = alike(&self.table.segments) {
            let (merged, kept) = self.table.segments.iter().partition(|segment| alike.contains(segment));
            let merged = Table { segments: merged, ..Table::default() };
            let mut builder = Builder::new();
            for segment in self.files.segments(&merged)? {
                builder.absorb(&segment)?;
            }
            let text = builder.text();
            let name = self.files.write_segment(&builder.finish()?)?;
            self.table.segments = kept;
            self.table.segments.push((name, text));
        }
        Ok(())
    }
}

/// Segments that should be one.
fn alike(segments: &[(u64, u64)]) -> Option<Vec<(u64, u64)>> {
    let size = |text: u64| (text / LITTLE).max(1).ilog(ALIKE as u64);
    let small = || segments.iter().filter(|(_, text)| *text < FULL / 2);
    let of = |tier: u32| small().filter(|(_, text)| size(*text) == tier).copied().collect::<Vec<_>>();
    (0..=size(FULL)).map(of).find(|found| found.len() >= ALIKE)
}

/// What threads share that index many commits.
struct Work<'w> {
    store: &'w Store,
    files: &'w Files,
    segments: &'w [Segment],
    left: Mutex<std::slice::Chunks<'w, Id>>,
    done: Mutex<Table>,
    progress: &'w dyn Progress,
}

impl Work<'_> {
    /// Indexes what is left, share by share; returns how many could not be read.
    fn run(&self) -> Result<u64> {
        let (mut builder, mut lines) = (Builder::new(), Lines::new(self.store, self.segments));
        let mut failed = 0;
        loop {
            let share = self.left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(share) = share else { break };
            for id in share {
                failed += u64::from(index(self.store, *id, &mut lines, &mut builder).is_err());
                if builder.text() >= FULL {
                    self.write(std::mem::replace(&mut builder, Builder::new()))?;
                }
            }
            self.progress.advance(share.len() as u64);
        }
        if !builder.is_empty() {
            self.write(builder)?;
        }
        Ok(failed)
    }

    /// Writes a segment and makes it count, so that what is done is not lost
    /// when the process is stopped.
    fn write(&self, builder: Builder) -> Result<()> {
        let text = builder.text();
        let name = self.files.write_segment(&builder.finish()?)?;
        let mut table = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        table.segments.push((name, text));
        self.files.write_table(&table)
    }
}

/// Puts a commit into a builder.
fn index(store: &Store, id: Id, lines: &mut Lines<'_>, builder: &mut Builder) -> Result<(), StoreError> {
    let commit = store.commit(&id)?;
    let body = store.body(&id, &commit)?;
    let pieces = match &body.message {
        Some(message) => text::pieces(store, message)?,
        None => Vec::new(),
    };
    let root = lines.root(id, commit.parents.first().copied())?;
    let role = body.message.map_or(0, |message| role_number(message.role));
    builder.add(id, root, &commit, role, &pieces);
    Ok(())
}

/// Where conversations begin.
struct Lines<'l> {
    store: &'l Store,
    segments: &'l [Segment],
    known: IdMap<Id>,
}

impl<'l> Lines<'l> {
    fn new(store: &'l Store, segments: &'l [Segment]) -> Lines<'l> {
        Lines { store, segments, known: IdMap::default() }
    }

    /// The first commit on the line of one with this parent.
    fn root(&mut self, id: Id, mut parent: Option<Id>) -> Result<Id, StoreError> {
        let (mut way, mut root) = (vec![id], id);
        while let Some(before) = parent {
            root = before;
            if let Some(known) = self.known.get(&before).copied().or_else(|| self.indexed(&before)) {
                root = known;
                break;
            }
            way.push(before);
            parent = self.store.commit(&before)?.parents.first().copied();
        }
        self.known.extend(way.into_iter().map(|id| (id, root)));
        Ok(root)
    }

    /// The root of a commit that a segment has. A segment that can't be read
    /// only costs the longer way.
    fn indexed(&self, id: &Id) -> Option<Id> {
        self.segments.iter().rev().find_map(|segment| {
            let doc = segment.ids().ok()?.iter().rposition(|known| known == id)?;
            segment.roots().get(*segment.root().ok()?.get(doc)? as usize).copied()
        })
    }
}
