//! Where histories lie: `.specstory/history/<time>-<words>.md` in the
//! directories that people work in.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::object::id::checksum;
use crate::tool::{
    Discovery, Found, Framing, Places, Stamp, Trouble, absolute_place, stamp_of, stay_within, time,
};

const HISTORY: &str = ".specstory/history";

/// The folder of histories in each project.
pub(super) fn folders(places: &Places) -> Vec<PathBuf> {
    projects(places).map(|project| project.join(HISTORY)).collect()
}

fn projects(places: &Places) -> impl Iterator<Item = &PathBuf> {
    places.projects.iter().filter(|project| project.is_absolute())
}

/// Looks into the projects.
pub(super) fn discover(places: &Places) -> Discovery {
    let (mut discovery, mut seen) = (Discovery::default(), BTreeSet::new());
    for project in projects(places) {
        let folder = project.join(HISTORY);
        if seen.insert(folder.clone()) {
            histories(project, &folder, &mut discovery);
        }
    }
    discovery.found.sort_by(|a, b| a.place.cmp(&b.place));
    discovery
}

fn histories(project: &Path, folder: &Path, discovery: &mut Discovery) {
    let trouble = |error| Trouble { path: folder.to_owned(), error };
    let entries = std::fs::read_dir(folder).and_then(|all| stay_within(project, folder).map(|()| all));
    let entries = match entries {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
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
        let stem = name.strip_suffix(".md").filter(|stem| !stem.is_empty());
        if let (true, Some(stem), Some(stamp)) = (kind.is_file(), stem, stamp_of(&meta)) {
            discovery.found.push(found(&entry.path(), native(folder, stem), stamp));
        }
    }
}

/// The id of a history in a project: which folder, and its name.
pub(super) fn native(folder: &Path, stem: &str) -> String {
    format!("{:016x}-{stem}", checksum(folder.to_string_lossy().as_bytes()))
}

/// A history.
pub(super) fn found(path: &Path, native: String, stamp: Stamp) -> Found {
    Found {
        native,
        part: String::new(),
        path: path.to_owned(),
        place: absolute_place(path),
        framing: Framing::Document,
        stamp,
        side: Vec::new(),
    }
}

/// Whether a place is in one of the folders that are looked into.
pub(super) fn would_find(places: &Places, place: &str) -> bool {
    let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
    folders(places).iter().any(|known| absolute_place(known) == folder)
}

/// The directory that a history is about, if it lies where the program puts it.
pub(super) fn project(history: &Path) -> Option<&Path> {
    let folder = history.parent()?;
    folder.ends_with(HISTORY).then(|| folder.parent()?.parent()).flatten()
}

/// When a conversation began, in milliseconds since 1970, as the name of its
/// file tells: `2026-04-19_04-53-42Z-words.md` or, in the first form,
/// `2025-04-28_18-34-words.md`, which is in UTC as well.
pub(super) fn began(place: &str) -> Option<i64> {
    let name = place.rsplit('/').next()?;
    let (date, clock) = (name.get(..10)?, name.get(10..)?.strip_prefix('_')?);
    let minutes = clock.get(..5)?.replace('-', ":");
    let rest = clock.get(5..)?;
    let seconds = rest.strip_prefix('-').and_then(|rest| rest.get(..2)).filter(|digits| is_number(digits));
    let zone = seconds.and_then(|_| zone(rest.get(3..)?));
    let (seconds, zone) = seconds.zip(zone).unwrap_or(("00", "Z"));
    time::parse(format!("{date}T{minutes}:{seconds}{zone}").as_bytes())
}

/// `Z` or `-0700` at the beginning of a text.
fn zone(text: &str) -> Option<&str> {
    let signed = |text: &&str| text.starts_with(['+', '-']) && text.get(1..).is_some_and(is_number);
    if text.starts_with('Z') { text.get(..1) } else { text.get(..5).filter(signed) }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
