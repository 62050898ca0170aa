//! The daemon's log: lines with the time, in a file that doesn't grow for ever.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::DaemonError;
use super::lock::{make, private};
use crate::object::id::checksum;
use crate::ops::Env;
use crate::tool::Os;
use crate::view::clean::clean;

/// When the log is longer it becomes the old one, in place of the one before.
const LENGTH: u64 = 1 << 20;

/// Where the daemon of a store logs. `usual` tells whether it is the store
/// that is used when none is named; the others have logs of their own.
pub fn log_path(env: &Env, usual: bool) -> PathBuf {
    let home = &env.places.home;
    let folder = match env.places.os {
        Os::Linux => {
            let state = env.places.var("XDG_STATE_HOME").filter(|dir| dir.is_absolute());
            state.unwrap_or_else(|| home.join(".local").join("state")).join("sfs")
        }
        Os::Mac => home.join("Library").join("Logs").join("sfs"),
        Os::Windows => {
            let data = env.places.var("LOCALAPPDATA");
            data.unwrap_or_else(|| home.join("AppData").join("Local")).join("sfs").join("logs")
        }
    };
    let name = if usual {
        "daemon.log".to_owned()
    } else {
        format!("daemon-{:016x}.log", checksum(env.store.to_string_lossy().as_bytes()))
    };
    folder.join(name)
}

/// A log that is written to.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Log {
    /// Opens the log, or begins it.
    pub fn open(path: &Path) -> Result<Log, DaemonError> {
        path.parent().map_or(Ok(()), make)?;
        let file = private().append(true).create(true).open(path).map_err(DaemonError::io("open", path))?;
        let len = file.metadata().map_or(0, |meta| meta.len());
        Ok(Log { path: path.to_owned(), file, len })
    }

    /// Writes a line. A log that can't be written to is no reason to stop.
    pub fn line(&mut self, now: i64, words: &str) {
        if self.len > LENGTH {
            self.turn_over();
        }
        let time = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
        let line = format!("{} {}\n", time.strftime("%Y-%m-%dT%H:%M:%SZ"), clean(words));
        if self.file.write_all(line.as_bytes()).is_ok() {
            self.len += line.len() as u64;
        }
    }

    fn turn_over(&mut self) {
        // Whether or not that works, it isn't tried again before long.
        self.len = 0;
        let moved = std::fs::rename(&self.path, old(&self.path));
        if moved.is_ok()
            && let Ok(log) = Log::open(&self.path)
        {
            *self = log;
        }
    }
}

fn old(path: &Path) -> PathBuf {
    path.with_extension("log.old")
}

/// The last lines of a log, the oldest first.
pub fn tail(path: &Path, lines: usize) -> Result<Vec<String>, DaemonError> {
    let mut found = Vec::new();
    for path in [path.to_owned(), old(path)] {
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(DaemonError::io("read", &path)(e)),
        };
        let left = lines.saturating_sub(found.len());
        found.extend(text.lines().rev().take(left).map(str::to_owned));
    }
    found.reverse();
    Ok(found)
}

/// What was added to a log since a look that ended at `from`, and where this
/// one ends. A log that was begun anew is read from its beginning.
pub fn more(path: &Path, from: u64) -> std::io::Result<(String, u64)> {
    let mut file = match File::open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((String::new(), 0)),
        file => file?,
    };
    let from = if file.metadata()?.len() < from { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), from + bytes.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_the_last_lines_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/daemon.log");
        let mut log = Log::open(&path).unwrap();
        let words = "x".repeat(2000);
        for n in 0..2000 {
            log.line(0, &format!("{n} {words}"));
        }
        let total: u64 = [path.clone(), old(&path)].iter().map(|p| p.metadata().unwrap().len()).sum();
        assert!(total < 2 * LENGTH + 5000, "{total}");
        let lines = tail(&path, 700).unwrap();
        assert_eq!(lines.len(), 700);
        assert!(lines[699].starts_with("1970-01-01T00:00:00Z 1999 x") && lines[0].contains(" 1300 x"));
        assert_eq!(std::fs::read_dir(dir.path().join("a")).unwrap().count(), 2);
    }

    #[test]
    fn what_is_added_is_read_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("daemon.log");
        assert_eq!(more(&path, 9).unwrap(), (String::new(), 0));
        let mut log = Log::open(&path).unwrap();
        log.line(0, "one\u{1b}[2J");
        let (text, end) = more(&path, 0).unwrap();
        assert!(text.ends_with("Z one [2J\n"), "{text:?}");
        log.line(0, "two");
        assert!(more(&path, end).unwrap().0.ends_with("Z two\n"));
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(more(&path, end).unwrap(), ("new\n".into(), 4));
    }
}
