//! The daemon itself: [`Follow`] with a lock, a log and an end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::follow::{Bell, End, Follow, Host};
use super::lock::{Guard, Info, Refused};
use super::log::Log;
use super::program::Program;
use super::watch::Watch;
use super::{DaemonError, process};
use crate::ops::capture::{CaptureOptions, CaptureReport};
use crate::ops::{Env, Monitor, causes};
use crate::store::{Store, StoreError};

/// How often it looks whether it should go on, without being told to look.
const LOOK: Duration = Duration::from_secs(30);
/// How long a new program must stand unchanged before it is trusted.
const SETTLE: Duration = Duration::from_secs(1);
/// How often the log says what was captured.
const SUMMARY: Duration = Duration::from_secs(60);
/// How many troubles are remembered, so that each is told once.
const TROUBLES: usize = 1000;

/// How a daemon runs.
pub struct RunOptions<'a> {
    /// Whether it leaves the terminal that it was started from.
    pub detached: bool,
    /// Where it logs.
    pub log: PathBuf,
    /// The time, in milliseconds since 1970.
    pub clock: &'a (dyn Fn() -> i64 + Sync),
    /// Set when it should end, and the bell is rung.
    pub stop: &'a AtomicBool,
    /// What asks it to look at that.
    pub bell: Bell,
    /// Whether it takes no snapshots.
    pub no_snapshots: bool,
    /// Hears each line of the log.
    pub echo: &'a (dyn Fn(&str) + Sync),
}

/// Runs until it is asked to end, or the store is gone. When its program is
/// replaced it goes on as the new one, and doesn't return.
pub fn run(env: Env, options: RunOptions<'_>) -> Result<(), DaemonError> {
    let program = Program::this()?;
    if options.detached {
        process::detach();
    }
    process::stand_back();
    let store = Store::open_or_create(&env.store, env.new_writer())?;
    let guard = Guard::take(&env.store)?;
    let log = Log::open(&options.log)?;
    let RunOptions { clock, stop, echo, bell, no_snapshots, .. } = options;
    let info = Info {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program: program.path().to_owned(),
        started: clock(),
        log: options.log,
        ..Info::default()
    };
    let wish = Wish { signal: stop, file: guard.stop_file() };
    let own = vec![guard.stop_file(), program.path().to_owned()];
    let sum = Sum { told: Instant::now(), report: CaptureReport::default() };
    let mut daemon = Daemon {
        guard,
        program,
        log,
        info,
        clock,
        wish,
        echo,
        sum,
        troubles: BTreeSet::new(),
        failure: None,
    };
    let options = CaptureOptions { no_snapshots, ..CaptureOptions::default() };
    let end = Follow::new(env, store, options, &mut daemon, own, bell).run();
    daemon.tell_sum();
    match end {
        End::Stopped => daemon.say("stopped"),
        End::Gone => daemon.say("stopped: the store was removed, or another daemon took its place"),
        End::Replaced => {
            daemon.say("the program was replaced: going on as the new one");
            let Daemon { guard, program, mut log, clock, .. } = daemon;
            drop(guard);
            let error = program.become_new();
            log.line(clock(), &format!("stopped: the new program does not start: {error}"));
            return Err(DaemonError::Program(error));
        }
    }
    Ok(())
}

/// What was captured since the log told last.
struct Sum {
    told: Instant,
    report: CaptureReport,
}

struct Daemon<'a> {
    guard: Guard,
    program: Program,
    log: Log,
    info: Info,
    clock: &'a (dyn Fn() -> i64 + Sync),
    wish: Wish<'a>,
    echo: &'a (dyn Fn(&str) + Sync),
    sum: Sum,
    troubles: BTreeSet<String>,
    /// What failed last, so that it is told once.
    failure: Option<String>,
}

impl Daemon<'_> {
    fn say(&mut self, words: &str) {
        self.log.line((self.clock)(), words);
        (self.echo)(words);
    }

    fn tell_sum(&mut self) {
        let report = std::mem::take(&mut self.sum.report);
        self.sum.told = Instant::now();
        if report.changed > 0 {
            self.say(&format!(
                "captured: {} records, {} messages, {} new sessions",
                report.records, report.messages, report.new_sessions
            ));
        }
    }

    /// Tells others how things stand. That nothing can be written now is no
    /// reason to stop.
    fn publish(&mut self, watch: &Watch) {
        let refused = |(folder, why): (&std::path::Path, &str)| Refused {
            folder: folder.to_owned(),
            why: why.to_owned(),
        };
        self.info.watched = watch.armed();
        self.info.polled = watch.refused().map(refused).collect();
        if let Err(e) = self.guard.tell(&self.info) {
            self.say(&causes(&e).join(": "));
        }
    }
}

/// What asks for an end: a signal, or another process.
struct Wish<'a> {
    signal: &'a AtomicBool,
    file: PathBuf,
}

impl Monitor for Wish<'_> {
    fn is_over(&self) -> bool {
        self.signal.load(Ordering::Relaxed) || self.file.exists()
    }
}

impl Host for Daemon<'_> {
    fn monitor(&self) -> &dyn Monitor {
        &self.wish
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    fn begun(&mut self, watch: &Watch) {
        self.publish(watch);
        let words = format!(
            "started: version {}, process {}, {} folders watched",
            self.info.version, self.info.pid, self.info.watched
        );
        self.say(&words);
    }

    fn captured(&mut self, report: &CaptureReport) {
        if self.failure.take().is_some() {
            self.say("capturing works again");
        }
        let sum = &mut self.sum.report;
        sum.changed += report.changed;
        sum.records += report.records;
        sum.messages += report.messages;
        sum.new_sessions += report.new_sessions;
        for (path, why) in &report.trouble {
            let words = format!("{}: {why}", path.display());
            if self.troubles.len() < TROUBLES && self.troubles.insert(words.clone()) {
                self.say(&words);
            }
        }
        for kept in report.gone.iter().chain(&report.rewritten) {
            self.say(&format!("{} was shortened or removed by its tool; the store keeps it", kept.path));
        }
    }

    fn failed(&mut self, error: &StoreError) {
        let words = format!("cannot capture, will try again: {}", causes(error).join(": "));
        if self.failure.as_ref() != Some(&words) {
            self.say(&words);
            self.failure = Some(words);
        }
    }

    fn watches(&mut self, watch: &Watch) {
        let before = std::mem::take(&mut self.info.polled);
        self.publish(watch);
        if self.info.polled == before {
            return;
        }
        match self.info.polled.first() {
            Some(Refused { why, .. }) => {
                let many = self.info.polled.len();
                let words = format!("folders that are looked into every few seconds: {many}: {why}");
                self.say(&words);
            }
            None => self.say("all folders are watched"),
        }
    }

    fn go_on(&mut self) -> Result<Duration, End> {
        if self.wish.is_over() {
            return Err(End::Stopped);
        }
        if !self.guard.holds() {
            return Err(End::Gone);
        }
        if cfg!(unix) && self.program.was_replaced() {
            return Err(End::Replaced);
        }
        if self.sum.told.elapsed() >= SUMMARY {
            self.tell_sum();
        }
        Ok(if self.program.is_unsettled() { SETTLE } else { LOOK })
    }
}
