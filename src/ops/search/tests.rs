use super::*;
use crate::object::Status;
use crate::ops::Quiet;
use crate::ops::sample::{Sample, calls, gives, says};

fn find(sample: &Sample, query: &str) -> Vec<Hit> {
    let query = Query::parse(query, &|text| text.parse().ok()).unwrap();
    let options = SearchOptions { query, ..SearchOptions::default() };
    let found = search(&sample.env, &sample.store, &options, &Quiet).unwrap();
    found.collect::<Result<_, _>>().unwrap()
}

fn revisions(sample: &Sample, query: &str) -> Vec<String> {
    find(sample, query).into_iter().map(|hit| hit.revision).collect()
}

#[test]
fn hits_lead_to_their_messages() {
    let mut sample = Sample::new();
    let shared = sample.turns(None, &["the quick fox"]);
    let side = sample.turns(Some(shared), &["a lazy dog"]);
    let tip = sample.turns(Some(shared), &["over the fence"]);
    let first = sample.session("first", "/p/one".into(), tip);
    sample.head("first", "rewind-1", side);
    let other = sample.turns(None, &["unrelated"]);
    sample.session("second", "/p/two".into(), other);
    assert_eq!(revisions(&sample, "quick"), [format!("{first:.12}:1"), format!("{first:.12}:2")]);
    assert_eq!(revisions(&sample, "lazy role:user"), [format!("{first:.12}/rewind-1:3")]);
    for hit in find(&sample, "the*") {
        let found = crate::ops::revision::resolve(&sample.store, &sample.env, &hit.revision).unwrap();
        assert_eq!(found.commit, hit.commit);
    }
    assert!(find(&sample, "nothing").is_empty());
    assert_eq!(find(&sample, "project:two").len(), 2);
    assert_eq!(find(&sample, "answer session:first").len(), 3);
    assert_eq!(find(&sample, "answer session:nobody").len(), 0);
}

#[test]
fn filters_narrow() {
    let mut sample = Sample::new();
    let prompt = sample.commit(None, Some("go"), Some(says(Role::User, "please go")), &[]);
    let call = sample.commit(Some(prompt), None, Some(calls("cargo go")), &["r/src/deep/main.rs"]);
    let result = sample.commit(Some(call), None, Some(gives("cannot go", Status::Error)), &[]);
    let id = sample.session("first", "/p".into(), result);
    let numbers = |query: &str| {
        let mut found: Vec<u64> = find(&sample, query).into_iter().map(|hit| hit.n).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(numbers("go"), [1, 2, 3]);
    for (query, found) in [
        ("go kind:command", 2),
        ("go kind:error", 3),
        ("kind:error", 3),
        ("go role:assistant", 2),
        ("go model:MODEL", 2),
        ("go file:src/deep/main.rs", 2),
        ("file:eep/ma", 2),
        ("go before:2", 1),
        ("go after:3", 3),
        ("go -please -cargo", 3),
    ] {
        assert_eq!(numbers(query), [found], "{query}");
    }
    assert_eq!(numbers("go tool:TOO"), [1, 2, 3]);
    assert!(numbers("go tool:other").is_empty() && numbers("go file:other").is_empty());
    // A branch that nobody has any more is no place to be led to.
    sample
        .store
        .apply(
            crate::store::Batch::default(),
            vec![crate::store::Edit {
                name: format!("head/{id}/main"),
                expect: Some(crate::store::RefValue::Commit(result)),
                new: None,
            }],
            &crate::store::Actor::default(),
        )
        .unwrap();
    assert!(find(&sample, "go").is_empty());
}

#[test]
fn copies_are_told_once() {
    let mut sample = Sample::new();
    let one = sample.turns(None, &["same words"]);
    sample.session("first", "/p".into(), one);
    // The same again, at another time: another commit.
    let two = sample.turns(None, &["same words"]);
    sample.session("second", "/p".into(), two);
    let query = Query::parse("\"same words\"", &|_| None).unwrap();
    let count = |copies| {
        let options = SearchOptions { query: query.clone(), copies, order: Order::Oldest };
        search(&sample.env, &sample.store, &options, &Quiet).unwrap().count()
    };
    assert_eq!((count(false), count(true)), (2, 4));
}
