//! Lists of messages that are given anew, cut off or summed up.

use serde_json::{Value, json};

use super::{gemini, head, lines, made, user, with};
use crate::object::message::{Block, Role};
use crate::tool::gemini::Gemini;
use crate::tool::testing::{messages, steps};
use crate::tool::{Key, Link, Step};

/// The texts said, in order, and where they hang.
fn texts(steps: &[Step]) -> Vec<(String, Link)> {
    let each =
        super::flat(steps).into_iter().filter_map(|step| Some((step.message.as_ref()?, step.link.clone())));
    each.map(|(draft, link)| {
        let text = draft.message.blocks.iter().find_map(|block| match block {
            Block::Text(text) | Block::Summary(text) | Block::Notice(text) => Some(text),
            _ => None,
        });
        let Some(crate::object::message::Text::Inline(bytes)) = text else { return (String::new(), link) };
        (String::from_utf8(bytes.clone()).unwrap(), link)
    })
    .collect()
}

fn words(steps: &[Step]) -> Vec<String> {
    texts(steps).into_iter().map(|(text, _)| text).collect()
}

fn set(list: Vec<Value>) -> Value {
    json!({"$set": {"messages": list}})
}

fn context() -> Value {
    user("c", json!([{"text": "<session_context> today"}]))
}

/// The beginning of a session, and the same as the tool lists it at a resume.
fn begun() -> (Vec<Value>, Vec<Value>) {
    let answer = gemini("g1", json!("one"));
    let calls = json!([made("a", "glob", json!({}), Some("x"))]);
    let response = json!([{"functionResponse": {"id": "a", "name": "glob", "response": {"output": "x"}}}]);
    let records = vec![
        head(),
        user("u1", json!("first")),
        answer.clone(),
        with(answer, "toolCalls", calls),
        user("r1", response.clone()),
        gemini("g2", json!("two")),
    ];
    let listed = vec![
        context(),
        user("u1", json!([{"text": "first"}])),
        gemini("g1", json!([{"text": "one"}, {"functionCall": {"id": "a", "name": "glob", "args": {}}}])),
        user("g1_response", response.clone()),
        user("r1", response),
        gemini("g2", json!([{"text": "two"}])),
    ];
    (records, listed)
}

#[test]
fn a_list_given_anew_adds_only_what_is_new() {
    let (mut records, mut listed) = begun();
    let before = messages(&steps(&Gemini, &lines(&records))).len();
    // A resume: the head again, the context alone, then all of it.
    records.extend([
        head(),
        set(vec![context()]),
        json!({"$set": {"sessionId": "s-1"}}),
        set(listed.clone()),
    ]);
    listed.push(user("u2", json!([{"text": "more"}])));
    records.extend([set(listed), gemini("g3", json!("three"))]);
    let steps = steps(&Gemini, &lines(&records));
    let all = texts(&steps);
    let new: Vec<_> = all[before..].iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(new, ["<session_context> today", "more", "three"]);
    assert!(all.iter().all(|(_, link)| *link == Link::Tip), "{all:#?}");
}

#[test]
fn calls_and_results_that_only_a_list_holds_are_taken_from_it() {
    let (mut records, listed) = begun();
    records.truncate(3);
    records.push(set(listed));
    let steps = steps(&Gemini, &lines(&records));
    let blocks: Vec<_> = messages(&steps).into_iter().flat_map(|m| m.blocks).collect();
    assert_eq!(blocks.iter().filter(|b| matches!(b, Block::Call { .. })).count(), 1);
    assert_eq!(blocks.iter().filter(|b| matches!(b, Block::Result { .. })).count(), 1);
    assert_eq!(words(&steps).last().unwrap(), "two");
}

