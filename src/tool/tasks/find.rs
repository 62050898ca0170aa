//! Finding task folders, and what lies in them.

use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{HISTORY, SHOWN, UI};
use crate::object::json::Tape;
use crate::tool::{Discovery, Found, Framing, Places, SideFile, Stamp, Trouble, hosts, stamp};

/// The longest file beside a conversation that is kept.
const SIDE_MAX: u64 = 8 << 20;
/// A folder of outputs that were too long for the conversation (Roo Code 3.5x).
const OUTPUTS: &str = "command-output";
/// The longest settings that are looked into.
const SETTINGS_MAX: u64 = 4 << 20;

/// The folders in which an extension may keep things: one in each editor, and
/// where the `setting` says that it is moved to.
pub(in crate::tool) fn storages(places: &Places, extension: &str, setting: Option<&str>) -> Vec<PathBuf> {
    let mut storages = Vec::new();
    for user in hosts::user_dirs(places) {
        let moved = setting.and_then(|key| setting_of(&user.join("settings.json"), key));
        storages.push(user.join("globalStorage").join(extension));
        storages.extend(moved.map(PathBuf::from));
    }
    storages.sort();
    storages.dedup();
    storages
}

/// A string in an editor's settings, which are JSON with comments: the last
/// one of that key.
fn setting_of(path: &Path, key: &str) -> Option<String> {
    let len = stamp(path)?.len;
    let text = if len > SETTINGS_MAX { return None } else { std::fs::read(path).ok()? };
    let quoted = format!("\"{key}\"");
    let at = memchr::memmem::rfind(&text, quoted.as_bytes())? + quoted.len();
    let rest = text.get(at..)?.trim_ascii_start().strip_prefix(b":")?;
    let mut tape = Tape::default();
    tape.read(rest)?;
    let value = tape.root(rest).str()?.into_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// Finds the sessions in storages. Places are told from `root`.
pub(in crate::tool) fn discover(root: &Path, storages: &[PathBuf]) -> Discovery {
    let mut discovery = Discovery::default();
    for storage in storages {
        for task in entries(&storage.join(super::TASKS), &mut discovery) {
            if task.file_type().is_ok_and(|kind| kind.is_dir()) {
                folder(root, &task, &mut discovery);
            }
        }
    }
    discovery.found.sort_by(|a, b| (!a.part.is_empty(), &a.path).cmp(&(!b.part.is_empty(), &b.path)));
    discovery
}

/// What is in a folder, by name; nothing, with a word of it, if it can't be read.
pub(in crate::tool) fn entries(folder: &Path, discovery: &mut Discovery) -> Vec<DirEntry> {
    match std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
        Ok(mut entries) => {
            entries.sort_by_key(DirEntry::file_name);
            entries
        }
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Vec::new(),
        Err(error) => {
            discovery.trouble.push(Trouble { path: folder.to_owned(), error });
            Vec::new()
        }
    }
}

/// What a folder entry looks like, if it is a file and no link.
fn file_stamp(entry: &DirEntry, discovery: &mut Discovery) -> Option<Stamp> {
    if !entry.file_type().ok()?.is_file() {
        return None;
    }
    match entry.metadata() {
        Ok(meta) => crate::tool::stamp_of(&meta),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            discovery.trouble.push(Trouble { path: entry.path(), error });
            None
        }
    }
}

fn folder(root: &Path, task: &DirEntry, discovery: &mut Discovery) {
    let Some(native) = task.file_name().to_str().map(str::to_owned) else { return };
    let (mut sources, mut side) = (Vec::new(), Vec::new());
    for entry in entries(&task.path(), discovery) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == OUTPUTS {
            for output in entries(&entry.path(), discovery) {
                side.extend(beside(root, &output, discovery));
            }
            continue;
        }
        let part = match name.as_str() {
            HISTORY => "",
            shown if SHOWN.contains(&shown) => UI,
            _ => {
                side.extend(beside(root, &entry, discovery));
                continue;
            }
        };
        sources.extend(document(root, &entry, (&native, part), discovery));
    }
    note(sources, side, discovery);
}

/// A file as a source that is a document.
pub(in crate::tool) fn document(
    root: &Path,
    entry: &DirEntry,
    (native, part): (&str, &str),
    discovery: &mut Discovery,
) -> Option<Found> {
    let stamp = file_stamp(entry, discovery)?;
    let path = entry.path();
    Some(Found {
        native: native.to_owned(),
        part: part.to_owned(),
        place: hosts::place(root, &path),
        path,
        framing: Framing::Document,
        stamp,
        side: Vec::new(),
    })
}

/// Notes the sources of a conversation. The files beside them go with itself; with a
/// part where it is gone.
pub(in crate::tool) fn note(mut sources: Vec<Found>, side: Vec<SideFile>, discovery: &mut Discovery) {
    sources.sort_by_key(|found| !found.part.is_empty());
    if let Some(first) = sources.first_mut() {
        first.side = side;
    }
    discovery.found.append(&mut sources);
}

/// A file beside a conversation. Files that are written aside, to be renamed,
/// and locks are none.
pub(in crate::tool) fn beside(root: &Path, entry: &DirEntry, discovery: &mut Discovery) -> Option<SideFile> {
    let name = entry.file_name().to_string_lossy().into_owned();
    let passing = name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".lock");
    let stamp = file_stamp(entry, discovery).filter(|stamp| !passing && stamp.len <= SIDE_MAX)?;
    let path = entry.path();
    Some(SideFile { place: hosts::place(root, &path), path, stamp })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_with_comments_are_understood() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        std::fs::write(
            &path,
            "{ // mine\n \"a.path\" : \"/old\",\n /* x */ \"a.path\": \"/new \\u00fc\",\n}",
        )
        .unwrap();
        assert_eq!(setting_of(&path, "a.path").as_deref(), Some("/new ü"));
        assert_eq!(setting_of(&path, "b.path"), None);
        std::fs::write(&path, "{\"a.path\":\"\"}").unwrap();
        assert_eq!(setting_of(&path, "a.path"), None);
    }
}
