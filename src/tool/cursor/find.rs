//! Where sessions of the command line, its ACP server and the SDK lie.
//!
//! | place | |
//! |---|---|
//! | `chats/<md5 of the folder>/<id>/store.db` | the command line; `meta.json` and `prompt_history.json` beside |
//! | `acp-sessions/<id>/store.db` | the ACP server; `meta.json` beside |
//! | `projects/<slug>/sdk-agent-store/<md5>/agents/agent-<sha256 of the id>/store.db` | the SDK; ids in `index.db` |
//! | `projects/<slug>/agent-transcripts/<id>/<id>.jsonl`, earlier `<id>.jsonl` | for reading; `subagents/<id>.jsonl` beside |

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::sdk::{self, Agent};
use super::{find_ide, places};
use crate::object::id::checksum;
use crate::tool::{Discovery, Found, Framing, Places, SideFile, Stamp, Trouble, stamp};

/// How the command line's sessions are found.
pub(super) fn command_line(places: &Places) -> Discovery {
    let mut search = Search { places, discovery: Discovery::default() };
    for config in places::configs(places) {
        for project in search.folders(&config.join("chats")) {
            for session in search.folders(&project) {
                search.store(&session, name(&session), &["meta.json", "prompt_history.json"]);
            }
        }
    }
    let projects = search.folders(&places::projects(places));
    for project in &projects {
        for workspace in search.folders(&project.join("sdk-agent-store")) {
            search.sdk(&workspace);
        }
    }
    search.transcripts(&projects);
    search.discovery
}

/// How the ACP server's sessions are found.
pub(super) fn acp(places: &Places) -> Discovery {
    let mut search = Search { places, discovery: Discovery::default() };
    for config in places::configs(places) {
        for session in search.folders(&config.join("acp-sessions")) {
            search.store(&session, name(&session), &["meta.json"]);
        }
    }
    search.discovery
}

struct Search<'a> {
    places: &'a Places,
    discovery: Discovery,
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Search<'_> {
    /// What is in a folder, by name. One that isn't there is empty.
    fn entries(&mut self, folder: &Path) -> Vec<(PathBuf, bool)> {
        let trouble = |error| Trouble { path: folder.to_owned(), error };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(e) => {
                self.discovery.trouble.push(trouble(e));
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.path(), entry.path().metadata()?.is_dir()))) {
                Ok(entry) => found.push(entry),
                // A link that leads nowhere.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => self.discovery.trouble.push(trouble(e)),
            }
        }
        found.sort();
        found
    }

    fn folders(&mut self, folder: &Path) -> Vec<PathBuf> {
        self.entries(folder).into_iter().filter(|(_, is_dir)| *is_dir).map(|(path, _)| path).collect()
    }

    fn found(&mut self, native: String, part: String, path: PathBuf, framing: Framing, stamp: Stamp) {
        let place = places::place(self.places, &path);
        self.discovery.found.push(Found { native, part, path, place, framing, stamp, side: Vec::new() });
    }

    /// The store in a folder, with small files beside it.
    fn store(&mut self, folder: &Path, native: String, beside: &[&str]) {
        let path = folder.join("store.db");
        let Some(looks) = database_stamp(&path) else { return };
        let files = beside.iter().map(|name| folder.join(name));
        let side = files.filter_map(|path| {
            let looks = stamp(&path)?;
            Some(SideFile { place: places::place(self.places, &path), stamp: looks, path })
        });
        let side: Vec<_> = side.collect();
        self.found(native, String::new(), path, Framing::Rows, looks);
        if let Some(found) = self.discovery.found.last_mut() {
            found.side = side;
        }
    }

    /// The agents that the SDK keeps for a folder.
    fn sdk(&mut self, workspace: &Path) {
        let list = workspace.join("index.db");
        let listed = if list.is_file() { super::patiently(|| sdk::agents(&list)) } else { Ok(Vec::new()) };
        let known = listed.unwrap_or_else(|error| {
            self.discovery.trouble.push(Trouble { path: list, error });
            Vec::new()
        });
        let known: HashMap<String, Agent> = known.into_iter().map(|agent| (agent.folder(), agent)).collect();
        for folder in self.folders(&workspace.join("agents")) {
            let agent = known.get(&name(&folder));
            let before = self.discovery.found.len();
            self.store(&folder, agent.map_or_else(|| name(&folder), |agent| agent.id.clone()), &[]);
            // The store is written before the list names its new root.
            let root = agent.and_then(|agent| agent.root).map_or(0, |root| checksum(&root));
            for found in self.discovery.found.iter_mut().skip(before) {
                found.stamp.inode ^= root;
            }
        }
    }

    /// Transcripts of sessions that have left nothing better.
    fn transcripts(&mut self, projects: &[PathBuf]) {
        let mut found = Vec::new();
        for project in projects {
            for (path, is_dir) in self.entries(&project.join("agent-transcripts")) {
                if is_dir {
                    let session = name(&path);
                    found.push((session.clone(), String::new(), path.join(format!("{session}.jsonl"))));
                    for (file, _) in self.entries(&path.join("subagents")) {
                        found.extend(stem(&file).map(|agent| (session.clone(), agent, file)));
                    }
                } else {
                    found.extend(stem(&path).map(|session| (session, String::new(), path)));
                }
            }
        }
        if found.is_empty() {
            return;
        }
        let mut better: HashSet<String> = self.discovery.found.iter().map(|f| f.native.clone()).collect();
        better.extend(acp(self.places).found.into_iter().map(|f| f.native));
        better.extend(find_ide::ids(self.places));
        for (native, part, path) in found.into_iter().filter(|(native, ..)| !better.contains(native)) {
            if let Some(looks) = stamp(&path) {
                self.found(native, part, path, Framing::Lines, looks);
            }
        }
    }
}

fn stem(path: &Path) -> Option<String> {
    let is_jsonl = path.extension().is_some_and(|extension| extension == "jsonl");
    is_jsonl.then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}

/// What a database looks like together with its log: what is written goes to
/// the log first.
pub(super) fn database_stamp(path: &Path) -> Option<Stamp> {
    let main = stamp(path)?;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = stamp(Path::new(&log)).unwrap_or_default();
    let mtime = if log.len > 0 { main.mtime.max(log.mtime) } else { main.mtime };
    Some(Stamp { len: main.len + log.len, mtime, inode: main.inode })
}
