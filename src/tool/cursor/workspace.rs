//! The IDE's workspaces: which folder one is of.
//!
//! `workspaceStorage/<hash>/workspace.json` names the folder. Before 3.12 the
//! conversations of a workspace were listed in the `state.vscdb` beside it.

use std::path::{Path, PathBuf};

use crate::object::json::Tape;
use crate::tool::rows::{Database, Select};
use crate::tool::uri;

/// The workspaces beside the database of the IDE.
fn storage(database: &Path) -> Option<PathBuf> {
    Some(database.parent()?.parent()?.join("workspaceStorage"))
}

/// The folder of a workspace.
pub(super) fn folder(database: &Path, id: &str) -> Option<String> {
    // The id comes from the database: it is no path.
    if id.is_empty() || id.contains(['/', '\\', '.']) {
        return None;
    }
    let json = std::fs::read(storage(database)?.join(id).join("workspace.json")).ok()?;
    let mut tape = Tape::default();
    tape.read(&json)?;
    uri::path(&tape.root(&json).string("folder")?)
}

/// The folder of the workspace that lists a conversation.
pub(super) fn of_composer(database: &Path, composer: &str) -> Option<String> {
    for entry in std::fs::read_dir(storage(database)?).ok()?.flatten() {
        let lists = lists(&entry.path().join("state.vscdb"), composer).unwrap_or(false);
        if lists {
            return folder(database, &entry.file_name().to_string_lossy());
        }
    }
    None
}

fn lists(path: &Path, composer: &str) -> Option<bool> {
    let database = Database::open(path).ok()?;
    let params = ["composer.composerData".into()];
    let select = Select { table: "ItemTable", filter: "key = ?1", params: &params, ..Select::default() };
    let rows = database.values(&select, &["value"]).ok()?;
    let found = rows.iter().flatten().filter_map(|value| value.bytes());
    let found = found.into_iter().any(|json| memchr::memmem::find(json, composer.as_bytes()).is_some());
    database.still_valid().ok()?;
    Some(found)
}
