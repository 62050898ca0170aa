//! A home with the sessions of one tool, and a store of them.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use sfs::object::Id;
use sfs::ops::capture::{CaptureOptions, capture};
use sfs::ops::monitor::Quiet;
use sfs::ops::resume::{History, ResumeError, ResumeOptions, resume};
use sfs::ops::session::sessions;
use sfs::ops::{Env, show};
use sfs::store::Store;
use sfs::tool::{Places, Tool};

use crate::master;
use crate::pieces::{self, Item};

/// A home, and the store of what its tool has.
pub(crate) struct World {
    dir: tempfile::TempDir,
    tool: &'static str,
}

/// What came of writing a session for a tool.
pub(crate) enum Outcome {
    /// It was written into a home of its own; these sentences tell what the tool can't hold.
    Written(World, Vec<String>),
    /// It only gets in by the tool's own program, which isn't here.
    Imported,
}

impl World {
    fn new(tool: &'static str) -> World {
        let world = World { dir: tempfile::tempdir().unwrap(), tool };
        fs::create_dir_all(world.project()).unwrap();
        fs::create_dir_all(world.home()).unwrap();
        world
    }

    /// A home with the master conversation.
    pub(crate) fn of_master() -> World {
        let world = World::new("claude-code");
        let folder = world.home().join(".claude/projects/-work");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("01a20212-a86f-4d30-8a34-f1999c4bbe7a.jsonl");
        fs::write(file, master::transcript(&world.project())).unwrap();
        world.capture();
        world
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn project(&self) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap().join("work")
    }

    /// The name of the tool whose sessions it has.
    pub(crate) fn tool(&self) -> &'static str {
        self.tool
    }

    fn env(&self) -> Env {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let seed = u128::from(SEED.fetch_add(1, Ordering::Relaxed)) << 64 | 0x5F5;
        Env {
            now: 1_800_000_000_000,
            seed,
            // No tool of the machine's own is asked, least of all to import.
            places: Places {
                home: self.home(),
                vars: [("PATH".to_owned(), "/nonexistent".to_owned())].into(),
                ..Places::default()
            },
            cwd: self.project(),
            store: self.dir.path().join("store"),
            settings: self.dir.path().join("config"),
            user: "u".into(),
            host: "h".into(),
            command: "test".into(),
            ..Env::default()
        }
    }

    fn store(&self) -> Store {
        Store::open_or_create(&self.dir.path().join("store"), Id::ZERO).unwrap()
    }

    fn capture(&self) {
        let options = CaptureOptions { tools: vec![self.tool.to_owned()], ..CaptureOptions::default() };
        let report = capture(&self.env(), &mut self.store(), &options, &Quiet).unwrap();
        assert!(report.trouble.is_empty(), "{}: {report:#?}", self.tool);
    }

    /// The tip of its one session, or of the one with most messages: some tools
    /// keep others beside it.
    fn tip(&self) -> (Id, Id) {
        let all = sessions(&self.store());
        let of_tool = all.iter().filter(|info| info.tool() == self.tool);
        let info =
            of_tool.max_by_key(|info| info.messages).unwrap_or_else(|| panic!("{}: no session", self.tool));
        (info.id, info.default_branch().unwrap().tip)
    }

    /// What its session holds.
    pub(crate) fn pieces(&self) -> Vec<Item> {
        let (store, (_, tip)) = (self.store(), self.tip());
        let line = show::span(&store, None, tip).unwrap();
        let messages = line.into_iter().filter_map(|id| show::message(&store, id).unwrap());
        messages.flat_map(|message| pieces::of(&message)).collect()
    }

    /// Writes its session for a tool, into a new home.
    pub(crate) fn resume(&self, tool: &'static dyn Tool) -> Outcome {
        let there = World::new(tool.name());
        let (session, commit) = self.tip();
        let options = ResumeOptions {
            session,
            commit,
            tool,
            project: Some(there.project()),
            history: History::All,
            dry_run: false,
            agreed: true,
        };
        let env = Env { store: self.env().store, ..there.env() };
        match resume(&env, &mut self.store(), &options, &Quiet) {
            Ok(outcome) => {
                there.capture();
                if sessions(&there.store()).is_empty() {
                    return Outcome::Imported;
                }
                Outcome::Written(there, outcome.losses.into_iter().map(|loss| loss.what).collect())
            }
            Err(ResumeError::Import { .. }) => Outcome::Imported,
            Err(e) => panic!("{} -> {}: {e}", self.tool, tool.name()),
        }
    }
}
