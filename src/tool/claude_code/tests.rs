//! Tests of the adapter.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::*;
use crate::object::commit::Usage;
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status, Text};
use crate::object::split::Splitter;
use crate::tool::{Framing, Key, Link, Said, Stamp, Step};

fn found(part: &str) -> Found {
    Found {
        native: "s".to_owned(),
        part: part.to_owned(),
        path: PathBuf::new(),
        place: String::new(),
        framing: Framing::Lines,
        stamp: Stamp::default(),
        side: Vec::new(),
    }
}

/// Reads a file, with the reader made anew from its state after each row.
fn steps(bytes: &[u8], part: &str) -> Vec<Step> {
    let (mut at, mut state, mut steps) = (0, Vec::new(), Vec::new());
    let mut splitter = Splitter::default();
    while let Some(piece) = splitter.next(&bytes[at..]) {
        splitter.split(&bytes[at..], piece, ClaudeCode.lift());
        let mut reader = ClaudeCode.reader(&found(part), &state);
        steps.push(reader.read(splitter.row(&bytes[at..], piece)));
        state = reader.state();
        assert!(state.len() < 1024);
        at += piece.end;
    }
    steps
}

fn texts(step: &Step) -> Vec<Block> {
    step.message.as_ref().map(|d| d.message.blocks.clone()).unwrap_or_default()
}

fn text(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}

#[test]
fn slugs_are_those_of_the_tool() {
    assert_eq!(slug(Path::new("/home/ada/my_proj.x é")), "-home-ada-my-proj-x--");
    assert_eq!(slug(Path::new("/😀")), "---");
    let long = slug(Path::new(&format!("/{}", "a".repeat(300))));
    assert!(long.len() > 201 && long.len() <= 207 && long.as_bytes()[200] == b'-');
}

