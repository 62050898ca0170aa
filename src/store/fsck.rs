//! Checking everything: every checksum, every id, every reference.

use std::path::{Path, PathBuf};

use super::error::Result;
use super::exchange::Want;
use super::pack::{Pack, Space};
use super::read::{check_body, check_commit, decode};
use super::refs::{RefValue, Refs};
use super::{Current, Store, StoreError, fold, sealed};
use crate::object::id::{Id, IdSet, Kind};
use crate::object::{Body, Commit, Config, Context, Snapshot, Tag, Tree};

/// Something that is wrong, and where.
#[derive(Debug)]
pub struct Fault {
    /// The file, or the store's folder when no file is to blame.
    pub path: PathBuf,
    /// What is wrong.
    pub error: StoreError,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct FsckReport {
    /// Commits read and checked.
    pub commits: u64,
    /// Other objects read and checked.
    pub contents: u64,
    /// Commits whose texts stayed elsewhere: no fault.
    pub promised: u64,
    /// Refs looked up.
    pub refs: u64,
    /// Bytes of a torn last frame, which the next write cuts off. Nothing of
    /// it was ever reported as captured.
    pub torn: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Store {
    /// Reads and checks all that is in the store. `progress` is called with
    /// the number of objects checked so far.
    pub fn fsck(&self, progress: &mut dyn FnMut(u64)) -> Result<FsckReport> {
        let mut report = FsckReport { torn: self.journal.torn(), ..FsckReport::default() };
        let mut check = Check { store: self, report: &mut report, progress, asked: IdSet::default() };
        check.tables();
        for pack in &self.packs {
            check.pack(pack);
        }
        check.journal();
        check.promises();
        check.refs(&self.refs);
        check.log();
        Ok(report)
    }
}

struct Check<'s> {
    store: &'s Store,
    report: &'s mut FsckReport,
    progress: &'s mut dyn FnMut(u64),
    /// References that were found to lead somewhere.
    asked: IdSet,
}

impl Check<'_> {
    /// Notes what is wrong: with the file that the error names, or else `path`.
    fn fault(&mut self, path: &Path, error: StoreError) {
        let path = error.path().unwrap_or(path).to_owned();
        self.report.faults.push(Fault { path, error });
    }

    fn note(&mut self, path: &Path, outcome: Result<()>) {
        if let Err(e) = outcome {
            self.fault(path, e);
        }
    }

    fn counted(&mut self) {
        (self.progress)(self.report.commits + self.report.contents);
    }

    /// The small files, and the packs that could not even be opened.
    fn tables(&mut self) {
        let dir = &self.store.dir;
        for name in ["current", super::CURRENT_COPY] {
            let path = dir.join(name);
            match sealed::read::<Current>(super::CURRENT_MAGIC, &path) {
                // A process was killed before it wrote the copy; the next
                // transaction does.
                Err(e) if e.is_gone() && name == super::CURRENT_COPY => {}
                outcome => self.note(&path, outcome.map(|_| ())),
            }
        }
        self.note(dir, Store::read_state(dir, self.store.current.state).map(|_| ()));
        for name in &self.store.unreadable {
            self.note(dir, fold::open_pack(&dir.join("packs"), *name).map(|_| ()));
        }
        let kept = std::fs::read_dir(dir.join("journal")).into_iter().flatten().flatten().map(|e| e.path());
        for path in kept.filter(|path| path.extension().is_some_and(|e| e == fold::DAMAGED)) {
            let what = "it could not be read whole when it was folded, and was kept";
            self.fault(&path, StoreError::damaged(&path, 0, what));
        }
    }

