//! What is written is read as what was to be written.

use super::*;
use crate::object::id::{Id, Kind};
use crate::object::message::{Action, Input, Json, Part, Role, Status};
use crate::object::{TEXT_MIN, commit::Usage};
use crate::tool::Said;
use proptest::prelude::*;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

pub(super) fn said(role: Role, blocks: Vec<Block>, begins_turn: bool) -> Said {
    Said {
        message: Message { role, blocks },
        time: Some(1_795_331_106_945),
        model: None,
        tool: "another".into(),
        usage: Usage::default(),
        begins_turn,
    }
}

/// A conversation and a file in memory.
pub(super) struct Memory {
    pub(super) next: Box<dyn FnMut() -> Option<Said>>,
    texts: HashMap<Id, Vec<u8>>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { next: Box::new(|| None), texts: HashMap::new() }
    }
}

/// A file in memory, and the most that was written to it at once.
#[derive(Default)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) longest: usize,
}

impl Sink for File {
    fn create(&mut self, _: &Path, mode: u32) -> Result<&mut dyn Write, ToolError> {
        assert_eq!(mode, 0o600);
        Ok(self)
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        self.longest = self.longest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Conversation for Memory {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        Ok((self.next)())
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        Ok(match text {
            Text::Inline(bytes) => bytes.clone(),
            Text::Blob(id, _) => self.texts[id].clone(),
            Text::Base64(..) | Text::Base64Url(..) => unreachable!(),
        })
    }
}

impl Memory {
    /// A text of any length.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Text {
        if bytes.len() < TEXT_MIN {
            return Text::Inline(bytes.to_vec());
        }
        let id = Id::of(Kind::Blob, bytes);
        self.texts.insert(id, bytes.to_vec());
        Text::Blob(id, bytes.len() as u64)
    }

    pub(super) fn write_to(&mut self, file: &mut File) -> Result<Plan, ToolError> {
        let places = Places { home: "/home/nobody".into(), ..Places::default() };
        Codex.write(self, &target(places, 1_795_331_106_000), file)
    }
}

pub(super) fn write(said: Vec<Said>) -> Result<(Plan, Vec<u8>), ToolError> {
    let (mut said, mut file) = (said.into_iter(), File::default());
    let mut memory = Memory { next: Box::new(move || said.next()), ..Memory::default() };
    let plan = memory.write_to(&mut file)?;
    Ok((plan, file.bytes))
}

fn blocks_of(rollout: &[u8]) -> Vec<(Role, Block)> {
    let steps = steps_of(&found("t", ""), rollout);
    assert!(steps.iter().all(|step| !step.unknown));
    let mut drafts = Vec::new();
    let (mut calls, mut at) = (HashMap::new(), 0u32);
    for draft in steps.into_iter().filter_map(|step| step.message) {
        let mut message = draft.message;
        for key in &draft.calls {
            calls.insert(*key, at);
            at += 1;
        }
        let mut keys = draft.results.iter();
        for block in &mut message.blocks {
            if let Block::Result { call, .. } = block {
                *call = keys.next().and_then(|key| Some(at - 1 - calls.get(key)?));
            }
        }
        drafts.extend(message.blocks.into_iter().map(|block| (message.role, block)));
    }
    drafts
}

fn words() -> impl Strategy<Value = String> {
    // No `<` or `#` to begin with: that is how injected context begins.
    "[a-zA-Z0-9é\"\\\\\n\t\u{1}\u{2028}👋 ]{1,40}".prop_map(|s| format!("w{s}"))
}

fn image() -> impl Strategy<Value = Block> {
    "(AAAA|QUJD|){1,4}".prop_map(|data| Block::Image("image/png".into(), inline(&data)))
}

fn a_call() -> impl Strategy<Value = Block> {
    let json = words().prop_map(|w| {
        Input::Json(Json {
            literal: serde_json::json!({ "cmd": w, "n": 1 }).to_string().into_bytes(),
            holes: vec![],
        })
    });
    let free = words().prop_map(|w| Input::Text(inline(&w)));
    let name = prop_oneof![Just("exec_command"), Just("apply_patch"), Just("Read"), Just("mcp__a__b")];
    (name, prop_oneof![json, free]).prop_map(|(name, input)| {
        let action = super::super::tools::action(name);
        Block::Call { name: name.into(), action, input }
    })
}

