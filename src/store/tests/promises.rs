//! Commits that are here without their bodies.

use std::time::Duration;

use super::*;
use crate::object::id::IdSet;
use crate::store::exchange::Want;
use crate::store::intake::Intake;

/// A store whose commits of `world` are promised, and a ref to the last.
fn promised(world: &World, tip: Id) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_or_create(&dir.path().join("store"), writer()).unwrap();
    let mut intake = laid(world, &store, |_| ());
    assert!(intake.follow(&store, tip).unwrap().is_empty());
    assert_eq!(intake.len(), world.commits.len());
    let mut batch = Batch::default();
    store.promise(&intake, &IdSet::default(), &mut batch).unwrap();
    store.apply(batch, vec![set("head/s/main", None, Some(RefValue::Commit(tip)))], &actor()).unwrap();
    (dir, store)
}

/// A block of a pack: the pack's name, where the block begins, its bytes.
type Piece = (Id, u64, Vec<u8>);

/// Packs that are known, with nothing of them here, and what a shallow fetch
/// would get of them.
fn offered(world: &World, store: &Store) -> (Intake, Vec<Piece>) {
    let (mut intake, mut pieces) = (Intake::new(store).unwrap(), Vec::new());
    for name in world.store.packs() {
        let path = world.path().join(format!("packs/{name}.pack"));
        let (pack, index) =
            (std::fs::read(&path).unwrap(), std::fs::read(path.with_extension("idx")).unwrap());
        intake.add(name, &index, pack.len() as u64).unwrap();
        for range in intake.lacking_rows(&name) {
            let (from, to) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
            pieces.push((name, range.start, pack[from..to].to_vec()));
        }
    }
    assert!(!pieces.is_empty());
    (intake, pieces)
}

fn laid(world: &World, store: &Store, change: impl FnOnce(&mut Vec<Piece>)) -> Intake {
    let (mut intake, mut pieces) = offered(world, store);
    change(&mut pieces);
    pieces.iter().for_each(|(name, at, bytes)| intake.lay(name, *at, bytes).unwrap());
    intake
}

fn folded(seed: u64, commits: usize) -> (World, Id) {
    let mut world = World::new(seed);
    let tip = world.grow("head/s/main", commits);
    world.fold();
    (world, tip)
}

#[test]
fn a_promise_is_neither_here_nor_missing() {
    let (world, tip) = folded(11, 20);
    let (dir, store) = promised(&world, tip);
    for (id, (commit, _)) in &world.commits {
        assert_eq!(*store.commit(id).unwrap(), *commit);
        assert!(!store.has_commit(id).unwrap() && store.knows(Want::Commit(*id)).unwrap());
        let refused = store.body(id, commit);
        assert!(matches!(refused, Err(StoreError::Promised { id: of }) if of == *id), "{refused:?}");
    }
    assert_eq!(store.promised_commits().unwrap(), 20);
    is_clean(&store);
    assert_eq!(store.fsck(&mut |_| ()).unwrap().promised, 20);
    // A text that only a promised body names is as unknown as any other.
    let text = world.contents.keys().next().unwrap();
    assert!(matches!(store.content(text), Err(StoreError::Missing { .. })));
    // Another process sees the same.
    let other = Store::open(&dir.path().join("store")).unwrap();
    assert!(other.is_promised(Want::Commit(tip)).unwrap());
}

#[test]
fn what_is_captured_is_whole_whatever_was_promised() {
    let (world, tip) = folded(12, 8);
    let (_dir, mut store) = promised(&world, tip);
    let mut batch = Batch::default();
    for (kind, bytes) in world.contents.values() {
        let _ = batch.put(&store, *kind, Id::of(*kind, bytes), bytes.clone()).unwrap();
    }
    for (commit, body) in world.commits.values() {
        let (_, stored) = batch.put_commit(&store, commit.clone(), body.clone()).unwrap();
        assert_eq!(stored, Stored::New);
    }
    store.apply(batch, Vec::new(), &actor()).unwrap();
    assert_eq!(store.promised_commits().unwrap(), 0);
    store.gc(&GcOptions { dry_run: false, grace: Duration::ZERO, level: 1 }).unwrap();
    assert!(!store.has_promises());
    let (commit, body) = &world.commits[&tip];
    assert_eq!(store.body(&tip, commit).unwrap(), *body);
    is_clean(&store);
}

#[test]
fn gc_keeps_what_refs_reach_and_forgets_the_rest() {
    let (world, tip) = folded(13, 10);
    let (_dir, mut store) = promised(&world, tip);
    let (more, other) = folded(14, 5);
    // What a fetch that was cut short left: no ref leads to it.
    let mut intake = laid(&more, &store, |_| ());
    assert!(intake.follow(&store, other).unwrap().is_empty());
    let mut batch = Batch::default();
    store.promise(&intake, &IdSet::default(), &mut batch).unwrap();
    let options = GcOptions { dry_run: false, grace: Duration::ZERO, level: 1 };
    // While it runs it stays.
    store.gc(&options).unwrap();
    assert!(store.knows(Want::Commit(other)).unwrap() && store.knows(Want::Commit(tip)).unwrap());
    drop(batch);
    store.gc(&options).unwrap();
    assert!(!store.knows(Want::Commit(other)).unwrap() && store.knows(Want::Commit(tip)).unwrap());
    assert_eq!(store.promised_commits().unwrap(), 10);
    is_clean(&store);
}

#[test]
fn of_what_came_only_commits_with_their_names_are_believed() {
    let (world, tip) = folded(15, 6);
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(&dir.path().join("store"), writer()).unwrap();
    let sizes: Vec<usize> = offered(&world, &store).1.iter().map(|(_, _, bytes)| bytes.len()).collect();
    for (piece, size) in sizes.into_iter().enumerate() {
        for at in 0..size {
            let mut intake = laid(&world, &store, |pieces| pieces[piece].2[at] ^= 0x10);
            assert!(intake.follow(&store, tip).is_err(), "{at}");
        }
    }
    // Without the blocks there is nothing to follow.
    let (mut intake, _) = offered(&world, &store);
    assert_eq!(intake.follow(&store, tip).unwrap(), [tip]);
}
