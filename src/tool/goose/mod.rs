//! Goose: sessions in SQLite (since 1.10), before that a JSONL file each.
//!
//! Read off published databases of schema 1 to 15 and the tool's own source.

mod find;
mod read;

use std::path::{Path, PathBuf};

use super::rows::{Row, Value};
use super::table::{self, Layout};
use super::{Discovery, Found, Pieces, Places, Reader, StepFacts, Tool, Watched};

/// The adapter.
pub(super) struct Goose;

const LAYOUT: Layout = Layout {
    sessions: "sessions",
    messages: "messages",
    order: "id",
    changed: None,
    version: &["schema_version"],
};

impl Tool for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn title(&self) -> &'static str {
        "Goose"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![find::root(places).join("sessions")]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["GOOSE_PATH_ROOT", "XDG_DATA_HOME", "APPDATA"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![Watched::deep(self.root(places).join("sessions"))]
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(&self.root(places))
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", ".goosehints"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        // A message is a row once it is whole.
        Ok(Box::new(table::open(&found.path, &LAYOUT, &found.native, |_| true, facts)?))
    }

    fn reader(&self, _: &Found, _: &[u8]) -> Box<dyn Reader> {
        Box::new(read::MessageReader)
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        ["goose", "run", "-s", "-t"].map(str::to_owned).into_iter().chain([super::go_on(file)]).collect()
    }
}

/// What a session's own row tells.
fn facts(row: &Row) -> StepFacts {
    let text =
        |column| row.get(column).and_then(Value::text).filter(|text| !text.is_empty()).map(str::to_owned);
    let by_user = row.get("user_set_name").and_then(Value::int) == Some(1);
    let title = text("name").or_else(|| text("description"));
    let (user_title, tool_title) = if by_user { (title, None) } else { (None, title) };
    let parent = text("parent_session_id");
    StepFacts { user_title, tool_title, cwd: text("working_dir"), parent, ..StepFacts::default() }
}

#[cfg(test)]
mod tests;
