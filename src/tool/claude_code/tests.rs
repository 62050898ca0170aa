use proptest::prelude::*;

use super::read::Rows;
use super::*;
use crate::object::message::{Block, Role};
use crate::object::split::Splitter;
use crate::tool::{Link, Step};

fn steps(file: &[u8]) -> Vec<Step> {
    let (mut splitter, mut rows) = (Splitter::default(), Rows::new(false, &[]));
    let (mut at, mut steps) = (0, Vec::new());
    while let Some(piece) = splitter.next(&file[at..]) {
        splitter.split(&file[at..], piece, ClaudeCode.lift());
        steps.push(rows.read(splitter.row(&file[at..], piece)));
        at += piece.end;
    }
    steps
}

#[test]
fn results_of_parallel_calls_stay_in_one_line() {
    let row = |uuid: &str, parent: &str, kind: &str, content: &str| {
        format!(
            "{{\"type\":\"{kind}\",\"uuid\":\"{uuid}\",\"parentUuid\":{parent},\"timestamp\":\"2026-01-01T00:00:00.000Z\",\
             \"message\":{{\"id\":\"m\",\"role\":\"{kind}\",\"content\":{content}}}}}\n"
        )
    };
    let call =
        |id: &str| format!("[{{\"type\":\"tool_use\",\"id\":\"{id}\",\"name\":\"Bash\",\"input\":{{}}}}]");
    let result =
        |id: &str| format!("[{{\"type\":\"tool_result\",\"tool_use_id\":\"{id}\",\"content\":\"x\"}}]");
    let file = [
        row("u", "null", "user", "\"do two things\""),
        row("a", "\"u\"", "assistant", &call("1")),
        row("b", "\"a\"", "assistant", &call("2")),
        row("c", "\"a\"", "user", &result("1")),
        row("d", "\"b\"", "user", &result("2")),
        row("e", "\"c\"", "user", "\"next\""),
        row("f", "\"u\"", "user", "\"rewound\""),
    ];
    let links: Vec<Link> = steps(file.concat().as_bytes()).into_iter().map(|s| s.link).collect();
    assert_eq!(links[0], Link::Root);
    assert!(links[1..6].iter().all(|l| *l == Link::Tip), "{links:?}");
    assert!(matches!(links[6], Link::Key(_)));
}

#[test]
fn what_the_tool_put_in_is_no_prompt() {
    let file = br#"{"type":"user","uuid":"1","parentUuid":null,"message":{"content":"<command-name>/compact</command-name>"}}
{"type":"user","uuid":"2","parentUuid":"1","isMeta":true,"message":{"content":"reminder"}}
{"type":"user","uuid":"3","parentUuid":"2","message":{"content":[{"type":"text","text":"fix it"}]}}
"#;
    let steps = steps(file);
    assert_eq!(steps.iter().filter_map(|s| s.prompt.as_deref()).collect::<Vec<_>>(), ["fix it"]);
    let first = &steps[0].message.as_ref().unwrap().message;
    assert!(first.role == Role::System && matches!(first.blocks[0], Block::Notice(_)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(rows in proptest::collection::vec(
        "\\{\"type\":(\"user\"|\"assistant\"|1|null),\"message\":(\\{\"content\":(\"x\"|\\[1,\\{\"type\":\"tool_use\"\\}\\]|null)\\}|[a-z\\[\\]{}:,\"]{0,12})\\}", 0..8)) {
        steps(rows.join("\n").as_bytes());
    }
}
