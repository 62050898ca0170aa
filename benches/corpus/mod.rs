//! A corpus of sessions for measuring: the same for the same options on every machine, and like real ones in what
//! decides speed and size: the shapes of rows, how long texts are, how often they come again, and how they compress.

mod claude;
mod codex;
mod json;
mod project;
mod rng;
mod sink;
mod text;
mod tools;
mod words;

use std::io;
use std::path::{Path, PathBuf};

use project::Project;
use rng::Rng;
use sink::Limit;
pub(crate) use sink::Written;

/// The least bytes that a session gets.
const SESSION_BYTES_MIN: u64 = 4000;

/// The average size of a session when their number isn't given.
const SESSION_BYTES: u64 = 3_600_000;

/// How many sessions a project has.
const SESSIONS_PER_PROJECT: usize = 20;

/// Time between the starts of two sessions: five hours.
const BETWEEN_MS: u64 = 18_000_000;

/// What to generate.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The size of all sessions together, without the big one.
    pub(crate) bytes: u64,
    /// How many sessions there are; `None` lets their average be 3.6 MB.
    pub(crate) sessions: Option<usize>,
    /// What all random choices follow from.
    pub(crate) seed: u64,
    /// How many sessions in a thousand are Codex's.
    pub(crate) codex_per_mille: usize,
    /// The size of one more session, of Claude Code; 0 for none.
    pub(crate) big_bytes: u64,
    /// How many messages one more session has, of Claude Code; 0 for none.
    pub(crate) big_messages: u64,
    /// How long tool results and edits are, in per cent of the usual.
    pub(crate) text_percent: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bytes: 1_000_000_000,
            sessions: None,
            seed: 1,
            codex_per_mille: 200,
            big_bytes: 0,
            big_messages: 0,
            text_percent: 100,
        }
    }
}

/// What was generated.
#[derive(Default)]
pub(crate) struct Corpus {
    /// The sessions, in the order of their start.
    pub(crate) sessions: Vec<Written>,
    /// The big sessions, first the one by bytes, then the one by messages.
    pub(crate) big: Vec<Written>,
}

/// Writes `<home>/.claude/projects/…` and `<home>/.codex/sessions/…`.
pub(crate) fn generate(home: &Path, options: &Options) -> io::Result<Corpus> {
    let mut rng = Rng::new(options.seed);
    let sizes = sizes(&mut rng, options);
    let mut corpus = Corpus::default();
    let mut ms = json::EPOCH_MS;
    for (number, batch) in sizes.chunks(SESSIONS_PER_PROJECT).enumerate() {
        let mut project = Project::new(&mut rng, number);
        for &bytes in batch {
            let codex = falls_to_codex(corpus.sessions.len(), options.codex_per_mille);
            corpus.sessions.push(session(
                &mut rng,
                &mut project,
                home,
                ms,
                Limit::Bytes(bytes),
                codex,
                options,
            )?);
            project.drift(&mut rng);
            ms += BETWEEN_MS;
        }
    }
    let big = [Limit::Bytes(options.big_bytes), Limit::Messages(options.big_messages)];
    for limit in big.into_iter().filter(|limit| !matches!(limit, Limit::Bytes(0) | Limit::Messages(0))) {
        let mut project = Project::new(&mut rng, corpus.big.len() + 9000);
        corpus.big.push(session(&mut rng, &mut project, home, ms, limit, false, options)?);
        ms += BETWEEN_MS;
    }
    Ok(corpus)
}

/// Copies a session of Claude Code as a tool makes a fork: beside it, under a new id that every row carries.
pub(crate) fn fork_session(path: &Path, seed: u64) -> io::Result<PathBuf> {
    let old = path.file_stem().and_then(|stem| stem.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
    let new = json::uuid4(&mut Rng::new(seed));
    let rows = std::fs::read_to_string(path)?;
    let fork = path.with_file_name(format!("{new}.jsonl"));
    let (from, to) = (format!("\"sessionId\":\"{old}\""), format!("\"sessionId\":\"{new}\""));
    std::fs::write(&fork, rows.replace(&from, &to))?;
    Ok(fork)
}

/// The size of each session: few are long and many are short, and together they are what was asked for.
fn sizes(rng: &mut Rng, options: &Options) -> Vec<u64> {
    let count = options.sessions.unwrap_or_else(|| options.bytes.div_ceil(SESSION_BYTES) as usize);
    let weights: Vec<u64> = (0..count).map(|_| 8 + (rng.zipf(1000) * rng.between(1, 4) / 4) as u64).collect();
    let all = weights.iter().sum::<u64>().max(1);
    weights.iter().map(|weight| (options.bytes / all * weight).max(SESSION_BYTES_MIN)).collect()
}

/// Whether the session of this number is Codex's, so that the share holds in every stretch of sessions.
fn falls_to_codex(number: usize, per_mille: usize) -> bool {
    (number + 1) * per_mille / 1000 > number * per_mille / 1000
}

/// Writes one session.
fn session(
    rng: &mut Rng,
    project: &mut Project,
    home: &Path,
    ms: u64,
    limit: Limit,
    codex: bool,
    options: &Options,
) -> io::Result<Written> {
    if codex {
        return codex::write(rng, project, &home.join(".codex/sessions"), ms, limit, options.text_percent);
    }
    let folder = claude_folder(home, &project.cwd);
    claude::write(rng, project, &folder, ms, limit, options.text_percent)
}

/// Where Claude Code keeps the sessions of a working directory.
fn claude_folder(home: &Path, cwd: &str) -> PathBuf {
    let slug: String = cwd.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    home.join(".claude/projects").join(slug)
}
