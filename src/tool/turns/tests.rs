//! Tests of the order of turns.

use super::*;
use crate::object::message::Message;
use crate::tool::testing::{Talk, call, says, talk, text};

fn turns(messages: Vec<Message>) -> (Vec<Turn>, Vec<String>) {
    let mut talk = Talk::of(messages);
    let (mut turns, mut all) = (Turns::new(&mut talk), Vec::new());
    while let Some(turn) = turns.next().unwrap() {
        all.push(turn);
    }
    (all, turns.losses.list().into_iter().map(|loss| loss.what).collect())
}

fn kinds(turns: &[Turn]) -> String {
    let kind = |turn: &Turn| match turn {
        Turn::User { pieces, .. } => format!("u{}", pieces.len()),
        Turn::Model { said, calls, .. } => format!("m{}+{}", said.len(), calls.len()),
        Turn::Results { results, .. } => format!("r{}", results.len()),
    };
    turns.iter().map(kind).collect::<Vec<_>>().join(" ")
}

fn answers(call: u32, words: &str) -> Message {
    let parts = vec![Part::Text(text(words))];
    Message { role: Role::User, blocks: vec![Block::Result { call: Some(call), status: Status::Ok, parts }] }
}

fn asks(name: &str) -> Message {
    Message { role: Role::Assistant, blocks: vec![call(name, "{}")] }
}

#[test]
fn results_stand_together_after_their_calls() {
    let (turns, losses) = turns(talk());
    assert_eq!(kinds(&turns), "u1 m1+2 r2 m1+0 u2 m1+0");
    let Turn::Results { results, .. } = &turns[2] else { panic!() };
    let told: Vec<_> = results.iter().map(|r| (r.number, r.name.as_str(), r.failed)).collect();
    assert_eq!(told, [(0, "Read", false), (1, "Bash", true)]);
    assert!(losses.is_empty());
}

#[test]
fn what_comes_between_calls_and_results_waits() {
    let talk = vec![says(Role::User, "a"), asks("x"), says(Role::User, "wait"), answers(0, "done")];
    assert_eq!(kinds(&turns(talk).0), "u1 m0+1 r1 u1");
}

#[test]
fn calls_in_messages_of_their_own_were_made_at_once() {
    let talk = vec![asks("x"), asks("y"), answers(1, "of x"), answers(0, "of y"), asks("z")];
    let (turns, losses) = turns(talk);
    assert_eq!(kinds(&turns), "m0+2 r2 m0+1 r1");
    assert!(losses.iter().any(|loss| loss.contains("[interrupted]")), "{losses:?}");
}

#[test]
fn a_result_of_no_call_becomes_text() {
    let (turns, losses) = turns(vec![answers(3, "lost"), says(Role::Assistant, "ok")]);
    assert_eq!(kinds(&turns), "u1 m1+0");
    assert_eq!(losses.len(), 1);
}
