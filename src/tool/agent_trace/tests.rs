//! Tests of the adapter.

use proptest::prelude::*;

use super::*;
use crate::object::message::{Block, Role};
use crate::tool::testing::{messages, steps, text};

const RECORD: &str = r#"{"version":"0.1.0","id":"i","timestamp":"2026-01-23T14:30:00Z","tool":{"name":"t"},"files":[{"path":"a","conversations":[{"contributor":{"type":"ai","model_id":"m"},"ranges":[{"start_line":1,"end_line":1},{"start_line":3,"end_line":9}]},{"ranges":[{}]}]}]}"#;

#[test]
fn a_record_is_a_notice_a_conversation_and_nobody_speaks() {
    let steps = steps(&AgentTrace, format!("{RECORD}\n{{\"version\":\"1\",\"files\":[]}}\n").as_bytes());
    let [record] = messages(&steps).try_into().unwrap();
    let told = ["Agent Trace i by t", "a 1,3-9: ai m", "a ?: unknown"];
    assert_eq!(
        (record.role, record.blocks),
        (Role::System, told.map(|words| Block::Notice(text(words))).to_vec())
    );
    assert!(steps.iter().all(|step| step.prompt.is_none()));
    assert_eq!(steps.iter().map(|step| step.unknown).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn records_are_known_in_a_line_and_in_many() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.json");
    let framing = |bytes: &str| {
        std::fs::write(&path, bytes).unwrap();
        AgentTrace.sources(&path).unwrap().first().map(|found| found.framing)
    };
    assert_eq!(framing(&format!("\n{RECORD}\n{RECORD}\n")), Some(Framing::Lines));
    assert_eq!(framing(&RECORD.replacen('{', "{\n ", 1)), Some(Framing::Document));
    assert_eq!(framing("{\"version\":\"1.0.0\",\"files\":[]}"), None);
    assert_eq!(framing("{\n\"version\": \"1.0.0\"\n}"), None);
}

proptest! {
    #[test]
    fn no_row_panics(row in "\\{\"version\":\"1\",\"id\":\"\",\"timestamp\":\"\",\"files\":\\[(\\{\"path\":1,\"conversations\":(\\[(null|1|\\{(\"(url|ranges|contributor|related)\":(null|1|\"x\"|\\[1\\]),?){0,3}\\}?),?){0,2}\\]?\\},?){0,2}\\]\\}") {
        steps(&AgentTrace, format!("{row}\n").as_bytes());
    }
}
