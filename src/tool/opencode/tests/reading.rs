//! What records mean, and when they are given.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::world::{Session, World, answer, tool, user};
use crate::object::commit::Usage;
use crate::object::message::{Action, Block, Message, Role, Status};
use crate::object::split::Splitter;
use crate::tool::testing::{messages, said, text};
use crate::tool::{EARLY, Link, Step};

fn read(messages: Vec<super::world::Message>) -> Vec<Step> {
    let world = World::new();
    world.database("opencode.db", &[("ses_1", &Session { messages, ..Session::default() })]);
    world.read().0
}

/// A turn of everything, and the prompt after it.
fn everything() -> Vec<super::world::Message> {
    let mut first = user(1, "do  it");
    first.1.insert(0, json!({"type": "file", "mime": "image/png", "url": "data:image/png;base64,aWNvbg=="}));
    first.1.push(json!({"type": "text", "text": "a reminder", "synthetic": true}));
    first.1.push(json!({"type": "agent", "name": "x"}));
    vec![
        first,
        answer(
            2,
            true,
            vec![
                json!({"type": "step-start", "snapshot": "s"}),
                json!({"type": "reasoning", "text": "hm", "time": {"start": 2100}, "metadata": {"anthropic": {"signature": "c2ln"}}}),
                json!({"type": "text", "text": "both at once", "time": {"start": 2200}}),
                tool(
                    "read",
                    json!({"filePath": "/w/a"}),
                    json!({"status": "completed", "output": "fn", "title": "a", "metadata": {}}),
                ),
                tool("bash", json!({"command": "ls"}), json!({"status": "error", "error": "no"})),
                json!({"type": "step-finish", "reason": "tool-calls"}),
                json!({"type": "patch", "hash": "h", "files": []}),
            ],
        ),
        answer(
            3,
            true,
            vec![tool(
                "webfetch",
                json!({}),
                json!({"status": "completed", "output": "", "attachments":
                [{"type": "file", "mime": "image/png", "url": "data:image/png;base64,aWNvbg=="}]}),
            )],
        ),
        answer(4, true, vec![json!({"type": "text", "text": "done"}), json!({"type": "holo"})]),
        user(5, "next"),
    ]
}

