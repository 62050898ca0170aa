//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Block, Role};
use crate::tool::form::About;
use crate::tool::testing::{Memory, Talk, messages, said, steps, talk, text};
use crate::tool::{Key, Link};

#[test]
fn rows_hang_where_they_say_and_runs_apart() {
    let rows = r#"{"msg_id":"a","parent_msg_id":null,"role":"user","content":"hi"}
{"msg_id":"b","parent_msg_id":"a","role":"assistant","content":[{"type":"text","text":"so"}],"usage":{"input_tokens":3},"metadata":{"cc_request_id":"r"}}
{"msg_id":"c","parent_msg_id":null,"role":"user","content":"look","is_sidechain":true}
{"msg_id":"d","parent_msg_id":"c","role":"tool","content":[],"is_sidechain":true}
{"msg_id":"e","parent_msg_id":"b","role":"system","content":[{"type":"summary","text":"before"}]}
{"msg_id":"f","parent_msg_id":"e","role":"user","content":"remember","is_meta":true}
"#;
    let steps = steps(&SessionFs, rows.as_bytes());
    let links: Vec<(bool, Link)> = steps.iter().map(|step| (step.side, step.link.clone())).collect();
    let after = |id: &str| Link::Key(Key::of(id.as_bytes()));
    let want = [
        (false, Link::Tip),
        (false, after("a")),
        (true, Link::Root),
        (true, after("c")),
        (false, after("b")),
        (false, after("e")),
    ];
    assert_eq!(links, want);
    let usage = steps.get(1).and_then(|step| step.usage).unwrap();
    assert_eq!((usage.api, usage.usage.input), (Key::of(b"r"), 3));
    let blocks: Vec<Block> = messages(&steps).into_iter().flat_map(|message| message.blocks).collect();
    assert_eq!(blocks.last(), Some(&Block::Notice(text("remember"))));
    assert_eq!(blocks.get(3), Some(&Block::Summary(text("before"))));
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["hi", "look"]);
}

#[test]
fn what_is_written_reads_as_the_same() {
    let (mut memory, mut from) = (Memory::default(), Talk::of(talk()));
    let about = About { id: "0123456789abcdef0123".to_owned(), tool: "x".to_owned(), ..About::default() };
    let Writes::Conversation(writer) = SessionFs.writes() else { panic!() };
    let written = writer.write(&mut from, &about, &mut memory).unwrap();
    assert!(written.losses.list().is_empty(), "{:?}", written.losses);
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("it.sfs");
    std::fs::create_dir(&folder).unwrap();
    for (name, bytes) in &memory.0 {
        std::fs::write(folder.join(name), bytes).unwrap();
        let is_document = name.extension().is_some_and(|ending| ending == "json");
        assert!(
            !is_document || serde_json::from_slice::<serde_json::Value>(bytes).is_ok(),
            "{}",
            name.display()
        );
    }
    assert!(SessionFs.is_in(&folder).unwrap());
    let found = SessionFs.sources(&folder).unwrap().remove(0);
    assert_eq!((found.native.as_str(), found.side.len()), ("ses_0123456789abcdef", 3));
    let bytes = std::fs::read(&found.path).unwrap();
    let again = steps(&SessionFs, &bytes);
    assert_eq!(said(&messages(&again)), said(&talk()));
    assert!(messages(&again).iter().all(|message| message.role != Role::System));
}

proptest! {
    #[test]
    fn no_row_panics(row in "\\{(\"(msg_id|parent_msg_id|role|content|usage|metadata|is_meta)\":(\"(user|tool|system|x)\"|\\[|\\{|null|1|true)[\\]}, ]{0,3},?){0,6}\\}?") {
        steps(&SessionFs, format!("{row}\n").as_bytes());
    }
}
