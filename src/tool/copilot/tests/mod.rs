//! The adapter as a whole, on small sessions made for it.

mod reading;
mod writing;

use super::*;
use crate::object::message::{Message, Text};
use crate::object::split::Splitter;
use crate::tool::{Step, testing};

fn steps(events: &str) -> Vec<Step> {
    testing::steps(&Copilot, events.as_bytes())
}

/// An old session's document.
fn found(path: PathBuf, name: &str) -> Found {
    let place = format!("history-session-state/{name}");
    Found { path, place, ..testing::found(Framing::Document) }
}

/// What the records of a document mean, and all its bytes joined again.
fn document(found: &Found) -> (Vec<Step>, Vec<u8>) {
    let (mut pieces, mut reader) = (Copilot.open(found).unwrap(), Copilot.reader(found, &[]));
    let (mut splitter, mut steps, mut bytes) = (Splitter::default(), Vec::new(), Vec::new());
    while let Some(record) = pieces.next().unwrap() {
        let piece = splitter.document(&record);
        splitter.split(&record, piece, Copilot.lift());
        steps.push(reader.read(splitter.row(&record, piece)));
        bytes.extend_from_slice(&record);
    }
    let frame = pieces.frame().unwrap();
    (steps, [frame.lead, bytes, frame.trail].concat())
}

fn messages(steps: &[Step]) -> Vec<&Message> {
    steps.iter().filter_map(|step| Some(&step.message.as_ref()?.message)).collect()
}

fn inline(words: &str) -> Text {
    testing::text(words)
}
