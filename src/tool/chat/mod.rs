//! Plain JSONL: messages with roles, as models' APIs take them and as data for
//! training is kept.
//!
//! Three layouts are read. A file with a conversation a line, in a list called
//! `messages` (or `conversations`): a session for each line. A file with a
//! message a line: one session. A JSON document that is such a list, or has one:
//! one session. What is written is the first.
//!
//! Nothing in it is promised to be unique, and most of it has no times: so a
//! session is known by its file's name, its first prompt and its line, and one
//! that begins as another does is no copy of it.

mod find;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use super::form::{Form, Writes};
use super::{Discovery, Found, Pieces, Places, Reader, Step, Tool};

/// The adapter.
pub(super) struct Chat;

impl Tool for Chat {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn title(&self) -> &'static str {
        "JSONL with roles"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its files may be anywhere, so places are absolute paths.
    fn root(&self, _: &Places) -> PathBuf {
        PathBuf::from("/")
    }

    fn shares_files(&self) -> bool {
        true
    }

    fn looks_at(&self, _: &Places) -> Vec<PathBuf> {
        Vec::new()
    }

    fn discover(&self, _: &Places) -> Discovery {
        Discovery::default()
    }

    fn copies(&self, _: &Step) -> bool {
        false
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> io::Result<Box<dyn Pieces>> {
        find::open(found)
    }

    fn reader(&self, _: &Found, _: &[u8]) -> Box<dyn Reader> {
        Box::new(read::MessageReader)
    }

    fn form(&self) -> Option<&dyn Form> {
        Some(self)
    }
}

impl Form for Chat {
    fn is_in(&self, path: &Path) -> io::Result<bool> {
        Ok(path.is_file() && find::layout(path)?.is_some())
    }

    fn sources(&self, path: &Path) -> io::Result<Vec<Found>> {
        find::sources(path)
    }

    fn writes(&self) -> Writes<'_> {
        Writes::Conversation(&write::ChatWriter)
    }
}
