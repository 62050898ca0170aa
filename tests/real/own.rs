//! The harness proves itself, without `sfs`: rules and comparison on made-up
//! conversations, both real tools on their own sessions, and both on sessions
//! written by hand, right and wrong.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::real::compare::Expected;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::hand::{ID, write_claude, write_codex};
use crate::real::resume::Tool;
use crate::real::sandbox::Sandbox;
use crate::real::scenario::{claude_session, codex_session};
use crate::real::{PNG_BASE64, anthropic_rules, openai_rules};

/// Removes the lines that hold `word` from a file.
#[track_caller]
pub(crate) fn drop_line(path: &Path, word: &str) {
    let text = fs::read_to_string(path).expect("a transcript");
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(word)).collect();
    assert!(kept.len() < text.lines().count(), "{word:?} isn't in {}", path.display());
    fs::write(path, kept.join("\n") + "\n").expect("the transcript");
}

/// Changes a word wherever it stands in a file.
#[track_caller]
pub(crate) fn change(path: &Path, word: &str, other: &str) {
    let text = fs::read_to_string(path).expect("a transcript");
    assert!(text.contains(word), "{word:?} isn't in {}", path.display());
    fs::write(path, text.replace(word, other)).expect("the transcript");
}

#[test]
fn claude_code_resumes_its_own_session_whole() {
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    let expected = Expected::own(&native.conversation.clone().and(Role::User, "SFS-ON"));
    let copy = fs::read(&native.path).expect("the transcript");
    let go_on =
        || Tool::Claude.go_on(&sandbox, &sandbox.project, &Tool::Claude.server([]), &native.id, "SFS-ON");
    expected.assert(&go_on());

    for word in ["One of them failed.", "Exit code 2", "First I look"] {
        fs::write(&native.path, &copy).expect("the transcript");
        drop_line(&native.path, word);
        expected.compare(&go_on()).expect_err("a dropped row must be noticed");
    }
}

#[test]
fn codex_resumes_its_own_session_whole() {
    let Some(sandbox) = Sandbox::new() else { return };
    let native = codex_session(&sandbox);
    let expected = Expected::own(&native.conversation.clone().and(Role::User, "SFS-ON"));
    let server = Tool::Codex.server([]);
    expected.assert(&Tool::Codex.go_on(&sandbox, &sandbox.project, &server, &native.id, "SFS-ON"));
}

#[test]
fn a_claude_session_carried_to_codex_by_hand_is_recognised() {
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    let expected = Expected::carried(&native.conversation.clone().and(Role::User, "SFS-ON"));
    let go_on = || Tool::Codex.go_on(&sandbox, &sandbox.project, &Tool::Codex.server([]), ID, "SFS-ON");
    let path = write_codex(&sandbox, &native.conversation);
    expected.assert(&go_on());

    write_codex(&sandbox, &native.conversation);
    drop_line(&path, "One of them failed.");
    expected.compare(&go_on()).expect_err("a dropped row must be noticed");
    write_codex(&sandbox, &native.conversation);
    change(&path, "No such file", "No such fi1e");
    expected.compare(&go_on()).expect_err("a changed result must be noticed");
}

#[test]
fn a_codex_session_carried_to_claude_code_by_hand_is_recognised() {
    let Some(sandbox) = Sandbox::new() else { return };
    let native = codex_session(&sandbox);
    let expected = Expected::carried(&native.conversation.clone().and(Role::User, "SFS-ON"));
    let go_on = || Tool::Claude.go_on(&sandbox, &sandbox.project, &Tool::Claude.server([]), ID, "SFS-ON");
    let path = write_claude(&sandbox, &native.conversation);
    expected.assert(&go_on());

    write_claude(&sandbox, &native.conversation);
    drop_line(&path, "One of them failed.");
    expected.compare(&go_on()).expect_err("a dropped row must be noticed");
    write_claude(&sandbox, &native.conversation);
    change(&path, "No such file", "No such fi1e");
    expected.compare(&go_on()).expect_err("a changed result must be noticed");
}

