//! Where sessions are: `projects/<slug>/<id>.jsonl`, subagents in files of
//! their own below `<id>/subagents/` or, up to 2.0, beside the sessions.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::super::{Discovery, Found, Framing, SideFile, Stamp, Trouble, stamp_of};
use crate::object::json::Tape;

/// How deep below a session's folder files are looked for.
const DEPTH: usize = 6;
/// How much of a subagent's file is read to learn whose it is.
const FIRST_ROW: u64 = 64 << 10;

/// Finds all sessions below the configuration folder.
pub(super) fn discover(root: &Path) -> Discovery {
    let mut look = Look { root, out: Discovery::default() };
    let mut side: BTreeMap<String, Vec<SideFile>> = BTreeMap::new();
    for (folder, path, _) in look.list(&root.join("file-history")) {
        look.below(&path, DEPTH, side.entry(folder).or_default());
    }
    for (name, path, stamp) in look.list(&root.join("todos")) {
        if let (Some(stamp), Some((session, _))) = (stamp, name.split_once("-agent-")) {
            let place = format!("todos/{name}");
            side.entry(session.to_owned()).or_default().push(SideFile { path, place, stamp });
        }
    }
    for (_, project, stamp) in look.list(&root.join("projects")) {
        if stamp.is_none() {
            look.project(&project, &mut side);
        }
    }
    look.out
}

struct Look<'r> {
    root: &'r Path,
    out: Discovery,
}

impl Look<'_> {
    /// The entries of a folder by name; a file has a stamp. Links that lead to
    /// folders are left alone, so that nothing is seen twice.
    fn list(&mut self, folder: &Path) -> Vec<(String, PathBuf, Option<Stamp>)> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.out.trouble.push(Trouble { path: folder.to_owned(), error });
                return Vec::new();
            }
        };
        let mut listed: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let path = entry.path();
                if entry.file_type().ok()?.is_dir() {
                    return Some((name, path, None));
                }
                let stamp = stamp_of(&std::fs::metadata(&path).ok()?)?;
                Some((name, path, Some(stamp)))
            })
            .collect();
        listed.sort_by(|a, b| a.0.cmp(&b.0));
        listed
    }

    fn project(&mut self, folder: &Path, side: &mut BTreeMap<String, Vec<SideFile>>) {
        let mut agents: BTreeMap<String, Vec<SideFile>> = BTreeMap::new();
        let entries = self.list(folder);
        for (session, path, _) in entries.iter().filter(|(_, _, stamp)| stamp.is_none()) {
            let mut files = Vec::new();
            self.below(path, DEPTH, &mut files);
            let (parts, others) = files.into_iter().partition(|file| is_agent(&file.path));
            agents.insert(session.clone(), parts);
            side.entry(session.clone()).or_default().extend::<Vec<_>>(others);
        }
        for (name, path, stamp) in entries {
            let (Some(stamp), Some(stem)) = (stamp, name.strip_suffix(".jsonl")) else { continue };
            let file = SideFile { place: self.place(&path), path, stamp };
            if stem.starts_with("agent-") {
                let native = session_of(&file.path).unwrap_or_else(|| stem.to_owned());
                self.found(native, stem.to_owned(), file, Vec::new());
            } else {
                let files = side.remove(stem).unwrap_or_default();
                self.found(stem.to_owned(), String::new(), file, files);
            }
        }
        for (session, parts) in agents {
            for file in parts {
                let stem = file.path.file_stem().map(|s| s.to_string_lossy().into_owned());
                self.found(session.clone(), stem.unwrap_or_default(), file, Vec::new());
            }
        }
    }

    /// All files below a folder.
    fn below(&mut self, folder: &Path, depth: usize, files: &mut Vec<SideFile>) {
        for (_, path, stamp) in self.list(folder) {
            match stamp {
                Some(stamp) => files.push(SideFile { place: self.place(&path), path, stamp }),
                None if depth > 0 => self.below(&path, depth - 1, files),
                None => {}
            }
        }
    }

    fn place(&self, path: &Path) -> String {
        let below = path.strip_prefix(self.root).unwrap_or(path);
        below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    }

    fn found(&mut self, native: String, part: String, file: SideFile, side: Vec<SideFile>) {
        let SideFile { path, place, stamp } = file;
        self.out.found.push(Found { native, part, path, place, framing: Framing::Lines, stamp, side });
    }
}

fn is_agent(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "jsonl")
        && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("agent-"))
}

/// The session that a subagent's file of 2.0 belongs to, by its first row.
fn session_of(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(FIRST_ROW).read_to_end(&mut head).ok()?;
    let row = head.split(|b| *b == b'\n').next()?;
    let mut tape = Tape::default();
    tape.read(row)?;
    tape.root(row).string("sessionId")
}
