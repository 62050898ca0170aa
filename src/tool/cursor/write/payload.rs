//! Payloads that the IDE takes in with its own command: `import.json` in a
//! folder. Its database is never written to: it is live, of no documented form,
//! and holds all projects.

use super::super::places;
use super::history::Written;
use super::json::{base64, object};
use crate::tool::digest::hex;
use crate::tool::turns::quoted;
use crate::tool::{Loss, Plan, Planned, Sink, Target, ToolError};

/// Writes a payload, and says how it gets in.
pub(super) fn write(written: Written, target: &Target, sink: &mut dyn Sink) -> Result<Plan, ToolError> {
    let folder = places::config(&target.places).join("sfs-imports").join(&target.native);
    let path = folder.join("import.json");
    let failed = |source| ToolError::Write { path: path.clone(), source };
    let (mut blobs, mut root) = (Vec::new(), String::new());
    for (id, bytes) in &written.graph.blobs {
        if *id == written.graph.root {
            root = base64(bytes);
        } else {
            blobs.push((hex(id), quoted(&base64(bytes))));
        }
    }
    let blobs: Vec<(&str, &str)> = blobs.iter().map(|(id, bytes)| (id.as_str(), bytes.as_str())).collect();
    let payload = object(&[
        ("version", "1"),
        ("conversationState", &quoted(&root)),
        ("blobs", &object(&blobs)),
        ("name", &quoted(&target.title)),
        ("exportedAt", &target.now.to_string()),
    ]);
    sink.create(&path, 0o600)?.write_all(payload.as_bytes()).map_err(failed)?;
    let mut losses = written.losses;
    losses.push(Loss {
        what: format!(
            "the IDE takes the conversation in when you run its command `developer.bulkImportChats` with \
             the folder {} in a window of the project; it gives it an id of its own",
            folder.display()
        ),
        count: 1,
    });
    Ok(Plan {
        native: target.native.clone(),
        files: vec![Planned::Create(path.clone())],
        path,
        losses,
        messages: written.messages,
        imports: Vec::new(),
    })
}