#[test]
fn after_a_rewind_the_conversation_goes_on_from_there() {
    let rewinds =
        [json!({"$rewindTo": "u2"}), set(vec![user("u1", json!("first")), gemini("g1", json!("one"))])];
    for rewind in rewinds {
        let records = [
            head(),
            user("u1", json!("first")),
            gemini("g1", json!("one")),
            user("u2", json!("wrong")),
            gemini("g2", json!("bad")),
            rewind,
            user("u3", json!("right")),
            gemini("g3", json!("good")),
        ];
        let steps = steps(&Gemini, &lines(&records));
        assert_eq!(words(&steps), ["first", "one", "wrong", "bad", "right", "good"]);
        let (_, link) = texts(&steps).remove(4);
        let Link::Key(key) = link else { panic!("{link:?}") };
        // The key names the place before the second prompt: after the first answer.
        let all = super::flat(&steps);
        let place = all.iter().rev().find(|step| step.key == Some(key)).unwrap();
        assert!(key == Key::of(b"g1") || place.link == Link::Key(Key::of(b"g1")), "{place:#?}");
    }
}

#[test]
fn a_rewind_to_the_first_prompt_begins_anew() {
    let records = [
        head(),
        user("u1", json!("first")),
        gemini("g1", json!("one")),
        set(vec![context()]),
        user("u2", json!("x")),
    ];
    let steps = steps(&Gemini, &lines(&records));
    assert_eq!(texts(&steps).last().unwrap(), &("x".to_owned(), Link::Root));
}

#[test]
fn a_summary_goes_on_from_what_it_sums_up() {
    let (mut records, _) = begun();
    let kept = vec![
        context(),
        user("n1", json!([{"text": "<state_snapshot>so far</state_snapshot>"}])),
        gemini("n2", json!([{"text": "Got it."}])),
        user("n3", json!([{"text": "first"}])),
        gemini("n4", json!([{"text": "two"}])),
    ];
    records.push(set(kept.clone()));
    records.extend([
        user("u2", json!("next")),
        gemini("g3", json!("three")),
        set([kept, vec![user("u2", json!("next")), gemini("g3", json!("three"))]].concat()),
    ]);
    let steps = steps(&Gemini, &lines(&records));
    let all = texts(&steps);
    let last: Vec<_> = all.iter().rev().take(3).map(|(text, _)| text.as_str()).collect();
    assert_eq!(last, ["three", "next", "<state_snapshot>so far</state_snapshot>"]);
    assert!(all.iter().all(|(_, link)| *link == Link::Tip), "{all:#?}");
    let summaries =
        messages(&steps).into_iter().filter(|m| matches!(m.blocks.as_slice(), [Block::Summary(_)]));
    assert!(summaries.map(|m| m.role).eq([Role::System]));
}

#[test]
fn a_message_that_says_something_else_takes_the_place_of_the_first() {
    let records = [
        head(),
        user("u1", json!("first")),
        user("u1", json!("first, but better")),
        gemini("g1", json!("")),
        gemini("g1", json!("one")),
        gemini("g1", json!("another")),
    ];
    let steps = steps(&Gemini, &lines(&records));
    let all = texts(&steps);
    let words: Vec<_> = all.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(words, ["first", "first, but better", "one", "another"]);
    assert_eq!(all[1].1, Link::Key(Key::of(b"before:u1")));
    assert_eq!(all[3].1, Link::Key(Key::of(b"before:g1")));
}

#[test]
fn long_sessions_are_known_by_their_sum() {
    let message = |n: usize| match n % 2 {
        0 => user(&format!("u{n}"), json!(format!("prompt {n}"))),
        _ => gemini(&format!("g{n}"), json!(format!("answer {n}"))),
    };
    let all: Vec<Value> = (0..300).map(message).collect();
    let mut records = vec![head()];
    records.extend(all.clone());
    records.push(set([vec![context()], all.clone()].concat()));
    records.push(message(300));
    // Back to a place that is remembered, and to one that is not.
    for back in [290, 20] {
        records.push(set(all[..back].to_vec()));
        records.push(message(1000 + back));
    }
    let steps = steps(&Gemini, &lines(&records));
    let all = texts(&steps);
    assert_eq!(all.len(), 300 + 1 + 1 + 2, "{:#?}", &all[300..]);
    let links: Vec<_> = all[302..].iter().map(|(_, link)| link.clone()).collect();
    assert_eq!(links, [Link::Key(Key::of(b"g289")), Link::Key(Key::of(b"g19"))]);
}
