//! Sessions in the storage of JSON files (before 1.2): a file each for the
//! session, each message and each part.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::order::{Shelf, lines};
use super::tables;
use crate::object::json::Tape;
use crate::tool::{Frame, Key, Stamp, folder, stamp};

/// A session that was found.
pub(super) struct Listed {
    /// Its id.
    pub(super) id: String,
    /// Its file.
    pub(super) path: PathBuf,
    /// The session that it was started by.
    pub(super) parent: Option<String>,
    /// What it and its last messages look like.
    pub(super) stamp: Stamp,
}

/// The sessions in a storage whose ids are not `known`. The folder that can't
/// be read is told with the error.
pub(super) fn list(storage: &Path, known: &HashSet<String>) -> Result<Vec<Listed>, (PathBuf, io::Error)> {
    let (mut listed, sessions) = (Vec::new(), storage.join("session"));
    let names = |folder: &Path| names(folder).map_err(|error| (folder.to_owned(), error));
    for project in names(&sessions)? {
        let project = sessions.join(project);
        // Older layouts have files and folders of another kind here.
        if !project.is_dir() {
            continue;
        }
        for file in names(&project)? {
            let path = project.join(&file);
            let id = file.strip_suffix(".json").filter(|id| !known.contains(*id));
            if let Some((id, stamp)) = id.and_then(|id| Some((id.to_owned(), stamp_of(storage, &path, id)?)))
            {
                listed.push(Listed { parent: parent(&path), id, path, stamp });
            }
        }
    }
    Ok(listed)
}

/// The stamp of the session's file, with what changes when messages do.
fn stamp_of(storage: &Path, path: &Path, id: &str) -> Option<Stamp> {
    let mut whole = stamp(path)?;
    let folder = storage.join("message").join(id);
    let messages = names(&folder).unwrap_or_default();
    let mut all = whole.inode.to_le_bytes().to_vec();
    all.extend((messages.len() as u64).to_le_bytes());
    for last in messages.iter().rev().take(2).filter_map(|name| stamp(&folder.join(name))) {
        all.extend(last.mtime.to_le_bytes().into_iter().chain(last.len.to_le_bytes()));
        whole.mtime = whole.mtime.max(last.mtime);
    }
    let len = whole.len.saturating_add(messages.len() as u64 * 1000);
    Some(Stamp { len, mtime: whole.mtime, inode: Key::of(&all).0 })
}

fn parent(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let mut tape = Tape::default();
    tape.read(&bytes)?;
    tape.root(&bytes).string("parentID")
}

/// The names in a folder, in order; none if there is no such folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// A session in the storage.
pub(super) struct Files {
    storage: PathBuf,
    session: String,
    /// The session's file: its path and its place.
    path: PathBuf,
    place: String,
    messages: Vec<String>,
}

impl Files {
    /// Opens the storage at the file of a session, whose place is given.
    pub(super) fn open(path: &Path, place: &str) -> io::Result<Files> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let storage = path.ancestors().nth(3).ok_or_else(missing)?.to_owned();
        let session = path.file_stem().ok_or_else(missing)?.to_string_lossy().into_owned();
        let messages = names(&storage.join("message").join(&session))?;
        Ok(Files { storage, session, path: path.to_owned(), place: place.to_owned(), messages })
    }

    /// The record of a file below the storage; `None` if it isn't there.
    fn record(&self, below: &str) -> io::Result<Option<Vec<u8>>> {
        // The places of all files begin as that of the session's.
        let root = self.place.rsplitn(4, '/').nth(3).unwrap_or_default();
        let path = self.storage.join(below);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(folder::record(&format!("{root}/{below}"), &bytes))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn session(&self) -> io::Result<(Vec<u8>, String)> {
        let bytes = std::fs::read(&self.path)?;
        let project = self.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        Ok((bytes, project.into_owned()))
    }
}

impl Shelf for Files {
    fn count(&self) -> usize {
        self.messages.len()
    }

    fn message(&mut self, n: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(name) = self.messages.get(n) else { return Ok(None) };
        self.record(&format!("message/{}/{name}", self.session))
    }

    fn parts(&mut self, n: usize) -> io::Result<Vec<Vec<u8>>> {
        let Some(name) = self.messages.get(n) else { return Ok(Vec::new()) };
        let folder = format!("part/{}", name.strip_suffix(".json").unwrap_or(name));
        let names = names(&self.storage.join(&folder))?;
        let records = names.into_iter().map(|name| self.record(&format!("{folder}/{name}")));
        records.filter_map(Result::transpose).collect()
    }

    fn taken_back(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let (bytes, project) = self.session()?;
        let mut tape = Tape::default();
        let text = |tape: &Tape, key| tape.root(&bytes).string(key);
        let facts = match tape.read(&bytes) {
            Some(_) => tables::facts(
                text(&tape, "title"),
                text(&tape, "directory"),
                text(&tape, "version"),
                text(&tape, "parentID"),
            ),
            None => Default::default(),
        };
        let trail = [
            self.record(&format!("project/{project}.json"))?,
            Some(folder::record(&self.place, &bytes)),
            self.record(&format!("todo/{}.json", self.session))?,
        ];
        Ok(Frame { lead: Vec::new(), trail: lines(&trail.into_iter().flatten().collect::<Vec<_>>()), facts })
    }
}
