//! Garbage: what no ref reaches, nor ever did.
//!
//! Whatever an operation of the log has ever named stays, so that `undo` and
//! `@{n}` always work: garbage is what cut-short batches and merges leave.
//! What remains is packed anew, better compressed. Files that no longer count
//! go after a grace period, in which processes that still read them finish.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::Store;
use super::disk::Lock;
use super::error::{Result, StoreError};
use super::pack::PackWriter;
use super::refs::{Op, RefValue};
use crate::object::id::{Id, IdSet};

/// How much gc does.
#[derive(Clone, Copy, Debug)]
pub struct GcOptions {
    /// Only tell what would be done.
    pub dry_run: bool,
    /// How long files that no longer count are kept.
    pub grace: Duration,
    /// The zstd level of the new pack.
    pub level: i32,
}

/// What gc did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Bytes of the store before.
    pub before: u64,
    /// Bytes after; the same as before in a dry run.
    pub after: u64,
    /// Commits that something reaches.
    pub kept: u64,
    /// Commits that nothing reaches.
    pub dropped: u64,
    /// Files that no longer count and are past their grace.
    pub removed: u64,
}

impl Store {
    /// Packs what is reachable anew and drops what is not.
    pub fn gc(&mut self, options: &GcOptions) -> Result<GcReport> {
        self.refresh()?;
        let mut report = GcReport { before: self.size()?, ..GcReport::default() };
        let upto = self.op;
        let mut reachable = IdSet::default();
        self.reach(&self.ops()?, &mut reachable)?;
        self.count(&reachable, &mut report)?;
        if options.dry_run {
            report.after = report.before;
            report.removed = self.stale(options.grace)?.len() as u64;
            return Ok(report);
        }
        let dir = self.dir.join("packs");
        let mut writer = PackWriter::create(&dir, options.level)?;
        self.copy_reachable(&mut writer, &reachable)?;
        let mut packs = if writer.is_empty() { Vec::new() } else { vec![writer.finish(&dir)?.name] };

        // What others did meanwhile is added under the lock.
        let lock = Lock::wait(&self.dir.join("lock"))?;
        self.refresh()?;
        let later: Vec<Op> = self.ops()?.into_iter().filter(|op| op.number > upto).collect();
        let mut more = IdSet::default();
        self.reach_beyond(&later, &reachable, &mut more)?;
        if !more.is_empty() {
            let mut writer = PackWriter::create(&dir, options.level)?;
            self.copy_reachable(&mut writer, &more)?;
            packs.push(writer.finish(&dir)?.name);
        }
        self.turn_over(packs)?;
        drop(lock);
        for path in self.stale(options.grace)? {
            report.removed += u64::from(std::fs::remove_file(&path).is_ok());
        }
        report.after = self.size()?;
        Ok(report)
    }

    fn count(&self, reachable: &IdSet, report: &mut GcReport) -> Result<()> {
        let mut seen = IdSet::default();
        for pack in &self.packs {
            seen.extend(pack.index.ids()?.into_iter().take(pack.index.commits() as usize));
        }
        let commits = crate::object::Kind::Commit as u8;
        seen.extend(self.journal.objects().iter().filter(|(kind, _)| *kind == commits).map(|(_, id)| *id));
        report.kept = seen.iter().filter(|id| reachable.contains(id)).count() as u64;
        report.dropped = seen.len() as u64 - report.kept;
        Ok(())
    }

    fn copy_reachable(&self, writer: &mut PackWriter, wanted: &IdSet) -> Result<()> {
        for pack in &self.packs {
            self.copy_pack(pack, writer, &|id| wanted.contains(id))?;
        }
        for (kind, id) in self.journal.objects().iter().filter(|(_, id)| wanted.contains(id)) {
            self.copy_object(*kind, id, writer)?;
        }
        Ok(())
    }

    /// All that the operations have ever named, and what that refers to.
    fn reach(&self, ops: &[Op], reached: &mut IdSet) -> Result<()> {
        self.reach_beyond(ops, &IdSet::default(), reached)
    }

    fn reach_beyond(&self, ops: &[Op], known: &IdSet, reached: &mut IdSet) -> Result<()> {
        let mut commits = Vec::new();
        for (_, value) in ops.iter().flat_map(|op| &op.changes) {
            match value {
                Some(RefValue::Commit(id)) => commits.push(*id),
                Some(RefValue::Tag(id)) => {
                    commits.push(self.tag(id)?.commit);
                    reached.insert(*id);
                }
                Some(RefValue::Source(source)) => {
                    commits.extend(source.file.iter().chain(&source.head));
                    commits.extend(source.about.resumed.as_ref().map(|r| r.from));
                    reached.extend(source.tail);
                    if let Some(side) = source.side {
                        self.reach_tree(side, reached)?;
                    }
                }
                Some(RefValue::Session(_)) | None => {}
            }
        }
        self.reach_commits(commits, known, reached)
    }

    fn reach_commits(&self, mut commits: Vec<Id>, known: &IdSet, reached: &mut IdSet) -> Result<()> {
        while let Some(id) = commits.pop() {
            // A ref of another machine may name what was not fetched.
            if known.contains(&id) || reached.contains(&id) || !self.has_commit(&id)? {
                continue;
            }
            reached.insert(id);
            let commit = self.commit(&id)?;
            let mut copy = (*commit).clone();
            copy.for_each_commit(&mut |id| commits.push(*id));
            if let Some(tree) = commit.workspace {
                self.reach_tree(tree, reached)?;
            }
            reached.extend(commit.config);
            let mut body = self.body(&id, &commit)?;
            body.for_each_id(&mut |id| {
                reached.insert(*id);
            });
        }
        Ok(())
    }

    fn reach_tree(&self, id: Id, reached: &mut IdSet) -> Result<()> {
        if reached.insert(id) && self.has_content(&id)? {
            reached.extend(self.tree(&id)?.entries.iter().map(|entry| entry.blob));
        }
        Ok(())
    }

    /// Files in the store's folders that do not count, older than `grace`.
    fn stale(&self, grace: Duration) -> Result<Vec<PathBuf>> {
        let mut counts: Vec<PathBuf> = vec![self.journal.path().to_owned()];
        counts.push(self.dir.join(format!("state/{}", self.current.state)));
        counts.extend(self.current.ops.iter().map(|n| self.dir.join(format!("ops/{n}"))));
        for pack in &self.packs {
            counts.push(pack.path().to_owned());
            counts.push(pack.path().with_extension("idx"));
        }
        let old = SystemTime::now().checked_sub(grace);
        let mut stale = Vec::new();
        for folder in ["packs", "journal", "ops", "state"] {
            let folder = self.dir.join(folder);
            for entry in std::fs::read_dir(&folder).map_err(StoreError::io("read", &folder))? {
                let entry = entry.map_err(StoreError::io("read", &folder))?;
                let changed = entry.metadata().and_then(|meta| meta.modified()).ok();
                if !counts.contains(&entry.path()) && changed.is_some_and(|t| old.is_some_and(|old| t <= old))
                {
                    stale.push(entry.path());
                }
            }
        }
        Ok(stale)
    }
}
