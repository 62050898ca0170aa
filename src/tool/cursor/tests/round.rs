//! What is written is read as what was to be written.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::object::TEXT_MIN;
use crate::object::commit::Usage;
use crate::object::id::{Id, Kind};
use crate::object::message::{Action, Input, Json, Part, Role, Status};
use crate::tool::{Conversation, Framing, Plan, Said, Sink, Stamp, Target, ToolError};

/// A conversation in memory.
#[derive(Default)]
pub(super) struct Memory {
    said: std::vec::IntoIter<Said>,
    texts: HashMap<Id, Vec<u8>>,
}

impl Conversation for Memory {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        Ok(self.said.next())
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        Ok(match text {
            Text::Inline(bytes) => bytes.clone(),
            Text::Blob(id, _) => self.texts[id].clone(),
            Text::Base64(..) | Text::Base64Url(..) => unreachable!(),
        })
    }
}

/// A folder that files are written to.
pub(super) struct Folder {
    open: Option<std::fs::File>,
}

impl Sink for Folder {
    fn create(&mut self, path: &Path, mode: u32) -> Result<&mut dyn Write, ToolError> {
        assert_eq!(mode, 0o600);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        Ok(self.open.insert(std::fs::File::create_new(path).unwrap()))
    }
}

pub(super) fn target(home: &Path) -> Target {
    Target {
        places: Places { home: home.to_owned(), ..Places::default() },
        cwd: "/home/dev/here".into(),
        native: "01a20212-a86f-7d30-ba34-f1999c4bbe7a".into(),
        seed: 7,
        now: 1_795_331_107_000,
        started: 1_795_331_106_000,
        title: "A title".into(),
        git_branch: Some("main".into()),
        version: None,
        scratch: home.join("scratch"),
    }
}

pub(super) fn said(role: Role, blocks: Vec<Block>) -> Said {
    Said {
        message: Message { role, blocks },
        time: Some(1_795_331_106_945),
        model: None,
        tool: "another".into(),
        usage: Usage::default(),
        begins_turn: role == Role::User,
    }
}

pub(super) fn inline(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}

pub(super) fn text(text: &str) -> Block {
    Block::Text(inline(text))
}

pub(super) fn json(value: &serde_json::Value) -> Json {
    Json { literal: value.to_string().into_bytes(), holes: vec![] }
}

pub(super) fn call(name: &str, input: &serde_json::Value) -> Block {
    let action = super::super::names::action(name);
    Block::Call { name: name.into(), action, input: Input::Json(json(input)) }
}

pub(super) fn result(back: u32, status: Status, words: &str) -> Block {
    Block::Result { call: Some(back), status, parts: vec![Part::Text(inline(words))] }
}

pub(super) fn write(tool: &Cursor, home: &Path, said: Vec<Said>) -> Result<Plan, ToolError> {
    let mut memory = Memory { said: said.into_iter(), ..Memory::default() };
    tool.resume().unwrap().write(&mut memory, &target(home), &mut Folder { open: None })
}

pub(super) fn found(path: &Path) -> Found {
    Found {
        native: "n".into(),
        part: String::new(),
        path: path.to_owned(),
        place: "x".into(),
        framing: Framing::Rows,
        stamp: Stamp::default(),
        side: Vec::new(),
    }
}

/// The blocks of a store, its own context left out, results with their calls.
fn blocks_of(path: &Path) -> Vec<(Role, Block)> {
    let (steps, ..) = read(&Cursor::Agent, &found(path));
    assert!(steps.iter().all(|step| !step.unknown));
    let (mut calls, mut at, mut all) = (HashMap::new(), 0u32, Vec::new());
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
        let blocks = message.blocks.into_iter().filter(|block| !matches!(block, Block::Notice(_)));
        all.extend(blocks.map(|block| (message.role, block)));
    }
    all
}

fn words() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9é\"\\\\\n\t\u{1}\u{2028}👋 ]{1,40}".prop_map(|s| format!("w{s}."))
}

