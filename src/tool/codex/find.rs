//! Where rollouts lie and what their names tell.
//!
//! `$CODEX_HOME` (else `~/.codex`) holds `sessions/YYYY/MM/DD/` and
//! `archived_sessions/`, with files called
//! `rollout-<local time>-<thread>.jsonl`, and
//! `rollout-<local time>-<thread>_<segment>.jsonl` for what a thread became
//! after it was rewound (0.169). Either may be compressed (`.jsonl.zst`).
//! Nothing is opened to find them.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::tool::{Discovery, Found, Framing, Places, Target, Trouble, stamp, stamp_of};

/// Length of a UUID in its usual form.
const UUID: usize = 36;
/// How deep folders are looked into; the tool itself makes three levels.
const DEPTH: u32 = 8;

/// The tool's folder.
pub(super) fn root(places: &Places) -> PathBuf {
    places.var("CODEX_HOME").unwrap_or_else(|| places.home.join(".codex"))
}

/// Where the rollout of a new thread goes: by the local time of its start.
pub(super) fn path_for(target: &Target) -> PathBuf {
    let zone = target.places.vars.get("TZ").and_then(|name| TimeZone::get(name).ok());
    let start = jiff::Timestamp::from_millisecond(target.started)
        .unwrap_or_default()
        .to_zoned(zone.unwrap_or_else(TimeZone::system));
    let name = format!("rollout-{}-{}.jsonl", start.strftime("%Y-%m-%dT%H-%M-%S"), target.native);
    root(&target.places).join("sessions").join(start.strftime("%Y/%m/%d").to_string()).join(name)
}

/// Finds all rollouts.
pub(super) fn discover(places: &Places) -> Discovery {
    let root = root(places);
    let mut search = Search { root: &root, found: Vec::new(), trouble: Vec::new() };
    search.folder(&root.join("sessions"), false, DEPTH);
    search.folder(&root.join("archived_sessions"), true, DEPTH);
    let Search { found, trouble, .. } = search;
    Discovery { found: one_each(found), trouble }
}

struct Search<'a> {
    root: &'a Path,
    found: Vec<Found>,
    trouble: Vec<Trouble>,
}

impl Search<'_> {
    fn folder(&mut self, folder: &Path, archived: bool, depth: u32) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.trouble.push(Trouble { path: folder.to_owned(), error }),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((kind, entry)) if kind.is_dir() => {
                    if depth > 0 {
                        self.folder(&entry.path(), archived, depth - 1);
                    }
                }
                Ok((kind, entry)) => self.file(&entry, kind.is_symlink(), archived),
                Err(error) => self.trouble.push(Trouble { path: folder.to_owned(), error }),
            }
        }
    }

    fn file(&mut self, entry: &DirEntry, link: bool, archived: bool) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Some((native, part, framing)) = parse_name(&name, archived) else { return };
        let path = entry.path();
        let stamp = if link { stamp(&path) } else { entry.metadata().ok().as_ref().and_then(stamp_of) };
        let Some(stamp) = stamp else { return };
        let place = place(self.root, &path);
        self.found.push(Found { native, part, path, place, framing, stamp, side: Vec::new() });
    }
}

