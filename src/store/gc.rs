//! Garbage: what no ref reaches, nor ever did.
//!
//! Whatever an operation of the log has ever named stays, so that `undo` and
//! `@{n}` always work: garbage is what cut-short batches and merges leave.
//! What remains is packed anew, better compressed. Files that no longer count
//! go after a grace period, in which processes that still read them finish;
//! a file whose writer lives never goes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::disk::{self, Lock};
use super::error::{Result, StoreError};
use super::exchange::Want;
use super::pack::{Finished, PackWriter};
use super::refs::{Op, RefValue, Source};
use super::{Store, fold, promised};
use crate::object::Sort;
use crate::object::id::{Id, IdSet};

/// After so long nobody comes back to a file that was left unfinished.
const ABANDONED: Duration = Duration::from_secs(3600);

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
    /// Packs what is reachable anew and drops what is not. A store in which
    /// something is damaged or missing is left as it is: what can't be read
    /// can't be told from garbage.
    pub fn gc(&mut self, options: &GcOptions) -> Result<GcReport> {
        self.refresh()?;
        self.must_be_whole(options.dry_run)?;
        let mut report = GcReport { before: self.size()?, ..GcReport::default() };
        let upto = self.op;
        let mut reachable = IdSet::default();
        self.reach(&self.ops()?, &IdSet::default(), &mut reachable)?;
        let mut promised = self.take_promised(&mut reachable)?;
        self.count(&reachable, &mut report)?;
        if options.dry_run {
            report.after = report.before;
            report.removed = self.stale(options.grace)?.len() as u64;
            return Ok(report);
        }
        // Packs are held until they count, or another gc would remove them.
        let mut packs: Vec<_> = self.pack_reachable(options.level, &reachable, None)?.into_iter().collect();

        // What others did meanwhile is added under the lock.
        let lock = Lock::wait(&self.dir.join("lock"))?;
        self.refresh()?;
        let later: Vec<Op> = self.ops()?.into_iter().filter(|op| op.number > upto).collect();
        let mut more = IdSet::default();
        self.reach(&later, &reachable, &mut more)?;
        promised.extend(self.take_promised(&mut more)?);
        if !more.is_empty() {
            packs.extend(self.pack_reachable(options.level, &more, Some(&reachable))?);
        }
        self.turn_over(packs.iter().map(|pack| pack.name).collect())?;
        drop(packs);
        self.keep_promises(&promised, &lock)?;
        for path in self.stale(options.grace)? {
            report.removed += u64::from(std::fs::remove_file(&path).is_ok());
        }
        drop(lock);
        report.after = self.size()?;
        Ok(report)
    }

    /// Refuses a store of which something can't be read. Damaged indexes are
    /// made again.
    pub(super) fn must_be_whole(&mut self, dry_run: bool) -> Result<()> {
        let dir = self.dir.join("packs");
        let mut mended = false;
        for pack in &self.packs {
            match pack.index.verify() {
                Err(StoreError::Damaged { .. }) if !dry_run => {
                    fold::rebuild_index(&dir, pack.name)?;
                    mended = true;
                }
                outcome => outcome?,
            }
        }
        if mended {
            *self = Store::open(&self.dir)?;
        }
        for name in &self.unreadable {
            fold::open_pack(&dir, *name)?;
        }
        self.journal.damage().next().map_or(Ok(()), Err)
    }

    /// Packs all that is wanted, except what is `packed` already.
    pub(super) fn pack_reachable(
        &self,
        level: i32,
        wanted: &IdSet,
        packed: Option<&IdSet>,
    ) -> Result<Option<Finished>> {
        let dir = self.dir.join("packs");
        let mut writer = PackWriter::create(&dir, level)?;
        let is_packed = |id: &Id| packed.is_some_and(|packed| packed.contains(id));
        let keep = |id: &Id| wanted.contains(id) && !is_packed(id);
        for pack in &self.packs {
            self.copy_pack(pack, &mut writer, &keep)?;
        }
        for (kind, id) in self.journal.objects().iter().filter(|(_, id)| keep(id)) {
            self.copy_object(*kind, id, &mut writer)?;
        }
        match wanted.iter().find(|id| !is_packed(id) && !writer.contains(id)) {
            Some(id) => Err(StoreError::Missing { id: *id }),
            None if writer.is_empty() => Ok(None),
            None => writer.finish(&dir).map(Some),
        }
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

    /// All that the operations have ever named, and what that refers to, beyond
    /// the `known` commits.
    pub(super) fn reach(&self, ops: &[Op], known: &IdSet, reached: &mut IdSet) -> Result<()> {
        let mut commits = Vec::new();
        for (name, value) in ops.iter().flat_map(|op| &op.changes) {
            // What another machine named may not have been fetched.
            let foreign = name.starts_with("remote/");
            let mut named = Vec::new();
            match value {
                Some(RefValue::Commit(id)) => named.push(*id),
                Some(RefValue::Tag(id)) if !foreign || self.has_content(id)? => {
                    named.push(self.tag(id)?.commit);
                    reached.insert(*id);
                }
                Some(RefValue::Source(source)) => {
                    named.extend(source.file.iter().chain(&source.head));
                    let resumed = source.about.resumed.as_ref().map(|resumed| resumed.from);
                    commits.extend(self.present(resumed)?);
                    self.reach_contents(source, foreign, known, reached)?;
                }
                Some(RefValue::Snapshot(id)) if !foreign || self.has_content(id)? => {
                    commits.extend(self.reach_snapshots(*id, known, reached)?);
                }
                Some(RefValue::Tag(_) | RefValue::Session(_) | RefValue::Snapshot(_)) | None => {}
            }
            commits.extend(if foreign { self.present(named)? } else { named });
        }
        self.reach_commits(commits, known, reached)?;
        self.purged.settle(reached);
        Ok(())
    }

    fn present(&self, commits: impl IntoIterator<Item = Id>) -> Result<Vec<Id>> {
        let mut present = Vec::new();
        for id in commits {
            if self.knows(Want::Commit(id))? {
                present.push(id);
            }
        }
        Ok(present)
    }

    /// All snapshots from one back to the first, and their files. Returns the
    /// commits that they were taken at.
    fn reach_snapshots(&self, last: Id, known: &IdSet, reached: &mut IdSet) -> Result<Vec<Id>> {
        let (mut next, mut commits) = (Some(last), Vec::new());
        while let Some(id) = next.filter(|id| !known.contains(id) && reached.insert(*id)) {
            let snapshot = self.snapshot(&id)?;
            commits.push(snapshot.commit);
            self.reach_tree(snapshot.tree, known, reached)?;
            reached.extend(snapshot.config);
            if let Some(instructions) = snapshot.instructions {
                self.reach_tree(instructions, known, reached)?;
            }
            next = snapshot.before;
        }
        Ok(commits)
    }

    fn reach_contents(
        &self,
        source: &Source,
        foreign: bool,
        known: &IdSet,
        reached: &mut IdSet,
    ) -> Result<()> {
        for id in source.contents().chain(source.side) {
            let elsewhere = foreign || self.is_promised(Want::Content(id))?;
            if elsewhere && !self.has_content(&id)? {
                continue;
            }
            if source.side == Some(id) {
                self.reach_tree(id, known, reached)?;
            }
            reached.insert(id);
        }
        Ok(())
    }

    fn reach_commits(&self, mut commits: Vec<Id>, known: &IdSet, reached: &mut IdSet) -> Result<()> {
        while let Some(id) = commits.pop() {
            if known.contains(&id) || !reached.insert(id) {
                continue;
            }
            let commit = self.commit(&id)?;
            (*commit).clone().for_each_commit(&mut |id| commits.push(*id));
            if self.is_promised(Want::Commit(id))? {
                continue;
            }
            if let Some(tree) = commit.workspace {
                self.reach_tree(tree, known, reached)?;
            }
            reached.extend(commit.config);
            self.body(&id, &commit)?.for_each_id(&mut |id| {
                reached.insert(*id);
            });
        }
        Ok(())
    }

    /// A tree, the trees in it however deep, and their files.
    fn reach_tree(&self, root: Id, known: &IdSet, reached: &mut IdSet) -> Result<()> {
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if known.contains(&id) || !reached.insert(id) {
                continue;
            }
            for entry in self.tree(&id)?.entries {
                match entry.sort() {
                    Sort::Folder => open.push(entry.blob),
                    Sort::File | Sort::Link => drop(reached.insert(entry.blob)),
                }
            }
        }
        Ok(())
    }

    /// Removes what killed processes left unfinished. Writers that are at it
    /// hold a lock on their file; where there are no locks its age tells.
    pub(super) fn sweep(&self) -> Result<()> {
        for path in self.stale(ABANDONED)?.iter().filter(|path| is_unfinished(path)) {
            drop(std::fs::remove_file(path));
        }
        Ok(())
    }

    /// Files in the store's folders that do not count, older than `grace`.
    pub(super) fn stale(&self, grace: Duration) -> Result<Vec<PathBuf>> {
        let mut counts: Vec<PathBuf> = vec![self.journal.path().to_owned()];
        counts.push(self.dir.join(format!("state/{}", self.current.state)));
        counts.extend(self.current.ops.iter().map(|n| self.dir.join(format!("ops/{n}"))));
        for pack in &self.packs {
            counts.push(pack.path().to_owned());
            counts.push(pack.path().with_extension("idx"));
        }
        let old = SystemTime::now().checked_sub(grace);
        let is_old = |path: &Path| {
            let changed = path.metadata().and_then(|meta| meta.modified());
            changed.is_ok_and(|changed| old.is_some_and(|old| changed <= old))
        };
        let mut stale = Vec::new();
        for folder in ["", "packs", "journal", "ops", "state", promised::FOLDER] {
            let within = if folder.is_empty() { self.dir.clone() } else { self.dir.join(folder) };
            for path in disk::list(&within)? {
                let unfinished = is_unfinished(&path);
                let kept = path.extension().is_some_and(|e| e == fold::DAMAGED) || counts.contains(&path);
                // What is promised goes when it is wanted no more.
                let all = folder.is_empty() || folder == promised::FOLDER;
                let ours = unfinished || !all && !kept;
                if ours && is_old(&path) && !disk::is_in_use(&path) {
                    stale.push(path);
                }
            }
        }
        Ok(stale)
    }
}

/// Tells whether a file's name is that of one being written.
fn is_unfinished(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(disk::ASIDE))
}