#[test]
fn rows_mean_what_they_say() {
    let steps = read(everything());
    let messages = messages(&steps);
    let kinds: Vec<_> = messages.iter().flat_map(|m| m.blocks.iter().map(|b| (m.role, b.clone()))).collect();
    let call = |name: &str, action, input: &str| {
        let Block::Call { input, .. } = crate::tool::testing::call(name, input) else { panic!() };
        (Role::Assistant, Block::Call { name: name.into(), action, input })
    };
    let result = |status, words: &str| (Role::User, crate::tool::testing::result(status, words));
    let picture = || crate::object::message::Part::Image("image/png".into(), text("aWNvbg=="));
    assert_eq!(
        kinds,
        [
            (Role::User, Block::Text(text("do  it"))),
            (Role::User, Block::Image("image/png".into(), text("aWNvbg=="))),
            (Role::System, Block::Notice(text("a reminder"))),
            (Role::Assistant, Block::Thinking { text: text("hm"), signature: Some(text("c2ln")) }),
            (Role::Assistant, Block::Text(text("both at once"))),
            call("read", Action::Read, r#"{"filePath":"/w/a"}"#),
            call("bash", Action::Shell, r#"{"command":"ls"}"#),
            result(Status::Ok, "fn"),
            result(Status::Error, "no"),
            call("webfetch", Action::Fetch, "{}"),
            (Role::User, Block::Result { call: None, status: Status::Ok, parts: vec![picture()] }),
            (Role::Assistant, Block::Text(text("done"))),
        ]
    );
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["do it"], "the next one is held back until it is answered");
    let each: Vec<_> = steps.iter().flat_map(|step| std::iter::once(step).chain(&step.then)).collect();
    let said: Vec<_> = each.iter().filter(|step| step.message.is_some()).collect();
    let times: Vec<_> = said.iter().map(|step| step.time.unwrap()).collect();
    assert_eq!(times, [1000, 1000, 1000, 2100, 2200, 1, 1, 2, 2, 1, 2, 4000]);
    assert!(said.iter().all(|step| step.key.is_some() && step.link == Link::Tip));
    assert!(said[3..7].iter().all(|step| step.model.as_deref() == Some("model-x")));
    let usages: Vec<_> = each.iter().filter_map(|step| step.usage).collect();
    let cost = Usage { input: 10, cache_write: 2, cache_read: 4, output: 5 };
    assert_eq!(usages.iter().map(|counted| counted.usage).collect::<Vec<_>>(), [cost; 3], "once a message");
    assert_eq!(each.iter().flat_map(|step| &step.files).collect::<Vec<_>>(), ["r/w/a"]);
    assert_eq!(each.iter().filter(|step| step.unknown).count(), 1);
    // Calls find their results though these come later.
    let keys = |f: fn(&Step) -> Option<u64>| said.iter().filter_map(|step| f(step)).collect::<Vec<_>>();
    let calls = keys(|step| step.message.as_ref()?.calls.first().map(|key| key.0));
    assert_eq!(calls, keys(|step| step.message.as_ref()?.results.first().map(|key| key.0)));
}

#[test]
fn files_say_the_same_as_rows() {
    let session = Session { messages: everything(), ..Session::default() };
    let (rows, files) = (World::new(), World::new());
    rows.database("opencode.db", &[("ses_1", &session)]);
    files.files("ses_1", &session);
    let ((rows, _, frame), (files, _, other)) = (rows.read(), files.read());
    assert_eq!(messages(&rows), messages(&files));
    assert_eq!(frame.facts.tool_title.as_deref(), Some("A title"));
    assert_eq!((frame.facts.cwd, frame.facts.tool_title), (other.facts.cwd, other.facts.tool_title));
    assert_eq!(other.facts.version.as_deref(), Some("1.1.65"));
}

#[test]
fn a_summary_replaces_what_came_before() {
    let mut summary = answer(2, true, vec![json!({"type": "text", "text": "so far"})]);
    summary.0["summary"] = json!(true);
    let mut failed = answer(3, true, vec![]);
    failed.0["error"] = json!({"name": "APIError", "data": {"message": "too long"}});
    let asks = (user(1, "").0, vec![json!({"type": "compaction", "auto": true})]);
    let said = said(&messages(&read(vec![asks, summary, failed])));
    assert_eq!(
        said,
        [(Role::System, Block::Summary(text("so far"))), (Role::System, Block::Notice(text("too long")))]
    );
}

/// The records of a session, and what its frame holds.
fn records(session: &Session) -> (Vec<Vec<u8>>, String) {
    let world = World::new();
    world.database("opencode.db", &[("ses_1", session)]);
    let (_, records, frame) = world.read();
    (records, String::from_utf8([frame.lead, frame.trail].concat()).unwrap())
}

#[test]
fn what_is_given_is_final() {
    let running = tool("bash", json!({}), json!({"status": "running"}));
    let ended = tool("bash", json!({}), json!({"status": "completed", "output": "x"}));
    let changed = |mut message: super::world::Message| {
        message.0["summary"] = json!({"diffs": [{"file": "f"}]});
        message
    };
    // As the tool writes them: the row of a prompt again and again, answers that grow.
    let states = [
        vec![user(1, "one")],
        vec![user(1, "one"), answer(2, false, vec![])],
        vec![user(1, "one"), answer(2, false, vec![running.clone(), running])],
        vec![user(1, "one"), answer(2, true, vec![ended.clone(), ended.clone()])],
        vec![user(1, "one"), answer(2, true, vec![ended.clone(), ended.clone()]), answer(3, false, vec![])],
        vec![
            changed(user(1, "one")),
            answer(2, true, vec![ended.clone(), ended.clone()]),
            answer(3, true, vec![]),
        ],
        // A prompt that is put in while the model speaks.
        vec![
            changed(user(1, "one")),
            answer(2, true, vec![ended.clone(), ended.clone()]),
            answer(3, true, vec![]),
            answer(4, false, vec![]),
            user(5, "two"),
        ],
        vec![
            changed(user(1, "one")),
            answer(2, true, vec![ended.clone(), ended.clone()]),
            answer(3, true, vec![]),
            answer(4, true, vec![]),
            user(5, "two"),
            answer(6, false, vec![]),
        ],
    ];
    let mut before = Vec::new();
    for (n, messages) in states.into_iter().enumerate() {
        let session = Session { messages, ..Session::default() };
        let (records, frame) = records(&session);
        assert!(records.starts_with(&before), "state {n}");
        // Every row is there once, in a record or in the frame.
        let rows = records.iter().filter(|record| !record.starts_with(EARLY));
        let all =
            rows.map(|row| String::from_utf8_lossy(row).into_owned()).collect::<Vec<_>>().join("\n") + &frame;
        for (m, (_, parts)) in session.messages.iter().enumerate() {
            assert_eq!(all.matches(&format!(r#"{{"id":"ses_1_msg_{m:02}","#)).count(), 1, "state {n}: {all}");
            for p in 0..parts.len() {
                assert_eq!(
                    all.matches(&format!(r#"{{"id":"ses_1_prt_{m:02}{p:02}","#)).count(),
                    1,
                    "state {n}: {all}"
                );
            }
        }
        before = records;
    }
    assert_eq!(before.len(), 1 + 1 + 1 + 2 + 2 + 1 + 1 + 1 + 2);
}

#[test]
fn no_secret_is_taken() {
    let (records, frame) = records(&Session { messages: everything(), ..Session::default() });
    let all = String::from_utf8(records.concat()).unwrap() + &frame;
    assert!(!all.contains("SECRET"));
    assert!(frame.contains("CREATE TABLE account") && frame.contains("something") && frame.contains("first"));
}

#[test]
fn turns_that_are_taken_back_leave_the_line() {
    let messages: Vec<_> = (0..8)
        .flat_map(|n| {
            let says = answer(2 * n + 1, true, vec![json!({"type": "text", "text": "a"})]);
            [user(2 * n, &format!("prompt {n}")), says]
        })
        .collect();
    let link = |revert: Value| {
        let world = World::new();
        let session = Session { messages: messages.clone(), revert: Some(revert), ..Session::default() };
        world.database("opencode.db", &[("ses_1", &session)]);
        let (steps, records, frame) = world.read();
        let trail = String::from_utf8(frame.trail).unwrap();
        assert_eq!(trail.matches(r#""table":"session""#).count(), 0, "its row is a record");
        assert!(records.last().unwrap().starts_with(br#"{"table":"session""#));
        steps.last().unwrap().link.clone()
    };
    assert_eq!(link(json!({"messageID": "ses_1_msg_12", "snapshot": "x"})), Link::TurnsBack(2));
    assert_eq!(link(json!({"messageID": "ses_1_msg_00"})), Link::TurnsBack(8));
    assert_eq!(link(json!({"messageID": "gone"})), Link::Tip);
    assert_eq!(link(json!({"messageID": "ses_1_msg_12", "partID": "p"})), Link::Tip);
}

fn record() -> impl Strategy<Value = String> {
    let word = prop_oneof![Just("a".to_owned()), Just("tool".to_owned()), "[a-z\\\\\"{}0-9 ]{0,6}"];
    let leaf = prop_oneof![
        word.prop_map(|word| json!(word)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        Just(json!(null)),
        Just(json!(true)),
    ];
    let keys = [
        "early",
        "message",
        "call",
        "table",
        "row",
        "file",
        "json",
        "data",
        "id",
        "message_id",
        "type",
        "state",
        "status",
        "input",
        "output",
        "attachments",
        "url",
        "time",
        "created",
        "start",
        "role",
        "revert",
        "messageID",
        "tokens",
        "cache",
        "tool",
    ];
    let value = leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((proptest::sample::select(keys.to_vec()), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    });
    let table = proptest::sample::select(vec!["message", "part", "session"]);
    let kind = proptest::sample::select(vec!["tool", "text", "reasoning", "file", "subtask", "step-finish"]);
    let role = proptest::sample::select(vec!["user", "assistant"]);
    (value, table, kind, role, any::<bool>()).prop_map(|(value, table, kind, role, plain)| {
        if plain {
            return value.to_string();
        }
        let data =
            json!({"type": kind, "role": role, "state": value, "text": value, "url": value, "tokens": value});
        json!({"table": table, "row": {"id": "a", "message_id": "a", "data": data, "revert": value}})
            .to_string()
    })
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(records in proptest::collection::vec(prop_oneof![record(), ".{0,40}"], 0..20)) {
        let (mut state, mut splitter) = (Vec::new(), Splitter::default());
        for record in &records {
            let piece = splitter.document(record.as_bytes());
            splitter.split(record.as_bytes(), piece, &[]);
            let mut reader = RowReader::new(&state);
            let step = reader.read(splitter.row(record.as_bytes(), piece));
            for step in std::iter::once(&step).chain(&step.then) {
                let drafts: Vec<&Message> = step.message.iter().map(|draft| &draft.message).collect();
                prop_assert!(drafts.iter().all(|message| !message.blocks.is_empty()));
            }
            state = reader.state();
            prop_assert!(state.len() < 1024);
        }
    }

    #[test]
    fn no_state_panics(state in proptest::collection::vec(any::<u8>(), 0..600)) {
        let reader = RowReader::new(&state);
        prop_assert!(reader.state().len() < 1024);
    }
}
