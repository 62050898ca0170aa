//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Action, Block, Input, Message, Part, Role, Status};
use crate::tool::testing::{messages, says, steps, talk, target, text};
use crate::tool::{Framing, Key, Step};

fn one(row: &str) -> Step {
    steps(&Chat, format!("{row}\n").as_bytes()).remove(0)
}

fn said(row: &str) -> Message {
    one(row).message.unwrap_or_else(|| panic!("{row}")).message
}

#[test]
fn who_speaks_has_many_names() {
    for role in ["user", "human"] {
        assert_eq!(said(&format!("{{\"role\":\"{role}\",\"content\":\"hi\"}}")), says(Role::User, "hi"));
    }
    for role in ["assistant", "gpt", "model"] {
        assert_eq!(said(&format!("{{\"from\":\"{role}\",\"value\":\"hi\"}}")), says(Role::Assistant, "hi"));
    }
    for role in ["system", "developer"] {
        let notice = Message { role: Role::System, blocks: vec![Block::Notice(text("be brief"))] };
        assert_eq!(said(&format!("{{\"role\":\"{role}\",\"content\":\"be brief\"}}")), notice);
    }
    for row in ["{\"role\":\"nobody\",\"content\":\"x\"}", "{\"role\":\"user\"}", "{\"content\":\"x\"}", "{}"]
    {
        assert!(one(row).unknown && one(row).message.is_none(), "{row}");
    }
}

#[test]
fn calls_and_results_are_linked_whatever_names_them() {
    let call = one(
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{\"file_path\": \"/w/a\"}"}},{"id":"c2","function":{"name":"x","arguments":"no JSON"}}]}"#,
    );
    let draft = call.message.unwrap();
    assert_eq!(
        (draft.calls.as_slice(), call.files.as_slice()),
        (&[Key::of(b"c1"), Key::of(b"c2")][..], &["r/w/a".to_owned()][..])
    );
    let [Block::Call { name, action, input: Input::Json(json) }, Block::Call { input: Input::Text(_), .. }] =
        draft.message.blocks.as_slice()
    else {
        panic!("{draft:?}")
    };
    assert_eq!(
        (name.as_str(), *action, json.literal.as_slice()),
        ("Read", Action::Read, &br#"{"file_path":"/w/a"}"#[..])
    );
    let result = one(
        r#"{"role":"tool","tool_call_id":"c1","is_error":true,"content":[{"type":"text","text":"gone"}]}"#,
    );
    let draft = result.message.unwrap();
    assert_eq!((draft.results.as_slice(), result.prompt), (&[Key::of(b"c1")][..], None));
    let parts = vec![Part::Text(text("gone"))];
    assert_eq!(draft.message.blocks, [Block::Result { call: None, status: Status::Error, parts }]);
    // Before there were several calls at once, the name was all that there was.
    let old = one(r#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}"#);
    let answer = one(r#"{"role":"function","name":"f","content":"1"}"#);
    assert_eq!(old.message.unwrap().calls, answer.message.unwrap().results);
}

#[test]
fn pictures_thoughts_and_times_are_read() {
    let picture = said(
        r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aWNvbg=="}},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aWNvbg=="}},{"type":"image_url","image_url":"https://x.example/a.png"}]}"#,
    );
    let icon = Block::Image("image/png".to_owned(), text("aWNvbg=="));
    let far = Block::Image(String::new(), text("https://x.example/a.png"));
    assert_eq!(picture.blocks, [icon.clone(), icon, far]);
    let thought = said(r#"{"role":"assistant","content":"so","reasoning_content":"hm"}"#);
    assert_eq!(
        thought.blocks,
        [Block::Thinking { text: text("hm"), signature: None }, Block::Text(text("so"))]
    );
    let time =
        |time: &str| one(&format!("{{\"role\":\"user\",\"content\":\"x\",\"timestamp\":{time}}}")).time;
    assert_eq!(time("\"2026-01-02T03:04:05Z\""), Some(1_767_323_045_000));
    assert_eq!(
        (time("1767323045"), time("1767323045.5")),
        (Some(1_767_323_045_000), Some(1_767_323_045_000))
    );
    assert_eq!(
        (time("1767323045123"), time("\"never\""), time("1e400")),
        (Some(1_767_323_045_123), None, None)
    );
}

