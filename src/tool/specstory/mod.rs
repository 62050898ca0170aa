//! SpecStory: conversations of other tools as markdown, a file each, in the
//! projects that they were about.
//!
//! Read off published files of both forms (without a number, and 2.1) and the
//! program's own writer of the latter.

mod cut;
mod find;
mod given;
mod head;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use super::form::{Form, Writes};
use super::{Discovery, Found, Pieces, Places, Reader, Tool, Watched};

/// The adapter.
pub(super) struct SpecStory;

impl Tool for SpecStory {
    fn name(&self) -> &'static str {
        "specstory"
    }

    fn title(&self) -> &'static str {
        "SpecStory"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its files are in the projects, so places are absolute paths.
    fn root(&self, _: &Places) -> PathBuf {
        PathBuf::from("/")
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        find::folders(places)
    }

    fn watched(&self, _: &Places) -> Vec<Watched> {
        Vec::new()
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn would_find(&self, places: &Places, place: &str) -> bool {
        find::would_find(places, place)
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        Ok(Box::new(cut::History::of(std::fs::read(&found.path)?, find::project(&found.path))))
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::BlockReader::new(found, state))
    }

    fn form(&self) -> Option<&dyn Form> {
        Some(self)
    }
}

impl Form for SpecStory {
    fn is_in(&self, path: &Path) -> io::Result<bool> {
        given::is_in(path)
    }

    fn sources(&self, path: &Path) -> io::Result<Vec<Found>> {
        given::sources(path)
    }

    fn writes(&self) -> Writes<'_> {
        Writes::Conversation(&write::MarkdownWriter)
    }
}
