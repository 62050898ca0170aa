//! How fast secrets are looked for: `cargo bench --bench scan -- DIR`.
//!
//! Reads all files below a folder into memory and prints the speed of looking
//! for secrets in each of their lines beside that of copying the bytes and of
//! looking for one byte that isn't there; then what was found, by rule.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use sfs::redact::{Scanner, UserRules};

/// How often each is done; the fastest counts.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().skip(1).find(|word| !word.starts_with('-')).ok_or("name a folder")?;
    let mut text = Vec::new();
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file()) {
        text.extend(std::fs::read(entry.path())?);
    }
    let scanner = Scanner::new(&UserRules::default())?;
    let mut copy = vec![0; text.len()];
    let mut found = BTreeMap::new();
    let mut out = std::io::stdout().lock();
    writeln!(out, "bytes      {:>12}", text.len())?;
    let mut row = |what: &str, work: &mut dyn FnMut()| {
        let time = (0..ROUNDS).map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64()
        });
        let best = time.fold(f64::INFINITY, f64::min);
        writeln!(out, "{what:<10} {:>12.0} MB/s", text.len() as f64 / 1e6 / best)
    };
    row("copy", &mut || std::hint::black_box(&mut copy).copy_from_slice(&text))?;
    row("one byte", &mut || assert_eq!(std::hint::black_box(memchr::memchr(0xFF, &text)), None))?;
    row("secrets", &mut || {
        found.clear();
        for hit in text.split(|b| *b == b'\n').flat_map(|line| scanner.scan(line)) {
            *found.entry(hit.rule).or_insert(0) += 1;
        }
    })?;
    for (rule, n) in found {
        writeln!(out, "{n:>8} {}", scanner.rule(rule))?;
    }
    Ok(())
}
