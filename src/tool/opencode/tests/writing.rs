//! What is written, and that it is read as what was to be written.

use serde_json::{Value, json};

use super::super::*;
use super::world::{ID, Session, World};
use crate::object::message::{Block, Input, Message, Part, Role, Status};
use crate::tool::testing::{Memory, Talk, call, messages, result, said, says, talk, target, text, written};
use crate::tool::{Loss, Losses, Planned};

fn file(memory: &Memory) -> Value {
    let [bytes] = memory.0.values().collect::<Vec<_>>()[..] else { panic!("one file") };
    serde_json::from_slice(bytes).unwrap()
}

/// What is written, as it is read when the tool has taken it in.
fn there_and_back(file: &Value) -> Vec<(Role, Block)> {
    let without = |value: &Value| {
        let mut members = value.as_object().unwrap().clone();
        members.retain(|key, _| !["id", "sessionID", "messageID"].contains(&key.as_str()));
        Value::Object(members)
    };
    let messages_of = |message: &Value| {
        let parts = message["parts"].as_array().unwrap().iter().map(without).collect();
        (without(&message["info"]), parts)
    };
    let session = Session {
        messages: file["messages"].as_array().unwrap().iter().map(messages_of).collect(),
        ..Session::default()
    };
    let world = World::new();
    world.database("opencode.db", &[(ID, &session)]);
    let (steps, ..) = world.read();
    assert!(steps.iter().all(|step| !step.unknown));
    said(&messages(&steps))
}

#[test]
fn what_is_written_is_read_the_same() {
    let (memory, plan) = written(&OpenCode, talk());
    assert_eq!((plan.losses.len(), plan.messages), (0, 7));
    let scratch = PathBuf::from("/scratch/session.json");
    assert_eq!(plan.files, [Planned::Create(scratch.clone())]);
    assert_eq!(plan.path, PathBuf::from("/h/.local/share/opencode/opencode.db"));
    let command = ["opencode", "import", "/scratch/session.json"].map(str::to_owned).to_vec();
    assert_eq!((plan.imports.len(), &plan.imports[0].command), (1, &command));
    assert_eq!(plan.imports[0].uploads_to, None);
    let file = file(&memory);
    assert_eq!(there_and_back(&file), said(&talk()));
    assert_eq!(file["info"]["id"], plan.native.as_str());
    assert_eq!(
        (&file["info"]["title"], &file["info"]["directory"]),
        (&json!("a \"title\" ✓"), &json!("/w/my proj"))
    );
    // The same target, the same bytes.
    let again = written(&OpenCode, talk());
    assert_eq!((again.0.0, again.1.native), (memory.0, plan.native));
}

#[test]
fn ids_and_times_ascend_and_messages_hang_together() {
    let file = file(&written(&OpenCode, talk()).0);
    let messages = file["messages"].as_array().unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message["info"]["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "assistant", "user", "assistant"]);
    let mut last = (0, String::new());
    let mut prompt = &Value::Null;
    for message in messages {
        let info = &message["info"];
        let now = (info["time"]["created"].as_i64().unwrap(), info["id"].as_str().unwrap().to_owned());
        assert!(now.0 > last.0 && now.1 > last.1, "{now:?} {last:?}");
        last = now;
        if info["role"] == "user" {
            prompt = &info["id"];
        } else {
            assert_eq!(&info["parentID"], prompt);
            assert_eq!(info["modelID"], "model-x");
        }
        let parts = message["parts"].as_array().unwrap();
        let ids: Vec<_> = parts.iter().map(|part| part["id"].as_str().unwrap()).collect();
        assert!(ids.is_sorted() && !ids.is_empty());
        assert!(
            parts
                .iter()
                .all(|part| part["messageID"] == info["id"] && part["sessionID"] == file["info"]["id"])
        );
    }
}

fn losses(messages: Vec<Message>) -> (Vec<(Role, Block)>, Vec<String>) {
    let (memory, plan) = written(&OpenCode, messages);
    let losses = plan.losses.into_iter().map(|Loss { what, .. }| what).collect();
    (there_and_back(&file(&memory)), losses)
}

fn answers(blocks: Vec<Block>) -> Message {
    Message { role: Role::Assistant, blocks }
}

#[test]
fn what_does_not_fit_is_told() {
    let odd = Block::Call {
        name: "a b".into(),
        action: crate::object::message::Action::Other,
        input: Input::Text(text("free \"words\"")),
    };
    let (said, losses) = losses(vec![
        answers(vec![Block::Thinking { text: text("hm"), signature: Some(text("sig")) }, odd]),
        Message { role: Role::System, blocks: vec![Block::Notice(text("context"))] },
        Message {
            role: Role::User,
            blocks: vec![
                Block::File("text/plain".into(), "a.txt".into(), text("aGFsbG8=")),
                Block::File("application/zip".into(), "a.zip".into(), text("AAAA")),
            ],
        },
        says(Role::Assistant, "end"),
    ]);
    let texts: Vec<_> = said
        .iter()
        .map(|(_, block)| match block {
            Block::Text(words) => String::from_utf8(match words {
                crate::object::message::Text::Inline(bytes) => bytes.clone(),
                _ => panic!(),
            })
            .unwrap(),
            Block::Call { name, input: Input::Json(json), .. } => {
                format!("{name} {}", String::from_utf8_lossy(&json.literal))
            }
            Block::Result { status, parts, .. } => {
                format!("{status:?} {}", parts == &[Part::Text(text("[interrupted]"))])
            }
            Block::Thinking { signature, .. } => format!("{signature:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        texts,
        [
            crate::tool::fit::NO_BEGINNING,
            "None",
            "a_b {\"input\":\"free \\\"words\\\"\"}",
            "Error true",
            "[file: a.txt]\nhallo",
            "[file: a.zip]",
            "end",
        ]
    );
    assert_eq!(losses.len(), 7, "{losses:#?}");
}

#[test]
fn bad_input_does_not_spoil_the_file() {
    let calls = ["{\"a\":01}", "{\"a\":1.2.3}", &format!("{}1{}", "{\"a\":[".repeat(200), "]}".repeat(200))]
        .map(|input| call("bash", input))
        .to_vec();
    let (said, losses) = losses(vec![says(Role::User, "x"), answers(calls)]);
    assert_eq!(said.iter().filter(|(_, block)| matches!(block, Block::Call { .. })).count(), 3);
    assert!(losses.iter().any(|loss| loss.contains("no valid JSON")), "{losses:?}");
}

#[test]
fn a_result_that_failed_stays_failed() {
    let failed = |words| {
        let parts = vec![Part::Text(text(words)), Part::Image("image/png".into(), text("AAAA"))];
        Block::Result { call: Some(0), status: Status::Error, parts }
    };
    let conversation = vec![
        says(Role::User, "x"),
        answers(vec![call("bash", "{}")]),
        Message { role: Role::User, blocks: vec![failed("")] },
    ];
    let (said, losses) = losses(conversation);
    assert_eq!(said[2], (Role::User, result(Status::Error, "[error]")));
    assert_eq!(losses, ["pictures in the result of a call that failed are left out"]);
}

#[test]
fn nothing_is_no_session() {
    let (mut memory, mut none) = (Memory::default(), Talk::of(Vec::new()));
    assert!(matches!(OpenCode.write(&mut none, &target(), &mut memory), Err(ToolError::Empty)));
    assert!(memory.0.is_empty());
    assert!(Losses::default().list().is_empty());
}
