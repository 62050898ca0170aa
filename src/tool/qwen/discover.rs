//! Finding transcripts: `projects/<slug>/chats/<id>.jsonl`, archived ones in
//! `chats/archive`, and the small files that go by the id of a session.

use std::fs::DirEntry;
use std::path::Path;

use crate::tool::{Discovery, Found, Framing, SideFile, Trouble, stamp};

/// What stands beside a transcript under its name.
const BESIDE: &[&str] = &[".worktree.json", ".pr.json", ".ledger.jsonl"];

/// Looks below `root`.
pub(super) fn discover(root: &Path) -> Discovery {
    let mut discovery = Discovery::default();
    for project in entries(&root.join("projects"), &mut discovery) {
        let name = project.file_name().to_string_lossy().into_owned();
        for below in ["chats", "chats/archive"] {
            let place = format!("projects/{name}/{below}");
            for entry in entries(&root.join(&place), &mut discovery) {
                discovery.found.extend(found(root, &place, &entry));
            }
        }
    }
    discovery
}

/// What is in a folder; nothing, with a word of it, if it can't be read.
fn entries(folder: &Path, discovery: &mut Discovery) -> Vec<DirEntry> {
    let read = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    match read {
        Ok(mut entries) => {
            entries.sort_by_key(DirEntry::file_name);
            entries
        }
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Vec::new()
        }
        Err(error) => {
            discovery.trouble.push(Trouble { path: folder.to_owned(), error });
            Vec::new()
        }
    }
}

fn found(root: &Path, place: &str, entry: &DirEntry) -> Option<Found> {
    let name = entry.file_name().to_str()?.to_owned();
    let native = name.strip_suffix(".jsonl")?;
    let is_id =
        (32..=36).contains(&native.len()) && native.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_id.then_some(())?;
    let beside = |suffix: &&str| {
        let place = format!("{place}/{native}{suffix}");
        let path = root.join(&place);
        Some(SideFile { stamp: stamp(&path)?, path, place })
    };
    Some(Found {
        native: native.to_owned(),
        part: String::new(),
        path: entry.path(),
        place: format!("{place}/{name}"),
        framing: Framing::Lines,
        stamp: stamp(&entry.path())?,
        side: BESIDE.iter().filter_map(beside).collect(),
    })
}
