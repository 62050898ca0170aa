//! Where sessions are: in databases, and in the storage of older versions.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::family::Family;
use super::{files, tables};
use crate::tool::{Discovery, Found, Framing, Places, SideFile, Stamp, Trouble, hosts, stamp};

/// How far up the line of a subagent's ancestors is followed.
const DEPTH: usize = 64;

/// Finds all sessions of a member of the family; places are told from `root`.
/// Those that a newer version took over from the older storage are found
/// where it put them.
pub(in crate::tool) fn discover(family: &Family, places: &Places, root: &Path) -> Discovery {
    let (found, trouble, known) = (Vec::new(), Vec::new(), HashSet::new());
    let mut search = Search { family, places, root, found, trouble, known };
    let data = family.data(places);
    for path in search.databases(&data) {
        search.database(&path);
    }
    search.storage(&data);
    let Search { mut found, trouble, .. } = search;
    found.sort_by(|a, b| {
        (!a.part.is_empty(), &a.native, &a.part).cmp(&(!b.part.is_empty(), &b.native, &b.part))
    });
    Discovery { found, trouble }
}

struct Search<'a> {
    family: &'a Family,
    places: &'a Places,
    root: &'a Path,
    found: Vec<Found>,
    trouble: Vec<Trouble>,
    known: HashSet<String>,
}

/// A session as it was found.
struct Session {
    id: String,
    parent: Option<String>,
    path: PathBuf,
    stamp: Stamp,
    framing: Framing,
}

impl Search<'_> {
    /// The databases, that which is used now first.
    fn databases(&mut self, data: &Path) -> Vec<PathBuf> {
        let mut paths = vec![self.family.database(self.places)];
        match std::fs::read_dir(data) {
            Ok(entries) => {
                let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
                names.sort();
                let names = names.into_iter().filter(|name| self.family.is_database(&name.to_string_lossy()));
                paths.extend(names.map(|name| data.join(name)));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.trouble(data, error),
        }
        let mut seen = HashSet::new();
        paths.retain(|path| seen.insert(path.clone()) && path.is_file());
        paths
    }

    fn trouble(&mut self, path: &Path, error: io::Error) {
        self.trouble.push(Trouble { path: path.to_owned(), error });
    }

    fn database(&mut self, path: &Path) {
        match tables::list(path) {
            Ok(listed) => {
                let session = |s: tables::Listed| Session {
                    id: s.id,
                    parent: s.parent,
                    path: path.to_owned(),
                    stamp: s.stamp,
                    framing: Framing::Rows,
                };
                self.sessions(listed.into_iter().map(session).collect());
            }
            Err(error) => self.trouble(path, error),
        }
    }

    fn storage(&mut self, data: &Path) {
        match files::list(&data.join("storage"), &self.known) {
            Ok(listed) => {
                let session = |s: files::Listed| Session {
                    id: s.id,
                    parent: s.parent,
                    path: s.path,
                    stamp: s.stamp,
                    framing: Framing::Folder,
                };
                self.sessions(listed.into_iter().map(session).collect());
            }
            Err((path, error)) => self.trouble(&path, error),
        }
    }

    /// Takes sessions in that are not known from elsewhere.
    fn sessions(&mut self, mut sessions: Vec<Session>) {
        sessions.retain(|session| !self.known.contains(&session.id));
        let parents: HashMap<&str, &str> =
            sessions.iter().filter_map(|s| Some((s.id.as_str(), s.parent.as_deref()?))).collect();
        let roots: Vec<String> = sessions.iter().map(|s| root_of(&s.id, &parents)).collect();
        for (session, root) in sessions.into_iter().zip(roots) {
            let place = hosts::place(self.root, &session.path);
            let side = self.diffs(&session.id).into_iter().collect();
            let part = if session.id == root { String::new() } else { session.id.clone() };
            let Session { id, path, stamp, framing, .. } = session;
            self.known.insert(id);
            self.found.push(Found { native: root, part, path, place, framing, stamp, side });
        }
    }

    /// The file with what a session changed, which the tool keeps beside.
    fn diffs(&self, id: &str) -> Option<SideFile> {
        // An id is part of a path here: not any will do.
        id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-').then_some(())?;
        let name = format!("storage/session_diff/{id}.json");
        let path = self.family.data(self.places).join(name);
        let stamp = stamp(&path)?;
        Some(SideFile { place: hosts::place(self.root, &path), path, stamp })
    }
}

/// The session at the beginning of the line of those that started each other.
fn root_of(id: &str, parents: &HashMap<&str, &str>) -> String {
    let mut at = id;
    for _ in 0..DEPTH {
        match parents.get(at) {
            Some(parent) if *parent != id => at = parent,
            _ => break,
        }
    }
    at.to_owned()
}