    fn pack(&mut self, pack: &Pack) {
        self.note(pack.path(), pack.verify());
        let ids = pack.index.verify().and_then(|()| pack.index.ids());
        let ids = match ids {
            Ok(ids) => ids,
            // Without ids there is nothing to check the objects against.
            Err(e) => return self.fault(pack.path(), e),
        };
        // A block that can't be read is one fault, not one for each object.
        let mut unreadable = Vec::new();
        for block in pack.index.blocks() {
            if let Err(e) = pack.read_block(block, &self.store.cache) {
                self.fault(pack.path(), e);
                unreadable.push((block.space, block.first..block.first + block.count));
            }
        }
        let bad = |space, n: &u32| unreadable.iter().any(|(s, numbers)| *s == space && numbers.contains(n));
        let (commits, contents) = ids.split_at(ids.len().min(pack.index.commits() as usize));
        for (n, id) in (0u32..).zip(contents).filter(|(n, _)| !bad(Space::Contents, n)) {
            self.report.contents += 1;
            self.counted();
            let outcome = self.store.content_in(pack, n, id);
            let outcome = outcome.and_then(|(kind, bytes)| self.content(kind, id, &bytes));
            self.note(pack.path(), outcome);
        }
        for (n, id) in (0u32..).zip(commits).filter(|(n, _)| !bad(Space::Commits, n)) {
            self.report.commits += 1;
            self.counted();
            let outcome = self.commit_in(pack, n, id, bad(Space::Bodies, &n));
            self.note(pack.path(), outcome);
        }
    }

    fn commit_in(&mut self, pack: &Pack, n: u32, id: &Id, without_body: bool) -> Result<()> {
        let cache = &self.store.cache;
        let commit = check_commit(id, pack.commit(n, cache)?)?;
        let body = match without_body {
            true => Body::default(),
            false => check_body(&commit.body, pack.body(n, cache)?)?,
        };
        self.commit(&commit, body)
    }

    /// Looks up all that a commit and its body name.
    fn commit(&mut self, commit: &Commit, mut body: Body) -> Result<()> {
        let mut named = Vec::new();
        commit.clone().for_each_commit(&mut |id| named.push((*id, true)));
        commit.clone().for_each_object(&mut |id| named.push((*id, false)));
        body.for_each_id(&mut |id| named.push((*id, false)));
        named.into_iter().try_for_each(|(id, is_commit)| self.leads_somewhere(id, is_commit))
    }