fn image() -> impl Strategy<Value = Block> {
    "(AAAA|QUJD){1,4}".prop_map(|data| Block::Image("image/png".into(), inline(&data)))
}

fn exchange() -> impl Strategy<Value = Vec<(Role, Vec<Block>)>> {
    let prompt = proptest::collection::vec(prop_oneof![words().prop_map(|w| text(&w)), image()], 1..4);
    let name = prop_oneof![Just("Shell"), Just("Read"), Just("Write"), Just("Bash"), Just("mcp__a__b")];
    let one = (name, words(), words(), any::<bool>(), proptest::option::of("(AAAA|QUJD){1,4}"));
    let round = (words(), proptest::collection::vec(one, 0..4));
    (prompt, proptest::collection::vec(round, 0..4)).prop_map(|(prompt, rounds)| {
        let mut turn = vec![(Role::User, prompt)];
        let mut before = false;
        for (words, calls) in rounds {
            // What an assistant says in a row becomes one message.
            let mut answer = if before { Vec::new() } else { vec![text(&words)] };
            let count = u32::try_from(calls.len()).unwrap();
            let mut results = Vec::new();
            for (n, (name, given, output, failed, image)) in calls.into_iter().enumerate() {
                answer.push(call(
                    name,
                    &serde_json::json!({"command": given, "path": given, "n": [1.5, null]}),
                ));
                let status = if failed { Status::Error } else { Status::Ok };
                let mut parts = vec![Part::Text(inline(&output))];
                parts.extend(image.map(|data| Part::Image("image/png".into(), inline(&data))));
                let call = Some(count - 1 - u32::try_from(n).unwrap());
                results.push(Block::Result { call, status, parts });
            }
            before = count == 0;
            turn.push((Role::Assistant, answer));
            if count > 0 {
                turn.push((Role::User, results));
            }
        }
        turn.retain(|(_, blocks)| !blocks.is_empty());
        turn
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(turns in proptest::collection::vec(exchange(), 1..4)) {
        let all: Vec<(Role, Vec<Block>)> = turns.into_iter().flatten().collect();
        let wanted: Vec<_> =
            all.iter().flat_map(|(role, blocks)| blocks.iter().cloned().map(|block| (*role, block))).collect();
        let home = tempfile::tempdir().unwrap();
        let plan = write(&Cursor::Agent, home.path(), all.into_iter().map(|(r, b)| said(r, b)).collect()).unwrap();
        prop_assert_eq!(blocks_of(&plan.path), wanted);
    }

    #[test]
    fn whatever_is_said_gives_a_conversation_that_the_api_takes(
        all in proptest::collection::vec((0..3u8, 0..12u8, words(), proptest::option::of(0..4u32), any::<bool>()), 1..30)
    ) {
        let home = tempfile::tempdir().unwrap();
        // What the tool itself said is not carried over.
        prop_assume!(all.iter().any(|(_, kind, ..)| *kind != 9));
        let conversation: Vec<Said> = all.into_iter().map(|(role, kind, words, back, own)| {
            let it = inline(&words);
            let block = match kind {
                0 => Block::Text(it),
                1 => Block::Thinking { text: it.clone(), signature: back.map(|_| it) },
                2 => Block::Call { name: words, action: Action::Shell, input: Input::Json(json(&serde_json::json!([1]))) },
                3 => Block::Call { name: "x".into(), action: Action::Read, input: Input::Text(it) },
                4 | 5 => Block::Result { call: back, status: Status::Error, parts: vec![] },
                6 => Block::Image(words, it),
                7 => Block::File("a/b".into(), words, it),
                8 => Block::Summary(it),
                9 => Block::Notice(it),
                10 => result(back.unwrap_or(9), Status::Ok, &words),
                _ => Block::Other(json(&serde_json::json!({"a": words}))),
            };
            let role = [Role::User, Role::Assistant, Role::System][usize::from(role)];
            let mut said = said(role, vec![block]);
            if own { said.tool = "cursor".into(); }
            said
        }).collect();
        let plan = write(&Cursor::Acp, home.path(), conversation).unwrap();
        let (_, records, _) = read(&Cursor::Acp, &found(&plan.path));
        let mut open: Vec<String> = Vec::new();
        for record in records {
            let row: serde_json::Value = serde_json::from_slice(&record).unwrap();
            let message = &row["row"]["data"]["$json_blob"];
            if message.is_null() { continue }
            for part in message["content"].as_array().into_iter().flatten() {
                let id = part["toolCallId"].as_str().unwrap_or_default().to_owned();
                match part["type"].as_str().unwrap() {
                    "tool-call" => {
                        prop_assert!(part["args"].is_object());
                        let name = part["toolName"].as_str().unwrap();
                        prop_assert!(name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)));
                        open.push(id);
                    }
                    "tool-result" => prop_assert_eq!(id, open.remove(0)),
                    _ => prop_assert!(message["role"] == "assistant" || open.is_empty()),
                }
            }
        }
        prop_assert!(open.is_empty());
    }
}