#[test]
fn every_item_that_is_missing_changed_or_moved_is_noticed() {
    let call = |name: &str, input: Value| Item::Call { name: name.into(), input };
    let result = |call: usize, text: &str| Item::Result {
        call: Some(call),
        is_error: false,
        texts: vec![text.into()],
        images: vec![PNG_BASE64.into()],
    };
    let whole = Conversation {
        items: vec![
            Item::Text { role: Role::User, text: "one".into() },
            call("Bash", json!({"command": "ls"})),
            call("Read", json!({"file_path": "/a/b"})),
            result(0, "zero"),
            result(1, "one"),
            Item::Text { role: Role::Assistant, text: "two".into() },
            Item::Image { role: Role::User, data: PNG_BASE64.into() },
        ],
    };
    for expected in [Expected::own(&whole), Expected::carried(&whole)] {
        expected.assert(&whole);
        for at in 0..whole.items.len() {
            let mut short = whole.clone();
            short.items.remove(at);
            expected.compare(&short).expect_err("a missing item");
            let mut changed = whole.clone();
            changed.items[at] = Item::Text { role: Role::User, text: "other".into() };
            expected.compare(&changed).expect_err("a changed item");
        }
        for (one, other) in [(0, 5), (1, 2), (5, 6)] {
            let mut moved = whole.clone();
            moved.items.swap(one, other);
            expected.compare(&moved).expect_err("items in another order");
        }
        let longer = whole.clone().and(Role::Assistant, "No response requested.");
        expected.compare(&longer).expect_err("an item too many");
    }
    let mut forged = whole.clone();
    forged.items.insert(1, Item::Thinking { text: "hm".into(), genuine: false });
    Expected::carried(&whole).compare(&forged).expect_err("forged thinking");
}

#[test]
fn the_messages_api_refuses_what_the_real_one_refuses() {
    let user = |content: Value| json!({"role": "user", "content": content});
    let assistant = |content: Value| json!({"role": "assistant", "content": content});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "Bash", "input": {}});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "done"});
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG_BASE64}});
    let check = |messages: Vec<Value>| anthropic_rules::check(&json!({"messages": messages}));
    let say = || user(json!("hello"));

    check(vec![
        say(),
        assistant(json!([call("a"), call("b")])),
        user(json!([result("b"), result("a"), image])),
    ])
    .expect("a good conversation");
    let failed = json!({"type": "tool_result", "tool_use_id": "a", "is_error": true, "content": [image]});
    let named = |name: &str| json!({"type": "tool_use", "id": "a", "name": name, "input": {}});
    for (what, messages) in [
        ("no user first", vec![assistant(json!("hi"))]),
        ("no result", vec![say(), assistant(json!([call("a")])), say()]),
        ("no result at the end", vec![say(), assistant(json!([call("a")]))]),
        (
            "one result of two",
            vec![say(), assistant(json!([call("a"), call("b")])), user(json!([result("a")]))],
        ),
        ("a result without a call", vec![say(), assistant(json!("hi")), user(json!([result("a")]))]),
        ("two results", vec![say(), assistant(json!([call("a")])), user(json!([result("a"), result("a")]))]),
        ("a result last", vec![say(), assistant(json!([call("a")])), user(json!([image, result("a")]))]),
        ("an id twice", vec![say(), assistant(json!([call("a"), call("a")])), user(json!([result("a")]))]),
        ("an odd id", vec![say(), assistant(json!([call("a b")])), user(json!([result("a b")]))]),
        ("an odd name", vec![say(), assistant(json!([named("a.b")])), user(json!([result("a")]))]),
        ("a blank text", vec![user(json!([{"type": "text", "text": " \n"}]))]),
        ("unsigned thinking", vec![say(), assistant(json!([{"type": "thinking", "thinking": "hm"}]))]),
        ("an image in an error", vec![say(), assistant(json!([call("a")])), user(json!([failed]))]),
        ("an unknown block", vec![user(json!([{"type": "input_text", "text": "hi"}]))]),
    ] {
        check(messages).expect_err(what);
    }
}

#[test]
fn the_responses_api_refuses_what_the_real_one_refuses() {
    let message = |role: &str, kind: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": "hi"}]});
    let call = |id: &str| json!({"type": "function_call", "name": "sh", "arguments": "{}", "call_id": id});
    let output = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "done"});
    let check = |input: Vec<Value>| openai_rules::check(&json!({"input": input}));

    check(vec![message("user", "input_text"), call("a"), output("a"), message("assistant", "output_text")])
        .expect("a good conversation");
    let image = json!([{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]);
    for (what, input) in [
        ("no output", vec![call("a")]),
        ("no call", vec![output("a")]),
        ("an output before its call", vec![output("a"), call("a")]),
        ("two outputs", vec![call("a"), output("a"), output("a")]),
        ("an id twice", vec![call("a"), output("a"), call("a"), output("a")]),
        ("a long id", vec![call(&"a".repeat(65)), output(&"a".repeat(65))]),
        (
            "arguments that aren't a string",
            vec![json!({"type": "function_call", "name": "sh", "arguments": {}, "call_id": "a"})],
        ),
        (
            "an odd name",
            vec![json!({"type": "function_call", "name": "a.b", "arguments": "{}", "call_id": "a"})],
        ),
        ("an answer as input", vec![message("assistant", "input_text")]),
        ("a prompt as output", vec![message("user", "output_text")]),
        ("reasoning without its proof", vec![json!({"type": "reasoning", "summary": []})]),
        ("no image", vec![json!({"type": "message", "role": "user", "content": image})]),
        (
            "an id of another kind",
            vec![json!({"type": "message", "id": "fc_1", "role": "user", "content": []})],
        ),
    ] {
        check(input).expect_err(what);
    }
}
