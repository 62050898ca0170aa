//! Conversations as tools record them, brought into order.

use super::*;
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status, Text};
use crate::tool::{Conversation, Losses, Said};

/// A conversation in memory; its texts are all inline.
pub(in crate::tool) struct Memory(pub(in crate::tool) std::vec::IntoIter<Said>);

impl Conversation for Memory {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        Ok(self.0.next())
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        match text {
            Text::Inline(bytes) => Ok(bytes.clone()),
            _ => Err(ToolError::Empty),
        }
    }
}

pub(in crate::tool) fn inline(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}

pub(in crate::tool) fn text(words: &str) -> Block {
    Block::Text(inline(words))
}

pub(in crate::tool) fn call(name: &str, input: &str) -> Block {
    let json = Json { literal: input.as_bytes().to_vec(), holes: Vec::new() };
    Block::Call { name: name.into(), action: Action::Other, input: Input::Json(json) }
}

pub(in crate::tool) fn result(back: Option<u32>, status: Status, words: &str) -> Block {
    Block::Result { call: back, status, parts: vec![Part::Text(inline(words))] }
}

pub(in crate::tool) fn said(role: Role, blocks: Vec<Block>) -> Said {
    Said {
        message: Message { role, blocks },
        time: Some(1_795_331_106_945),
        model: None,
        tool: "another".into(),
        usage: Usage::default(),
        begins_turn: false,
    }
}

/// What was handed over, in short.
#[derive(Default)]
struct Log(Vec<String>);

impl Log {
    fn content(content: &[Content]) -> String {
        let each = content.iter().map(|c| match c {
            Content::Text(text) => text.clone(),
            Content::Image(media, data) => format!("<{media} {data}>"),
        });
        each.collect::<Vec<_>>().join("|")
    }
}

impl Out for Log {
    fn user(&mut self, spoken: Spoken) -> Result<(), ToolError> {
        self.0.push(format!("user {}", Log::content(&spoken.content)));
        Ok(())
    }

    fn answer(&mut self, answer: Answer) -> Result<(), ToolError> {
        let said = answer.said.iter().map(|piece| match piece {
            Piece::Thought(text) => format!("({text})"),
            Piece::Text(text) => text.clone(),
        });
        let calls = answer.calls.iter().map(|call| format!("{}#{}{}", call.name, call.number, call.input));
        self.0.push(format!("model {}", said.chain(calls).collect::<Vec<_>>().join("|")));
        Ok(())
    }

    fn outcome(&mut self, outcome: Outcome) -> Result<(), ToolError> {
        let failed = if outcome.failed { " failed" } else { "" };
        self.0.push(format!(
            "result {}#{}{failed} {}",
            outcome.name,
            outcome.call,
            Log::content(&outcome.content)
        ));
        Ok(())
    }
}

/// What is handed over, how many losses of a kind there are, and how many messages.
fn order(conversation: Vec<Said>) -> (Vec<String>, usize, u64) {
    let (mut log, mut losses) = (Log::default(), Losses::default());
    let messages = run(&mut Memory(conversation.into_iter()), &mut losses, &mut log).unwrap();
    (log.0, losses.list().len(), messages)
}

fn user(blocks: Vec<Block>) -> Said {
    said(Role::User, blocks)
}

fn model(blocks: Vec<Block>) -> Said {
    said(Role::Assistant, blocks)
}

#[test]
fn calls_made_at_once_stay_together_and_results_follow() {
    let thought = Block::Thinking { text: inline("hm"), signature: Some(inline("sig")) };
    let (log, losses, messages) = order(vec![
        user(vec![text("go")]),
        model(vec![thought]),
        model(vec![text("Two.")]),
        model(vec![call("Read", r#"{"path":"a","n":1.0}"#)]),
        model(vec![call("Read", r#"{"path":"b"}"#)]),
        user(vec![result(Some(0), Status::Error, "no b")]),
        user(vec![result(Some(1), Status::Ok, "a")]),
        model(vec![text("Done.")]),
    ]);
    assert_eq!(
        log,
        [
            "user go",
            r#"model (hm)|Two.|Read#0{"path":"a","n":1.0}|Read#1{"path":"b"}"#,
            "result Read#1 failed no b",
            "result Read#0 a",
            "model Done.",
        ]
    );
    assert_eq!((losses, messages), (0, 7));
}

#[test]
fn a_call_made_while_others_wait_joins_them() {
    let (log, _, _) = order(vec![
        user(vec![text("go")]),
        model(vec![call("a", "{}"), call("b", "{}")]),
        user(vec![result(Some(1), Status::Ok, "A")]),
        model(vec![call("c", "{}")]),
        user(vec![result(Some(1), Status::Ok, "B"), result(Some(0), Status::Ok, "C")]),
    ]);
    assert_eq!(log, ["user go", "model a#0{}|b#1{}|c#2{}", "result a#0 A", "result b#1 B", "result c#2 C"]);
}

#[test]
fn what_is_said_before_the_results_waits_for_them() {
    let (log, losses, _) = order(vec![
        user(vec![text("go")]),
        model(vec![call("a", "{}")]),
        user(vec![text("hurry")]),
        user(vec![result(Some(0), Status::Ok, "A"), text("please")]),
    ]);
    assert_eq!(log, ["user go", "model a#0{}", "result a#0 A", "user hurry", "user please"]);
    assert_eq!(losses, 0);
}

#[test]
fn every_call_gets_one_result_and_every_result_stays() {
    let (log, losses, _) = order(vec![
        model(vec![text("I begin."), call("a b", "[1]")]),
        user(vec![text("no")]),
        model(vec![text("Fine.")]),
        user(vec![result(Some(0), Status::Ok, "late"), result(None, Status::Ok, "whose?")]),
        user(vec![Block::Notice(inline("reminder")), text(" \n")]),
        model(vec![Block::Thinking { text: inline("…"), signature: None }]),
    ]);
    assert_eq!(
        log,
        [
            format!("user {NO_BEGINNING}").as_str(),
            r#"model I begin.|a_b#0{"input":[1]}"#,
            // Nothing but the next answer says that no result will come.
            "result a_b#0 failed [interrupted]",
            "user no",
            "model Fine.",
            "user [result of an earlier call]\nlate|[result of an earlier call]\nwhose?",
        ]
    );
    assert_eq!(losses, 7);
}

#[test]
fn pictures_that_models_see_stay() {
    let (log, losses, _) = order(vec![user(vec![
        Block::Image("image/jpg".into(), inline("AAAA")),
        Block::Image("image/tiff".into(), inline("AAAA")),
        Block::Image(String::new(), inline("https://x/y.png")),
        Block::Summary(inline("it was long")),
    ])]);
    let picture = "<image/jpeg AAAA>|[picture of type image/tiff]|[picture at https://x/y.png]";
    assert_eq!(log, [format!("user {picture}|{SUMMARY_MARK}it was long")]);
    assert_eq!(losses, 3);
}
