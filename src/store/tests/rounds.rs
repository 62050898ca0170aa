//! What goes in comes out, through the journal, packs, folds and merges.

use super::*;
use crate::object::id::Prefix;
use crate::store::refs::{About, Mark};

#[test]
fn a_session_comes_back_from_journal_and_packs() {
    let mut world = World::new(1);
    world.grow("head/s/main", 5);
    world.is_whole();
    world.fold();
    world.is_whole();
    world.grow("head/s/main", 5);
    world.fold();
    world.grow("head/s/other", 5);
    world.is_whole();
    assert_eq!(world.store.last_op(), 3);
    assert_eq!(world.reopen().refs(), world.store.refs());
    assert_eq!(world.store.writer(), writer());
}

#[test]
fn every_kind_of_object_comes_back() {
    let mut world = World::new(2);
    let mut batch = Batch::default();
    let commit = world.commit(&mut batch, None);
    let mut rng = Rng::new(3);
    let blobs: Vec<Id> =
        world.contents.iter().filter(|(_, c)| c.0 == Kind::Blob).map(|(id, _)| *id).collect();
    let tree = sample::tree(&mut rng, &mut |rng| *rng.pick(&blobs));
    let tree_id = batch.put_value(&world.store, Kind::Tree, &tree).unwrap();
    let config = sample::config(&mut rng);
    let config_id = batch.put_value(&world.store, Kind::Config, &config).unwrap();
    let tag = sample::tag(&mut rng, &mut |_| commit);
    let tag_id = batch.put_value(&world.store, Kind::Tag, &tag).unwrap();
    let source = Source {
        file: Some(commit),
        head: Some(commit),
        tail: Some(blobs[0]),
        side: Some(tree_id),
        about: About { user_title: Some("title".into()), ..About::default() },
        ..Source::default()
    };
    let edits = vec![
        set("tag/t", None, Some(RefValue::Tag(tag_id))),
        set("source/x", None, Some(RefValue::from(source))),
        set("name/n", None, Some(RefValue::Session(any()))),
    ];
    world.store.apply(batch, edits, &actor()).unwrap();
    for round in 0..3 {
        let store = world.reopen();
        assert_eq!(store.tree(&tree_id).unwrap(), tree);
        assert_eq!(store.tag(&tag_id).unwrap(), tag);
        // No commit names it.
        assert_eq!(store.content(&config_id).is_ok_and(|found| found.0 == Kind::Config), round < 2);
        assert!(store.blob(&tree_id).is_err() && store.tree(&blobs[0]).is_err());
        assert!(store.has_content(&tree_id).unwrap() && !store.has_commit(&tree_id).unwrap());
        assert!(store.has_commit(&commit).unwrap() && !store.has_content(&commit).unwrap());
        assert!(matches!(store.commit(&any()), Err(StoreError::Missing { .. })));
        world.is_whole();
        match round {
            0 => world.fold(),
            _ => {
                let options = GcOptions { dry_run: false, grace: Default::default(), level: 3 };
                world.store.gc(&options).unwrap();
                world.forget_unnamed();
            }
        }
    }
}

/// What is needed to go on with a source stands in the log when it changes only.
#[test]
fn a_mark_that_stays_is_written_once() {
    let mut world = World::new(8);
    let source = |n: u64, reader: u8, graph: u8| {
        let mark = Mark { offset: n, reader: vec![reader; 500], graph: vec![graph; 500], ..Mark::default() };
        Some(RefValue::from(Source { mark, ..Source::default() }))
    };
    let (mut known, mut lens) = (None, Vec::new());
    for (n, marks) in [(1, 1), (1, 1), (1, 2), (2, 2), (2, 2)].into_iter().enumerate() {
        let next = source(n as u64, marks.0, marks.1);
        let before = world.store.journal.len();
        world.store.apply(Batch::default(), vec![set("source/x", known, next.clone())], &actor()).unwrap();
        lens.push(world.store.journal.len() - before);
        assert_eq!(world.store.refs().get("source/x"), next.as_ref());
        assert_eq!(world.reopen().refs().get("source/x"), next.as_ref());
        assert_eq!(world.store.refs_after(n as u64 + 1).unwrap().get("source/x"), next.as_ref());
        known = next;
    }
    assert_eq!(lens.iter().map(|len| *len > 1000).collect::<Vec<_>>(), [true, false, true, true, false]);
    world.fold();
    assert_eq!(world.reopen().refs().get("source/x"), known.as_ref());
    assert!(world.store.fsck(&mut |_| ()).unwrap().faults.is_empty());
}

fn any() -> Id {
    sample::any_id(&mut Rng::new(99))
}

#[test]
fn a_large_batch_goes_to_a_pack_at_once() {
    let mut world = World::new(4);
    let mut batch = Batch::default();
    let big = Rng::new(5).bytes(9 << 20);
    let blob = world.blob(&mut batch, big);
    assert!(batch.is_spilled());
    assert_eq!(batch.put_blob(&world.store, world.contents[&blob].1.clone()).unwrap(), blob);
    let tip = world.commit(&mut batch, None);
    world.store.apply(batch, vec![set("head/s/main", None, Some(RefValue::Commit(tip)))], &actor()).unwrap();
    assert!(world.store.journal.len() < 1000);
    world.is_whole();
    // It is known from now on, whole and by its chunks.
    let mut batch = Batch::default();
    assert_eq!(batch.put_blob(&world.store, world.contents[&blob].1.clone()).unwrap(), blob);
    assert!(batch.is_empty());
    // A gc keeps what a ref's objects name and no more: the blob goes.
    let report = world.store.gc(&GcOptions { dry_run: false, grace: Default::default(), level: 3 }).unwrap();
    assert!(report.after < report.before / 10, "{report:?}");
    world.forget_unnamed();
    assert!(!world.contents.contains_key(&blob));
    world.is_whole();
}

