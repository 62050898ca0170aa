//! The SDK's list of agents: `index.db`, one for each folder that was worked
//! in. The store of an agent doesn't name its root, the list does. Observed:
//! `@cursor/sdk` 1.0.18 and 1.0.32.

use std::path::{Path, PathBuf};

use super::blobs::BlobId;
use crate::object::json::Tape;
use crate::tool::digest::{sha256_hex, unhex};
use crate::tool::rows::{Database, RowsError, Select, Value};
use crate::tool::time;

/// What the list says of an agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Agent {
    /// Its id.
    pub(super) id: String,
    /// The root of its conversation.
    pub(super) root: Option<BlobId>,
    /// The folder it works in.
    pub(super) cwd: Option<String>,
    /// Its name.
    pub(super) name: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub(super) created: Option<i64>,
    /// When it last changed.
    pub(super) updated: Option<i64>,
}

impl Agent {
    /// The name of the folder that its store is in.
    pub(super) fn folder(&self) -> String {
        format!("agent-{}", sha256_hex(self.id.as_bytes()))
    }
}

/// The list beside the folders of agents, one of which a store is in.
pub(super) fn list_of(store: &Path) -> Option<PathBuf> {
    let agents = store.parent()?.parent()?;
    agents.ends_with("agents").then(|| agents.with_file_name("index.db")).filter(|list| list.is_file())
}

/// All agents of a list.
pub(super) fn agents(list: &Path) -> Result<Vec<Agent>, RowsError> {
    let database = Database::open(list)?;
    if database.columns("agents")?.is_empty() {
        return Ok(Vec::new());
    }
    let wanted =
        ["agent_id", "latest_checkpoint_ref_json", "workspace_ref", "name", "created_at", "updated_at"];
    let rows = database.values(&Select { table: "agents", ..Select::default() }, &wanted)?;
    database.still_valid()?;
    Ok(rows.iter().filter_map(|row| agent(row)).collect())
}

fn agent(row: &[Value]) -> Option<Agent> {
    let [id, root, cwd, name, created, updated] = row else { return None };
    let text = |value: &Value| value.text().filter(|text| !text.is_empty()).map(str::to_owned);
    let when = |value: &Value| time::parse(value.bytes()?);
    Some(Agent {
        id: text(id)?,
        root: root.bytes().and_then(blob),
        cwd: text(cwd),
        name: text(name),
        created: when(created),
        updated: when(updated),
    })
}

/// The blob that a reference names.
fn blob(json: &[u8]) -> Option<BlobId> {
    let mut tape = Tape::default();
    tape.read(json)?;
    BlobId::try_from(unhex(tape.root(json).get("blobId")?.raw())?).ok()
}
