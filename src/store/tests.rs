//! Tests of the store as a whole, on disk.

mod damage;
mod garbage;
mod hostile;
mod promises;
mod rounds;
mod sharing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::object::id::Kind;
use crate::object::sample::{self, Rng};
use crate::object::{Body, Commit, Text, codec};

/// A store in a folder of its own, and all that was put into it.
pub(super) struct World {
    dir: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) contents: BTreeMap<Id, (Kind, Vec<u8>)>,
    pub(super) commits: BTreeMap<Id, (Commit, Body)>,
    rng: Rng,
}

pub(super) fn actor() -> Actor {
    Actor { who: "someone@somewhere".into(), now: 1_700_000_000_000, command: "test".into() }
}

pub(super) fn writer() -> Id {
    Id::from_bytes([7; 16])
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&dir.path().join("store"), writer()).unwrap();
        let (contents, commits) = (BTreeMap::new(), BTreeMap::new());
        World { dir, store, contents, commits, rng: Rng::new(seed) }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Puts a text into a batch.
    pub(super) fn blob(&mut self, batch: &mut Batch, bytes: Vec<u8>) -> Id {
        let id = batch.put_blob(&self.store, bytes.clone()).unwrap();
        self.contents.insert(id, (Kind::Blob, bytes));
        id
    }

    /// Puts a commit with a body of some texts into a batch.
    pub(super) fn commit(&mut self, batch: &mut Batch, parent: Option<Id>) -> Id {
        let mut texts = Vec::new();
        for _ in 0..2 {
            let len = 512 + self.rng.below(600);
            let text = self.rng.words(len);
            texts.push(self.blob(batch, text.into_bytes()));
        }
        let context = sample::context(&mut self.rng);
        let id = batch.put_context(&self.store, &context).unwrap();
        self.contents.insert(id, (Kind::Context, codec::encode(&context).unwrap()));
        texts.push(id);
        let mut commit = sample::commit(&mut self.rng, &mut |_| Id::ZERO, &mut |_| Id::ZERO);
        (commit.after, commit.turn, commit.workspace, commit.config) = (parent, None, None, None);
        commit.parents = parent.into_iter().collect();
        commit.copies = parent.into_iter().filter(|_| self.rng.flip()).collect();
        let body = sample::body(&mut self.rng, &mut |rng| *rng.pick(&texts));
        let (id, _) = batch.put_commit(&self.store, commit.clone(), body.clone()).unwrap();
        commit.body = Id::of(Kind::Body, &codec::encode(&body).unwrap());
        self.commits.insert(id, (commit, body));
        id
    }

    /// Moves a head on by `n` commits, in one transaction.
    pub(super) fn grow(&mut self, name: &str, n: usize) -> Id {
        loop {
            let known = (self.commits.clone(), self.contents.clone());
            let mut batch = Batch::default();
            let before = self.store.refs().get(name).cloned();
            let mut tip = match before {
                Some(RefValue::Commit(id)) => Some(id),
                _ => None,
            };
            for _ in 0..n {
                tip = Some(self.commit(&mut batch, tip));
            }
            let edit = Edit { name: name.into(), expect: before, new: tip.map(RefValue::Commit) };
            match self.store.apply(batch, vec![edit], &actor()) {
                // A gc beside us took an object that no one named yet.
                Err(StoreError::Conflict(_)) => (self.commits, self.contents) = known,
                outcome => {
                    outcome.unwrap();
                    return tip.unwrap();
                }
            }
        }
    }

    pub(super) fn fold(&mut self) {
        let lock = Lock::wait(&self.path().join("lock")).unwrap();
        self.store.refresh().unwrap();
        self.store.fold(&lock).unwrap();
    }

    /// Forgets the texts and contexts that no body names.
    pub(super) fn forget_unnamed(&mut self) {
        let mut named = std::collections::BTreeSet::new();
        for (_, body) in self.commits.values() {
            body.clone().for_each_id(&mut |id| {
                named.insert(*id);
            });
        }
        self.contents.retain(|id, _| named.contains(id));
    }

    pub(super) fn reopen(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    /// Reads everything: what is read is right, and so much can't be read.
    pub(super) fn unreadable(&self, store: &Store) -> Vec<Id> {
        let mut lost = Vec::new();
        for (id, content) in &self.contents {
            match store.content(id) {
                Ok(found) => assert!(found == *content),
                Err(_) => lost.push(*id),
            }
        }
        for (id, (commit, body)) in &self.commits {
            match store.commit(id) {
                Ok(found) => assert_eq!(*found, *commit),
                Err(_) => lost.push(*id),
            }
            match store.body(id, commit) {
                Ok(found) => assert_eq!(found, *body),
                Err(_) => lost.push(commit.body),
            }
        }
        lost
    }

    /// All is there and nothing is wrong.
    pub(super) fn is_whole(&self) {
        let store = self.reopen();
        assert_eq!(self.unreadable(&store), []);
        is_clean(&store);
    }
}

pub(super) fn is_clean(store: &Store) {
    let report = store.fsck(&mut |_| {}).unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert_eq!(report.torn, 0);
}

pub(super) fn set(name: &str, expect: Option<RefValue>, new: Option<RefValue>) -> Edit {
    Edit { name: name.into(), expect, new }
}

/// The files of a store that hold something, in order.
pub(super) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(dir)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != "lock")
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    files
}

pub(super) fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files(dir).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// A text of a message, to have something to look at.
pub(super) fn inline(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}