const ROWS: &str = r#"
{"type":"mode","mode":"default","sessionId":"s"}
{"type":"user","uuid":"u1","parentUuid":null,"message":{"role":"user","content":"look around"},"cwd":"/w","timestamp":"2026-01-01T00:00:00.000Z"}
{"type":"attachment","uuid":"x1","parentUuid":"u1","cwd":"/w","attachment":{"type":"date"}}
{"type":"assistant","uuid":"a1","parentUuid":"x1","message":{"id":"m1","model":"claude-x","content":[{"type":"tool_use","id":"t1","name":"Read","input":{"file_path":"/w/f"}}],"usage":{"input_tokens":3,"output_tokens":5}}}
{"type":"assistant","uuid":"a2","parentUuid":"a1","message":{"id":"m1","model":"claude-x","content":[{"type":"tool_use","id":"t2","name":"Bash","input":{"command":"ls"}}],"usage":{"input_tokens":3,"output_tokens":5}}}
{"type":"user","uuid":"r2","parentUuid":"a2","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":"f"}]}}
{"type":"user","uuid":"r1","parentUuid":"a1","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"no"}],"is_error":true}]}}
{"type":"assistant","uuid":"a3","parentUuid":"r2","message":{"id":"m2","model":"claude-x","content":[{"type":"text","text":"done"}]}}
{"type":"user","uuid":"u2","parentUuid":"a3","message":{"role":"user","content":"<command-name>/model</command-name>"}}
{"type":"user","uuid":"u3","parentUuid":"x1","message":{"role":"user","content":"again"}}
{"type":"system","subtype":"compact_boundary","uuid":"b1","parentUuid":null,"logicalParentUuid":"u3"}
{"type":"user","uuid":"c1","parentUuid":"b1","isCompactSummary":true,"message":{"role":"user","content":"so far"}}
{"type":"user","uuid":"s1","parentUuid":null,"isSidechain":true,"message":{"role":"user","content":"sub"}}
{"type":"assistant","uuid":"a4","parentUuid":"c1","message":{"id":"m3","model":"<synthetic>","content":[{"type":"text","text":"API Error"}]}}
{"type":"custom-title","customTitle":"T","sessionId":"s"}
{"type":"novelty"}
not json
"#;

#[test]
fn rows_become_steps() {
    let steps = steps(ROWS.as_bytes(), "");
    let links: Vec<_> = steps.iter().map(|s| s.link.clone()).collect();
    let key = |id: &str| Link::Key(Key::of(id.as_bytes()));
    use Link::{Root, Tip};
    assert_eq!(links[..6], [Tip, Root, Tip, Tip, Tip, Tip]);
    assert_eq!(links[6..10], [Tip, Tip, Tip, key("x1")]);
    assert_eq!(links[10..14], [key("u3"), key("b1"), Root, Tip]);
    assert_eq!(steps[1].prompt.as_deref(), Some("look around"));
    assert_eq!(steps[1].facts.cwd.as_deref(), Some("/w"));
    assert_eq!(steps[2].facts.cwd, None);
    assert_eq!(steps[3].files, ["r/w/f"]);
    assert_eq!(steps[3].usage.map(|u| u.usage.output), Some(5));
    assert_eq!(texts(&steps[8]), [Block::Notice(text("<command-name>/model</command-name>"))]);
    assert_eq!(steps[8].prompt, None);
    assert_eq!(texts(&steps[11]), [Block::Summary(text("so far"))]);
    assert!(steps[12].side && !steps[13].side);
    assert_eq!(texts(&steps[13]), [Block::Notice(text("API Error"))]);
    assert_eq!(steps[14].facts.user_title.as_deref(), Some("T"));
    assert!(steps[15].unknown && steps[16].unknown);
}

struct Talk(VecDeque<Said>);

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

#[derive(Default)]
struct Memory(Vec<u8>);

impl Sink for Memory {
    fn create(&mut self, _: &Path, _: u32) -> Result<&mut dyn Write, ToolError> {
        Ok(&mut self.0)
    }
}

fn say(role: Role, blocks: Vec<Block>) -> Said {
    Said {
        message: Message { role, blocks },
        time: Some(5),
        model: None,
        tool: "other".to_owned(),
        usage: Usage::default(),
        begins_turn: false,
    }
}

fn call(name: &str) -> Block {
    let input = Input::Json(Json { literal: br#"{"a":1}"#.to_vec(), holes: Vec::new() });
    Block::Call { name: name.to_owned(), action: Action::Other, input }
}

fn result(call: u32, said: &str) -> Block {
    Block::Result { call: Some(call), status: Status::Ok, parts: vec![Part::Text(text(said))] }
}

fn target() -> Target {
    Target {
        places: Places { home: PathBuf::from("/h"), ..Places::default() },
        cwd: PathBuf::from("/w"),
        native: "11111111-2222-4333-8444-555555555555".to_owned(),
        seed: 7,
        now: 0,
        started: 0,
        title: "a title".to_owned(),
        git_branch: None,
        version: None,
        scratch: PathBuf::from("/scratch"),
    }
}

fn written(talk: Vec<Said>) -> (Vec<u8>, Plan) {
    let mut sink = Memory::default();
    let plan = ClaudeCode.write(&mut Talk(talk.into()), &target(), &mut sink).unwrap();
    (sink.0, plan)
}

#[test]
fn what_is_written_is_read_again() {
    let talk = vec![
        say(Role::User, vec![Block::Text(text("go\u{1}"))]),
        say(Role::System, vec![Block::Notice(text("ctx"))]),
        say(Role::Assistant, vec![Block::Text(text("ok")), call("one")]),
        say(Role::Assistant, vec![call("two")]),
        say(Role::User, vec![result(1, "first")]),
        say(Role::User, vec![result(0, "second")]),
        say(Role::Assistant, vec![call("bad name")]),
        say(Role::User, vec![Block::Text(text("stop"))]),
        say(Role::User, vec![result(9, "lost")]),
        say(Role::Assistant, vec![Block::Text(text("bye"))]),
    ];
    let (bytes, plan) = written(talk);
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        serde_json::from_slice::<serde_json::Value>(line).unwrap();
    }
    let steps = steps(&bytes, "");
    let said: Vec<_> = steps.iter().filter_map(|s| s.message.as_ref()).collect();
    let blocks: Vec<usize> = said.iter().map(|d| d.message.blocks.len()).collect();
    assert_eq!(blocks, [1, 3, 2, 1, 1, 1, 1, 1], "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(said[1].calls, said[2].results);
    assert_eq!(said[3].calls, said[4].results);
    assert_eq!(said[0].message.blocks, [Block::Text(text("go\u{1}"))]);
    let times: Vec<_> = steps.iter().filter_map(|s| s.time).collect();
    assert!(times.is_sorted_by(|a, b| a < b));
    assert!(steps[1..8].iter().all(|s| s.link == Link::Tip || s.message.is_none()));
    assert_eq!(plan.losses.len(), 4, "{:?}", plan.losses);
    assert_eq!(plan.path, Path::new("/h/.claude/projects/-w/11111111-2222-4333-8444-555555555555.jsonl"));
}

#[test]
fn a_conversation_begins_with_the_user() {
    let (bytes, _) = written(vec![say(Role::Assistant, vec![call("x")])]);
    let steps = steps(&bytes, "");
    let roles: Vec<_> = steps.iter().filter_map(|s| Some(s.message.as_ref()?.message.role)).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
}

#[test]
fn files_are_found_by_their_places() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join(".claude");
    let put = |place: &str, bytes: &str| {
        let path = root.join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let id = "11111111-2222-4333-8444-555555555555";
    put(&format!("projects/-w/{id}.jsonl"), "{}\n");
    put(&format!("projects/-w/{id}/subagents/agent-1.jsonl"), "{}\n");
    put(&format!("projects/-w/{id}/subagents/agent-1.meta.json"), "{}\n");
    put("projects/-w/agent-2.jsonl", &format!("{{\"sessionId\":\"{id}\"}}\n"));
    // Whose this is will be told by its first row.
    put("projects/-w/agent-3.jsonl", "");
    put(&format!("file-history/{id}/abc@v1"), "x");
    put(&format!("todos/{id}-agent-{id}.json"), "[]");
    put("settings.json", "{}");
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let Discovery { found, trouble } = ClaudeCode.discover(&places);
    assert!(trouble.is_empty());
    let parts: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.part.as_str())).collect();
    assert_eq!(parts, [(id, ""), (id, "agent-1"), (id, "agent-2")]);
    assert_eq!(found[0].side.len(), 3);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in r#"(\{("(type|uuid|parentUuid|message|content|isSidechain)":("user"|"assistant"|"system"|"x"|null|true|[0-9]|\{"content":\[("a"|\{"type":"(text|image|tool_use|tool_result|thinking)"\})\]\}),){0,4}"z":1\}\n){0,8}"#) {
        steps(bytes.as_bytes(), "");
    }
}

/// Reads every file of a corpus, if one is there.
#[test]
fn real_files_are_known() {
    let Ok(corpus) = std::env::var("SFS_CORPUS") else { return };
    let corpus = Path::new(&corpus);
    let (mut rows, mut said, mut unknown, mut keyed) = (0, 0, 0, 0);
    for folder in [corpus.join("claude-code"), corpus.join("../samples/claude-code")] {
        for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
            if entry.path().extension().is_some_and(|e| e == "jsonl") {
                let stem = entry.path().file_stem().and_then(|s| s.to_str()).unwrap_or_default();
                let part = if stem.starts_with("agent-") { stem } else { "" };
                let steps = steps(&std::fs::read(entry.path()).unwrap(), part);
                rows += steps.len();
                said += steps.iter().filter(|s| s.message.is_some()).count();
                unknown += steps.iter().filter(|s| s.unknown).count();
                keyed += steps.iter().filter(|s| !s.side && matches!(s.link, Link::Key(_))).count();
            }
        }
    }
    assert!(unknown * 20 < rows, "{rows} rows, {said} messages, {unknown} unknown, {keyed} by key");
    assert!(keyed * 10 < rows, "{rows} rows, {said} messages, {unknown} unknown, {keyed} by key");
}
