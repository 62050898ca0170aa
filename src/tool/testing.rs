//! What the tests of the adapters share.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{
    Conversation, Found, Frame, Framing, Pieces, Places, Plan, Said, Sink, Stamp, Step, Target, Tool,
    ToolError,
};
use crate::object::commit::Usage;
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status, Text};
use crate::object::split::Splitter;

/// A source that lies nowhere.
pub(super) fn found(framing: Framing) -> Found {
    Found {
        native: "11111111-2222-4333-8444-555555555555".to_owned(),
        part: String::new(),
        path: PathBuf::new(),
        place: String::new(),
        framing,
        stamp: Stamp::default(),
        side: Vec::new(),
    }
}

/// Reads lines, with the reader made anew from its state after each.
pub(super) fn steps(tool: &dyn Tool, bytes: &[u8]) -> Vec<Step> {
    let (mut at, mut state, mut steps) = (0, Vec::new(), Vec::new());
    let (mut splitter, found) = (Splitter::default(), found(Framing::Lines));
    while let Some(piece) = splitter.next(&bytes[at..]) {
        splitter.split(&bytes[at..], piece, tool.lift());
        let mut reader = tool.reader(&found, &state);
        steps.push(reader.read(splitter.row(&bytes[at..], piece)));
        state = reader.state();
        assert!(state.len() < 1024, "{} bytes of state", state.len());
        at += piece.end;
    }
    steps
}

/// What is said in steps, in order.
pub(super) fn messages(steps: &[Step]) -> Vec<Message> {
    let each = steps.iter().flat_map(|step| std::iter::once(step).chain(&step.then));
    each.filter_map(|step| step.message.as_ref().map(|draft| draft.message.clone())).collect()
}

/// A conversation in memory; its texts stand in place.
pub(super) struct Talk(VecDeque<Said>);

impl Talk {
    /// Of these messages, each a minute after the one before.
    pub(super) fn of(messages: Vec<Message>) -> Talk {
        let said = messages.into_iter().enumerate().map(|(n, message)| Said {
            begins_turn: message.role == Role::User && matches!(message.blocks.first(), Some(Block::Text(_))),
            message,
            time: Some(1_795_331_106_945 + 60_000 * i64::try_from(n).unwrap()),
            model: Some("model-x".to_owned()),
            tool: "another".to_owned(),
            usage: Usage::default(),
        });
        Talk(said.collect())
    }

    /// As recorded by a tool.
    pub(super) fn by(&mut self, tool: &str) {
        self.0.iter_mut().for_each(|said| said.tool = tool.to_owned());
    }
}

impl Conversation for Talk {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        Ok(self.0.pop_front())
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        match text {
            Text::Inline(bytes) => Ok(bytes.clone()),
            _ => Err(ToolError::Empty),
        }
    }
}

/// Files in memory.
#[derive(Default)]
pub(super) struct Memory(pub(super) BTreeMap<PathBuf, Vec<u8>>);

impl Sink for Memory {
    fn create(&mut self, path: &Path, mode: u32) -> Result<&mut dyn Write, ToolError> {
        assert_eq!(mode, 0o600, "{}", path.display());
        Ok(self.0.entry(path.to_owned()).or_default())
    }
}

/// A session that is to be written.
pub(super) fn target() -> Target {
    Target {
        places: Places { home: PathBuf::from("/h"), ..Places::default() },
        cwd: PathBuf::from("/w/my proj"),
        native: "01a20212-a86f-7d30-ba34-f1999c4bbe7a".to_owned(),
        seed: 7,
        now: 1_800_000_000_000,
        started: 1_795_331_106_945,
        title: "a \"title\" ✓".to_owned(),
        git_branch: Some("main".to_owned()),
        version: None,
        scratch: PathBuf::from("/scratch"),
    }
}

/// Writes messages for a tool.
pub(super) fn written(tool: &dyn Tool, messages: Vec<Message>) -> (Memory, Plan) {
    let mut memory = Memory::default();
    let plan = tool.resume().unwrap().write(&mut Talk::of(messages), &target(), &mut memory).unwrap();
    (memory, plan)
}

pub(super) fn text(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}

pub(super) fn says(role: Role, words: &str) -> Message {
    Message { role, blocks: vec![Block::Text(text(words))] }
}

pub(super) fn call(name: &str, input: &str) -> Block {
    let input = Input::Json(Json { literal: input.as_bytes().to_vec(), holes: Vec::new() });
    Block::Call { name: name.to_owned(), action: Action::Other, input }
}