/// An exchange: a prompt, and answers with calls that all get results.
fn turn() -> impl Strategy<Value = Vec<(Role, Vec<Block>)>> {
    let prompt = proptest::collection::vec(prop_oneof![words().prop_map(|w| text(&w)), image()], 1..4);
    let output = (words(), any::<bool>(), proptest::option::of(image()));
    let round = (words(), proptest::collection::vec((a_call(), output), 0..4));
    (prompt, proptest::collection::vec(round, 0..4)).prop_map(|(prompt, rounds)| {
        let mut turn = vec![(Role::User, prompt)];
        for (words, calls) in rounds {
            let (mut answer, mut results) = (vec![text(&words)], Vec::new());
            let count = u32::try_from(calls.len()).unwrap();
            for (n, (call, (words, failed, image))) in calls.into_iter().enumerate() {
                answer.push(call);
                let (status, words) = match failed {
                    true => (Status::Error, format!("[error]\n{words}")),
                    false => (Status::Ok, words),
                };
                let mut parts = vec![Part::Text(inline(&words))];
                if let Some(Block::Image(media, data)) = image {
                    parts.push(Part::Image(media, data));
                }
                let call = Some(count - 1 - u32::try_from(n).unwrap());
                results.push(Block::Result { call, status, parts });
            }
            turn.push((Role::Assistant, answer));
            turn.push((Role::User, results));
        }
        turn
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(turns in proptest::collection::vec(turn(), 1..5)) {
        let mut wanted = Vec::new();
        let mut conversation = Vec::new();
        for turn in turns {
            for (n, (role, blocks)) in turn.into_iter().enumerate() {
                wanted.extend(blocks.iter().cloned().map(|block| (role, block)));
                conversation.push(said(role, blocks, n == 0));
            }
        }
        let (plan, bytes) = write(conversation).unwrap();
        prop_assert_eq!(plan.losses, vec![]);
        prop_assert_eq!(blocks_of(&bytes), wanted);
    }

    #[test]
    fn whatever_is_said_gives_a_valid_rollout(
        said_in in proptest::collection::vec((0..3u8, 0..12u8, words(), any::<bool>(), proptest::option::of(0..4u32), any::<bool>()), 1..30)
    ) {
        let conversation: Vec<Said> = said_in.into_iter().map(|(role, kind, words, begins, back, own)| {
            let it = inline(&words);
            let json = Json { literal: serde_json::to_vec(&words).unwrap(), holes: vec![] };
            let block = match kind {
                0 => Block::Text(it),
                1 => Block::Thinking { text: it.clone(), signature: back.map(|_| it) },
                2 => Block::Call { name: words, action: Action::Other, input: Input::Json(json) },
                3 => Block::Call { name: "x".into(), action: Action::Other, input: Input::Text(it) },
                4 | 5 => Block::Result { call: back, status: Status::Error, parts: vec![] },
                6 => Block::Image(words, it),
                7 => Block::File("a/b".into(), words, it),
                8 => Block::Summary(it),
                9 => Block::Notice(it),
                10 => Block::Result { call: back, status: Status::Ok, parts: vec![Part::Other(json), Part::Image(String::new(), it)] },
                _ => Block::Other(json),
            };
            let role = [Role::User, Role::Assistant, Role::System][usize::from(role)];
            let mut said = said(role, vec![block], begins);
            if own { said.tool = "codex".into(); }
            said
        }).collect();
        if let Ok((_, bytes)) = write(conversation) {
            let mut open = std::collections::HashSet::new();
            for (_, block) in blocks_of(&bytes) {
                let orphan = matches!(block, Block::Result { call: None, .. });
                prop_assert!(!orphan);
            }
            for line in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                let row: serde_json::Value = serde_json::from_slice(line).unwrap();
                let payload = &row["payload"];
                let id = payload["call_id"].as_str().unwrap_or_default().to_owned();
                match payload["type"].as_str() {
                    Some("function_call" | "custom_tool_call") => prop_assert!(open.insert(id)),
                    Some("function_call_output" | "custom_tool_call_output") => prop_assert!(open.remove(&id)),
                    Some("message") if payload["role"] == "user" => prop_assert!(open.is_empty()),
                    _ => {}
                }
            }
            prop_assert!(open.is_empty());
        }
    }
}
