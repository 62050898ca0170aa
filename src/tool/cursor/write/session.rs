//! Sessions of the command line and of its ACP server: a `store.db`, and small
//! files beside it. Both find a session by its folder alone.

use std::path::{Path, PathBuf};

use super::super::places;
use super::history::Written;
use super::json::{list, object};
use crate::tool::digest::{hex, md5_hex};
use crate::tool::rows::{self, Head, Row, Value};
use crate::tool::turns::quoted;
use crate::tool::{Plan, Planned, Sink, Target, ToolError};

/// The tables of a store, as the tool makes them.
const TABLES: [&str; 2] = [
    "CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)",
];
/// What the tool's own library opens with.
const HEAD: Head = Head { page_size: 4096, user_version: 1, application_id: 0 };

/// Writes a session of the command line: it looks for it by the MD5 of the
/// folder it is started in.
pub(super) fn command_line(
    written: Written,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let project = md5_hex(target.cwd.to_string_lossy().as_bytes());
    let folder = places::config(&target.places).join("chats").join(project).join(&target.native);
    let asked: Vec<String> = written.asked.iter().map(|words| quoted(words)).collect();
    let meta = object(&[
        ("schemaVersion", "1"),
        ("createdAtMs", &target.started.to_string()),
        ("hasConversation", "true"),
        ("title", &quoted(&target.title)),
        ("updatedAtMs", &target.now.to_string()),
        ("cwd", &quoted(&target.cwd.to_string_lossy())),
    ]);
    let beside = [("meta.json", meta), ("prompt_history.json", list(&asked))];
    write(&folder, &beside, written, target, sink)
}

/// Writes a session of the ACP server, which finds it by its id alone.
pub(super) fn acp(written: Written, target: &Target, sink: &mut dyn Sink) -> Result<Plan, ToolError> {
    let folder = places::config(&target.places).join("acp-sessions").join(&target.native);
    let meta = object(&[
        ("schemaVersion", "1"),
        ("cwd", &quoted(&target.cwd.to_string_lossy())),
        ("title", &quoted(&target.title)),
    ]);
    write(&folder, &[("meta.json", meta)], written, target, sink)
}

fn write(
    folder: &Path,
    beside: &[(&str, String)],
    written: Written,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let path = folder.join("store.db");
    let failed = |source| ToolError::Write { path: path.clone(), source };
    let bytes = store(&written, target).map_err(|e| failed(std::io::Error::other(e)))?;
    sink.create(&path, 0o600)?.write_all(&bytes).map_err(failed)?;
    let mut files: Vec<PathBuf> = vec![path.clone()];
    for (name, json) in beside {
        let file = folder.join(name);
        let failed = |source| ToolError::Write { path: file.clone(), source };
        sink.create(&file, 0o600)?.write_all(json.as_bytes()).map_err(failed)?;
        files.push(file);
    }
    Ok(Plan {
        native: target.native.clone(),
        path,
        files: files.into_iter().map(Planned::Create).collect(),
        losses: written.losses,
        messages: written.messages,
        imports: Vec::new(),
    })
}

/// The database. The key that the tool encrypts with is left out: it is the
/// tool's to make.
fn store(written: &Written, target: &Target) -> Result<Vec<u8>, rows::RowsError> {
    let meta = object(&[
        ("agentId", &quoted(&target.native)),
        ("latestRootBlobId", &quoted(&hex(&written.graph.root))),
        ("name", &quoted(&target.title)),
        ("mode", r#""default""#),
        ("createdAt", &target.started.to_string()),
        ("isRunEverything", "false"),
    ]);
    let mut all = Vec::with_capacity(written.graph.blobs.len() + 1);
    for (id, data) in &written.graph.blobs {
        let values = vec![
            ("id".to_owned(), Value::from(hex(id).as_str())),
            ("data".to_owned(), Value::Blob(data.clone())),
        ];
        all.push(Row { table: "blobs".to_owned(), values });
    }
    let values = vec![
        ("key".to_owned(), Value::from("0")),
        ("value".to_owned(), Value::from(hex(meta.as_bytes()).as_str())),
    ];
    all.push(Row { table: "meta".to_owned(), values });
    rows::build(Some(HEAD), &TABLES, &all)
}
