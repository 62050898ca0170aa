//! What rollouts are read as.

use super::*;
use crate::object::commit::Usage;
use crate::object::message::{Action, Input, Json, Part, Role, Status};
use crate::tool::{Key, Link};
use proptest::prelude::*;

const LEGACY: &str = r##"{"timestamp":"2026-01-02T03:04:05.006Z","type":"session_meta","payload":{"id":"t","timestamp":"2026-01-02T03:04:05.000Z","cwd":"/w","originator":"codex_cli_rs","cli_version":"0.98.0","source":"cli","git":{"branch":"side"}}}
{"timestamp":"2026-01-02T03:04:05.007Z","type":"response_item","payload":{"type":"message","role":"developer","content":[{"type":"input_text","text":"<permissions instructions>\nall"}]}}
{"timestamp":"2026-01-02T03:04:05.007Z","type":"response_item","payload":{"type":"message","role":"user","content":[{"type":"input_text","text":"# AGENTS.md instructions for /w\n\nbe kind"},{"type":"input_text","text":"<environment_context>\n</environment_context>"}]}}
{"timestamp":"2026-01-02T03:04:06.000Z","type":"response_item","payload":{"type":"message","role":"user","content":[{"type":"input_text","text":"<image name=[Image #1] path=\"p.png\">"},{"type":"input_image","image_url":"data:image/png;base64,QUJD"},{"type":"input_text","text":"</image>"},{"type":"input_text","text":"Look  at\nthis"}]}}
{"timestamp":"2026-01-02T03:04:06.000Z","type":"event_msg","payload":{"type":"user_message","message":"Look  at\nthis","images":[]}}
{"timestamp":"2026-01-02T03:04:06.001Z","type":"turn_context","payload":{"cwd":"/elsewhere","model":"m-1"}}
{"timestamp":"2026-01-02T03:04:07.000Z","type":"response_item","payload":{"type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"content":null,"encrypted_content":"gAAA"}}
{"timestamp":"2026-01-02T03:04:07.100Z","type":"response_item","payload":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Yes"}]}}
{"timestamp":"2026-01-02T03:04:08.000Z","type":"response_item","payload":{"type":"function_call","name":"shell","arguments":"{\"command\": [\"ls\"]}","call_id":"c1"}}
{"timestamp":"2026-01-02T03:04:08.000Z","type":"response_item","payload":{"type":"custom_tool_call","name":"apply_patch","input":"*** Begin Patch\n*** Add File: a\n+x\n*** End Patch","call_id":"c2","status":"completed"}}
{"timestamp":"2026-01-02T03:04:08.100Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":100,"cached_input_tokens":20,"output_tokens":7},"last_token_usage":{"input_tokens":100,"cached_input_tokens":20,"output_tokens":7}},"rate_limits":{}}}
{"timestamp":"2026-01-02T03:04:08.200Z","type":"response_item","payload":{"type":"custom_tool_call_output","call_id":"c2","output":"done"}}
{"timestamp":"2026-01-02T03:04:08.300Z","type":"response_item","payload":{"type":"function_call_output","call_id":"c1","output":"{\"output\":\"no\",\"metadata\":{\"exit_code\":2,\"duration_seconds\":0.1}}"}}
{"timestamp":"2026-01-02T03:04:08.400Z","type":"event_msg","payload":{"type":"token_count","info":null,"rate_limits":{}}}
{"timestamp":"2026-01-02T03:04:09.000Z","type":"compacted","payload":{"message":"so far","replacement_history":[{"type":"message","role":"user","content":[]}]}}
{"timestamp":"2026-01-02T03:04:09.500Z","type":"event_msg","payload":{"type":"thread_rolled_back","num_turns":1}}
{"timestamp":"2026-01-02T03:04:10.000Z","type":"event_msg","payload":{"type":"thread_name_updated","thread_id":"t","thread_name":"Named"}}
"##;

