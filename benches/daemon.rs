//! What the daemon costs, and how fast it is: `cargo bench --bench daemon [-- SECONDS]`.
//!
//! In a throwaway home with 2,000 sessions: memory and processor time while
//! nothing happens; how long it takes from a tool's write to a durable commit
//! while three tools write at once, and how much is written to the disk for
//! that; and what a line added to a session of 500 MB costs. Linux only: the
//! figures are those of `/proc`.

#[expect(dead_code, reason = "not all of it is used here")]
mod corpus;

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use corpus::Options;
use sfs::object::Id;
use sfs::store::{RefValue, Store};

/// Sessions that are known before anything is measured.
const SESSIONS: usize = 2000;
/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(30);
/// How long is waited between two writes of a tool: from, and up to.
const PAUSE: (u64, u64) = (150, 1500);
/// Size of the long session.
const LONG: u64 = 500_000_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(60);
    let stage = Stage::new()?;
    let mut out = std::io::stdout().lock();
    let mut row = |name: &str, value: String| writeln!(out, "{name:<34} {value}");

    corpus::generate(&stage.home(), &options(60_000_000, SESSIONS, 1))?;
    let begun = Instant::now();
    let pid = stage.start()?;
    stage.wait_for(|store| store.refs_below("source/").count() >= SESSIONS)?;
    row("first capture", format!("{} sessions in {:.1} s", SESSIONS, begun.elapsed().as_secs_f64()))?;
    sleep(Duration::from_secs(2));
    row("memory after it", memory(pid)?)?;
    let pid = stage.restart()?;
    sleep(Duration::from_secs(2));
    let before = processor(pid)?;
    sleep(IDLE);
    row("memory, idle", memory(pid)?)?;
    row("processor, idle", format!("{} ms in {} s", processor(pid)? - before, IDLE.as_secs()))?;

    let (before, written) = (processor(pid)?, written(pid)?);
    let active = active(&stage, Duration::from_secs(seconds))?;
    let mut waits = active.waits;
    waits.sort_unstable();
    let at = |part: f64| {
        let at = ((waits.len() as f64 * part) as usize).min(waits.len().saturating_sub(1));
        waits.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    };
    row("three tools write", format!("{} records, {} bytes in {seconds} s", waits.len(), active.bytes))?;
    row(
        "write to durable commit",
        format!("p50 {:.0} ms, p99 {:.0} ms, most {:.0} ms", at(0.5), at(0.99), at(1.0)),
    )?;
    let disk = self::written(pid)? - written;
    let allowed = 4 * active.bytes + (64 << 10) * seconds.div_ceil(60);
    row("written to disk", format!("{disk} bytes ({:.2} x; allowed {allowed})", ratio(disk, active.bytes)))?;
    row("processor", format!("{} ms in {seconds} s", processor(pid)? - before))?;
    row("memory", memory(pid)?)?;

    long(&stage, pid, &mut row)?;
    Ok(())
}

fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

fn options(bytes: u64, sessions: usize, seed: u64) -> Options {
    Options { bytes, sessions: Some(sessions), seed, codex_per_mille: 400, ..Options::default() }
}

