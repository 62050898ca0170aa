//! Checking everything: every checksum, every id, every reference.

use std::path::PathBuf;

use super::error::Result;
use super::pack::{Pack, Space};
use super::refs::{RefValue, Refs};
use super::{Store, StoreError};
use crate::object::id::{Id, IdSet};

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
        for pack in &self.packs {
            check.pack(pack)?;
        }
        check.journal();
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
    fn fault(&mut self, path: PathBuf, error: StoreError) {
        self.report.faults.push(Fault { path, error });
    }

    fn pack(&mut self, pack: &Pack) -> Result<()> {
        if let Err(e) = pack.verify() {
            self.fault(pack.path().to_owned(), e);
        }
        let commits = pack.index.commits() as usize;
        let ids = match pack.index.ids() {
            Ok(ids) => ids,
            Err(e) => {
                self.fault(pack.path().with_extension("idx"), e);
                return Ok(());
            }
        };
        for block in pack.index.blocks().to_vec() {
            // A block that can't be read is one fault, not one for each object.
            if let Err(e) = pack.block_bytes(&block) {
                self.fault(pack.path().to_owned(), e);
                continue;
            }
            for n in block.first..block.first + block.count {
                match (block.space, ids.get(n as usize), ids.get(commits + n as usize)) {
                    (Space::Commits, Some(id), _) => self.commit(pack, id),
                    (Space::Contents, _, Some(id)) => self.content(pack, id),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn commit(&mut self, pack: &Pack, id: &Id) {
        self.report.commits += 1;
        (self.progress)(self.report.commits + self.report.contents);
        if let Err(e) = self.read_commit(id) {
            self.fault(pack.path().to_owned(), e);
        }
    }

    fn read_commit(&mut self, id: &Id) -> Result<()> {
        let commit = self.store.commit(id)?;
        let mut named = Vec::new();
        (*commit).clone().for_each_commit(&mut |id| named.push((*id, true)));
        (*commit).clone().for_each_object(&mut |id| named.push((*id, false)));
        self.store.body(id, &commit)?.for_each_id(&mut |id| named.push((*id, false)));
        for (id, is_commit) in named {
            self.leads_somewhere(id, is_commit)?;
        }
        Ok(())
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

    fn content(&mut self, pack: &Pack, id: &Id) {
        self.report.contents += 1;
        (self.progress)(self.report.commits + self.report.contents);
        if let Err(e) = self.store.content(id) {
            self.fault(pack.path().to_owned(), e);
        }
    }

    fn journal(&mut self) {
        use crate::object::Kind;
        let path = self.store.journal.path().to_owned();
        for (kind, id) in self.store.journal.objects() {
            let outcome = match Kind::from_number(*kind) {
                Some(Kind::Commit) => {
                    self.report.commits += 1;
                    self.read_commit(id)
                }
                Some(Kind::Body) => Ok(()),
                _ => {
                    self.report.contents += 1;
                    self.store.content(id).map(|_| ())
                }
            };
            if let Err(e) = outcome {
                self.fault(path.clone(), e);
            }
        }
    }

    fn refs(&mut self, refs: &Refs) {
        for (name, value) in refs {
            self.report.refs += 1;
            if let Err(e) = self.value(name, value) {
                self.fault(PathBuf::from(name), e);
            }
        }
    }

    fn value(&mut self, name: &str, value: &RefValue) -> Result<()> {
        // What another machine named may not have been fetched.
        if name.starts_with("remote/") {
            return Ok(());
        }
        match value {
            RefValue::Commit(id) => self.leads_somewhere(*id, true),
            RefValue::Tag(id) => {
                let commit = self.store.tag(id)?.commit;
                self.leads_somewhere(commit, true)
            }
            RefValue::Session(_) => Ok(()),
            RefValue::Source(source) => {
                for id in source.file.into_iter().chain(source.head) {
                    self.leads_somewhere(id, true)?;
                }
                if let Some(id) = source.tail {
                    self.leads_somewhere(id, false)?;
                }
                if let Some(id) = source.side {
                    for entry in self.store.tree(&id)?.entries {
                        self.leads_somewhere(entry.blob, false)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The refs must be what the operation log makes them.
    fn log(&mut self) {
        let dir = self.store.dir.clone();
        match self.store.refs_after(u64::MAX) {
            Ok(refs) if refs == self.store.refs => {}
            Ok(_) => {
                let what = "the refs are not what the operation log makes them";
                self.fault(dir.clone(), StoreError::damaged(&dir.join("state"), 0, what));
            }
            Err(e) => self.fault(dir, e),
        }
    }
}