/// The thread, the segment (empty for a thread's own file) and the framing
/// that a file's name tells; `None` for other files. Any name will do in the
/// archive.
fn parse_name(name: &str, archived: bool) -> Option<(String, String, Framing)> {
    let (stem, framing) = match name.strip_suffix(".jsonl.zst") {
        Some(stem) => (stem, Framing::ZstdLines),
        None => (name.strip_suffix(".jsonl")?, Framing::Lines),
    };
    if stem.is_empty() || !archived && !stem.starts_with("rollout-") {
        return None;
    }
    let (thread, part) = match stem.rsplit_once('_') {
        Some((thread, segment)) if is_uuid(segment) => (thread, segment),
        _ => (stem, ""),
    };
    let id = thread.len().checked_sub(UUID).and_then(|at| thread.get(at..)).filter(|id| is_uuid(id));
    match id {
        Some(id) => Some((id.to_ascii_lowercase(), part.to_ascii_lowercase(), framing)),
        None => Some((stem.to_owned(), String::new(), framing)),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == UUID
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The path below the root, with `/` on every system.
fn place(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Keeps one file of each thread and segment: rather the plain one than the
/// compressed, the live one than the archived, the longer one.
fn one_each(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| rank(a).cmp(&rank(b)));
    let mut seen = HashSet::with_capacity(found.len());
    found.retain(|f| seen.insert((f.native.clone(), f.part.clone())));
    found.sort_by(|a, b| (!a.part.is_empty(), &a.place).cmp(&(!b.part.is_empty(), &b.place)));
    found
}

fn rank(found: &Found) -> (bool, bool, Reverse<u64>, &str) {
    let packed = found.framing != Framing::Lines;
    (packed, found.place.starts_with("archived"), Reverse(found.stamp.len), &found.place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "01a20212-a86f-7d30-ba34-f1999c4bbe7a";
    const B: &str = "01a20213-4085-7753-bb34-e2749a22fda8";

    fn home(files: &[&str]) -> (tempfile::TempDir, Places) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(".codex").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let places = Places { home: dir.path().to_owned(), ..Places::default() };
        (dir, places)
    }

    #[test]
    fn finds_threads_segments_and_the_archive() {
        let day = "sessions/2026/11/22/rollout-2026-11-22T07-05-06";
        let files = [
            format!("{day}-{A}.jsonl"),
            format!("{day}-{A}.jsonl.zst"),
            format!("{day}-{A}_{B}.jsonl"),
            format!("{day}-old_name.jsonl"),
            format!("archived_sessions/rollout-2026-01-01T00-00-00-{B}.jsonl.zst"),
            "archived_sessions/plain.jsonl".to_owned(),
            "sessions/2026/notes.jsonl".to_owned(),
            "sessions/2026/rollout-x.json".to_owned(),
            "auth.json".to_owned(),
            "history.jsonl".to_owned(),
        ];
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (_dir, places) = home(&files);
        let discovery = discover(&places);
        assert!(discovery.trouble.is_empty());
        let names: Vec<_> =
            discovery.found.iter().map(|f| (f.native.as_str(), f.part.as_str(), f.framing)).collect();
        assert_eq!(
            names,
            [
                ("plain", "", Framing::Lines),
                (B, "", Framing::ZstdLines),
                (A, "", Framing::Lines),
                ("rollout-2026-11-22T07-05-06-old_name", "", Framing::Lines),
                (A, B, Framing::Lines),
            ]
        );
        assert_eq!(discovery.found[2].place, files[0]);
        assert_eq!(discovery.found[2].stamp.len, files[0].len() as u64);
    }

    #[test]
    fn the_environment_moves_it() {
        let (dir, mut places) = home(&["sessions/rollout-x.jsonl"]);
        places.vars.insert("CODEX_HOME".into(), dir.path().join("nowhere").display().to_string());
        assert!(discover(&places).found.is_empty() && discover(&places).trouble.is_empty());
        places.vars.insert("CODEX_HOME".into(), dir.path().join(".codex").display().to_string());
        assert_eq!(discover(&places).found[0].native, "rollout-x");
    }

    #[test]
    fn a_file_where_a_folder_should_be_is_trouble() {
        let (_dir, places) = home(&["sessions"]);
        assert_eq!(discover(&places).trouble.len(), 1);
    }

    #[test]
    fn new_threads_go_by_local_time() {
        let mut places = Places { home: "/h".into(), ..Places::default() };
        places.vars.insert("TZ".into(), "Pacific/Auckland".into());
        let target = super::super::tests::target(places, 1_795_331_106_945);
        let path = path_for(&target);
        let name = format!("rollout-2026-11-22T20-05-06-{}.jsonl", target.native);
        assert_eq!(path, Path::new("/h/.codex/sessions/2026/11/22").join(name));
    }
}
