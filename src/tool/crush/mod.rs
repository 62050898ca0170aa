//! Crush: a SQLite database a project, `.crush/crush.db`.
//!
//! Read off a published database and the tool's own migrations (0.1 to 0.2x).

mod find;
mod read;

use std::path::{Path, PathBuf};

use super::rows::{Row, Value};
use super::table::{self, Layout};
use super::{Discovery, Found, Pieces, Places, Reader, StepFacts, Tool, Watched};
use crate::object::json::Tape;

/// The adapter.
pub(super) struct Crush;

const LAYOUT: Layout = Layout {
    sessions: "sessions",
    messages: "messages",
    order: "created_at",
    changed: Some("updated_at"),
    version: &["goose_db_version"],
};

/// The table with the texts of files before and after each change.
const FILES: &str = "files";

impl Tool for Crush {
    fn name(&self) -> &'static str {
        "crush"
    }

    fn title(&self) -> &'static str {
        "Crush"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its databases are in the projects, so places are absolute paths.
    fn root(&self, _: &Places) -> PathBuf {
        PathBuf::from("/")
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        find::databases(places).into_iter().chain([find::list(places)]).collect()
    }

    fn variables(&self) -> &'static [&'static str] {
        &["CRUSH_GLOBAL_DATA", "XDG_DATA_HOME", "LOCALAPPDATA"]
    }

    fn watched(&self, _: &Places) -> Vec<Watched> {
        Vec::new()
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn guides(&self) -> &'static [&'static str] {
        &["CRUSH.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        if !found.part.is_empty() {
            return Ok(Box::new(table::beside(&found.path, &LAYOUT, FILES, &found.native)?));
        }
        let rows = table::open(&found.path, &LAYOUT, &found.native, is_over, facts)?;
        Ok(Box::new(find::Told::of(rows, &found.path)))
    }

    fn reader(&self, found: &Found, _: &[u8]) -> Box<dyn Reader> {
        Box::new(read::MessageReader { says: found.part.is_empty() })
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["crush".to_owned(), "run".to_owned(), super::go_on(file)]
    }
}

/// Whether a message is finished: an answer is written again as it grows.
fn is_over(line: &[u8]) -> bool {
    let mut tape = Tape::default();
    if tape.read(line).is_none() {
        return true;
    }
    let row = tape.root(line);
    let is = |key: &str, word: &[u8]| row.path(&["row", key]).is_some_and(|value| value.raw() == word);
    let parts = row.path(&["row", "parts"]);
    let mut parts = parts.into_iter().flat_map(|parts| parts.items());
    !is("role", b"assistant")
        || parts.any(|part| part.get("type").is_some_and(|kind| kind.raw() == b"finish"))
}

/// What a session's own row tells.
fn facts(row: &Row) -> StepFacts {
    let text =
        |column| row.get(column).and_then(Value::text).filter(|text| !text.is_empty()).map(str::to_owned);
    StepFacts { tool_title: text("title"), parent: text("parent_session_id"), ..StepFacts::default() }
}

#[cfg(test)]
mod tests;
