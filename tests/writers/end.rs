//! What must be so when all have heard of each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use sfs::object::id::Id;
use sfs::ops::delete::is_deleted;
use sfs::ops::fetch::{FetchOptions, Texts, fetch};
use sfs::ops::restore::restore;
use sfs::ops::session::sessions;
use sfs::ops::unshallow::shallow;
use sfs::ops::{Quiet, line, verify};
use sfs::store::{Store, exchange};

use super::line::Fate;
use super::world::{World, tips};

/// How often all push and pull until nothing changes any more, at most.
const ROUNDS: usize = 12;

impl World {
    /// Lets all push and pull until nothing changes, and looks at what there
    /// is then.
    pub(crate) fn assert_all_agree(self: &Arc<World>) {
        let all = 0..self.writers.len();
        if self.below(2) == 0 {
            for n in all.clone() {
                self.bring_back(n, &self.env(n, Fate::Nothing).0, &mut self.store(n));
            }
        }
        // What was written while its session was deleted was not captured.
        all.clone().for_each(|n| self.capture(n, &self.env(n, Fate::Nothing).0, &mut self.store(n)));
        // All texts are wanted now.
        let whole = FetchOptions { texts: Texts::Now, ..FetchOptions::default() };
        for n in all.clone() {
            fetch(&self.env(n, Fate::Nothing).0, &mut self.store(n), None, &whole, &Quiet).unwrap();
        }
        let mut before = Vec::new();
        for round in 0.. {
            assert!(round < ROUNDS, "they never agree");
            for n in all.clone() {
                self.exchange(n, 99, Fate::Nothing).unwrap();
                self.exchange(n, 60, Fate::Nothing).unwrap();
            }
            let now: Vec<_> = all.clone().map(|n| exchange::shared(self.store(n).refs())).collect();
            if std::mem::replace(&mut before, now.clone()) == now {
                break;
            }
        }
        let stores: Vec<Store> = all.clone().map(|n| self.store(n)).collect();
        for (n, store) in stores.iter().enumerate() {
            let report = store.fsck(&mut |_| ()).unwrap();
            assert!(report.faults.is_empty(), "writer {n}: {:?}", report.faults);
            // What is promised still, is of before: nothing that a name leads to.
            assert!(shallow(store).unwrap().is_empty(), "writer {n}");
            self.note(store);
        }
        let (env, _) = self.env(0, Fate::Nothing);
        let found = verify::remote(&env, &stores[0], None, &Quiet).unwrap();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        let deleted = |id: &Id| stores.iter().any(|store| is_deleted(store, id));
        let known: BTreeSet<_> = self.known.lock().unwrap().iter().copied().collect();
        for (session, tip) in known.into_iter().filter(|(session, _)| !deleted(session)) {
            for (n, store) in stores.iter().enumerate() {
                assert!(leads_to(store, session, tip), "writer {n} lacks {tip} of {session}");
            }
        }
        self.assert_files_are_whole(&stores, &deleted);
    }

    /// What a writer's tool has, each store gives out byte for byte.
    fn assert_files_are_whole(&self, stores: &[Store], deleted: &dyn Fn(&Id) -> bool) {
        let to = tempfile::tempdir().unwrap();
        for (n, store) in stores.iter().enumerate() {
            let to = to.path().join(n.to_string());
            restore(store, None, &to).unwrap();
            for info in sessions(store).iter().filter(|info| !deleted(&info.id)) {
                let file = format!("{}.jsonl", info.native_id);
                // What several go on with is on each what its own file is.
                let by = match info.native_id.split('-').collect::<Vec<_>>()[..] {
                    ["own", by, _] => by.parse().unwrap(),
                    _ if self.projects(n).join(&file).exists() => n,
                    _ => continue,
                };
                let wanted = std::fs::read(self.projects(by).join(&file)).unwrap();
                let restored = std::fs::read(to.join("claude-code/projects/-p").join(&file)).unwrap();
                assert!(restored == wanted, "writer {n} restores another {file}");
            }
        }
    }
}

/// Tells whether a branch of a session has a commit in its history.
fn leads_to(store: &Store, session: Id, commit: Id) -> bool {
    let has = store.has_commit(&commit).unwrap();
    has && tips(store)
        .iter()
        .any(|(of, tip)| *of == session && line::led_through(store, commit, *tip).unwrap())
}
