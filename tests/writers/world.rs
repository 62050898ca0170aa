//! The writers, and what they ever had.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use sfs::object::id::Id;
use sfs::ops::Env;
use sfs::ops::remote::ORIGIN;
use sfs::remote::Through;
use sfs::store::{RefValue, Store};
use sfs::tool::Places;

use super::line::{Fate, Files, Line};

const DAY: i64 = 24 * 3600 * 1000;

/// Writers that share a remote.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) files: Mutex<Files>,
    pub(crate) writers: Vec<Mutex<Writer>>,
    /// Tips that any store ever had, with their sessions.
    pub(crate) known: Mutex<BTreeSet<(Id, Id)>>,
    /// What was done.
    pub(crate) log: Mutex<Vec<String>>,
    /// By how much the clock of each is wrong, in milliseconds.
    clocks: Vec<AtomicI64>,
    rng: Mutex<u64>,
    /// How often a step was taken.
    steps: Mutex<u64>,
}

/// What a machine has besides its store.
pub(crate) struct Writer {
    /// How many rows its sessions have.
    pub(crate) rows: BTreeMap<String, u64>,
}

impl World {
    pub(crate) fn new(seed: u64, writers: usize) -> Arc<World> {
        let dir = tempfile::tempdir().unwrap();
        let world = Arc::new(World {
            dir,
            files: Mutex::default(),
            writers: (0..writers).map(|_| Mutex::new(Writer { rows: BTreeMap::new() })).collect(),
            known: Mutex::default(),
            clocks: (0..writers).map(|_| AtomicI64::new(0)).collect(),
            log: Mutex::default(),
            rng: Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            steps: Mutex::new(0),
        });
        for n in 0..writers {
            std::fs::create_dir_all(world.projects(n)).unwrap();
            let env = world.env(n, Fate::Nothing).0;
            let mut name = [0; Id::LEN];
            name[0] = u8::try_from(n + 1).unwrap();
            let store = Store::open_or_create(&env.store, Id::from_bytes(name)).unwrap();
            let there = world.dir.path().join("there");
            let sealing = sfs::ops::members::Sealing::default();
            sfs::ops::remote::add(&env, &store, ORIGIN, there.to_str().unwrap(), &sealing).unwrap();
        }
        world
    }

    /// A number below `n`, at random.
    pub(crate) fn below(&self, n: u64) -> u64 {
        let mut state = self.rng.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) % n
    }

    fn machine(&self, n: usize) -> PathBuf {
        self.dir.path().join(format!("machine-{n}"))
    }

    pub(crate) fn projects(&self, n: usize) -> PathBuf {
        self.machine(n).join("home/.claude/projects/-p")
    }

    pub(crate) fn store_dir(&self, n: usize) -> PathBuf {
        self.machine(n).join("store")
    }

    /// What was on the disk of a writer that was killed.
    pub(crate) fn grave(&self, n: usize) -> PathBuf {
        self.machine(n).join("grave")
    }

    pub(crate) fn store(&self, n: usize) -> Store {
        Store::open(&self.store_dir(n)).unwrap()
    }

    /// What a writer knows of the world, and the line that it has to the remote.
    pub(crate) fn env(self: &Arc<World>, n: usize, fate: Fate) -> (Env, Line) {
        let steps = {
            let mut steps = self.steps.lock().unwrap();
            *steps += 1;
            *steps
        };
        let wrong = self.clocks[n].load(Ordering::Relaxed);
        let line = Line { world: self.clone(), writer: n, fate, asked: Arc::default() };
        let through = line.clone();
        let env = Env {
            now: 1_800_000_000_000 + i64::try_from(steps).unwrap() * DAY / 24 + wrong,
            seed: u128::from(steps),
            places: Places { home: self.machine(n).join("home"), ..Places::default() },
            cwd: self.machine(n),
            store: self.store_dir(n),
            settings: self.machine(n).join("settings"),
            user: format!("u{n}"),
            host: "h".into(),
            command: "test".into(),
            through: Through::new(move |_| Box::new(through.clone())),
        };
        (env, line)
    }

    /// Sets a clock wrong.
    pub(crate) fn set_clock(&self, n: usize) {
        let days = i64::try_from(self.below(800)).unwrap() - 400;
        self.clocks[n].store(days * DAY, Ordering::Relaxed);
    }

    /// Others do something.
    pub(crate) fn meanwhile(self: &Arc<World>, depth: u64) {
        for _ in 0..=self.below(3) {
            let n = usize::try_from(self.below(self.writers.len() as u64)).unwrap();
            self.step(n, depth + 1);
        }
    }

    /// Notes what a store has.
    pub(crate) fn note(&self, store: &Store) {
        self.known.lock().unwrap().extend(tips(store));
    }
}

/// The sessions and the tips of the branches of a store.
pub(crate) fn tips(store: &Store) -> Vec<(Id, Id)> {
    let branches = store.refs_below("head/").chain(store.refs_below("branch/"));
    let tips = branches.filter_map(|(name, value)| match value {
        RefValue::Commit(tip) => Some((Id::from_hex(name.split('/').nth(1)?)?, *tip)),
        _ => None,
    });
    tips.collect()
}
