//! Where histories lie: in the directories that people work in.
//!
//! Aider puts its files into the root of the git repository, or into the
//! current directory where there is none. `AIDER_CHAT_HISTORY_FILE`,
//! `AIDER_INPUT_HISTORY_FILE` and `AIDER_LLM_HISTORY_FILE` name others.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::section::sections;
use crate::object::id::checksum;
use crate::tool::{Discovery, Found, Framing, Places, Stamp, Trouble, absolute_place, stamp, stay_within};

/// The history, and what may stand beside it: the variable that moves it, its
/// usual name, and what part of the first chat it is.
const CHAT: (&str, &str) = ("AIDER_CHAT_HISTORY_FILE", ".aider.chat.history.md");
const BESIDE: &[(&str, &str, &str)] = &[
    ("AIDER_INPUT_HISTORY_FILE", ".aider.input.history", "input"),
    ("AIDER_LLM_HISTORY_FILE", ".aider.llm.history", "llm"),
];

/// Where the history of each project is.
pub(super) fn histories(places: &Places) -> Vec<PathBuf> {
    places.projects.iter().filter_map(|project| history(places, project)).collect()
}

fn history(places: &Places, project: &Path) -> Option<PathBuf> {
    let path = project.join(places.var(CHAT.0).unwrap_or_else(|| CHAT.1.into()));
    path.is_absolute().then_some(path)
}

/// Looks into the projects.
pub(super) fn discover(places: &Places) -> Discovery {
    let (mut discovery, mut seen) = (Discovery::default(), BTreeSet::new());
    for project in &places.projects {
        let Some(path) = history(places, project).filter(|path| seen.insert(path.clone())) else { continue };
        let Some(stamp) = stamp(&path) else { continue };
        match stay_within(project, &path).and_then(|()| std::fs::read(&path)) {
            Ok(bytes) => chats(&path, &bytes, stamp, &mut discovery.found),
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                discovery.trouble.push(Trouble { path, error });
                continue;
            }
        }
        let first = discovery.found.iter().find(|found| found.path == path).map(|found| found.native.clone());
        for (variable, name, part) in BESIDE {
            let beside = project.join(places.var(variable).unwrap_or_else(|| PathBuf::from(name)));
            let known = first.clone().filter(|_| seen.insert(beside.clone()));
            let known = known.filter(|_| stay_within(project, &beside).is_ok());
            discovery.found.extend(known.and_then(|native| found(native, part, &beside)));
        }
    }
    discovery
}

/// The chats in a history. All but the last are over: they look the same
/// whatever is appended.
fn chats(path: &Path, bytes: &[u8], stamp: Stamp, out: &mut Vec<Found>) {
    let sections = sections(bytes);
    let last = sections.len().saturating_sub(1);
    for (at, section) in sections.iter().enumerate() {
        let Some(mut found) = found(native(path, &section.name), "", path) else { continue };
        let len = section.span.len() as u64;
        found.stamp = if at == last {
            Stamp { len, ..stamp }
        } else {
            Stamp { len, mtime: section.started.unwrap_or_default().saturating_mul(1_000_000), inode: 0 }
        };
        out.push(found);
    }
}

fn found(native: String, part: &str, path: &Path) -> Option<Found> {
    Some(Found {
        native,
        part: part.to_owned(),
        path: path.to_owned(),
        place: absolute_place(path),
        framing: Framing::Document,
        stamp: stamp(path)?,
        side: Vec::new(),
    })
}

/// The id of a chat: which file, and when it began. In order of time.
pub(super) fn native(path: &Path, section: &str) -> String {
    format!("{:016x}-{section}", checksum(path.to_string_lossy().as_bytes()))
}
