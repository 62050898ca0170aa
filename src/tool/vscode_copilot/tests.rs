//! Tests of the adapter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::message::{Action, Block, Input, Message, Part, Role, Status};
use crate::tool::testing::{self, corpus, cut as cut_up, messages, said, text};
use crate::tool::{Framing, Link, Os, Step};

fn uri(path: &str) -> Value {
    json!({"$mid": 1, "fsPath": path, "path": path, "scheme": "file"})
}

fn request(id: &str, words: &str, more: &Value) -> Value {
    let mut request = json!({
        "requestId": id, "timestamp": 1000, "message": {"text": words, "parts": []},
        "variableData": {"variables": []}, "agent": {"extensionVersion": "0.37.1"},
        "modelId": "copilot/m-1", "modeInfo": {"kind": "agent", "modeId": "agent"}
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

/// A turn that the model answered with a call and words.
fn told(id: &str, words: &str) -> Value {
    let rounds = json!([
        {"id": format!("{id}-1"), "response": "I look", "thinking": {"id": "t", "text": ["h", "m"], "encrypted": "proof"},
            "toolCalls": [{"id": "c1", "name": "read_file", "arguments": "{\"filePath\":\"/w/a\"}"},
                {"id": "c2", "name": "apply_patch", "arguments": "{\"input\":\"*** Update File: /w/b\\n\"}"}]},
        {"id": format!("{id}-2"), "response": "done", "toolCalls": []}
    ]);
    let leaf = |words: &str, breaks: bool| json!({"type": 2, "text": words, "lineBreakBefore": breaks});
    let node = json!({"type": 1, "ctor": 2, "children": [leaf("one", false), {"type": 1, "ctor": 2,
        "children": [leaf("two", true), leaf(" three", false)]}]});
    json!({
        "result": {"timings": {"totalElapsed": 500}, "usage": {"promptTokens": 70, "completionTokens": 9},
            "metadata": {"toolCallRounds": rounds, "toolCallResults": {
                "c1": {"$mid": 20, "content": [{"$mid": 23, "value": {"node": node}}]},
                "c2": {"$mid": 20, "content": [{"$mid": 21, "value": "ERROR while calling tool: no"}]}}}},
        "modelState": {"value": 1, "completedAt": 1700},
        "response": [{"value": words}]
    })
}

fn document(requests: &Value) -> String {
    json!({"version": 3, "responderUsername": "x", "requests": requests, "sessionId": "s",
        "creationDate": 5, "customTitle": "A title"})
    .to_string()
}

fn read(document: &str) -> Vec<Step> {
    let pieces = Document::of(document.into(), Some("requests"));
    let (steps, all) = cut_up(&VsCodeCopilot, Framing::Document, pieces);
    assert_eq!(all, document.as_bytes(), "restored");
    steps
}

/// The lines of a log, read with a reader made anew after each record; all of
/// it, and how many records there are.
fn log(lines: &[Value]) -> (Vec<Step>, usize) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.jsonl");
    std::fs::write(&path, &text).unwrap();
    let found = Found { path, ..testing::found(Framing::Document) };
    let (mut pieces, mut splitter) = (VsCodeCopilot.open(&found).unwrap(), Default::default());
    let (mut steps, mut bytes, mut state) = (Vec::new(), Vec::new(), Vec::new());
    let splitter: &mut crate::object::split::Splitter = &mut splitter;
    while let Some(record) = pieces.next().unwrap() {
        let piece = splitter.document(&record);
        splitter.split(&record, piece, &[]);
        let mut reader = VsCodeCopilot.reader(&found, &state);
        steps.push(match splitter.row(&record, piece) {
            Some(row) => reader.read(Some(row)),
            None => reader.read_text(&record, splitter.texts()).unwrap_or_default(),
        });
        state = reader.state();
        bytes.extend_from_slice(&record);
    }
    bytes.extend(pieces.frame().unwrap().trail);
    assert_eq!(bytes, text.as_bytes(), "restored");
    let records = steps.len();
    (steps, records)
}

fn set(path: &Value, value: &Value) -> Value {
    json!({"kind": 1, "k": path, "v": value})
}

fn push(path: &Value, at: Option<usize>, list: &Value) -> Value {
    let mut line = json!({"kind": 2, "k": path, "v": list});
    if let Some(at) = at {
        line["i"] = at.into();
    }
    line
}

fn begin() -> Value {
    json!({"kind": 0, "v": {"version": 3, "creationDate": 5, "customTitle": "First", "requests": []}})
}

fn words(messages: &[Message]) -> Vec<(Role, String)> {
    said(messages).into_iter().map(|(role, block)| (role, format!("{block:?}"))).collect()
}

fn all(steps: &[Step]) -> Vec<&Step> {
    steps.iter().flat_map(|step| std::iter::once(step).chain(&step.then)).collect()
}

#[test]
fn what_was_said_to_the_model_and_by_it_is_told() {
    let steps = read(&document(&json!([request("r1", "look\nat it", &told("r1", "shown otherwise"))])));
    let all = all(&steps);
    assert_eq!(all[0].prompt.as_deref(), Some("look at it"));
    assert_eq!((all[0].time, all[0].facts.version.as_deref()), (Some(1000), Some("0.37.1")));
    let told: Vec<_> = all[0].settings.iter().collect();
    assert_eq!(told, [("mode", "agent"), ("version", "0.37.1")]);
    let messages = messages(&steps);
    let blocks: Vec<_> = messages.iter().map(|m| (m.role, m.blocks.clone())).collect();
    assert_eq!(blocks[0], (Role::User, vec![Block::Text(text("look\nat it"))]));
    let thought = Block::Thinking { text: text("hm"), signature: Some(text("proof")) };
    assert_eq!(blocks[1].1[..2], [thought, Block::Text(text("I look"))]);
    let calls = blocks[1].1[2..].iter().map(|block| match block {
        Block::Call { name, action, .. } => (name.as_str(), *action),
        other => panic!("{other:?}"),
    });
    assert_eq!(calls.collect::<Vec<_>>(), [("read_file", Action::Read), ("apply_patch", Action::Edit)]);
    assert_eq!(all[1].files, ["r/w/a", "e/w/b"]);
    let result =
        |status, words: &str| Block::Result { call: None, status, parts: vec![Part::Text(text(words))] };
    let results =
        [result(Status::Ok, "one\ntwo three"), result(Status::Error, "ERROR while calling tool: no")];
    assert_eq!(blocks[2], (Role::User, results.to_vec()));
    assert_eq!(all[2].message.as_ref().unwrap().results, all[1].message.as_ref().unwrap().calls);
    assert_eq!(blocks[3], (Role::Assistant, vec![Block::Text(text("done"))]));
    assert_eq!((blocks.len(), all[3].time, all[3].model.as_deref()), (4, Some(1700), Some("m-1")));
    let usage = all[3].usage.unwrap().usage;
    assert_eq!((usage.input, usage.output), (70, 9));
    assert!(all.iter().all(|step| !step.unknown));
}

#[test]
fn what_is_only_shown_is_told_as_it_is_shown() {
    let call = |more: &Value| {
        let mut part = json!({"kind": "toolInvocationSerialized", "toolCallId": "c", "toolId": "run_in_terminal",
            "isComplete": true, "invocationMessage": "Running"});
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    let terminal = json!({"toolSpecificData": {"kind": "terminal", "commandLine": {"original": "ls"},
        "terminalCommandOutput": {"text": "a"}, "terminalCommandState": {"exitCode": 2}}});
    let asked = json!({"toolId": "mcp_x", "resultDetails": {"input": "{\"q\":1}", "output":
        [{"type": "embed", "isText": true, "value": "found"}], "isError": false}});
    let parts = json!([
        {"kind": "mcpServersStarting"}, {"kind": "thinking", "value": "hm"}, {"value": "See "},
        {"kind": "inlineReference", "inlineReference": {"uri": uri("/w/a.rs"), "range": {}}}, {"value": "."},
        call(&terminal), call(&asked), {"value": "\n```\n"}, {"kind": "undoStop", "id": "u"},
        {"kind": "textEditGroup", "uri": uri("/w/a.rs"), "edits": [], "done": true}, {"value": "\n```\n"},
        {"value": "ok"}, {"kind": "fromTheFuture", "x": 1}
    ]);
    let stopped = json!({"response": parts, "isCanceled": true,
        "result": {"errorDetails": {"message": "Canceled"}, "metadata": {}}});
    let steps = read(&document(&json!([request("r1", "go", &stopped)])));
    let said = words(&messages(&steps));
    let has = |role, part: &str| {
        assert!(said.iter().any(|(r, b)| *r == role && b.contains(part)), "{part}: {said:#?}")
    };
    let inline = |words: &str| format!("{:?}", text(words));
    has(Role::Assistant, &inline("hm"));
    has(Role::Assistant, &inline("See a.rs."));
    has(Role::Assistant, &inline("ok"));
    assert!(
        matches!(&messages(&steps).last().unwrap().blocks[..], [Block::Notice(why)] if *why == text("Canceled"))
    );
    let blocks: Vec<Block> = messages(&steps).into_iter().flat_map(|m| m.blocks).collect();
    let results = blocks.iter().filter_map(|block| match block {
        Block::Result { status, parts, .. } => Some((*status, parts.clone())),
        _ => None,
    });
    let results = results.collect::<Vec<_>>();
    assert_eq!(results[0], (Status::Error, vec![Part::Text(text("a"))]));
    assert_eq!(results[1], (Status::Ok, vec![Part::Text(text("found"))]));
    assert_eq!(results[2], (Status::Ok, vec![]));
    let inputs = blocks.iter().filter_map(|block| match block {
        Block::Call { input: Input::Json(json), .. } => {
            Some(String::from_utf8_lossy(&json.literal).into_owned())
        }
        _ => None,
    });
    assert_eq!(inputs.collect::<Vec<_>>()[1], "{\"q\":1}");
    assert_eq!(blocks.iter().filter(|block| matches!(block, Block::Other(_))).count(), 1);
    assert!(!said.iter().any(|(_, block)| block.contains(&inline("\n```\n"))));
    assert!(all(&steps).iter().any(|step| step.files == ["e/w/a.rs"]));
}

#[test]
fn what_is_attached_comes_with_the_prompt() {
    let variables = json!({"variableData": {"variables": [
        {"kind": "image", "name": "shot", "mimeType": "image/jpeg", "value": "aWNvbg=="},
        {"kind": "image", "name": "gone", "value": {}},
        {"kind": "paste", "name": "Pasted", "code": "let x;", "language": "rust"},
        {"kind": "file", "name": "a", "value": {"uri": uri("/w/a b"), "range": {}}},
        {"kind": "file", "name": "b", "value": uri("/w/b")},
        {"kind": "promptText", "name": "x", "value": "the editor's own"}
    ]}, "result": {}});
    let steps = read(&document(
        &json!([request("r1", "look", &variables), {"message": "old form", "response": ["a ", "b"], "result": {}}]),
    ));
    let of_first = messages(&steps[..1])[0].blocks.clone();
    let want = [
        Block::Text(text("look")),
        Block::Image("image/jpeg".into(), text("aWNvbg==")),
        Block::File("text/plain".into(), "Pasted".into(), text("let x;")),
        Block::Notice(text("attached: /w/a b")),
        Block::Notice(text("attached: /w/b")),
    ];
    assert_eq!(of_first, want);
    let old: Vec<_> = messages(&steps[1..]).into_iter().map(|m| m.blocks).collect();
    assert_eq!(old, [vec![Block::Text(text("old form"))], vec![Block::Text(text("a b"))]]);
}

#[test]
fn a_summary_stands_where_the_history_ends_that_it_is_of() {
    let turn = |id: &str, of: &str| {
        let mut told = told(id, "");
        told["result"]["metadata"]["summary"] = json!({"toolCallRoundId": of, "text": "so far"});
        request(id, "go on", &told)
    };
    let summary = |steps: &[Step]| {
        let at = |m: &Message| m.blocks == [Block::Summary(text("so far"))];
        messages(steps).iter().position(at)
    };
    assert_eq!(summary(&read(&document(&json!([turn("r2", "r2-1")])))), Some(3), "after its round");
    assert_eq!(summary(&read(&document(&json!([turn("r2", "r1-2")])))), Some(1), "before the answer");
    let mut several = turn("r2", "r2-2");
    several["result"]["metadata"]["summaries"] = json!([
        {"toolCallRoundId": "r2-1", "text": "so far"}, {"toolCallRoundId": "r2-2", "text": "and more"}]);
    let told: Vec<_> =
        messages(&read(&document(&json!([several])))).into_iter().flat_map(|m| m.blocks).collect();
    let sums: Vec<_> = told.iter().filter(|block| matches!(block, Block::Summary(_))).collect();
    assert_eq!(sums, [&Block::Summary(text("so far")), &Block::Summary(text("and more"))]);
}

#[test]
fn a_document_waits_for_its_last_answer_and_is_called_by_its_title() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.json");
    let found = Found { path: path.clone(), ..testing::found(Framing::Document) };
    let records = |last: &Value| {
        let text = document(&json!([request("r1", "a", &told("r1", "")), request("r2", "b", last)]));
        std::fs::write(&path, &text).unwrap();
        let (steps, bytes, frame) = testing::opened(&VsCodeCopilot, &found);
        assert_eq!(bytes, text.as_bytes());
        (steps.len(), frame.facts.tool_title)
    };
    let title = Some("A title".to_owned());
    assert_eq!(records(&json!({"response": []})), (1, title.clone()));
    assert_eq!(records(&json!({"modelState": {"value": 0}, "result": {}})), (1, title.clone()));
    assert_eq!(records(&json!({"modelState": {"value": 4}})), (1, title.clone()));
    for done in [json!({"result": {}}), json!({"isCanceled": true}), json!({"modelState": {"value": 3}})] {
        assert_eq!(records(&done), (2, title.clone()), "{done}");
    }
}

#[test]
fn a_turn_that_is_written_as_it_is_answered_is_one_record_once_it_is_settled() {
    let shown = |words: &str| json!([{"value": words}]);
    let mut lines = vec![
        begin(),
        set(&json!(["inputState", "inputText"]), &json!("x")),
        push(
            &json!(["requests"]),
            None,
            &json!([request("r1", "go", &json!({"modelState": {"value": 0}, "response": []}))]),
        ),
        push(&json!(["requests", 0, "response"]), None, &shown("I lo")),
        set(&json!(["customTitle"]), &json!("Second")),
    ];
    assert_eq!(log(&lines).1, 2, "the turn is not settled");
    lines.push(push(&json!(["requests", 0, "response"]), Some(0), &shown("I look")));
    lines.push(set(&json!(["requests", 0, "modelState"]), &json!({"value": 2, "completedAt": 9})));
    lines.push(push(&json!(["requests", 0, "response"]), None, &json!([{"value": " again"}])));
    assert_eq!(log(&lines).1, 2, "there may be more of it");
    lines.push(json!({"kind": 3, "k": ["inputState", "selections"]}));
    let (steps, records) = log(&lines);
    assert_eq!(records, 4);
    let said: Vec<_> = messages(&steps).into_iter().map(|m| (m.role, m.blocks)).collect();
    let text_of = |words: &str| vec![Block::Text(text(words))];
    assert_eq!(said, [(Role::User, text_of("go")), (Role::Assistant, text_of("I look again"))]);
    assert_eq!(steps[2].facts.tool_title.as_deref(), Some("Second"));
    assert_eq!((steps[0].facts.created, steps[2].then[0].time), (Some(5), Some(9)));
}

#[test]
fn a_log_says_what_a_document_does() {
    let whole = request("r1", "go", &told("r1", "shown"));
    let from_document = messages(&read(&document(&json!([whole]))));
    let mut first = whole.clone();
    let parts = ["result", "modelState", "response"].map(|key| (key, first[key].take()));
    first["modelState"] = json!({"value": 0});
    let mut lines = vec![begin(), push(&json!(["requests"]), None, &json!([first]))];
    for (key, value) in &parts {
        lines.push(set(&json!(["requests", 0, key]), value));
    }
    let (steps, records) = log(&lines);
    assert_eq!((messages(&steps), records), (from_document.clone(), 4), "settled by its rounds");
    let compacted = json!({"kind": 0, "v": {"requests": [whole]}});
    assert_eq!(messages(&log(&[compacted]).0), from_document);
}

#[test]
fn turns_that_are_taken_back_are_left() {
    let turn = |id: &str| request(id, id, &told(id, ""));
    let open =
        |id: &str| request(id, id, &json!({"modelState": {"value": 0}, "response": [{"value": "half"}]}));
    let (steps, _) = log(&[
        json!({"kind": 0, "v": {"requests": [turn("a"), turn("b"), turn("c")]}}),
        push(&json!(["requests"]), Some(1), &json!([open("d")])),
        push(&json!(["requests"]), Some(1), &json!([turn("e")])),
        push(&json!(["requests"]), Some(0), &Value::Null),
    ]);
    let all = all(&steps);
    let back: Vec<_> =
        all.iter().filter(|step| step.link != Link::Tip).map(|step| step.link.clone()).collect();
    assert_eq!(back, [Link::TurnsBack(2), Link::TurnsBack(1), Link::TurnsBack(2)]);
    let prompts: Vec<_> = all.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["a", "b", "c", "d", "e"]);
    let half = messages(&steps).iter().any(|m| m.blocks == [Block::Text(text("half"))]);
    assert!(half, "what was said of it is told");
}

#[test]
fn sessions_are_found_with_what_lies_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    let user = home.join(".config/Code/User");
    let put = |place: &str, text: &str| {
        let path = user.join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("workspaceStorage/h1/workspace.json", r#"{"folder": "vscode-remote://ssh-remote%2Bbox/srv/a%20b"}"#);
    put("workspaceStorage/h1/chatSessions/s1.jsonl", "{}");
    put("workspaceStorage/h1/chatSessions/s1.json", "{}");
    put("workspaceStorage/h1/chatSessions/s2.json", "{}");
    put("workspaceStorage/h1/chatSessions/notes.txt", "");
    put("workspaceStorage/h1/chatEditingSessions/s1/contents/0", "x");
    put("workspaceStorage/h1/GitHub.copilot-chat/chat-session-resources/s2/call/content.txt", "x");
    put("workspaceStorage/h1/GitHub.copilot-chat/transcripts/s2.jsonl", "x");
    put("workspaceStorage/h2/workspace.json", r#"{"workspace": "file:///w/two.code-workspace"}"#);
    put("workspaceStorage/h2/chatSessions/s3.json", "{}");
    put("workspaceStorage/h3/state.vscdb", "");
    put("globalStorage/emptyWindowChatSessions/s4.jsonl", "{}");
    let places = Places { home: home.to_owned(), os: Os::Linux, ..Places::default() };
    let found = VsCodeCopilot.discover(&places);
    assert!(found.trouble.is_empty());
    let natives: Vec<_> = found.found.iter().map(|f| f.native.as_str()).collect();
    assert_eq!(natives, ["s1", "s2", "s3", "s4"]);
    let beside = |n: usize| {
        let names = found.found[n].side.iter().map(|side| side.place.split_once("Storage/").unwrap().1);
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        beside(0),
        ["h1/workspace.json", "h1/chatEditingSessions/s1/contents/0", "h1/chatSessions/s1.json"]
    );
    assert_eq!(beside(1).len(), 3);
    let cwd = |n: usize| find::cwd(&found.found[n]);
    assert_eq!([cwd(0), cwd(2), cwd(3)], [Some("/srv/a b".into()), Some("/w".into()), None]);
    assert_eq!(found.found[3].place, ".config/Code/User/globalStorage/emptyWindowChatSessions/s4.jsonl");
    let watched = VsCodeCopilot.watched(&places);
    assert!(watched.contains(&Watched::flat(user.join("workspaceStorage"))));
}

#[test]
fn published_sessions_hold_nothing_unknown() {
    for (path, bytes) in corpus("vscode-copilot", "json").into_iter().chain(corpus("vscode-copilot", "jsonl"))
    {
        let found = Found { path: path.clone(), ..testing::found(Framing::Document) };
        let (steps, all, _) = testing::opened(&VsCodeCopilot, &found);
        assert_eq!(all, bytes, "{}", path.display());
        assert!(steps.iter().all(|step| !step.unknown), "{}", path.display());
        assert!(messages(&steps).len() > 2, "{}", path.display());
    }
}

/// Anything that may stand in a turn, or in a line.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4i64).prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "kind",
        "v",
        "k",
        "i",
        "value",
        "requests",
        "message",
        "text",
        "response",
        "result",
        "metadata",
        "toolCallRounds",
        "toolCalls",
        "id",
        "modelState",
        "content",
        "node",
        "type",
        "children",
        "uri",
    ]);
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..5)
                .prop_map(|m| Value::Object(m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_stands_in_a_document_is_read(requests in prop::collection::vec(anything(), 0..4)) {
        read(&document(&Value::from(requests)));
    }

    #[test]
    fn whatever_stands_in_a_log_is_read(
        lines in prop::collection::vec((0..4i64, prop::collection::vec(0..3usize, 0..4), anything()), 0..8),
    ) {
        let names = [json!("requests"), json!(0), json!("response")];
        let line = |(kind, path, value): (i64, Vec<usize>, Value)| {
            let path: Vec<Value> = path.into_iter().map(|n| names[n].clone()).collect();
            json!({"kind": kind, "k": path, "v": value})
        };
        let mut all = vec![begin()];
        all.extend(lines.into_iter().map(line));
        let text: String = all.iter().map(|line| format!("{line}\n")).collect();
        let (_, bytes) = cut_up(&VsCodeCopilot, Framing::Document, cut::Log::of(text.clone().into_bytes()));
        prop_assert_eq!(bytes, text.into_bytes());
        log(&all);
    }
}
