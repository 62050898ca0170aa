//! Where sessions lie: `sessions/sessions.db`, and `sessions/<id>.jsonl` of
//! older versions, below the tool's data folder. A newer version takes those
//! over and leaves the files.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::LAYOUT;
use crate::tool::{Discovery, Found, Framing, Os, Places, Stamp, Trouble, stamp, table};

const DATABASE: &str = "sessions.db";

/// The tool's data folder. On macOS there were two.
pub(super) fn root(places: &Places) -> PathBuf {
    if let Some(root) = places.var("GOOSE_PATH_ROOT").filter(|root| root.is_absolute()) {
        return root.join("data");
    }
    let home = &places.home;
    let xdg = places.var("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("goose");
    match places.os {
        Os::Windows => {
            let data = places.var("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming"));
            data.join("Block").join("goose").join("data")
        }
        Os::Mac => {
            let old = home.join("Library/Application Support/Block/goose");
            if !xdg.is_dir() && old.is_dir() { old } else { xdg }
        }
        Os::Linux => xdg,
    }
}

/// Looks below the data folder.
pub(super) fn discover(root: &Path) -> Discovery {
    let (mut discovery, mut known) = (Discovery::default(), HashSet::new());
    let folder = root.join("sessions");
    let path = folder.join(DATABASE);
    if path.is_file() {
        match table::list(&path, &LAYOUT) {
            Ok(listed) => {
                for session in listed {
                    known.insert(session.id.clone());
                    discovery.found.push(found(session.id, &path, DATABASE, Framing::Rows, session.stamp));
                }
            }
            Err(error) => discovery.trouble.push(Trouble { path, error }),
        }
    }
    let entries = match std::fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return discovery,
        Err(error) => {
            discovery.trouble.push(Trouble { path: folder, error });
            return discovery;
        }
    };
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(native) = name.strip_suffix(".jsonl").filter(|native| !known.contains(*native)) else {
            continue;
        };
        let Some(stamp) = stamp(&path) else { continue };
        discovery.found.push(found(native.to_owned(), &path, &name, Framing::Lines, stamp));
    }
    discovery
}

fn found(native: String, path: &Path, name: &str, framing: Framing, stamp: Stamp) -> Found {
    let place = format!("sessions/{name}");
    Found { native, part: String::new(), path: path.to_owned(), place, framing, stamp, side: Vec::new() }
}
