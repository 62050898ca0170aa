//! Captures as the tools write, until told to stop.
//!
//! An event only says where to look, and may be missing. The truth is the scan
//! of all tools: at the start, every few minutes, when events were lost, and
//! when the clock shows that the machine was asleep. What can't be watched is
//! looked into every few seconds.
//!
//! Looking and writing are kept within bounds, whatever the tools do: a
//! [`Hint`] that is followed rests in proportion to what it cost, and a
//! [`Purse`] makes many small commits give way to fewer.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::index::{Hint, Index};
use super::pace::{Clock, Purse, rest_after};
use super::watch::{Signal, Watch};
use crate::ops::capture::{
    CaptureOptions, CaptureReport, Survey, Work, capture_sources, capture_survey, take_snapshots,
};
use crate::ops::{Env, Monitor};
use crate::store::{Store, StoreError};
use crate::tool::Watched;

/// What happens within this time after an event is captured with it.
const BURST: Duration = Duration::from_millis(20);
/// How often all tools are scanned.
const SCAN: Duration = Duration::from_secs(300);
/// How often is looked at least into what can't be watched, …
const POLL: Duration = Duration::from_secs(2);
/// … and how many times longer than a look the pause between two is.
const POLL_REST: u32 = 50;
/// How long is waited after a capture that failed; twice as long each time.
const RETRY: Duration = Duration::from_secs(2);
/// How long after a capture the files of its session are looked at, …
const SNAPSHOT: Duration = Duration::from_secs(1);
/// … and how many times longer than that look the pause after it is.
const SNAPSHOT_REST: u32 = 20;
/// After so many bytes captured at once, memory is given back.
const LARGE: u64 = 4 << 20;

/// Why following ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// The program's file was replaced by another.
    Replaced,
    /// The store, or what says that it is ours, is gone.
    Gone,
}

/// Who has something followed: tells the time, hears what comes of it, and
/// says when to end.
pub trait Host {
    /// What hears of captures, and tells when they are to end early.
    fn monitor(&self) -> &dyn Monitor;
    /// Now, in milliseconds since 1970.
    fn now(&self) -> i64;
    /// Watching has begun.
    fn begun(&mut self, watch: &Watch);
    /// Something was captured, or a look was taken that found nothing.
    fn captured(&mut self, report: &CaptureReport);
    /// A capture failed; it is tried again.
    fn failed(&mut self, error: &StoreError);
    /// What is watched, or what can't be, has changed.
    fn watches(&mut self, watch: &Watch);
    /// Whether to go on: asked at the latest after the time that it gave the
    /// last time, and when one of its files changed. What is watched is put
    /// right then, too.
    fn go_on(&mut self) -> Result<Duration, End>;
}

/// What is followed, and where its signals come from.
pub struct Follow<'a> {
    env: Env,
    store: Store,
    options: CaptureOptions,
    host: &'a mut dyn Host,
    /// Files of the host's.
    own: Vec<PathBuf>,
    index: Index,
    watch: Watch,
    signals: Receiver<Signal>,
    /// What is to be looked at, and when.
    due: BTreeMap<Hint, Instant>,
    /// When what was looked at lately may be looked at again.
    rests: HashMap<Hint, Instant>,
    /// Sources in which captures found something, since this was reset.
    changed: u64,
    /// What was captured since snapshots were taken, if they are to be, …
    written: BTreeMap<PathBuf, Work>,
    /// … and when they are.
    snapshot_at: Instant,
    purse: Purse,
    clock: Clock,
    scan_at: Instant,
    /// Until then no scan is made because events were lost.
    scan_rest: Instant,
    tick_at: Instant,
    poll_at: Option<Instant>,
    failures: u32,
}

/// Where a host sends word that it wants to be asked.
pub struct Bell(Sender<Signal>, Receiver<Signal>);

impl Default for Bell {
    fn default() -> Bell {
        let (sender, receiver) = channel();
        Bell(sender, receiver)
    }
}

impl Bell {
    /// What asks the host, when called.
    pub fn ringer(&self) -> impl Fn() + Send + 'static {
        let sender = self.0.clone();
        move || drop(sender.send(Signal::Wake))
    }
}

