//! The adapter as a whole, on small rollouts made for it.

mod reading;
mod round;
mod writing;

use super::*;
use crate::object::message::{Block, Message, Text};
use crate::object::split::Splitter;
use crate::tool::{Framing, Stamp, Step};

/// A thread that is to be written.
pub(super) fn target(places: Places, started: i64) -> Target {
    Target {
        places,
        cwd: "/home/ada/here".into(),
        native: "01a20212-a86f-7d30-ba34-f1999c4bbe7a".into(),
        seed: 7,
        now: started + 1000,
        started,
        title: "A title".into(),
        git_branch: Some("main".into()),
        version: None,
        scratch: PathBuf::from("/scratch"),
    }
}

fn found(native: &str, part: &str) -> Found {
    Found {
        native: native.into(),
        part: part.into(),
        path: PathBuf::new(),
        place: String::new(),
        framing: Framing::Lines,
        stamp: Stamp::default(),
        side: Vec::new(),
    }
}

/// What every record of a rollout means. The reader is made anew from its
/// state after each.
fn steps_of(found: &Found, mut bytes: &[u8]) -> Vec<Step> {
    let (mut splitter, mut state, mut steps) = (Splitter::default(), Vec::new(), Vec::new());
    while let Some(piece) = splitter.next(bytes) {
        splitter.split(bytes, piece, Codex.lift());
        let mut reader = Codex.reader(found, &state);
        steps.push(reader.read(splitter.row(bytes, piece)));
        state = reader.state();
        assert!(state.len() < 1024);
        bytes = &bytes[piece.end..];
    }
    steps
}

fn steps(rollout: &str) -> Vec<Step> {
    steps_of(&found("t", ""), rollout.as_bytes())
}

fn messages(steps: &[Step]) -> Vec<&Message> {
    steps.iter().filter_map(|step| Some(&step.message.as_ref()?.message)).collect()
}

fn inline(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}

fn text(text: &str) -> Block {
    Block::Text(inline(text))
}