/// What a line costs that is added to a long session.
fn long(stage: &Stage, pid: u32, row: &mut impl FnMut(&str, String) -> std::io::Result<()>) -> Outcome<()> {
    let feed = stage.feed("long", 3)?;
    let line = feed.claude.lines().next().unwrap_or_default();
    let path = stage.home().join(".claude/projects/-long/aaaaaaaa-3333-4444-5555-666677778888.jsonl");
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let part = path.with_extension("part");
    let mut file = std::io::BufWriter::new(File::create(&part)?);
    let mut len = 0;
    while len < LONG {
        len += line.len() as u64 + 1;
        writeln!(file, "{line}")?;
    }
    file.into_inner()?.sync_all()?;
    fs::rename(&part, &path)?;
    stage.wait_for(|store| captured(store, &path) >= len)?;
    sleep(Duration::from_secs(5));
    let (mut waits, mut spent, mut disk) = (Vec::new(), 0, 0);
    for _ in 0..20 {
        let (before, begun, on_disk) = (processor(pid)?, Instant::now(), written(pid)?);
        let mut file = fs::OpenOptions::new().append(true).open(&path)?;
        writeln!(file, "{line}")?;
        len += line.len() as u64 + 1;
        stage.wait_for(|store| captured(store, &path) >= len)?;
        waits.push(begun.elapsed());
        sleep(Duration::from_millis(500));
        (spent, disk) = (spent + processor(pid)? - before, disk + written(pid)? - on_disk);
    }
    waits.sort_unstable();
    let median = waits.get(waits.len() / 2).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0);
    row(
        "a line added to 500 MB",
        format!("{median:.0} ms, {:.1} ms of processor, {} bytes on disk", spent as f64 / 20.0, disk / 20),
    )?;
    row("memory then", memory(pid)?)?;
    Ok(())
}

/// What came of the tools' writing.
#[derive(Default)]
struct Active {
    waits: Vec<Duration>,
    bytes: u64,
}

/// A write: the file, how long it is then, and when that was.
type Wrote = (PathBuf, u64, Instant);

/// Three tools write for a while; each write is waited for.
fn active(stage: &Stage, during: Duration) -> Outcome<Active> {
    let feed = stage.feed("feed", 2)?;
    let home = stage.home();
    let now = "rollout-2026-11-22T07-05-06-019b0000-0000-7000-8000-0000000000ff.jsonl";
    let tools = [
        (home.join(".claude/projects/-x/bbbbbbbb-3333-4444-5555-666677778888.jsonl"), feed.claude),
        (home.join(".codex/sessions/2026/11/22").join(now), feed.codex),
        (home.join(".copilot/session-state/s1/events.jsonl"), feed.copilot),
    ];
    let (sender, wrote): (Sender<Wrote>, Receiver<Wrote>) = channel();
    let threads: Vec<_> = (1..)
        .zip(tools)
        .map(|(seed, (path, text))| {
            let sender = sender.clone();
            std::thread::spawn(move || write(&path, &text, seed, during, &sender).map_err(|e| e.to_string()))
        })
        .collect();
    drop(sender);
    let mut active = Active::default();
    let (mut store, mut open) = (stage.store()?, Vec::new());
    loop {
        match wrote.recv_timeout(Duration::from_millis(2)) {
            Ok(write) => open.push(write),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) if open.is_empty() => break,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => sleep(Duration::from_millis(2)),
        }
        if store.refresh()? {
            stage.until_durable()?;
            let now = Instant::now();
            open.retain(|(path, len, at)| {
                let done = captured(&store, path) >= *len;
                active.waits.extend(done.then(|| now.saturating_duration_since(*at)));
                !done
            });
        }
    }
    for thread in threads {
        active.bytes += thread.join().map_err(|_| "a writer panicked")??;
    }
    Ok(active)
}

/// Writes a text line by line, as a tool would; how many bytes.
fn write(path: &Path, text: &str, seed: u64, during: Duration, wrote: &Sender<Wrote>) -> Outcome<u64> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    let (begun, mut len, mut state) = (Instant::now(), 0, seed);
    for line in text.lines() {
        if begun.elapsed() >= during {
            break;
        }
        file.write_all(format!("{line}\n").as_bytes())?;
        len += line.len() as u64 + 1;
        wrote.send((path.to_owned(), len, Instant::now()))?;
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis(PAUSE.0 + (state >> 33) % (PAUSE.1 - PAUSE.0)));
    }
    Ok(len)
}

