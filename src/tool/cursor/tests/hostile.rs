//! Whatever stands in a database or a transcript: nothing panics.

use proptest::prelude::*;
use serde_json::json;

use super::round::found;
use super::*;
use crate::object::split::Splitter;
use crate::tool::Framing;
use crate::tool::cursor::{root::Root, secret, transcript, weave};

/// JSON that looks like what is read, with anything in any place.
fn anything() -> impl Strategy<Value = serde_json::Value> {
    let keys = prop::sample::select(vec![
        "role",
        "content",
        "type",
        "text",
        "toolCallId",
        "toolName",
        "args",
        "result",
        "image",
        "hex",
        "data",
        "message",
        "name",
        "input",
        "bubbleId",
        "toolFormerData",
        "params",
        "status",
        "thinking",
        "createdAt",
        "experimental_content",
        "providerOptions",
        "cursor",
        "isSummary",
        "conversation",
        "timestamp",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        prop::sample::select(vec![
            "user",
            "assistant",
            "tool",
            "system",
            "text",
            "tool-call",
            "tool-result",
            "image",
            "reasoning",
            "<user_query>\n",
            "",
            "0",
            "tool_use",
            "2026-01-01T00:00:00Z"
        ])
        .prop_map(|s| json!(s)),
        ".{0,12}".prop_map(|s| json!(s)),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let keys = keys.clone();
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| json!(items)),
            proptest::collection::vec((keys, inner), 0..6).prop_map(|members| serde_json::Value::Object(
                members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

fn read_row(tool: &Cursor, framing: Framing, record: &[u8]) {
    let found = Found { framing, ..found(std::path::Path::new("x")) };
    let mut splitter = Splitter::default();
    let piece = splitter.document(record);
    splitter.split(record, piece, tool.lift());
    let mut reader = tool.reader(&found, b"not a state");
    reader.read(splitter.row(record, piece));
    assert!(reader.state().len() < 1024);
}

proptest! {
    #[test]
    fn any_value_in_any_row_is_read(value in anything()) {
        for (table, column, key) in [("blobs", "data", "id"), ("cursorDiskKV", "value", "key")] {
            for name in ["bubbleId:c:b", "agentKv:blob:0", "composerData:c", "other"] {
                let row = json!({"table": table, "row": {key: name, column: {"$json_blob": value}}});
                read_row(&Cursor::Ide, Framing::Rows, row.to_string().as_bytes());
                let row = json!({"table": table, "row": {key: name, column: value}});
                read_row(&Cursor::Ide, Framing::Rows, row.to_string().as_bytes());
            }
        }
        read_row(&Cursor::Agent, Framing::Lines, value.to_string().as_bytes());
        let _ = weave::Bubble::of(Vec::new(), value.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_a_root_and_a_secret(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Root::read(&bytes);
        let _ = secret::cut_out(&bytes);
        let _ = secret::cut_out_of_hex(&bytes);
        read_row(&Cursor::Agent, Framing::Rows, &bytes);
    }

    #[test]
    fn a_database_that_is_cut_short_or_changed_gives_an_error_or_less(cut in 0usize..12288, byte in any::<u8>()) {
        let home = tempfile::tempdir().unwrap();
        let said = vec![super::round::said(crate::object::message::Role::User, vec![super::round::text("a")])];
        let path = super::round::write(&Cursor::Agent, home.path(), said).unwrap().path;
        let mut bytes = std::fs::read(&path).unwrap();
        let cut = cut.min(bytes.len() - 1);
        bytes[cut] = byte;
        std::fs::write(&path, &bytes).unwrap();
        let _ = Cursor::Agent.open(&found(&path));
        bytes.truncate(cut);
        std::fs::write(&path, &bytes).unwrap();
        let _ = Cursor::Agent.open(&found(&path));
    }
}

#[test]
fn a_transcript_tells_what_it_can() {
    let lines = [
        json!({"role": "user", "message": {"content": [{"type": "text", "text": "<user_query>\nlist\n</user_query>"}]}}),
        json!({"role": "assistant", "message": {"content": [{"type": "text", "text": "Listing.\n\n[REDACTED]"}, {"type": "tool_use", "name": "Shell", "input": {"command": "ls"}}]}}),
        json!({"role": "assistant", "message": {"content": [{"type": "text", "text": "[REDACTED]"}]}}),
        json!({"type": "turn_ended", "status": "success"}),
        json!({"type": "news"}),
    ];
    let (mut splitter, mut calls, mut steps) = (Splitter::default(), 0, Vec::new());
    for line in lines {
        let line = line.to_string().into_bytes();
        let piece = splitter.document(&line);
        splitter.split(&line, piece, &[]);
        let (row, texts) = splitter.row(&line, piece).unwrap();
        steps.push(transcript::step(row, texts, &mut calls));
    }
    assert_eq!(words(&messages(&steps)), ["text list", "text Listing.", "call Shell"]);
    assert_eq!(steps.iter().map(|step| step.unknown).collect::<Vec<_>>(), [false, false, false, false, true]);
    assert_eq!(steps[0].prompt.as_deref(), Some("list"));
}
