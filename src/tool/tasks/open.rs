//! Opening the documents of a task.

use std::io;
use std::path::Path;

use super::UI;
use crate::object::json::{Tape, Value};
use crate::tool::document::{Document, Hold};
use crate::tool::{Found, Pieces, StepFacts};

/// The longest small file that is read for what it tells of the task.
const SMALL: u64 = 1 << 20;

/// Opens the conversation or what is shown of it.
pub(in crate::tool) fn open(found: &Found) -> io::Result<Box<dyn Pieces>> {
    let mut document = Document::read(&found.path, None)?;
    if found.part == UI {
        document.hold(hold_request);
    } else if let Some(folder) = found.path.parent() {
        document.tell(facts(folder));
    }
    Ok(Box::new(document))
}

/// The last request with all that follows it is left to the trail: what it
/// cost is written into it later, and answers are marked as given.
fn hold_request(element: &[u8]) -> Hold {
    let begins = memchr::memmem::find(element, b"\"api_req_started\"").is_some();
    if begins { Hold::Last } else { Hold::More }
}

/// What the small files beside a conversation tell.
fn facts(folder: &Path) -> StepFacts {
    let mut facts = StepFacts::default();
    look(&folder.join("history_item.json"), &mut |item| {
        // Roo Code: the workspace, and the task that handed this one out.
        facts.cwd = item.string("workspace").filter(|cwd| !cwd.is_empty());
        facts.parent = item.string("parentTaskId").filter(|id| !id.is_empty());
    });
    look(&folder.join("task_metadata.json"), &mut |data| {
        let last = data.get("environment_history").and_then(|history| history.items().last());
        facts.version = last.and_then(|last| last.string("cline_version"));
    });
    facts
}

/// Reads a small JSON file, if it is there and whole.
pub(in crate::tool) fn look(path: &Path, f: &mut dyn FnMut(Value<'_>)) {
    let small = crate::tool::stamp(path).is_some_and(|stamp| stamp.len <= SMALL);
    let Some(bytes) = small.then(|| std::fs::read(path).ok()).flatten() else { return };
    let mut tape = Tape::default();
    if tape.read(&bytes).is_some() {
        f(tape.root(&bytes));
    }
}