#[test]
fn a_batch_that_is_dropped_leaves_nothing() {
    let mut world = World::new(6);
    let before = snapshot(&world.path());
    let mut batch = Batch::default();
    let big = Rng::new(5).bytes(5 << 20);
    world.blob(&mut batch, big);
    drop(batch);
    assert!(snapshot(&world.path()) == before);
}

#[test]
fn prefixes_find_commits_wherever_they_are() {
    let mut world = World::new(7);
    world.grow("head/s/main", 20);
    world.fold();
    world.grow("head/s/main", 20);
    let store = world.reopen();
    for digits in 1..4 {
        for id in world.commits.keys() {
            let prefix = Prefix::parse(&id.to_string()[..digits]).unwrap();
            let wanted: Vec<Id> = world.commits.keys().filter(|id| prefix.matches(id)).copied().collect();
            assert_eq!(store.commits_with(&prefix).unwrap(), wanted);
        }
    }
}

#[test]
fn refs_are_known_as_they_were_after_each_operation() {
    let mut world = World::new(8);
    let mut history = vec![Refs::new()];
    for n in 0..12 {
        match n % 4 {
            3 => {
                let name = format!("head/s/{}", n % 3);
                let expect = world.store.refs().get(&name).cloned();
                world.store.apply(Batch::default(), vec![set(&name, expect, None)], &actor()).unwrap();
            }
            _ => drop(world.grow(&format!("head/s/{}", n % 3), 1)),
        }
        history.push(world.store.refs().clone());
        if n % 5 == 0 {
            world.fold();
        }
    }
    let store = world.reopen();
    for (n, refs) in history.iter().enumerate() {
        assert_eq!(store.refs_after(n as u64).unwrap(), *refs);
    }
    let numbers: Vec<u64> = store.ops().unwrap().iter().map(|op| op.number).collect();
    assert_eq!(numbers, (1..=store.last_op()).collect::<Vec<_>>());
    let below: Vec<&str> = store.refs_below("head/s/").map(|(name, _)| name).collect();
    assert_eq!(below, store.refs().keys().map(String::as_str).collect::<Vec<_>>());
    world.is_whole();
}

#[test]
fn small_packs_become_one() {
    let mut world = World::new(9);
    for n in 0..30 {
        world.grow("head/s/main", 1);
        // Told apart from a merged one by a commit that is in two packs.
        if n == 3 {
            let mut batch = Batch::default();
            let twice = world.rng.words(900).into_bytes();
            world.blob(&mut batch, twice);
            world.store.apply(batch, Vec::new(), &actor()).unwrap();
        }
        world.fold();
    }
    assert!(world.store.packs.len() <= 13, "{}", world.store.packs.len());
    world.is_whole();
}

#[test]
fn an_empty_batch_writes_nothing() {
    let mut world = World::new(10);
    let tip = world.grow("head/s/main", 1);
    let before = snapshot(&world.path());
    let same = Some(RefValue::Commit(tip));
    world.store.apply(Batch::default(), vec![set("head/s/main", same.clone(), same)], &actor()).unwrap();
    assert!(snapshot(&world.path()) == before);
}

#[test]
fn a_batch_takes_no_commits_as_contents() {
    let world = World::new(11);
    let mut batch = Batch::default();
    for kind in [Kind::Commit, Kind::Body, Kind::Message, Kind::Session, Kind::Pack] {
        assert!(batch.put(&world.store, kind, any(), Vec::new()).is_err());
    }
}

#[test]
fn a_long_journal_is_folded() {
    let mut world = World::new(12);
    for _ in 0..5 {
        let mut batch = Batch::default();
        let noise = world.rng.bytes(1 << 20);
        world.blob(&mut batch, noise);
        let tip = world.commit(&mut batch, None);
        let name = format!("head/{tip}");
        world.store.apply(batch, vec![set(&name, None, Some(RefValue::Commit(tip)))], &actor()).unwrap();
    }
    assert_eq!(world.store.packs.len(), 1);
    assert!(world.store.journal.len() < 3 << 20);
    assert_eq!(world.store.ops().unwrap().len(), 5);
    world.is_whole();
}

#[test]
fn bodies_hold_their_message() {
    let mut world = World::new(13);
    let mut batch = Batch::default();
    let message = crate::object::Message {
        role: crate::object::Role::User,
        blocks: vec![crate::object::Block::Text(inline("hello"))],
    };
    let body = Body { records: Vec::new(), message: Some(message) };
    let (id, stored) = batch.put_commit(&world.store, Commit::default(), body.clone()).unwrap();
    assert_eq!(stored, Stored::New);
    let (again, stored) = batch.put_commit(&world.store, Commit::default(), body.clone()).unwrap();
    assert_eq!((again, stored), (id, Stored::Known));
    world.store.apply(batch, vec![set("head/s/m", None, Some(RefValue::Commit(id)))], &actor()).unwrap();
    let commit = world.store.commit(&id).unwrap();
    assert_eq!(world.store.body(&id, &commit).unwrap(), body);
}
