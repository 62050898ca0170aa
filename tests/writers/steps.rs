//! What a writer does.

use std::fmt::{Debug, Write as _};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sfs::ops::branch::{self, TagOptions};
use sfs::ops::capture::{CaptureOptions, capture};
use sfs::ops::fetch::{FetchOptions, Texts, fetch};
use sfs::ops::merge::{MergeOptions, TOKENS, merge};
use sfs::ops::pull::pull;
use sfs::ops::push::{PushOptions, push};
use sfs::ops::remote::SyncError;
use sfs::ops::session::sessions;
use sfs::ops::sweep::{SweepOptions, sweep};
use sfs::ops::{Env, Quiet, delete};
use sfs::store::{GcOptions, Store};

use super::line::Fate;
use super::number;
use super::world::{DAY, World, Writer};

/// How deep steps are within steps.
const DEEP: u64 = 3;

impl World {
    /// One writer does something, unless it is in the middle of something.
    pub(crate) fn step(self: &Arc<World>, n: usize, depth: u64) {
        let Ok(mut writer) = self.writers[n].try_lock() else { return };
        let pick = self.below(100);
        match pick {
            0..50 => self.at_home(n, &mut writer, pick),
            _ => {
                let fate = self.fate(depth);
                let done = self.exchange(n, pick, fate);
                // Nothing but fate may be the reason.
                let may_fail = !matches!(fate, Fate::Nothing | Fate::Waits { .. });
                assert!(may_fail || done.is_ok(), "writer {n}, {fate:?}: {done:?}");
            }
        }
        self.note(&self.store(n));
        if number("SFS_TEST_FSCK").is_some() {
            let report = self.store(n).fsck(&mut |_| ()).unwrap();
            assert!(report.faults.is_empty(), "writer {n}: {:?}", report.faults);
        }
    }

    fn fate(&self, depth: u64) -> Fate {
        let at = self.below(8);
        match self.below(12) {
            0..2 => Fate::Fails { at, requests: 1 + self.below(4), done: self.below(2) == 0 },
            2..5 => Fate::Dies { at, done: self.below(2) == 0 },
            5..8 if depth < DEEP => Fate::Waits { at, depth },
            8 => Fate::Lags { part: 2 + self.below(4), salt: self.below(1 << 40) },
            _ => Fate::Nothing,
        }
    }

    fn say(&self, n: usize, what: &str, outcome: &dyn Debug) {
        self.log.lock().unwrap().push(format!("{n} {what}: {outcome:?}"));
    }

    /// A writer pushes, pulls or fetches.
    pub(crate) fn exchange(self: &Arc<World>, n: usize, pick: u64, fate: Fate) -> Result<(), SyncError> {
        let (env, line) = self.env(n, fate);
        let mut store = self.store(n);
        let (all, quiet) = (FetchOptions::default(), Quiet);
        let (what, done) = match pick {
            50..73 => {
                let options = PushOptions { full: pick == 50, ..PushOptions::default() };
                let pushed = push(&env, &mut store, &options, &quiet);
                assert!(pushed.as_ref().is_ok_and(|report| report.stopped.is_empty()) || pushed.is_err());
                ("push", pushed.map(drop))
            }
            73..76 => {
                let options = SweepOptions {
                    remote: None,
                    grace: i64::try_from(self.below(3)).unwrap() * DAY,
                    dry_run: false,
                };
                let swept = sweep(&env, &mut store, &options, &quiet);
                self.say(n, "sweep", &swept);
                ("sweep", swept.map(drop))
            }
            76..80 => {
                // Histories alone, or all that was left where it was, too.
                let texts =
                    [Texts::AsBefore, Texts::Later, Texts::Now][usize::try_from(self.below(3)).unwrap()];
                let options = FetchOptions { texts, ..all };
                let fetched = fetch(&env, &mut store, None, &options, &quiet).map(drop);
                self.say(n, &format!("fetch {texts:?}"), &fetched);
                ("fetch", fetched)
            }
            _ => ("pull", pull(&env, &mut store, None, &all, &quiet).map(drop)),
        };
        self.say(n, &format!("{what}, {fate:?}"), &done);
        drop(store);
        if line.is_dead() {
            std::fs::remove_dir_all(self.store_dir(n)).unwrap();
            std::fs::rename(self.grave(n), self.store_dir(n)).unwrap();
        }
        done
    }

