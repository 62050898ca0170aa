//! aider: a markdown file a project, `.aider.chat.history.md`, that every chat
//! there is appended to.
//!
//! Each chat is a session of its own, from its line `# aider chat started at
//! <local time>` on. Read off files of 0.74 to 0.86 and of aider's own writer.

mod chunks;
mod find;
mod lines;
mod read;
mod section;

use std::path::{Path, PathBuf};

use super::{Discovery, Found, Pieces, Places, Reader, Tool, Watched};

/// The adapter.
pub(super) struct Aider;

impl Tool for Aider {
    fn name(&self) -> &'static str {
        "aider"
    }

    fn title(&self) -> &'static str {
        "aider"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.86.2"]
    }

    /// Its files are in the projects, so places are absolute paths.
    fn root(&self, _: &Places) -> PathBuf {
        PathBuf::from("/")
    }

    fn watched(&self, _: &Places) -> Vec<Watched> {
        Vec::new()
    }

    fn shares_files(&self) -> bool {
        true
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        find::histories(places)
    }

    fn variables(&self) -> &'static [&'static str] {
        &["AIDER_CHAT_HISTORY_FILE"]
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        let bytes = std::fs::read(&found.path)?;
        if !found.part.is_empty() {
            return Ok(Box::new(chunks::Chunks::of(bytes)));
        }
        // Where the chat is, is looked for anew: the file may have grown since.
        let sections = section::sections(&bytes);
        let at = sections.iter().position(|section| find::native(&found.path, &section.name) == found.native);
        let (section, closed) = match at.and_then(|at| Some((sections.get(at)?, at + 1 < sections.len()))) {
            Some(known) => known,
            None => return Err(std::io::ErrorKind::NotFound.into()),
        };
        let text = bytes.get(section.span.clone()).unwrap_or_default().to_vec();
        Ok(Box::new(section::Section::of(text, closed, found.path.parent())))
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::BlockReader::new(!found.part.is_empty(), state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["aider".to_owned(), "--read".to_owned(), file.display().to_string()]
    }
}

#[cfg(test)]
mod tests;
