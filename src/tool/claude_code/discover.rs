//! Finding transcripts, and what lies beside them.
//!
//! Directories are read, each once, and files are looked at, not opened, but
//! for the subagents of 2.0.x, which lie beside the sessions and don't tell
//! in their names whose they are. Links are not followed.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::object::json::Tape;
use crate::tool::look::{Entry, Look};
use crate::tool::{Discovery, Found, Framing, SideFile, Trouble};

/// How much of a subagent's transcript is read to learn whose it is.
const HEAD: u64 = 64 << 10;

/// How deep folders beside a session are looked into.
const DEPTH: usize = 8;

/// Finds the sessions below the tool's folder.
pub(super) fn discover(root: &Path) -> Discovery {
    let mut search = Search {
        look: Look::below(root.to_owned()),
        sessions: Vec::new(),
        parts: Vec::new(),
        side: HashMap::new(),
    };
    for project in search.look.folders("projects") {
        search.project(root, &project);
    }
    search.beside();
    search.finish()
}

/// Whose a subagent's transcript is.
enum Owner {
    Session(String),
    /// Its first row doesn't tell.
    Unknown,
    /// It has no row yet: the tool has only made the file.
    Untold,
}

struct Search {
    look: Look,
    sessions: Vec<Found>,
    parts: Vec<Found>,
    /// Files beside a session, by its id.
    side: HashMap<String, Vec<SideFile>>,
}

impl Search {
    fn project(&mut self, root: &Path, project: &Entry) {
        for entry in self.look.entries(&project.place) {
            if entry.stamp.is_none() {
                self.folder(&entry.name, &entry.place, 0);
                continue;
            }
            let Some(stem) = entry.name.strip_suffix(".jsonl").map(str::to_owned) else { continue };
            if stem.starts_with("agent-") {
                match self.owner(root.join(&entry.place)) {
                    Owner::Session(native) => self.part(&native, stem, entry),
                    Owner::Unknown => self.part(&stem.clone(), stem, entry),
                    Owner::Untold => {}
                }
            } else {
                self.sessions.extend(self.look.source(&stem, entry, Framing::Lines));
            }
        }
    }

    /// Looks into the folder beside a session.
    fn folder(&mut self, native: &str, place: &str, depth: usize) {
        for entry in self.look.entries(place) {
            if entry.stamp.is_none() {
                if depth < DEPTH {
                    self.folder(native, &entry.place, depth + 1);
                }
                continue;
            }
            let stem = entry.name.strip_suffix(".jsonl").filter(|stem| stem.starts_with("agent-"));
            match stem.filter(|_| entry.place.contains("/subagents/")).map(str::to_owned) {
                Some(stem) => self.part(native, stem, entry),
                None => self.keep(native, entry),
            }
        }
    }

    fn part(&mut self, native: &str, part: String, entry: Entry) {
        let found = self.look.source(native, entry, Framing::Lines);
        self.parts.extend(found.map(|found| Found { part, ..found }));
    }

    fn keep(&mut self, native: &str, entry: Entry) {
        self.side.entry(native.to_owned()).or_default().extend(self.look.side(entry));
    }

    /// The session that a subagent's transcript names in its first row.
    fn owner(&mut self, path: PathBuf) -> Owner {
        let mut head = Vec::new();
        let read = std::fs::File::open(&path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        if let Err(error) = read {
            self.look.trouble.push(Trouble { path, error });
            return Owner::Unknown;
        }
        if head.is_empty() {
            return Owner::Untold;
        }
        let mut tape = Tape::default();
        let named = tape.read(&head).and_then(|_| tape.root(&head).string("sessionId"));
        named.filter(|id| !id.is_empty()).map_or(Owner::Unknown, Owner::Session)
    }

    /// Looks for files of the sessions found, in the folders that go by id.
    fn beside(&mut self) {
        let mut known: Vec<String> = self.sessions.iter().map(|found| found.native.clone()).collect();
        known.sort();
        let is_known = |name: &str| known.binary_search_by(|id| id.as_str().cmp(name)).is_ok();
        for folder in self.look.folders("file-history").into_iter().filter(|e| is_known(&e.name)) {
            for file in self.look.entries(&folder.place) {
                self.keep(&folder.name, file);
            }
        }
        // `<id>-agent-<id>.json`, up to 2.1.54.
        for entry in self.look.entries("todos").into_iter().filter(|e| e.name.ends_with(".json")) {
            let Some((id, rest)) = entry.name.split_at_checked(36) else { continue };
            if rest.starts_with('-') && is_known(id) {
                let id = id.to_owned();
                self.keep(&id, entry);
            }
        }
    }

    /// Gives each session its files; those of a session that is gone go to a part of it.
    fn finish(mut self) -> Discovery {
        self.sessions.append(&mut self.parts);
        for found in &mut self.sessions {
            found.side = self.side.remove(&found.native).unwrap_or_default();
        }
        Discovery { found: self.sessions, trouble: self.look.trouble }
    }
}