#[test]
fn nothing_to_say_is_no_conversation() {
    let home = tempfile::tempdir().unwrap();
    assert!(matches!(write(&Cursor::Agent, home.path(), vec![]), Err(ToolError::Empty)));
}

#[test]
fn long_texts_come_back_and_losses_are_told() {
    let home = tempfile::tempdir().unwrap();
    let long = "words and words ".repeat(TEXT_MIN);
    let id = Id::of(Kind::Blob, long.as_bytes());
    let mut memory = Memory::default();
    memory.texts.insert(id, long.clone().into_bytes());
    memory.said = vec![
        said(Role::User, vec![Block::Text(Text::Blob(id, long.len() as u64))]),
        said(Role::System, vec![Block::Notice(inline("mine"))]),
        said(
            Role::Assistant,
            vec![
                Block::Thinking { text: inline("hm"), signature: Some(inline("proof")) },
                text("yes"),
                call("Bash", &serde_json::json!({"command": "ls"})),
            ],
        ),
        said(Role::User, vec![text("stop")]),
        said(Role::System, vec![Block::Summary(inline("all of it"))]),
    ]
    .into_iter();
    let tool = Cursor::Agent;
    let target = target(home.path());
    let plan = tool.resume().unwrap().write(&mut memory, &target, &mut Folder { open: None }).unwrap();
    assert_eq!(
        plan.path,
        home.path()
            .join(".cursor/chats/0d99a14aa162d9132d49fefa65f596b9")
            .join(&target.native)
            .join("store.db")
    );
    let losses: Vec<_> =
        plan.losses.iter().map(|loss| (loss.what.split(' ').next().unwrap(), loss.count)).collect();
    assert_eq!(losses, [("a", 1), ("a", 1), ("thoughts", 1), ("what", 1)]);
    let (steps, _, frame) = read(&tool, &found(&plan.path));
    let length = format!("text ({} bytes)", long.len());
    assert_eq!(
        words_of(&steps),
        [
            length.as_str(),
            "text yes",
            "call Bash",
            "result Error 1",
            "text stop",
            "text [Summary of the conversation so far]\n\nall of it"
        ]
    );
    assert_eq!(frame.facts.cwd.as_deref(), Some("/home/dev/here"));
    assert_eq!(frame.facts.tool_title.as_deref(), Some("A title"));
    assert_eq!(
        (frame.facts.created, frame.facts.updated),
        (Some(1_795_331_106_000), Some(1_795_331_107_000))
    );
}

fn words_of(steps: &[Step]) -> Vec<String> {
    super::words(&messages(steps)).into_iter().filter(|word| !word.starts_with("notice")).collect()
}

#[test]
fn the_same_target_gives_the_same_bytes() {
    let write_to = |home: &Path| {
        let said = vec![said(Role::User, vec![text("a")]), said(Role::Assistant, vec![text("b")])];
        std::fs::read(write(&Cursor::Ide, home, said).unwrap().path).unwrap()
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(write_to(one.path()), write_to(two.path()));
}
