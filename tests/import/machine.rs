//! A machine in memory: a store, and the verbs that bring sessions in and out.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sfs::object::Id;
use sfs::ops::Env;
use sfs::ops::form::{FormOptions, FormOutcome, conversation};
use sfs::ops::import::{ImportOptions, ImportReport, import};
use sfs::ops::monitor::Quiet;
use sfs::ops::session::{SessionInfo, sessions};
use sfs::ops::show::{self, Shown};
use sfs::store::Store;
use sfs::tool::Places;
use sfs::tool::form::{Writes, by_name};

/// Where memory can be had as a disk, syncs cost nothing.
const MEMORY: &str = "/dev/shm";

/// One of them.
pub(crate) struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Machine {
        Machine { dir: tempfile::tempdir_in(MEMORY).or_else(|_| tempfile::tempdir()).unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn env(&self) -> Env {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let n = SEED.fetch_add(1, Ordering::Relaxed);
        Env {
            now: 1_800_000_000_000 + i64::try_from(n).unwrap() * 1000,
            seed: u128::from(n) << 64 | 0x5F5,
            places: Places { home: self.path("home"), ..Places::default() },
            cwd: self.path(""),
            store: self.path("store"),
            settings: self.path("config"),
            user: "u".into(),
            host: "h".into(),
            command: "test".into(),
            ..Env::default()
        }
    }

    pub(crate) fn store(&self) -> Store {
        Store::open_or_create(&self.path("store"), Id::ZERO).unwrap()
    }

    pub(crate) fn import(&self, path: &Path) -> ImportReport {
        let report =
            import(&self.env(), &mut self.store(), &[path.to_owned()], &ImportOptions::default(), &Quiet)
                .unwrap();
        assert!(report.capture.trouble.is_empty(), "{:?}", report.capture.trouble);
        report
    }

    /// The sessions, those with most messages first.
    pub(crate) fn sessions(&self) -> Vec<SessionInfo> {
        let mut all = sessions(&self.store());
        all.sort_by_key(|session| std::cmp::Reverse(session.messages));
        all
    }

    /// What is said in a session.
    pub(crate) fn said(&self, session: &SessionInfo) -> Vec<Shown> {
        let store = self.store();
        let Some(branch) = session.default_branch() else { return Vec::new() };
        let line = show::span(&store, None, branch.tip).unwrap();
        line.into_iter().filter_map(|id| show::message(&store, id).unwrap()).collect()
    }

    /// The names of the messages of a session.
    pub(crate) fn names(&self, session: &SessionInfo) -> Vec<Id> {
        let store = self.store();
        let line = show::span(&store, None, session.default_branch().unwrap().tip).unwrap();
        let message = |id: Id| {
            let commit = store.commit(&id).unwrap();
            store.body(&id, &commit).unwrap().message
        };
        line.into_iter().filter_map(message).map(|message| message.id().unwrap()).collect()
    }

    /// Writes a session in a form, to a place named `out`.
    pub(crate) fn export(&self, session: &SessionInfo, form: &str, out: &str) -> (PathBuf, FormOutcome) {
        let (_, known) = by_name(form).unwrap();
        let Writes::Conversation(writer) = known.writes() else { panic!("{form} holds no conversation") };
        let to = self.path(&format!("{out}.{}", writer.ending()));
        let options = FormOptions { to: Some(to.clone()), ..FormOptions::default() };
        let at = (session.id, session.default_branch().unwrap().tip);
        let outcome = conversation(&self.env(), &self.store(), at, writer, &options, &Quiet).unwrap();
        assert!(outcome.stopped.is_empty(), "{:?}", outcome.stopped);
        (to, outcome)
    }
}
