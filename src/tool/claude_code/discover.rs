//! Finding transcripts, and what lies beside them.
//!
//! Directories are read, each once, and files are looked at, not opened, but
//! for the subagents of 2.0.x, which lie beside the sessions and don't tell
//! in their names whose they are. Links are not followed.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::object::json::Tape;
use crate::tool::{Discovery, Found, Framing, SideFile, Stamp, Trouble, stamp_of};

/// How much of a subagent's transcript is read to learn whose it is.
const HEAD: u64 = 64 << 10;

/// How deep folders beside a session are looked into.
const DEPTH: usize = 8;

/// Finds the sessions below the tool's folder.
pub(super) fn discover(root: &Path) -> Discovery {
    let mut search = Search { root: root.to_owned(), ..Search::default() };
    for project in search.entries("projects").into_iter().filter(|e| e.dir) {
        search.project(&project);
    }
    search.beside();
    search.finish()
}

/// What a directory holds.
struct Entry {
    name: String,
    /// Its path below the root.
    place: String,
    dir: bool,
    stamp: Option<Stamp>,
}

#[derive(Default)]
struct Search {
    root: PathBuf,
    sessions: Vec<Found>,
    parts: Vec<Found>,
    /// Files beside a session, by its id.
    side: HashMap<String, Vec<SideFile>>,
    trouble: Vec<Trouble>,
}

impl Search {
    /// The files and folders in a folder, by name. One that isn't there is empty.
    fn entries(&mut self, place: &str) -> Vec<Entry> {
        let path = self.root.join(place);
        let mut entries = Vec::new();
        match std::fs::read_dir(&path) {
            Ok(dir) => {
                for entry in dir {
                    match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                        Ok((kind, entry)) if kind.is_dir() || kind.is_file() => {
                            let name = entry.file_name().to_string_lossy().into_owned();
                            let place = format!("{place}/{name}");
                            let stamp = if kind.is_file() { self.look(&entry) } else { None };
                            entries.push(Entry { name, place, dir: kind.is_dir(), stamp });
                        }
                        Ok(_) => {}
                        Err(error) => self.trouble.push(Trouble { path: path.clone(), error }),
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.trouble.push(Trouble { path, error }),
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    fn look(&mut self, entry: &std::fs::DirEntry) -> Option<Stamp> {
        match entry.metadata() {
            Ok(meta) => stamp_of(&meta),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                self.trouble.push(Trouble { path: entry.path(), error });
                None
            }
        }
    }

    fn project(&mut self, project: &Entry) {
        for entry in self.entries(&project.place) {
            if entry.dir {
                self.folder(&entry.name, &entry.place, 0);
                continue;
            }
            let Some(stem) = entry.name.strip_suffix(".jsonl").map(str::to_owned) else { continue };
            if stem.starts_with("agent-") {
                let native = self.owner(&entry).unwrap_or_else(|| stem.clone());
                self.parts.extend(self.found(&entry, native, stem));
            } else {
                self.sessions.extend(self.found(&entry, stem, String::new()));
            }
        }
    }

    /// Looks into the folder beside a session.
    fn folder(&mut self, native: &str, place: &str, depth: usize) {
        for entry in self.entries(place) {
            if entry.dir {
                if depth < DEPTH {
                    self.folder(native, &entry.place, depth + 1);
                }
                continue;
            }
            let stem = entry.name.strip_suffix(".jsonl").filter(|s| s.starts_with("agent-"));
            match stem {
                Some(stem) if entry.place.contains("/subagents/") => {
                    self.parts.extend(self.found(&entry, native.to_owned(), stem.to_owned()));
                }
                _ => self.keep(native, &entry),
            }
        }
    }

    fn found(&self, entry: &Entry, native: String, part: String) -> Option<Found> {
        Some(Found {
            native,
            part,
            path: self.root.join(&entry.place),
            place: entry.place.clone(),
            framing: Framing::Lines,
            stamp: entry.stamp?,
            side: Vec::new(),
        })
    }

    fn keep(&mut self, native: &str, entry: &Entry) {
        let Some(stamp) = entry.stamp else { return };
        let path = self.root.join(&entry.place);
        let file = SideFile { path, place: entry.place.clone(), stamp };
        self.side.entry(native.to_owned()).or_default().push(file);
    }

    /// The session that a subagent's transcript names in its first row.
    fn owner(&mut self, entry: &Entry) -> Option<String> {
        let path = self.root.join(&entry.place);
        let mut head = Vec::new();
        let read = std::fs::File::open(&path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        if let Err(error) = read {
            self.trouble.push(Trouble { path, error });
            return None;
        }
        let mut tape = Tape::default();
        tape.read(&head)?;
        tape.root(&head).string("sessionId").filter(|id| !id.is_empty())
    }

    /// Looks for files of the sessions found, in the folders that go by id.
    fn beside(&mut self) {
        let mut known: Vec<String> = self.sessions.iter().map(|found| found.native.clone()).collect();
        known.sort();
        let is_known = |name: &str| known.binary_search_by(|id| id.as_str().cmp(name)).is_ok();
        for entry in self.entries("file-history").into_iter().filter(|e| e.dir && is_known(&e.name)) {
            for file in self.entries(&entry.place).into_iter().filter(|file| !file.dir) {
                self.keep(&entry.name, &file);
            }
        }
        // `<id>-agent-<id>.json`, up to 2.1.54.
        for entry in self.entries("todos").into_iter().filter(|e| !e.dir && e.name.ends_with(".json")) {
            let Some((id, rest)) = entry.name.split_at_checked(36) else { continue };
            if rest.starts_with('-') && is_known(id) {
                self.keep(id, &entry);
            }
        }
    }

    /// Gives each session its files; those of a session that is gone go to a part of it.
    fn finish(mut self) -> Discovery {
        self.sessions.append(&mut self.parts);
        for found in &mut self.sessions {
            found.side = self.side.remove(&found.native).unwrap_or_default();
        }
        Discovery { found: self.sessions, trouble: self.trouble }
    }
}
