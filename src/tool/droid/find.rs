//! Where sessions lie.
//!
//! `~/.factory/sessions/-home-me-project/<id>.jsonl`, with
//! `<id>.settings.json` beside: the model, the tokens of the whole session.
//! Older versions kept sessions in the folder `sessions` itself.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::tool::{Discovery, Found, Framing, Places, SideFile, Target, Trouble, stamp, stamp_of};

/// The folder of all sessions.
pub(super) const SESSIONS: &str = "sessions";
/// How deep it is looked into.
const DEPTH: u32 = 2;

/// The tool's folder, the same on every system.
pub(super) fn root(places: &Places) -> PathBuf {
    places.home.join(".factory")
}

/// Where a new session goes.
pub(super) fn path_for(target: &Target) -> PathBuf {
    let folder = root(&target.places).join(SESSIONS).join(slug(&target.cwd));
    folder.join(format!("{}.jsonl", target.native))
}

/// The name of the folder for a working directory: `-home-me-project`.
fn slug(cwd: &Path) -> String {
    let cwd = cwd.to_string_lossy().replace('\\', "/");
    let words: Vec<&str> = cwd.split('/').filter(|word| !word.is_empty()).collect();
    format!("-{}", words.join("-"))
}

/// Finds all sessions.
pub(super) fn discover(places: &Places) -> Discovery {
    let mut discovery = Discovery::default();
    folder(&root(places).join(SESSIONS), SESSIONS, DEPTH, &mut discovery);
    discovery.found.sort_by(|a, b| a.place.cmp(&b.place));
    discovery
}

fn folder(path: &Path, place: &str, depth: u32, discovery: &mut Discovery) {
    let trouble = |error| Trouble { path: path.to_owned(), error };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return,
        Err(error) => return discovery.trouble.push(trouble(error)),
    };
    for entry in entries {
        let looked = entry.and_then(|entry| Ok((entry.file_type()?, entry.metadata()?, entry)));
        let (kind, meta, entry) = match looked {
            Ok(looked) => looked,
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                discovery.trouble.push(trouble(error));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        let place = format!("{place}/{name}");
        let stem = name.strip_suffix(".jsonl").filter(|stem| !stem.is_empty());
        if kind.is_dir() && depth > 1 {
            folder(&entry.path(), &place, depth - 1, discovery);
        } else if let (true, Some(native), Some(stamp)) = (kind.is_file(), stem, stamp_of(&meta)) {
            discovery.found.push(Found {
                native: native.to_owned(),
                part: String::new(),
                path: entry.path(),
                side: settings(&entry.path(), &place).into_iter().collect(),
                place,
                framing: Framing::Document,
                stamp,
            });
        }
    }
}

/// The settings of a session, if they are there.
fn settings(path: &Path, place: &str) -> Option<SideFile> {
    let path = path.with_extension("settings.json");
    let stamp = stamp(&path)?;
    Some(SideFile { path, place: format!("{}.settings.json", place.strip_suffix(".jsonl")?), stamp })
}
