//! The adapter as a whole, on small databases made for it.

mod hostile;
mod ide;
mod round;
mod store;

use super::*;
use crate::object::message::{Block, Message, Text};
use crate::object::split::Splitter;
use crate::tool::{Frame, Step};

/// What every record of a source means, and what stands around them. The
/// reader is made anew from its state after each.
fn read(tool: &Cursor, found: &Found) -> (Vec<Step>, Vec<Vec<u8>>, Frame) {
    let mut pieces = tool.open(found).unwrap();
    let (mut splitter, mut state, mut steps) = (Splitter::default(), Vec::new(), Vec::new());
    let mut records = Vec::new();
    while let Some(record) = pieces.next().unwrap() {
        let piece = splitter.document(&record);
        splitter.split(&record, piece, tool.lift());
        let mut reader = tool.reader(found, &state);
        let mut step = reader.read(splitter.row(&record, piece));
        let then = std::mem::take(&mut step.then);
        steps.push(step);
        steps.extend(then);
        state = reader.state();
        assert!(state.len() < 1024);
        records.push(record.into_owned());
    }
    (steps, records, pieces.frame().unwrap())
}

fn messages(steps: &[Step]) -> Vec<&Message> {
    steps.iter().filter_map(|step| Some(&step.message.as_ref()?.message)).collect()
}

fn words(messages: &[&Message]) -> Vec<String> {
    let text = |text: &Text| match text {
        Text::Inline(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        text => format!("({} bytes)", text.len()),
    };
    let block = |block: &Block| match block {
        Block::Text(it) => format!("text {}", text(it)),
        Block::Thinking { text: it, .. } => format!("thinking {}", text(it)),
        Block::Call { name, .. } => format!("call {name}"),
        Block::Result { status, parts, .. } => format!("result {status:?} {}", parts.len()),
        Block::Notice(it) => format!("notice {}", text(it).chars().take(12).collect::<String>()),
        Block::Summary(it) => format!("summary {}", text(it)),
        Block::Image(media, _) => format!("image {media}"),
        Block::File(..) => "file".to_owned(),
        Block::Other(_) => "other".to_owned(),
    };
    messages.iter().flat_map(|message| message.blocks.iter().map(block)).collect()
}