#[test]
fn layouts_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let layout = |bytes: &str| {
        let path = dir.path().join("f");
        std::fs::write(&path, bytes).unwrap();
        find::layout(&path).unwrap()
    };
    let row = "{\"role\":\"user\",\"content\":\"x\"}";
    assert_eq!(layout(&format!("\n{row}\n")), Some(find::Layout::Messages));
    assert_eq!(
        layout(&format!("\u{feff}{{\"id\":1,\"messages\":[{row}]}}")),
        Some(find::Layout::Conversations)
    );
    assert_eq!(layout(&format!("{{\"conversations\":[{row}]}}\n")), Some(find::Layout::Conversations));
    assert_eq!(layout(&format!("[{row},\n{row}]")), Some(find::Layout::Document));
    assert_eq!(layout(&format!("[{row}]")), Some(find::Layout::Document));
    assert_eq!(
        layout(&format!("{{\n\"x\": [1],\n\"messages\": [\n{row}\n]\n}}")),
        Some(find::Layout::Document)
    );
    for other in
        ["", "\n", "{", "{\"messages\":[]}", "{\"messages\":{}}", "[1]", "x", "{\n\"messages\": [\n1\n]}"]
    {
        assert_eq!(layout(other), None, "{other}");
    }
}

#[test]
fn what_is_written_reads_as_the_same() {
    let mut memory = crate::tool::testing::Memory::default();
    let mut from = crate::tool::testing::Talk::of(talk());
    let about = crate::tool::form::About { id: target().native, ..Default::default() };
    let Writes::Conversation(writer) = Chat.writes() else { panic!() };
    let written = writer.write(&mut from, &about, &mut memory).unwrap();
    let (_, bytes) = memory.0.pop_first().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.jsonl");
    std::fs::write(&path, bytes).unwrap();
    let found = Chat.sources(&path).unwrap().remove(0);
    assert_eq!(found.framing, Framing::Document);
    let (steps, _, _) = crate::tool::testing::opened(&Chat, &found);
    let results = |messages: &[Message]| {
        let all = crate::tool::testing::said(messages);
        // That a call failed, only its words tell.
        all.into_iter()
            .map(|(role, block)| match block {
                Block::Result { parts, .. } => {
                    (role, Block::Result { call: None, status: Status::Ok, parts })
                }
                other => (role, other),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(results(&messages(&steps)), results(&talk()));
    assert_eq!(written.losses.list().len(), 2, "{:?}", written.losses);
}

proptest! {
    #[test]
    fn no_row_panics(row in "\\{(\"(role|from|content|value|tool_calls|function_call|timestamp)\":(\"(user|tool|assistant|x)\"|\\[|\\{|null|1|true|\"\\\\ud800\")[\\]}, ]{0,3},?){0,6}\\}?") {
        steps(&Chat, format!("{row}\n").as_bytes());
    }

    #[test]
    fn no_document_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.json");
        for before in ["", "{\n\"messages\":[{\"role\":\"user\",\"content\":\"x\"}", "[{\"role\":\"user\",\"content\":\"x\"},"] {
            std::fs::write(&path, [before.as_bytes(), &bytes].concat()).unwrap();
            for found in Chat.sources(&path).unwrap().iter().filter(|found| found.framing == Framing::Document) {
                let (_, all, _) = crate::tool::testing::opened(&Chat, found);
                prop_assert!(all.ends_with(&bytes) || found.stamp.inode > 0 || bytes.contains(&b'\n'));
            }
        }
    }
}
