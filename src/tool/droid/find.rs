//! Where sessions lie.
//!
//! `~/.factory/sessions/-home-me-project/<id>.jsonl`, with
//! `<id>.settings.json` beside: the model, the tokens of the whole session.
//! Older versions kept sessions in the folder `sessions` itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::tool::look::Look;
use crate::tool::{Discovery, Found, Framing, Places, Target};

/// The folder of all sessions.
pub(super) const SESSIONS: &str = "sessions";
/// How the settings of a session are called, after its id.
const SETTINGS: &str = ".settings.json";
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
    let (mut look, mut found) = (Look::below(root(places)), Vec::new());
    folder(&mut look, SESSIONS, DEPTH, &mut found);
    found.sort_by(|a, b| a.place.cmp(&b.place));
    Discovery { found, trouble: look.trouble }
}

fn folder(look: &mut Look, place: &str, depth: u32, found: &mut Vec<Found>) {
    let mut settings = HashMap::new();
    let mut sessions = Vec::new();
    for entry in look.entries(place) {
        if entry.stamp.is_none() {
            if depth > 1 {
                folder(look, &entry.place, depth - 1, found);
            }
        } else if let Some(native) = entry.name.strip_suffix(SETTINGS).map(str::to_owned) {
            settings.extend(look.side(entry).map(|file| (native, file)));
        } else if let Some(native) = entry.name.strip_suffix(".jsonl").map(str::to_owned) {
            sessions.extend(look.source(&native, entry, Framing::Document));
        }
    }
    sessions.retain(|session| !session.native.is_empty());
    for session in sessions {
        found.push(Found { side: settings.remove(&session.native).into_iter().collect(), ..session });
    }
}