impl<'a> Follow<'a> {
    /// Follows these tools for `host`, which is asked when one of the files
    /// `own` changes or the bell rings.
    pub fn new(
        env: Env,
        store: Store,
        options: CaptureOptions,
        host: &'a mut dyn Host,
        own: Vec<PathBuf>,
        bell: Bell,
    ) -> Follow<'a> {
        let Bell(sender, signals) = bell;
        let room = env.places.vars.get("SFS_TEST_WATCHES").and_then(|n| n.parse().ok());
        let now = Instant::now();
        Follow {
            index: Index::of(&env.places, |tool| options.wants(tool)),
            watch: Watch::new(sender, &env.places.home, room.unwrap_or(usize::MAX)),
            purse: Purse::new(now),
            clock: Clock::new(host.now(), now),
            env,
            store,
            options,
            host,
            own,
            signals,
            due: BTreeMap::new(),
            rests: HashMap::new(),
            changed: 0,
            written: BTreeMap::new(),
            snapshot_at: now,
            scan_at: now,
            scan_rest: now,
            tick_at: now,
            poll_at: None,
            failures: 0,
        }
    }

    /// Follows until the host says to end.
    pub fn run(mut self) -> End {
        self.arm();
        self.host.begun(&self.watch);
        loop {
            if let Some(end) = self.work() {
                return end;
            }
            let wait = self.next().saturating_duration_since(Instant::now());
            match self.signals.recv_timeout(wait) {
                Ok(signal) => self.hear(signal),
                Err(RecvTimeoutError::Timeout) => {}
                // The watcher ended: from now on the scans must do.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(wait),
            }
            while let Ok(signal) = self.signals.try_recv() {
                self.hear(signal);
            }
        }
    }

    /// When there is something to do next.
    fn next(&self) -> Instant {
        let due = self.due.values().min().copied();
        let snapshot = (!self.written.is_empty()).then_some(self.snapshot_at);
        let first = [due, self.poll_at, snapshot].into_iter().flatten().min();
        first.unwrap_or(self.scan_at).min(self.scan_at).min(self.tick_at)
    }

    fn hear(&mut self, signal: Signal) {
        match signal {
            Signal::Wake => self.tick_at = Instant::now(),
            Signal::Lost => self.scan_soon(),
            Signal::Unwatched(folder) => {
                if self.watch.doubt(&folder) {
                    self.tick_at = Instant::now();
                    self.scan_soon();
                }
            }
            Signal::Changed(path) => {
                if self.own.contains(&path) || self.watch.concerns(&path) {
                    self.tick_at = Instant::now();
                }
                for hint in self.index.hints(&path) {
                    self.want(hint);
                }
            }
        }
    }

    /// Looks at something when the burst is over and it has had its rest.
    fn want(&mut self, hint: Hint) {
        let soon = Instant::now() + BURST;
        let at = self.rests.get(&hint).map_or(soon, |rest| soon.max(*rest)).max(self.purse.open_at());
        self.due.entry(hint).or_insert(at);
    }

    /// Scans when the last scan has had its rest.
    fn scan_soon(&mut self) {
        self.scan_at = self.scan_at.min(self.scan_rest.max(Instant::now()));
    }

    /// Does what is due.
    fn work(&mut self) -> Option<End> {
        let now = Instant::now();
        if self.clock.has_jumped(self.host.now(), now) {
            self.scan_at = now;
            self.tick_at = now;
        }
        if now >= self.tick_at {
            match self.host.go_on() {
                Ok(wait) => self.tick_at = now + wait,
                Err(end) => return Some(end),
            }
            self.arm();
        }
        if now >= self.scan_at {
            self.scan();
        }
        if self.poll_at.is_some_and(|at| now >= at) {
            self.poll();
        }
        self.follow_hints();
        if !self.written.is_empty() && Instant::now() >= self.snapshot_at {
            self.take_snapshots();
        }
        None
    }

    /// Watches what is to be watched, and looks into what is watched anew.
    fn arm(&mut self) {
        let mut wanted = self.index.watched();
        let own = self.own.iter().filter_map(|file| file.parent());
        wanted.extend(own.map(|folder| Watched::flat(folder.to_owned())));
        let state = |watch: &Watch| {
            let refused = watch.refused().map(|(path, _)| path.to_owned());
            (watch.armed(), refused.collect::<Vec<_>>())
        };
        let before = state(&self.watch);
        for folder in self.watch.arm(&wanted) {
            self.want_all_in(&folder);
        }
        let after = state(&self.watch);
        if before != after {
            self.host.watches(&self.watch);
        }
        match (after.1.is_empty(), self.poll_at) {
            (true, _) => self.poll_at = None,
            (false, None) => self.poll_at = Some(Instant::now() + POLL),
            (false, Some(_)) => {}
        }
    }

    fn want_all_in(&mut self, folder: &Path) {
        for name in self.index.tools_in(folder) {
            self.want(Hint::Tool(name));
        }
    }

    /// Looks into what can't be watched.
    fn poll(&mut self) {
        let refused: Vec<PathBuf> = self.watch.refused().map(|(path, _)| path.to_owned()).collect();
        let mut tools: Vec<_> = refused.iter().flat_map(|folder| self.index.tools_in(folder)).collect();
        tools.sort_unstable();
        tools.dedup();
        let took = self.look(&tools);
        self.poll_at = Some(Instant::now() + POLL.max(took * POLL_REST));
    }

    /// Looks into everything.
    fn scan(&mut self) {
        self.scan_at = Instant::now() + SCAN;
        self.due.clear();
        self.arm();
        let took = self.look_with(self.without_snapshots());
        self.scan_rest = Instant::now() + POLL.max(took * POLL_REST);
        self.arm();
    }

    fn follow_hints(&mut self) {
        let now = Instant::now();
        let due: Vec<Hint> = self.due.iter().filter(|(_, at)| **at <= now).map(|(h, _)| h.clone()).collect();
        if due.is_empty() {
            return;
        }
        self.rests.retain(|_, until| *until > now);
        self.changed = 0;
        let (mut sources, mut tools) = (Work::new(), Vec::new());
        for hint in &due {
            self.due.remove(hint);
            match hint {
                Hint::Tool(name) => tools.push(*name),
                Hint::Source(path) => match self.index.sources(path) {
                    // It is gone, or something else now.
                    work if work.is_empty() => tools.extend(self.index.tools_of(path)),
                    work => sources.extend(work),
                },
            }
        }
        tools.sort_unstable();
        tools.dedup();
        if !sources.is_empty() {
            let found = sources.clone();
            let options = self.without_snapshots();
            self.capture(|this| {
                capture_sources(&this.env, &mut this.store, &options, sources, this.host.monitor())
            });
            self.note_written(found);
        }
        if !tools.is_empty() {
            self.look(&tools);
        }
        let end = Instant::now();
        for hint in due {
            self.rests.insert(hint, end + rest_after(end - now, self.changed > 0));
        }
    }

    /// Looks for the sources of some tools, and captures them.
    fn look(&mut self, tools: &[&'static str]) -> Duration {
        if tools.is_empty() {
            return Duration::ZERO;
        }
        let tools = tools.iter().map(|&name| name.to_owned()).collect();
        self.look_with(CaptureOptions { tools, ..self.without_snapshots() })
    }

    fn without_snapshots(&self) -> CaptureOptions {
        CaptureOptions { no_snapshots: true, ..self.options.clone() }
    }

    /// Remembers that the files of these sessions are to be looked at. That may
    /// take far longer than a capture, and must not delay the next.
    fn note_written(&mut self, found: Work) {
        if self.options.no_snapshots || found.is_empty() {
            return;
        }
        if self.written.is_empty() {
            self.snapshot_at = self.snapshot_at.max(Instant::now() + SNAPSHOT);
        }
        for (tool, found) in found {
            let work = self.written.entry(found.path.clone()).or_default();
            work.retain(|(t, f)| (t.name(), &f.native, &f.part) != (tool.name(), &found.native, &found.part));
            work.push((tool, found));
        }
    }

    fn take_snapshots(&mut self) {
        let begun = Instant::now();
        let written = std::mem::take(&mut self.written);
        let work: Work = written.keys().flat_map(|path| self.index.sources(path)).collect();
        // The files are those of now, and not of what was captured last: a
        // source that rests may have gone on to another turn meanwhile.
        let (options, sources) = (self.without_snapshots(), work.clone());
        self.capture(|this| {
            capture_sources(&this.env, &mut this.store, &options, sources, this.host.monitor())
        });
        self.capture(|this| {
            let taken = take_snapshots(&this.env, &mut this.store, &work, this.host.monitor())?;
            Ok(CaptureReport { snapshots: taken, ..CaptureReport::default() })
        });
        let end = Instant::now();
        self.snapshot_at = end + (end - begun) * SNAPSHOT_REST;
    }

    fn look_with(&mut self, options: CaptureOptions) -> Duration {
        let start = Instant::now();
        let changed = self.changed;
        let mut found = Work::new();
        self.capture(|this| {
            let survey = Survey::take(&this.env, &this.store, &options);
            let changed = survey.changed(&this.store);
            let outcome = capture_survey(&this.env, &mut this.store, &options, &survey, this.host.monitor());
            // Another session's turn is no moment of those that nothing was written to.
            found.extend(changed);
            this.index.learn(|tool| options.wants(tool), survey.found);
            outcome
        });
        if self.changed > changed {
            // Those that weren't written lately are passed over.
            self.note_written(found);
        }
        start.elapsed()
    }

    /// Captures, and sees to what came of it. Other processes may have changed
    /// the store meanwhile.
    fn capture(&mut self, run: impl FnOnce(&mut Self) -> Result<CaptureReport, StoreError>) {
        self.env.now = self.host.now();
        let refreshed = self.store.refresh();
        let before = self.store.journal_len();
        match refreshed.and_then(|_| run(self)) {
            Ok(report) => {
                self.failures = 0;
                self.changed += report.changed;
                // Files are the user's own bytes, which no tool's bytes pay for.
                if report.snapshots == 0 {
                    let written = self.store.journal_len().saturating_sub(before);
                    self.purse.spend(written, report.grown, Instant::now());
                }
                self.host.captured(&report);
                if report.bytes > LARGE {
                    self.renew();
                }
            }
            Err(error) => {
                self.host.failed(&error);
                self.failures = self.failures.saturating_add(1);
                let wait = RETRY * 2u32.saturating_pow(self.failures.min(7));
                self.scan_at = Instant::now() + wait.min(SCAN);
                self.renew();
            }
        }
        if self.host.monitor().is_over() {
            self.tick_at = Instant::now();
        }
    }

    /// Opens the store anew: what it remembers of what it read is let go.
    fn renew(&mut self) {
        if let Ok(store) = Store::open(self.store.dir()) {
            self.store = store;
        }
    }
}