    /// Looks up all that another object names.
    fn content(&mut self, kind: Kind, id: &Id, bytes: &[u8]) -> Result<()> {
        match kind {
            Kind::Tree => {
                let tree: Tree = decode(id, bytes)?;
                tree.entries.iter().try_for_each(|entry| self.leads_somewhere(entry.blob, false))
            }
            Kind::Tag => self.is_known(Want::Commit(decode::<Tag>(id, bytes)?.commit)),
            Kind::Snapshot => {
                let snapshot: Snapshot = decode(id, bytes)?;
                self.is_known(Want::Commit(snapshot.commit))?;
                let named = snapshot.before.into_iter().chain(snapshot.contents());
                named.into_iter().try_for_each(|id| self.leads_somewhere(id, false))
            }
            Kind::Config => decode::<Config>(id, bytes).map(|_| ()),
            Kind::Context => decode::<Context>(id, bytes).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn leads_somewhere(&mut self, id: Id, is_commit: bool) -> Result<()> {
        if self.asked.contains(&id) {
            return Ok(());
        }
        let there = if is_commit { self.store.has_commit(&id)? } else { self.store.has_content(&id)? };
        if !there {
            return Err(StoreError::Missing { id });
        }
        self.asked.insert(id);
        Ok(())
    }

    /// The commits that are here without their texts.
    fn promises(&mut self) {
        for (path, e) in &self.store.promised.unreadable {
            let what = format!("{e}; `sfs fetch` gets it again once it is removed");
            self.fault(path, StoreError::damaged(path, 0, what));
        }
        for pack in &self.store.promised.packs {
            self.note(pack.path(), pack.verify());
            let ids = match pack.index.verify().and_then(|()| pack.index.ids()) {
                Ok(ids) => ids,
                Err(e) => return self.fault(pack.path(), e),
            };
            for (n, id) in (0u32..).zip(&ids) {
                let outcome = self.promise(pack, n, id);
                self.note(pack.path(), outcome);
            }
        }
    }

    fn promise(&mut self, pack: &Pack, n: u32, id: &Id) -> Result<()> {
        let commit = check_commit(id, pack.commit(n, &self.store.cache)?)?;
        self.report.promised += u64::from(!self.store.has_commit(id)?);
        let mut named = Vec::new();
        (*commit).clone().for_each_commit(&mut |id| named.push(*id));
        named.into_iter().try_for_each(|id| self.is_known(Want::Commit(id)))
    }

    /// Looks up what may have stayed elsewhere.
    fn is_known(&self, want: Want) -> Result<()> {
        match self.store.knows(want)? {
            true => Ok(()),
            false => Err(StoreError::Missing { id: want.id() }),
        }
    }

    fn journal(&mut self) {
        let journal = &self.store.journal;
        for e in journal.damage() {
            self.fault(journal.path(), e);
        }
        for (kind, id) in journal.objects() {
            let outcome = match Kind::from_number(*kind) {
                Some(Kind::Commit) => {
                    self.report.commits += 1;
                    let commit = self.store.commit(id);
                    commit.and_then(|commit| self.commit(&commit, self.store.body(id, &commit)?))
                }
                Some(Kind::Body) => continue,
                _ => {
                    self.report.contents += 1;
                    let content = self.store.content(id);
                    content.and_then(|(kind, bytes)| self.content(kind, id, &bytes))
                }
            };
            self.counted();
            self.note(journal.path(), outcome);
        }
    }

    fn refs(&mut self, refs: &Refs) {
        for (name, value) in refs {
            self.report.refs += 1;
            let outcome = self.value(name, value);
            self.note(Path::new(name), outcome);
        }
    }

    fn value(&mut self, name: &str, value: &RefValue) -> Result<()> {
        // What another machine named may not have been fetched.
        if name.starts_with("remote/") {
            return Ok(());
        }
        match value {
            RefValue::Commit(id) => self.is_known(Want::Commit(*id)),
            RefValue::Tag(id) => self.is_known(Want::Commit(self.store.tag(id)?.commit)),
            // What it names is checked where it lies.
            RefValue::Snapshot(id) => self.store.snapshot(id).map(|_| ()),
            RefValue::Session(_) => Ok(()),
            RefValue::Source(source) => {
                for id in source.file.into_iter().chain(source.head) {
                    self.is_known(Want::Commit(id))?;
                }
                source.contents().try_for_each(|id| self.is_known(Want::Content(id)))?;
                source.side.map_or(Ok(()), |id| self.is_known(Want::Content(id)))?;
                let here = source.side.filter(|id| self.store.has_content(id).unwrap_or(false));
                let side = here.map(|id| self.store.tree(&id)).transpose()?.unwrap_or_default();
                side.entries.iter().try_for_each(|entry| self.leads_somewhere(entry.blob, false))
            }
        }
    }

    /// The refs must be what the operation log makes them, and none of its
    /// entries be missing.
    fn log(&mut self) {
        let dir = &self.store.dir;
        let ops = match self.store.ops() {
            Ok(ops) => ops,
            Err(e) => return self.fault(dir, e),
        };
        let mut refs = Refs::new();
        for (n, op) in (1..).zip(&ops) {
            op.apply(&mut refs);
            if op.number != n {
                let what = format!("operation {n} of the log is missing");
                return self.fault(dir, StoreError::damaged(&dir.join("ops"), 0, what));
            }
        }
        if refs != self.store.refs {
            let what = "the refs are not what the operation log makes them";
            self.fault(dir, StoreError::damaged(&dir.join("state"), 0, what));
        }
    }
}
