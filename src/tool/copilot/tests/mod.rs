//! The adapter as a whole, on small sessions made for it.

mod corpus;
mod reading;
mod writing;

use super::*;
use crate::object::message::{Message, Text};
use crate::object::split::Splitter;
use crate::tool::{Stamp, Step};

/// A session that is to be written.
fn target() -> Target {
    Target {
        places: Places { home: "/home/nobody".into(), ..Places::default() },
        cwd: "/work/here".into(),
        native: "01a20212-a86f-7d30-ba34-f1999c4bbe7a".into(),
        seed: 7,
        now: 1_795_331_107_000,
        started: 1_795_331_106_000,
        title: "A title".into(),
        git_branch: Some("main".into()),
        version: None,
        scratch: PathBuf::from("/scratch"),
    }
}

fn found(place: &str, framing: Framing) -> Found {
    Found {
        native: "s".into(),
        part: String::new(),
        path: PathBuf::new(),
        place: place.into(),
        framing,
        stamp: Stamp::default(),
        side: Vec::new(),
    }
}

/// What every event means. The reader is made anew from its state after each.
fn steps_of(found: &Found, mut bytes: &[u8]) -> Vec<Step> {
    let (mut splitter, mut state, mut steps) = (Splitter::default(), Vec::new(), Vec::new());
    while let Some(piece) = splitter.next(bytes) {
        splitter.split(bytes, piece, Copilot.lift());
        let mut reader = Copilot.reader(found, &state);
        steps.push(reader.read(splitter.row(bytes, piece)));
        state = reader.state();
        assert!(state.len() < 1024);
        bytes = &bytes[piece.end..];
    }
    steps
}

fn steps(events: &str) -> Vec<Step> {
    steps_of(&found("session-state/s/events.jsonl", Framing::Lines), events.as_bytes())
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

fn inline(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}