    /// A writer does something that no other is needed for.
    fn at_home(self: &Arc<World>, n: usize, writer: &mut Writer, pick: u64) {
        let (env, _) = self.env(n, Fate::Nothing);
        let mut store = self.store(n);
        match pick {
            0..20 => self.write(n, &env, writer, &mut store),
            20..28 => self.fork(n, &env, &mut store),
            28..36 => self.merge(n, &env, &mut store),
            36..39 => self.delete(n, &env, &mut store),
            39..42 => self.bring_back(n, &env, &mut store),
            42..46 => self.name(n, &env, &mut store),
            46..48 => self.set_clock(n),
            _ => {
                let options = GcOptions { dry_run: false, grace: Duration::ZERO, level: 1 };
                store.gc(&options).unwrap();
                self.say(n, "gc", &());
            }
        }
    }

    /// A session goes on, and is captured: one of the writer's own, or one that
    /// others have as well and go on with in other words.
    fn write(&self, n: usize, env: &Env, writer: &mut Writer, store: &mut Store) {
        let session = match self.below(3) {
            0 => format!("both-{}", self.below(2)),
            k => format!("own-{n}-{k}"),
        };
        let rows = writer.rows.entry(session.clone()).or_default();
        let mut text = String::new();
        for _ in 0..=self.below(3) {
            text += &row(&session, *rows, n, self.below(8) == 0);
            *rows += 1;
        }
        let path = self.projects(n).join(format!("{session}.jsonl"));
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        drop(file);
        self.capture(n, env, store);
    }

    pub(crate) fn capture(&self, n: usize, env: &Env, store: &mut Store) {
        let options = CaptureOptions { tools: vec!["claude-code".into()], no_snapshots: true };
        let report = capture(env, store, &options, &Quiet).unwrap();
        assert!(report.trouble.is_empty(), "{:?}", report.trouble);
        self.say(n, "capture", &report.commits);
    }

    /// The id of a session of a store, and its branches.
    fn any(&self, store: &Store) -> Option<(String, Vec<String>)> {
        let all = sessions(store);
        let at = usize::try_from(self.below(all.len().max(1) as u64)).unwrap();
        let found = all.get(at)?;
        Some((found.id.to_string(), found.branches.iter().map(|b| b.name.clone()).collect()))
    }

    fn fork(&self, n: usize, env: &Env, store: &mut Store) {
        let Some((id, _)) = self.any(store) else { return };
        let rev = format!("{id}~{}", self.below(2));
        let name = format!("f{}", self.below(3));
        let made = branch::fork(env, store, &rev, Some(&name), false);
        self.say(n, &format!("fork {rev} {name}"), &made);
    }

    fn merge(&self, n: usize, env: &Env, store: &mut Store) {
        let Some((id, branches)) = self.any(store) else { return };
        let mut pairs = branches.iter().filter_map(|name| Some((name.split_once('@')?.0, name)));
        let Some((into, other)) = pairs.next() else { return };
        let (into, other) = (format!("{id}/{into}"), format!("{id}/{other}"));
        let options = MergeOptions { into, other, name: None, tokens: TOKENS };
        let merged = merge(env, store, &options, false).map(|merged| merged.branch);
        self.say(n, &format!("merge {options:?}"), &merged);
    }

    fn delete(&self, n: usize, env: &Env, store: &mut Store) {
        let Some((id, _)) = self.any(store) else { return };
        delete::delete(env, store, std::slice::from_ref(&id), false).unwrap();
        self.say(n, "delete", &id);
    }

    pub(crate) fn bring_back(&self, n: usize, env: &Env, store: &mut Store) {
        let ids: Vec<String> = delete::deleted(store).iter().map(|s| s.id.to_string()).collect();
        delete::bring_back(env, store, &ids, false).unwrap();
        self.say(n, "bring back", &ids);
    }

    fn name(&self, n: usize, env: &Env, store: &mut Store) {
        let Some((id, _)) = self.any(store) else { return };
        let name = format!("n{}", self.below(3));
        let named = match self.below(2) {
            0 => branch::name(env, store, &name, &id, false).map(drop),
            _ => branch::tag(env, store, &name, &id, &TagOptions::default()).map(drop),
        };
        self.say(n, &format!("name {name} {id}"), &named);
    }
}

/// A prompt. The first of a session are the same for all who have it.
fn row(session: &str, at: u64, writer: usize, long: bool) -> String {
    let who = |at: u64| if at < 2 { 0 } else { writer };
    let parent = at.checked_sub(1).map_or("null".to_owned(), |at| format!("\"u{}-{at}\"", who(at)));
    let mut text = format!("what {} says in row {at} of {session}", who(at));
    if long && at >= 2 {
        (0..200).for_each(|n| write!(text, ", and {n} more of it by {writer}").unwrap());
    }
    format!(
        "{{\"parentUuid\":{parent},\"isSidechain\":false,\"type\":\"user\",\"sessionId\":\"{session}\",\
         \"uuid\":\"u{}-{at}\",\"timestamp\":\"2026-01-01T00:00:{:02}.000Z\",\
         \"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n",
        who(at),
        at % 60
    )
}
