//! Where sessions lie.
//!
//! Kimi Code: `$KIMI_CODE_HOME` (else `~/.kimi-code`) holds
//! `sessions/wd_<name>_<hash>/<session>/agents/<agent>/wire.jsonl`, the session's own
//! agent being `main`, with `state.json` and what belongs to its tasks beside.

use std::path::PathBuf;

use super::state::STATE;
use crate::tool::look::{Entry, Look};
use crate::tool::{Discovery, Found, Framing, Places, SideFile};

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
    let mut search = Search::below(root(places));
    for bucket in search.look.folders(SESSIONS) {
        for session in search.look.folders(&bucket.place) {
            search.session(&session);
        }
    }
    search.finish()
}

/// A look through the tool's folder.
pub(super) struct Search {
    pub(super) look: Look,
    sessions: Vec<Found>,
    parts: Vec<Found>,
}

impl Search {
    pub(super) fn below(root: PathBuf) -> Search {
        Search { look: Look::below(root), sessions: Vec::new(), parts: Vec::new() }
    }

    /// What was found, sessions before their parts.
    pub(super) fn finish(mut self) -> Discovery {
        self.sessions.append(&mut self.parts);
        Discovery { found: self.sessions, trouble: self.look.trouble }
    }

    /// A session's folder.
    fn session(&mut self, folder: &Entry) {
        let mut side = Vec::new();
        for entry in self.look.entries(&folder.place) {
            match entry.stamp {
                Some(_) if entry.name == STATE => side.extend(self.look.side(entry)),
                None if BESIDE.contains(&entry.name.as_str()) => side.append(&mut self.beside(&entry)),
                _ => {}
            }
        }
        let mut wires = Vec::new();
        for agent in self.look.folders(&format!("{}/agents", folder.place)) {
            for entry in self.look.entries(&agent.place) {
                match entry.stamp {
                    Some(_) if entry.name == WIRE => wires.push((agent.name.clone(), entry)),
                    None if OF_AGENT.contains(&entry.name.as_str()) => side.append(&mut self.beside(&entry)),
                    _ => {}
                }
            }
        }
        for (agent, _) in &mut wires {
            if agent == MAIN {
                agent.clear();
            }
        }
        self.sources(&folder.name, wires, side);
    }

    /// Notes the sources of a session, each with the part that it is. The files
    /// go with the session; with a part where it is gone.
    pub(super) fn sources(&mut self, native: &str, mut parts: Vec<(String, Entry)>, side: Vec<SideFile>) {
        parts.sort_by_key(|(part, _)| !part.is_empty());
        let mut side = Some(side);
        for (part, entry) in parts {
            let list = if part.is_empty() { &mut self.sessions } else { &mut self.parts };
            let found = self.look.source(native, entry, Framing::Lines);
            list.extend(found.map(|found| Found { part, side: side.take().unwrap_or_default(), ..found }));
        }
    }

    fn beside(&mut self, folder: &Entry) -> Vec<SideFile> {
        self.look.files(&folder.place, DEPTH, |name| name.ends_with(".tmp"))
    }
}
