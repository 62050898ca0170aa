//! Writes a corpus of sessions to measure with: `cargo bench --bench generate -- DIR --bytes 1GB`.
//!
//! Prints one line for each big session and each fork with its path, and at the end the sums.

mod corpus;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use corpus::{Corpus, Options, Written};

/// How to call it.
const USAGE: &str = "\
usage: generate DIR [--bytes 1GB] [--sessions N] [--seed 1] [--codex 0.2] [--big-mb N] [--big-messages N] [--text PERCENT]
       generate --fork SESSION.jsonl [--seed 1]

Writes DIR/.claude/projects/... and DIR/.codex/sessions/...; with --fork, a copy of a session as a tool makes it.";

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    folder: Option<PathBuf>,
    fork: Option<PathBuf>,
    options: Options,
}

fn main() -> ExitCode {
    match arguments(std::env::args().skip(1)).and_then(|asked| run(&asked).map_err(|error| error.to_string()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(asked: &Arguments) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(session) = &asked.fork {
        let fork = corpus::fork_session(session, asked.options.seed)?;
        return writeln!(out, "fork {}", fork.display());
    }
    let Some(folder) = &asked.folder else { return writeln!(out, "{USAGE}") };
    report(&mut out, &corpus::generate(folder, &asked.options)?, folder)
}

fn report(out: &mut impl Write, corpus: &Corpus, folder: &Path) -> io::Result<()> {
    for big in &corpus.big {
        writeln!(out, "big {} bytes {} rows {}", big.path.display(), big.bytes, big.rows)?;
    }
    let sum = |of: fn(&Written) -> u64| corpus.sessions.iter().chain(&corpus.big).map(of).sum::<u64>();
    let count = corpus.sessions.len() + corpus.big.len();
    writeln!(
        out,
        "corpus {} sessions {count} rows {} bytes {}",
        folder.display(),
        sum(|s| s.rows),
        sum(|s| s.bytes)
    )
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut asked = Arguments::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
        let options = &mut asked.options;
        match word.as_str() {
            "--bench" => {} // cargo passes it to every bench
            "--help" | "-h" => return Err(USAGE.to_owned()),
            "--bytes" => options.bytes = bytes(&value()?)?,
            "--sessions" => options.sessions = Some(number(&value()?)? as usize),
            "--seed" => options.seed = number(&value()?)?,
            "--codex" => options.codex_per_mille = per_mille(&value()?)?,
            "--big-mb" => options.big_bytes = number(&value()?)? * 1_000_000,
            "--big-messages" => options.big_messages = number(&value()?)?,
            "--text" => options.text_percent = number(&value()?)? as usize,
            "--fork" => asked.fork = Some(PathBuf::from(value()?)),
            _ if word.starts_with('-') || asked.folder.is_some() => {
                return Err(format!("what is {word}?\n{USAGE}"));
            }
            _ => asked.folder = Some(PathBuf::from(word)),
        }
    }
    Ok(asked)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}

/// A share from 0 to 1, in a thousand.
fn per_mille(text: &str) -> Result<usize, String> {
    let share: f64 = text.parse().map_err(|_| format!("{text} is not a share"))?;
    if (0.0..=1.0).contains(&share) {
        Ok((share * 1000.0).round() as usize)
    } else {
        Err(format!("{text} is not from 0 to 1"))
    }
}

/// A size as `500MB` or `1GB`, or plain bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1)];
    match units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale))) {
        Some((count, scale)) => Ok(number(count)? * scale),
        None => number(text),
    }
}