pub(super) fn result(status: Status, words: &str) -> Block {
    Block::Result { call: None, status, parts: vec![Part::Text(text(words))] }
}

/// A conversation with all that every target must keep: unicode, lines,
/// parallel calls, a failure, a picture, and what its prompts must not do.
pub(super) fn talk() -> Vec<Message> {
    let answered = |call, status, words: &str| {
        let parts = vec![Part::Text(text(words))];
        Block::Result { call: Some(call), status, parts }
    };
    vec![
        says(Role::User, "Grüße, 世界 👋\nsecond line \u{2028} and \u{2029}\t\"quoted\" \\"),
        Message {
            role: Role::Assistant,
            blocks: vec![
                Block::Text(text("both at once")),
                call("Read", r#"{"file_path":"/w/a.rs"}"#),
                call("Bash", r#"{"command":"ls"}"#),
            ],
        },
        Message { role: Role::User, blocks: vec![answered(1, Status::Ok, "fn main() {}")] },
        Message { role: Role::User, blocks: vec![answered(0, Status::Error, "ls: größer")] },
        says(Role::Assistant, "done"),
        Message {
            role: Role::User,
            blocks: vec![
                Block::Text(text("/what is in the picture?")),
                Block::Image("image/png".to_owned(), text("aWNvbg==")),
            ],
        },
        says(Role::Assistant, "an icon"),
    ]
}

/// What is said in messages, in order: blocks without their actions and without
/// the numbers of the calls that they answer, which the reader doesn't give.
pub(super) fn said(messages: &[Message]) -> Vec<(Role, Block)> {
    let each = messages.iter().flat_map(|m| m.blocks.iter().map(|block| (m.role, block.clone())));
    each.map(|(role, block)| {
        let block = match block {
            Block::Call { name, input, .. } => Block::Call { name, action: Action::Other, input },
            Block::Result { status, parts, .. } => Block::Result { call: None, status, parts },
            other => other,
        };
        (role, block)
    })
    .collect()
}

/// The files of the corpus or the samples below a folder with that ending;
/// none, with a word of it, where they are not there.
pub(super) fn corpus(folder: &str, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let Some(root) = std::env::var_os("SFS_CORPUS").map(|root| PathBuf::from(root).join(folder)) else {
        return Vec::new();
    };
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = files.filter(|entry| entry.path().to_string_lossy().ends_with(ending));
    files.filter_map(|entry| Some((entry.path().to_owned(), std::fs::read(entry.path()).ok()?))).collect()
}

/// Reads an opened source, with the reader made anew from its state after each
/// record; its steps, and its bytes joined again.
pub(super) fn opened(tool: &dyn Tool, found: &Found) -> (Vec<Step>, Vec<u8>, Frame) {
    let (mut pieces, mut splitter) = (tool.open(found).unwrap(), Splitter::default());
    let (mut steps, mut state, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(record) = pieces.next().unwrap() {
        let piece = splitter.document(&record);
        splitter.split(&record, piece, tool.lift());
        let mut reader = tool.reader(found, &state);
        steps.push(reader.read(splitter.row(&record, piece)));
        state = reader.state();
        assert!(state.len() < 1024, "{} bytes of state", state.len());
        bytes.extend_from_slice(&record);
    }
    let frame = pieces.frame().unwrap();
    let bytes = [frame.lead.as_slice(), &bytes, &frame.trail].concat();
    (steps, bytes, frame)
}

/// Reads what an adapter cuts, with the reader made anew from its state after
/// each record. Also gives all bytes, joined.
pub(super) fn cut(tool: &dyn Tool, framing: Framing, mut pieces: impl Pieces) -> (Vec<Step>, Vec<u8>) {
    let (mut state, mut steps, mut records) = (Vec::new(), Vec::new(), Vec::new());
    let (mut splitter, found) = (Splitter::default(), found(framing));
    while let Some(record) = pieces.next().unwrap() {
        let piece = splitter.document(&record);
        splitter.split(&record, piece, tool.lift());
        let mut reader = tool.reader(&found, &state);
        steps.push(reader.read(splitter.row(&record, piece)));
        state = reader.state();
        assert!(state.len() < 1024, "{} bytes of state", state.len());
        records.extend_from_slice(&record);
    }
    let frame = pieces.frame().unwrap();
    (steps, [frame.lead, records, frame.trail].concat())
}