#[test]
fn a_thread_of_the_older_form() {
    let steps = steps(LEGACY);
    assert!(steps.iter().all(|step| !step.unknown && step.key.is_none()));
    let facts = &steps[0].facts;
    assert_eq!(facts.cwd.as_deref(), Some("/w"));
    assert_eq!((facts.git_branch.as_deref(), facts.version.as_deref()), (Some("side"), Some("0.98.0")));
    assert_eq!(steps[5].facts.cwd, None);
    let messages = messages(&steps);
    let notice = |text: &str| Block::Notice(inline(text));
    assert_eq!(messages[0].blocks, [notice("<permissions instructions>\nall")]);
    assert_eq!((messages[1].role, messages[1].blocks.len()), (Role::System, 2));
    assert_eq!(
        messages[2].blocks,
        [Block::Image("image/png".into(), inline("QUJD")), text("Look  at\nthis")]
    );
    assert_eq!(
        messages[3].blocks,
        [Block::Thinking { text: inline("a\n\nb"), signature: Some(inline("gAAA")) }]
    );
    assert_eq!(messages[4].blocks, [text("Yes")]);
    let input = Json { literal: br#"{"command":["ls"]}"#.to_vec(), holes: vec![] };
    assert_eq!(
        messages[5].blocks,
        [Block::Call { name: "shell".into(), action: Action::Shell, input: Input::Json(input) }]
    );
    assert!(matches!(
        &messages[6].blocks[..],
        [Block::Call { action: Action::Edit, input: Input::Text(_), .. }]
    ));
    let ok = Block::Result { call: None, status: Status::Ok, parts: vec![Part::Text(inline("done"))] };
    assert_eq!(messages[7].blocks, [ok]);
    assert!(matches!(&messages[8].blocks[..], [Block::Result { status: Status::Error, .. }]));
    assert_eq!(messages[9].blocks, [Block::Summary(inline("so far"))]);
    assert_eq!(messages.len(), 10);
}

#[test]
fn what_hangs_on_the_steps() {
    let steps = steps(LEGACY);
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["Look at this"]);
    assert_eq!(steps[0].time, Some(1_767_323_045_006));
    assert_eq!(steps[7].model.as_deref(), Some("m-1"));
    assert_eq!(steps[3].model, None);
    let draft = |n: usize| steps[n].message.as_ref().unwrap();
    assert_eq!(
        (draft(8).calls.as_slice(), draft(11).results.as_slice()),
        ([Key::of(b"c1")].as_slice(), [Key::of(b"c2")].as_slice())
    );
    assert_eq!(steps[9].files, ["wa"]);
    let usage = Usage { input: 80, cache_write: 0, cache_read: 20, output: 7 };
    assert_eq!(steps[10].usage.unwrap().usage, usage);
    assert_eq!(steps[13].usage, None);
    assert_eq!(steps[15].link, Link::TurnsBack(1));
    assert_eq!(steps[16].facts.user_title.as_deref(), Some("Named"));
}

#[test]
fn the_form_without_envelope() {
    let steps = steps(concat!(
        r#"{"id":"t","timestamp":"2025-07-01T00:00:00.000Z","instructions":null,"git":{"branch":"b"}}"#,
        "\n",
        r#"{"record_type":"state"}"#,
        "\n",
        r#"{"type":"message","id":null,"role":"user","content":[{"type":"input_text","text":"Hi"}]}"#,
        "\n",
        r#"{"type":"local_shell_call","id":"l1","call_id":null,"status":"completed","action":{"type":"exec","command":["ls"]}}"#,
        "\n",
        r#"{"type":"function_call_output","call_id":"l1","output":{"content":"bad","success":false}}"#,
        "\n",
    ));
    assert!(steps.iter().all(|step| !step.unknown));
    assert_eq!(steps[0].facts.git_branch.as_deref(), Some("b"));
    assert_eq!(steps[2].prompt.as_deref(), Some("Hi"));
    let (call, output) = (steps[3].message.as_ref().unwrap(), steps[4].message.as_ref().unwrap());
    assert_eq!(call.calls, output.results);
    let bad = Block::Result { call: None, status: Status::Error, parts: vec![Part::Text(inline("bad"))] };
    assert_eq!(output.message.blocks, [bad]);
}

