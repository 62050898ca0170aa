//! Where threads lie, and the copies of files that go with them.
//!
//! `threads/T-<uuid>.json`; before and after of each edit in
//! `~/.amp/file-changes/<thread>/<call>.<id>`, which no variable moves.

use std::fs::DirEntry;
use std::path::Path;

use crate::tool::{Discovery, Found, Framing, SideFile, Trouble, stamp};

/// Looks below the tool's folder, and into that of the changes to files.
pub(super) fn discover(root: &Path, changes: &Path) -> Discovery {
    let mut discovery = Discovery::default();
    for entry in entries(&root.join("threads"), &mut discovery) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(native) = name.strip_suffix(".json").filter(|stem| stem.starts_with("T-")) else { continue };
        let Some(stamp) = stamp(&entry.path()) else { continue };
        let side = side(&changes.join(native), native, &mut discovery);
        discovery.found.push(Found {
            native: native.to_owned(),
            part: String::new(),
            path: entry.path(),
            place: format!("threads/{name}"),
            framing: Framing::Document,
            stamp,
            side,
        });
    }
    discovery
}

/// The changes that a thread made to files. They lie elsewhere than the
/// thread; below the tool's folder they are given a place of their own.
fn side(folder: &Path, native: &str, discovery: &mut Discovery) -> Vec<SideFile> {
    let side = |entry: DirEntry| {
        let place = format!("file-changes/{native}/{}", entry.file_name().to_string_lossy());
        Some(SideFile { stamp: stamp(&entry.path())?, path: entry.path(), place })
    };
    entries(folder, discovery).into_iter().filter_map(side).collect()
}

/// What is in a folder, by name; nothing, with a word of it, if it can't be read.
fn entries(folder: &Path, discovery: &mut Discovery) -> Vec<DirEntry> {
    match std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
        Ok(mut entries) => {
            entries.sort_by_key(DirEntry::file_name);
            entries
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            discovery.trouble.push(Trouble { path: folder.to_owned(), error });
            Vec::new()
        }
    }
}
