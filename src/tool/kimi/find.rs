//! Where sessions lie.
//!
//! Kimi Code: `$KIMI_CODE_HOME` (else `~/.kimi-code`) holds
//! `sessions/wd_<name>_<hash>/<session>/agents/<agent>/wire.jsonl`, the session's own
//! agent being `main`, with `state.json` and what belongs to its tasks beside.

use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::state::STATE;
use crate::tool::{Discovery, Found, Framing, Places, SideFile, Stamp, Trouble, stamp_of};

/// A transcript, and the agent that speaks for the session.
pub(super) const WIRE: &str = "wire.jsonl";
pub(super) const MAIN: &str = "main";
/// The folder of all sessions.
pub(super) const SESSIONS: &str = "sessions";
/// Folders of a session that belong to it: plans, schedules, and long results.
/// Logs are not among them.
const BESIDE: &[&str] = &["tasks", "cron", "media"];
/// Folders of an agent that belong to the session.
const OF_AGENT: &[&str] = &["plans", "blobs", "tool-results"];
/// How deep they are looked into.
const DEPTH: u32 = 4;

/// The tool's folder.
pub(super) fn root(places: &Places) -> PathBuf {
    places.var("KIMI_CODE_HOME").unwrap_or_else(|| places.home.join(".kimi-code"))
}

/// Finds all sessions.
pub(super) fn discover(places: &Places) -> Discovery {
    let mut search = Search::new(root(places));
    for bucket in search.folders(SESSIONS) {
        for session in search.folders(&bucket.place) {
            search.session(&session);
        }
    }
    search.finish()
}

/// A file, or a folder, which has no stamp.
pub(super) struct Entry {
    pub(super) name: String,
    /// Its path below the root.
    pub(super) place: String,
    pub(super) stamp: Option<Stamp>,
}

/// A look through the tool's folder.
pub(super) struct Search {
    root: PathBuf,
    sessions: Vec<Found>,
    parts: Vec<Found>,
    trouble: Vec<Trouble>,
}

impl Search {
    pub(super) fn new(root: PathBuf) -> Search {
        Search { root, sessions: Vec::new(), parts: Vec::new(), trouble: Vec::new() }
    }

    /// What was found, sessions before their parts.
    pub(super) fn finish(mut self) -> Discovery {
        self.sessions.append(&mut self.parts);
        Discovery { found: self.sessions, trouble: self.trouble }
    }

    /// What a folder holds, by name; nothing if it isn't there. Links are not
    /// followed.
    pub(super) fn entries(&mut self, place: &str) -> Vec<Entry> {
        let path = self.root.join(place);
        let mut entries = Vec::new();
        match std::fs::read_dir(&path) {
            Ok(dir) => {
                for entry in dir {
                    match entry.and_then(|entry| look(&entry, place)) {
                        Ok(entry) => entries.extend(entry),
                        Err(error) => self.trouble(path.clone(), error),
                    }
                }
            }
            Err(error) => self.trouble(path, error),
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    pub(super) fn folders(&mut self, place: &str) -> Vec<Entry> {
        let mut entries = self.entries(place);
        entries.retain(|entry| entry.stamp.is_none());
        entries
    }

    fn trouble(&mut self, path: PathBuf, error: std::io::Error) {
        if error.kind() != ErrorKind::NotFound {
            self.trouble.push(Trouble { path, error });
        }
    }

    /// A session's folder.
    fn session(&mut self, folder: &Entry) {
        let mut side = Vec::new();
        for entry in self.entries(&folder.place) {
            match entry.stamp {
                Some(_) if entry.name == STATE => self.file(entry, &mut side),
                None if BESIDE.contains(&entry.name.as_str()) => self.beside(&entry.place, DEPTH, &mut side),
                _ => {}
            }
        }
        let mut wires = Vec::new();
        for agent in self.folders(&format!("{}/agents", folder.place)) {
            for entry in self.entries(&agent.place) {
                match entry.stamp {
                    Some(_) if entry.name == WIRE => wires.push((agent.name.clone(), entry)),
                    None if OF_AGENT.contains(&entry.name.as_str()) => {
                        self.beside(&entry.place, DEPTH, &mut side);
                    }
                    _ => {}
                }
            }
        }
        // The files go with the session; with a part where it is gone.
        wires.sort_by_key(|(agent, _)| agent != MAIN);
        let mut side = Some(side);
        for (agent, wire) in wires {
            let part = if agent == MAIN { String::new() } else { agent };
            self.found(&folder.name, part, wire, side.take().unwrap_or_default());
        }
    }

    /// Notes a source.
    pub(super) fn found(&mut self, native: &str, part: String, entry: Entry, side: Vec<SideFile>) {
        let Some(stamp) = entry.stamp else { return };
        let list = if part.is_empty() { &mut self.sessions } else { &mut self.parts };
        let (path, place) = (self.root.join(&entry.place), entry.place);
        list.push(Found {
            native: native.to_owned(),
            part,
            path,
            place,
            framing: Framing::Lines,
            stamp,
            side,
        });
    }

    /// Notes a file that goes with a source.
    pub(super) fn file(&self, entry: Entry, side: &mut Vec<SideFile>) {
        if let Some(stamp) = entry.stamp {
            side.push(SideFile { path: self.root.join(&entry.place), place: entry.place, stamp });
        }
    }

    fn beside(&mut self, place: &str, depth: u32, side: &mut Vec<SideFile>) {
        for entry in self.entries(place) {
            match entry.stamp {
                None if depth > 0 => self.beside(&entry.place, depth - 1, side),
                Some(_) if !entry.name.ends_with(".tmp") => self.file(entry, side),
                _ => {}
            }
        }
    }
}

fn look(entry: &DirEntry, place: &str) -> std::io::Result<Option<Entry>> {
    let kind = entry.file_type()?;
    let name = entry.file_name().to_string_lossy().into_owned();
    let stamp = if kind.is_file() { stamp_of(&entry.metadata()?) } else { None };
    let place = format!("{place}/{name}");
    Ok((kind.is_dir() || stamp.is_some()).then_some(Entry { name, place, stamp }))
}
