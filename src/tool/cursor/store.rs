//! `store.db`: a database for each session of the command line, of its ACP
//! server, and of the SDK. Observed: `cursor-agent` 2026.06.26 to 2026.09.23,
//! `@cursor/sdk` 1.0.18 and 1.0.32.
//!
//! Row `0` of `meta` is JSON in hexadecimal; it names the root of the graph,
//! which every checkpoint writes anew. Only in the SDK's it names none: there
//! the list of agents does.

use std::path::Path;

use super::blobs::{BlobId, Blobs, Shelf};
use super::root::Root;
use super::script::Script;
use super::sdk::{self, Agent};
use super::wire::Message;
use super::{secret, weave};
use crate::object::json::Tape;
use crate::tool::digest::unhex;
use crate::tool::rows::{Database, Line, Row, RowsError, Select, Value};
use crate::tool::{StepFacts, stamp, uri};

/// Where its blobs are.
const SHELF: Shelf = Shelf { table: "blobs", name: "id", prefix: "", data: "data" };
/// What the tool calls sessions that have no name.
const UNNAMED: &[&str] = &["New Agent", "New Chat", "Untitled"];

/// Reads a store.
pub(super) fn read(path: &Path) -> Result<Script, RowsError> {
    let database = Database::open(path)?;
    let mut script = Script { schema: database.schema(&["blobs", "meta"])?, ..Script::default() };
    let mut root_id = None;
    if !database.columns("meta")?.is_empty() {
        for row in rows(&database, "meta")? {
            if row.get("key").and_then(Value::text) == Some("0") {
                root_id = meta(&row, &mut script.facts);
            }
            script.rest.push(Line::Row(clean(row)).to_bytes());
        }
    }
    if let Some(list) = sdk::list_of(path) {
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let known = sdk::agents(&list)?.into_iter().find(|agent| *agent.folder() == *folder);
        root_id = known.and_then(|agent| listed(agent, &mut script.facts)).or(root_id);
    }
    if let Some(id) = root_id.filter(|_| script.schema.len() > 1) {
        let start = Message::new().bytes(1, id);
        let blobs = Blobs::reach(&database, SHELF, start.as_ref())?;
        if let Some(blob) = blobs.get(&id) {
            let root = Root::read(&blob.bytes);
            let woven = weave::graph(&root, &blobs, Vec::new());
            script.records = woven.records;
            script.rest.extend(woven.rest);
            learn(&root, &mut script.facts);
        }
    }
    database.still_valid()?;
    beside(path, &mut script.facts);
    if script.facts.updated.is_none() {
        // Nothing in it tells.
        script.facts.updated = stamp(path).map(|looks| looks.mtime / 1_000_000);
    }
    Ok(script)
}

/// All rows of a small table.
fn rows(database: &Database, table: &str) -> Result<Vec<Row>, RowsError> {
    let columns = database.columns(table)?;
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let values = database.values(&Select { table, ..Select::default() }, &names)?;
    let row = |values: Vec<Value>| Row {
        table: table.to_owned(),
        values: columns.iter().cloned().zip(values).collect(),
    };
    Ok(values.into_iter().map(row).collect())
}

/// A row without the secret.
fn clean(mut row: Row) -> Row {
    for (_, value) in &mut row.values {
        match value {
            Value::Text(bytes) | Value::Blob(bytes) => *bytes = secret::cut_out_of_hex(bytes),
            _ => {}
        }
    }
    row
}

/// The name of the root, and what else the session's own row tells.
fn meta(row: &Row, facts: &mut StepFacts) -> Option<BlobId> {
    let json = unhex(row.get("value").and_then(Value::bytes)?.trim_ascii())?;
    let mut tape = Tape::default();
    tape.read(&json)?;
    let root = tape.root(&json);
    facts.tool_title = root.string("name").filter(|name| is_name(name));
    facts.created = root.get("createdAt").and_then(|time| time.int());
    let parent = ["rootParentAgentId", "parentAgentId"];
    facts.parent = parent.iter().find_map(|key| root.path(&["subagentInfo", key])?.str().map(Into::into));
    BlobId::try_from(unhex(root.get("latestRootBlobId")?.raw())?).ok()
}

/// What the SDK's list tells of an agent.
fn listed(agent: Agent, facts: &mut StepFacts) -> Option<BlobId> {
    facts.cwd = agent.cwd;
    facts.tool_title = agent.name.filter(|name| is_name(name)).or(facts.tool_title.take());
    facts.created = agent.created.or(facts.created);
    facts.updated = agent.updated;
    agent.root
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !UNNAMED.contains(&name)
}

/// What the root tells of the session.
pub(super) fn learn(root: &Root, facts: &mut StepFacts) {
    facts.cwd = facts.cwd.take().or_else(|| root.folders.iter().find_map(|folder| uri::path(folder)));
    facts.git_branch = facts.git_branch.take().or_else(|| root.branch.clone());
    facts.created = facts.created.or(root.started);
    facts.updated = facts.updated.max(root.ended);
}

/// What the file beside a store tells.
fn beside(path: &Path, facts: &mut StepFacts) {
    let Ok(json) = std::fs::read(path.with_file_name("meta.json")) else { return };
    let mut tape = Tape::default();
    if tape.read(&json).is_none() {
        return;
    }
    let root = tape.root(&json);
    let time = |key| root.get(key).and_then(|time| time.int());
    facts.cwd = root.string("cwd").or(facts.cwd.take());
    facts.tool_title = root.string("title").filter(|title| is_name(title)).or(facts.tool_title.take());
    facts.created = time("createdAtMs").or(facts.created);
    facts.updated = time("updatedAtMs").or(facts.updated);
}