#[test]
fn the_first_head_counts() {
    let meta =
        |rest: &str| format!("{{\"timestamp\":\"x\",\"type\":\"session_meta\",\"payload\":{{{rest}}}}}\n");
    let steps = steps(&[
        meta(r#""id":"child","cwd":"/c","forked_from_id":"old","parent_thread_id":"old""#),
        meta(r#""id":"old","cwd":"/o","forked_from_id":"older""#),
        meta(r#""id":"child","cwd":"/c2","cli_version":"2""#),
        "{\"timestamp\":\"x\",\"type\":\"event_msg\",\"payload\":{\"type\":\"thread_name_updated\",\"thread_id\":\"old\",\"thread_name\":\"N\"}}\n".into(),
    ].concat());
    assert_eq!(steps[0].facts.forked_from.as_deref(), Some("old"));
    assert_eq!(steps[0].facts.parent.as_deref(), Some("old"));
    assert_eq!(steps[1].facts, Default::default());
    assert_eq!((steps[2].facts.version.as_deref(), steps[2].facts.forked_from.as_deref()), (Some("2"), None));
    assert_eq!(steps[3].facts, Default::default());
}

#[test]
fn paginated_threads_go_on_from_others() {
    let rollout = |id: &str, rest: &str, base: &str| {
        format!(
            r#"{{"timestamp":"x","ordinal":19,"type":"session_meta","payload":{{"id":"{id}"{rest},"history_base":{{"thread_id":"{base}","end_ordinal_exclusive":19}}}}}}
{{"timestamp":"x","ordinal":20,"type":"event_msg","payload":{{"type":"task_started"}}}}
{{"timestamp":"x","ordinal":21,"type":"response_item","payload":{{"type":"message","role":"user","content":[{{"type":"input_text","text":"On"}}]}}}}
{{"timestamp":"x","ordinal":22,"type":"response_item","payload":{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":"And on"}}]}}}}
"#
        )
    };
    let fork = r#","forked_from_id":"b""#;
    for (part, rest, base, native, of) in [
        ("s", "", "a", "a", ""),
        ("s2", "", "s", "a", "s"),
        ("", fork, "b", "b", ""),
        ("", fork, "bs", "b", "bs"),
        ("s", fork, "b", "b", ""),
        ("", "", "z", "z", ""),
    ] {
        let steps = steps_of(&found("a", part), rollout("a", rest, base).as_bytes());
        let key = Key::of(b"ordinal:18");
        assert_eq!(
            steps[2].link,
            Link::Other { native: native.into(), part: of.into(), key },
            "{part} {base}"
        );
        assert_eq!(steps[2].key, Some(Key::of(b"ordinal:21")));
        assert!(steps.iter().filter(|step| step.link != Link::Tip).count() == 1);
    }
}

#[test]
fn both_counts_of_one_call_have_one_name() {
    let steps = steps(concat!(
        r#"{"timestamp":"x","ordinal":1,"type":"token_usage_record","payload":{"response_id":"r","usage":{"input_tokens":5,"output_tokens":1},"thread_token_usage":{"input_tokens":50,"cached_input_tokens":3,"output_tokens":10}}}"#,
        "\n",
        r#"{"timestamp":"x","ordinal":2,"type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"output_tokens":10,"input_tokens":50,"cached_input_tokens":3},"last_token_usage":{"input_tokens":5,"output_tokens":1}}}}"#,
        "\n",
    ));
    assert!(steps[0].usage.is_some());
    assert_eq!(steps[0].usage, steps[1].usage);
}

#[test]
fn what_the_tool_says_is_the_users_is() {
    let user = |text: &str, kind: &str| {
        let text = serde_json::to_string(text).unwrap();
        format!(
            r#"{{"timestamp":"x","type":"response_item","payload":{{"type":"message","role":"user","content":[{{"type":"input_text","text":{text}}}],"internal_chat_message_metadata_passthrough":{{"content_item_kinds":["{kind}"]}}}}}}{}"#,
            "\n"
        )
    };
    let ide = "# Context from my IDE setup:\n\n## Active file: x\n\n## My request for Codex:\nFix it\n";
    let rollout = [
        user("<environment_context> is what?", "user.text"),
        user("<environment_context>", "environments.environment_context"),
        user(ide, ""),
        user("\n<user_instructions>", ""),
    ];
    let prompts: Vec<_> = steps(&rollout.concat()).into_iter().map(|step| step.prompt).collect();
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(prompts, [words("<environment_context> is what?"), None, words("Fix it"), None]);
}

#[test]
fn other_items() {
    let item =
        |rest: &str| format!("{{\"timestamp\":\"x\",\"type\":\"response_item\",\"payload\":{{{rest}}}}}\n");
    let steps = steps(&[
        item(r#""type":"web_search_call","id":"w","action":{"type":"search","query":"q"}"#),
        item(r#""type":"function_call","name":"find","namespace":"mcp__docs","arguments":"not json","call_id":"c""#),
        item(r#""type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"},{"type":"input_image","image_url":"https://e.invalid/p.png"},{"type":"new"}]"#),
        item(r#""type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,QUJD"}]"#),
        item(r#""type":"agent_message","author":"/root/a","content":[{"type":"input_text","text":"hello"}]"#),
        item(r#""type":"additional_tools","tools":[]"#),
        item(r#""type":"image_generation_call","result":"QUJD""#),
        item(r#""type":"never_seen""#),
        item(r#""type":"message","role":"assistant","content":[]"#),
        "{\"timestamp\":\"x\",\"type\":\"event_msg\",\"payload\":{\"type\":\"never_seen\"}}\n".into(),
        "{\"timestamp\":\"x\",\"type\":\"event_msg\",\"payload\":null}\n".into(),
        "{\"timestamp\":\"x\",\"type\":\"response_item\",\"metadata\":{\"compaction_output\":true},\"payload\":{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"sum\"}]}}\n".into(),
        "not json\n".into(),
    ].concat());
    let unknown: Vec<usize> = (0..steps.len()).filter(|n| steps[*n].unknown).collect();
    assert_eq!(unknown, [7, 9, 10]);
    let messages = messages(&steps);
    assert!(
        matches!(&messages[1].blocks[..], [Block::Call { name, input: Input::Text(_), .. }] if name == "mcp__docs__find")
    );
    let Block::Result { parts, .. } = &messages[2].blocks[0] else { panic!() };
    assert!(matches!(&parts[..], [Part::Text(_), Part::Image(media, _), Part::Other(_)] if media.is_empty()));
    assert_eq!(steps[3].prompt, None);
    assert_eq!((messages[4].role, &messages[4].blocks[0]), (Role::System, &Block::Notice(inline("hello"))));
    assert_eq!(messages[5].blocks, [Block::Image("image/png".into(), inline("QUJD"))]);
    assert_eq!(messages.len(), 6);
}

#[test]
fn subagents_are_told_what_to_do_by_mail() {
    let steps = steps(concat!(
        r#"{"timestamp":"x","type":"session_meta","payload":{"id":"s","source":{"subagent":{"thread_spawn":{"parent_thread_id":"p","depth":1}}}}}"#,
        "\n",
        r#"{"timestamp":"x","type":"response_item","payload":{"type":"agent_message","author":"/root","content":[{"type":"input_text","text":"Do it"}]}}"#,
        "\n",
    ));
    assert_eq!(steps[0].facts.parent.as_deref(), Some("p"));
    assert_eq!(steps[1].prompt.as_deref(), Some("Do it"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        steps_of(&found("t", ""), &bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(cuts in proptest::collection::vec((0..LEGACY.len(), 0..40usize, any::<u8>()), 1..12)) {
        let mut bytes = LEGACY.as_bytes().to_vec();
        for (at, len, byte) in cuts {
            let at = at.min(bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        steps_of(&found("t", "p"), &bytes);
    }

    #[test]
    fn no_value_in_any_place_makes_it_panic(
        kind in "(response_item|event_msg|session_meta|turn_context|compacted|token_usage_record|message|x)",
        inner in "(message|reasoning|function_call|custom_tool_call|function_call_output|web_search_call|token_count|thread_rolled_back|agent_message)",
        key in "(role|content|summary|arguments|input|output|call_id|info|id|name|namespace|history_base|source|git|action|message|num_turns)",
        value in "(null|1|-9e99|true|\"x\"|\\[\\]|\\{\\}|\\[null,\\{\"type\":\"input_text\",\"text\":3\\}\\]|\\{\"thread_id\":\"x\",\"end_ordinal_exclusive\":0\\})",
    ) {
        let envelope = format!("{{\"timestamp\":\"x\",\"type\":\"{kind}\",\"payload\":{{\"type\":\"{inner}\",\"role\":\"user\",\"{key}\":{value}}}}}\n");
        let bare = format!("{{\"type\":\"{inner}\",\"{key}\":{value}}}\n");
        steps_of(&found("t", "p"), (envelope + &bare).as_bytes());
    }
}
