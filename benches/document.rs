//! What capture costs when a tool rewrites a document of some megabytes to add
//! one message: `cargo bench --bench document [-- MEGABYTES]`.
//!
//! Prints processor time of one capture beside that of reading the document
//! and parsing it once, and how much the store grew beside what was added.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sfs::object::json::Tape;
use sfs::ops::Env;
use sfs::ops::capture::{CaptureOptions, capture};
use sfs::ops::monitor::Quiet;
use sfs::store::Store;
use sfs::tool::Places;

/// How often a message is added.
const ROUNDS: usize = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let megabytes = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let dir = tempfile::tempdir()?;
    let mut session = Session::new(dir.path(), megabytes * 1_000_000)?;
    session.capture()?;
    let (mut read, mut parse, mut captured, mut grown, mut added) = (0, 0, 0, 0, 0);
    for _ in 0..ROUNDS {
        added += session.add(2000)?;
        let before = spent();
        let bytes = fs::read(&session.path)?;
        let parsed = spent();
        let len = Tape::default().read(&bytes);
        (read, parse) = (read + parsed - before, parse + spent() - parsed);
        assert_eq!(len, Some(bytes.len() - 1));
        let (size, before) = (session.size(), spent());
        session.capture()?;
        captured += spent() - before;
        grown += session.size().saturating_sub(size);
    }
    // Sums, since processors' time is told in ticks.
    let each = |sum: u64| sum as f64 / ROUNDS as f64;
    let mut out = std::io::stdout().lock();
    writeln!(out, "document   {:>10} bytes, {} added each time", session.text.len(), added / ROUNDS)?;
    writeln!(out, "parse      {:>10.3} ms", each(parse) / 1e6)?;
    writeln!(
        out,
        "capture    {:>10.3} ms, {:.2} of a parse",
        each(captured) / 1e6,
        captured as f64 / parse as f64
    )?;
    writeln!(out, "growth     {:>10.0} bytes", each(grown))?;
    Ok(())
}

/// Processor time of all threads so far in nanoseconds; where the system
/// doesn't tell, the time that went by.
fn spent() -> u64 {
    thread_local!(static BEGUN: Instant = Instant::now());
    let of = |task: PathBuf| -> Option<u64> {
        fs::read_to_string(task.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let sum: u64 = tasks.filter_map(|task| of(task.path())).sum();
    if sum > 0 {
        sum
    } else {
        BEGUN.with(|begun| u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// A home with one session, and a store of it.
struct Session {
    env: Env,
    store: Store,
    path: PathBuf,
    /// The messages so far.
    text: String,
    messages: usize,
    state: u64,
}

impl Session {
    fn new(dir: &Path, bytes: usize) -> Result<Session, Box<dyn Error>> {
        let id = "1795330403763_xea69";
        let path = dir.join("home/.cline/data/sessions").join(id).join(format!("{id}.messages.json"));
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        let env = Env {
            now: 1_800_000_000_000,
            seed: 1,
            places: Places { home: dir.join("home"), ..Places::default() },
            cwd: dir.to_owned(),
            store: dir.join("store"),
            settings: dir.join("config"),
            user: "u".into(),
            host: "h".into(),
            command: "bench".into(),
            ..Env::default()
        };
        let store = Store::open_or_create(&env.store, env.new_writer())?;
        let mut session = Session { env, store, path, text: String::new(), messages: 0, state: 7 };
        while session.text.len() < bytes {
            session.message(5000)?;
        }
        session.write()?;
        Ok(session)
    }

    fn capture(&mut self) -> Result<(), Box<dyn Error>> {
        let options = CaptureOptions { tools: vec!["cline".into()], no_snapshots: true };
        let report = capture(&self.env, &mut self.store, &options, &Quiet)?;
        assert_eq!((report.changed, report.trouble.len()), (1, 0), "{report:?}");
        Ok(())
    }

    /// Adds a message, and rewrites the document; how many bytes it has more.
    fn add(&mut self, len: usize) -> Result<usize, Box<dyn Error>> {
        let before = self.text.len();
        self.message(len)?;
        self.write()?;
        Ok(self.text.len() - before)
    }

    fn write(&mut self) -> Result<(), Box<dyn Error>> {
        let (n, text) = (self.messages, &self.text);
        fs::write(
            &self.path,
            format!("{{\n  \"version\": 1,\n  \"updated_at\": \"{n}\",\n  \"messages\": [{text}\n  ]\n}}\n"),
        )?;
        Ok(())
    }

    /// Appends a message of about `len` bytes: code, by its look.
    fn message(&mut self, len: usize) -> Result<(), Box<dyn Error>> {
        let role = if self.messages.is_multiple_of(2) { "user" } else { "assistant" };
        let comma = if self.messages == 0 { "" } else { "," };
        let (n, ts) = (self.messages, 1_795_330_403_763 + self.messages * 1000);
        write!(
            self.text,
            "{comma}\n    {{\n      \"id\": \"msg_{n}\",\n      \"role\": \"{role}\",\n      \"content\": [\n        {{\n          \"type\": \"text\",\n          \"text\": \""
        )?;
        let end = self.text.len() + len;
        while self.text.len() < end {
            let word = self.next();
            match word % 12 {
                0 => self.text.push_str("\\n    "),
                1 => write!(self.text, "\\\"{:x}\\\" ", word % 4096)?,
                _ => write!(self.text, "w{} ", word % 5000)?,
            }
        }
        write!(self.text, "\"\n        }}\n      ],\n      \"ts\": {ts}\n    }}")?;
        self.messages += 1;
        Ok(())
    }

    fn next(&mut self) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state >> 33
    }

    /// How many bytes the store takes.
    fn size(&self) -> u64 {
        let walk = walkdir::WalkDir::new(&self.env.store).into_iter().flatten();
        walk.filter_map(|entry| entry.metadata().ok())
            .filter(|meta| meta.is_file())
            .map(|meta| meta.len())
            .sum()
    }
}
