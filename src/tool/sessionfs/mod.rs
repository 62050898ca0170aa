//! SessionFS: sessions of other tools, converted, a folder each.
//!
//! A session is a folder whose name ends with `.sfs`: `messages.jsonl`, which is
//! read, and `manifest.json`, `workspace.json`, `tools.json` and whatever else
//! lies there, which is kept beside it. Read off the format's schema 0.1.0 and
//! sessions that versions 0.10 and 0.26 wrote.

mod content;
mod find;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use super::form::{Form, Writes};
use super::{Discovery, Found, Places, Reader, Step, Tool};

/// The adapter.
pub(super) struct SessionFs;

impl Tool for SessionFs {
    fn name(&self) -> &'static str {
        "sessionfs"
    }

    fn title(&self) -> &'static str {
        "SessionFS"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its folders may be anywhere, so places are absolute paths.
    fn root(&self, _: &Places) -> PathBuf {
        PathBuf::from("/")
    }

    fn looks_at(&self, _: &Places) -> Vec<PathBuf> {
        Vec::new()
    }

    fn discover(&self, _: &Places) -> Discovery {
        Discovery::default()
    }

    fn copies(&self, first: &Step) -> bool {
        first.time.is_some()
    }

    fn lift(&self) -> &'static [&'static str] {
        // No value stands on every line.
        &[]
    }

    fn reader(&self, found: &Found, _: &[u8]) -> Box<dyn Reader> {
        Box::new(read::MessageReader::new(found))
    }

    fn form(&self) -> Option<&dyn Form> {
        Some(self)
    }
}

impl Form for SessionFs {
    fn is_in(&self, path: &Path) -> io::Result<bool> {
        Ok(find::is_session(path))
    }

    fn sources(&self, path: &Path) -> io::Result<Vec<Found>> {
        find::sources(path)
    }

    fn writes(&self) -> Writes<'_> {
        Writes::Conversation(&write::FolderWriter)
    }
}