/// How much of a file the store has.
fn captured(store: &Store, path: &Path) -> u64 {
    let is_it = |place: &str| path.ends_with(place);
    let sources = store.refs_below("source/").filter_map(|(_, value)| match value {
        RefValue::Source(source) if is_it(&source.place) => Some(source.mark.stamp.0),
        _ => None,
    });
    sources.max().unwrap_or(0)
}

/// What tools write.
struct Feed {
    claude: String,
    codex: String,
    copilot: String,
}

/// A throwaway home with a store.
struct Stage(tempfile::TempDir);

impl Stage {
    fn new() -> Outcome<Stage> {
        let stage = Stage(tempfile::tempdir()?);
        fs::create_dir(stage.home())?;
        Store::open_or_create(&stage.0.path().join("store"), Id::ZERO)?;
        Ok(stage)
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn store(&self) -> Outcome<Store> {
        Ok(Store::open(&self.0.path().join("store"))?)
    }

    fn sfs(&self, args: &[&str]) -> Outcome<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.home()).env("SFS_DIR", self.0.path().join("store"));
        let output = command.args(args).stderr(Stdio::inherit()).output()?;
        Ok(String::from_utf8(output.stdout)?)
    }

    fn start(&self) -> Outcome<u32> {
        self.sfs(&["daemon", "start"])?;
        let status: serde_json::Value = serde_json::from_str(&self.sfs(&["daemon", "status", "--json"])?)?;
        Ok(u32::try_from(status["pid"].as_u64().ok_or("no daemon is running")?)?)
    }

    fn restart(&self) -> Outcome<u32> {
        self.sfs(&["daemon", "stop"])?;
        self.start()
    }

    /// Waits until the store is so, and that is durable.
    fn wait_for(&self, is_so: impl Fn(&Store) -> bool) -> Outcome<()> {
        let mut store = self.store()?;
        while !is_so(&store) {
            sleep(Duration::from_millis(2));
            store.refresh()?;
        }
        self.until_durable()
    }

    /// Waits for a writer to let go of the store: it does once its frame, which
    /// we may have seen before, is synced.
    fn until_durable(&self) -> Outcome<()> {
        Ok(File::open(self.0.path().join("store/lock"))?.lock_shared()?)
    }

    fn feed(&self, name: &str, seed: u64) -> Outcome<Feed> {
        let dir = self.0.path().join(name);
        let corpus = corpus::generate(&dir, &options(3_000_000, 6, seed))?;
        let read = |tool: &str| -> Outcome<String> {
            let is_it = |path: &&PathBuf| path.starts_with(dir.join(tool));
            let mut paths = corpus.sessions.iter().map(|session| &session.path);
            Ok(fs::read_to_string(paths.find(is_it).ok_or("no such session was generated")?)?)
        };
        let (claude, codex) = (read(".claude")?, read(".codex")?);
        let copilot = codex.lines().enumerate().map(|(n, line)| {
            let event = serde_json::json!({
                "type": "assistant.message", "id": format!("00000000-0000-4000-8000-{n:012}"), "parentId": null,
                "timestamp": "2026-11-22T06:34:00.000Z",
                "data": {"messageId": format!("m{n}"), "content": line, "toolRequests": []},
            });
            format!("{event}\n")
        });
        Ok(Feed { copilot: copilot.collect(), claude, codex })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.sfs(&["daemon", "stop"]);
    }
}

/// Milliseconds of processor time of a process.
fn processor(pid: u32) -> Outcome<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|n| n.parse::<u64>().unwrap_or(0)).sum();
    // A tick is a hundredth of a second wherever Linux runs.
    Ok(ticks * 10)
}

/// Bytes that a process had written to disk, in whole pages.
fn written(pid: u32) -> Outcome<u64> {
    let io = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line.ok_or("the system doesn't tell what was written")?.parse()?)
}

fn memory(pid: u32) -> Outcome<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Ok(format!(
        "{:.1} MB, at most {:.1} MB",
        field("VmRSS:") as f64 / 1000.0,
        field("VmHWM:") as f64 / 1000.0
    ))
}
