//! gc drops what nothing names, and nothing else.

use std::time::Duration;

use super::*;

fn now() -> GcOptions {
    GcOptions { dry_run: false, grace: Duration::ZERO, level: 3 }
}

/// Adds a commit that no ref names.
fn litter(world: &mut World) -> Id {
    let mut batch = Batch::default();
    let id = world.commit(&mut batch, None);
    world.store.apply(batch, Vec::new(), &actor()).unwrap();
    id
}

#[test]
fn what_nothing_names_goes_and_all_else_stays() {
    let mut world = World::new(1);
    world.grow("head/s/main", 4);
    world.fold();
    world.grow("head/s/main", 4);
    let named = (world.contents.clone(), world.commits.clone());
    let lost = litter(&mut world);
    world.fold();
    let report = world.store.gc(&now()).unwrap();
    assert_eq!((report.kept, report.dropped), (8, 1));
    assert!(report.after < report.before && report.removed > 0);
    assert!(!world.store.has_commit(&lost).unwrap());
    // Contexts and texts that a body does not name are garbage as well.
    (world.contents, world.commits) = named;
    world.forget_unnamed();
    world.is_whole();
    // Nothing is left to do, and no file that doesn't count.
    let again = world.store.gc(&now()).unwrap();
    assert_eq!((again.kept, again.dropped), (8, 0));
    let names: Vec<_> = files(&world.path());
    assert_eq!(names.iter().filter(|path| path.starts_with(world.path().join("packs"))).count(), 2);
    world.is_whole();
}

#[test]
fn what_an_operation_ever_named_stays() {
    let mut world = World::new(2);
    let first = world.grow("head/s/main", 3);
    let mut batch = Batch::default();
    let other = world.commit(&mut batch, None);
    let was = Some(RefValue::Commit(first));
    world.store.apply(batch, vec![set("head/s/main", was, Some(RefValue::Commit(other)))], &actor()).unwrap();
    let gone = set("head/s/main", Some(RefValue::Commit(other)), None);
    world.store.apply(Batch::default(), vec![gone], &actor()).unwrap();
    assert!(world.store.refs().is_empty());
    world.store.gc(&now()).unwrap();
    assert!(world.store.has_commit(&first).unwrap() && world.store.has_commit(&other).unwrap());
    assert_eq!(world.store.refs_after(1).unwrap().len(), 1);
    is_clean(&world.reopen());
}

/// A tree in `depth` trees, each with a file of its own.
fn nested(world: &mut World, batch: &mut Batch, depth: usize, seed: &str) -> Id {
    use crate::object::tree::FOLDER;
    use crate::object::{Entry, Tree};
    let mut tree = Tree::default();
    for n in 0..depth {
        let text = format!("{seed} {n}").into_bytes();
        let (len, blob) = (text.len() as u64, world.blob(batch, text));
        if n > 0 {
            let below = batch.put_value(&world.store, Kind::Tree, &tree).unwrap();
            world.contents.insert(below, (Kind::Tree, codec::encode(&tree).unwrap()));
            tree = Tree { entries: vec![Entry { path: "a".into(), mode: FOLDER, blob: below, len: 0 }] };
        }
        tree.entries.push(Entry { path: "f".into(), mode: 0o644, blob, len });
    }
    let root = batch.put_value(&world.store, Kind::Tree, &tree).unwrap();
    world.contents.insert(root, (Kind::Tree, codec::encode(&tree).unwrap()));
    root
}

/// Snapshots follow each other and folders lie in folders: all of them stay, are checked, and go
/// to other stores, however many they are.
#[test]
fn snapshots_and_their_trees_stay_and_travel() {
    use crate::object::Snapshot;
    let mut world = World::new(9);
    let mut batch = Batch::default();
    let deep = nested(&mut world, &mut batch, 3000, "deep");
    let mut last = None;
    for n in 0..3000 {
        let commit = if n % 1000 == 0 {
            world.commit(&mut batch, None)
        } else {
            *world.commits.keys().next().unwrap()
        };
        let tree = if n == 0 { deep } else { nested(&mut world, &mut batch, 1, &n.to_string()) };
        let snapshot = Snapshot { commit, before: last, tree, ..Snapshot::default() };
        let id = batch.put_value(&world.store, Kind::Snapshot, &snapshot).unwrap();
        world.contents.insert(id, (Kind::Snapshot, codec::encode(&snapshot).unwrap()));
        last = Some(id);
    }
    let named = vec![(format!("workspace/{}/w", writer()), RefValue::Snapshot(last.unwrap()))];
    world.store.apply(batch, vec![set(&named[0].0, None, Some(named[0].1.clone()))], &actor()).unwrap();
    let gone = litter(&mut world);
    world.commits.remove(&gone);
    let unnamed = world.commits.values().flat_map(|(_, body)| {
        let mut ids = Vec::new();
        body.clone().for_each_id(&mut |id| ids.push(*id));
        ids
    });
    let named_by_bodies: std::collections::BTreeSet<Id> = unnamed.collect();
    world.contents.retain(|id, (kind, bytes)| {
        // The texts that no body took are garbage.
        named_by_bodies.contains(id)
            || matches!(kind, Kind::Tree | Kind::Snapshot)
            || bytes.len() < 100 && *kind == Kind::Blob
    });
    world.is_whole();
    world.store.gc(&now()).unwrap();
    assert!(!world.store.has_commit(&gone).unwrap());
    world.is_whole();

    let other = World::new(10);
    let mut quarantine = quarantine::Quarantine::new(&other.store).unwrap();
    let sent = world.store.outgoing(&named, &|_| false, false, Some(quarantine.dir()), &mut Open).unwrap();
    let [name] = sent.packs.as_slice() else { panic!("{sent:?}") };
    let mut incoming = quarantine.incoming(*name).unwrap();
    incoming.append(&std::fs::read(quarantine.path(name)).unwrap()).unwrap();
    assert!(quarantine.check(&other.store, incoming, &mut |_| {}).unwrap().is_empty());
    let batch = quarantine.release(&other.store).unwrap();
    let mut store = other.reopen();
    store.apply(batch, vec![set(&named[0].0, None, Some(named[0].1.clone()))], &actor()).unwrap();
    assert_eq!(world.unreadable(&store), []);
    is_clean(&store);
    // What one side has is known with all that it leads to.
    let again =
        world.store.outgoing(&named, &|id| store.has_content(id).unwrap(), false, None, &mut Open).unwrap();
    assert_eq!((again.commits, again.contents), (0, 0));
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut world = World::new(3);
    world.grow("head/s/main", 4);
    litter(&mut world);
    world.fold();
    std::fs::write(world.path().join("packs/tmp-left"), b"x").unwrap();
    let before = snapshot(&world.path());
    let dry = world.store.gc(&GcOptions { dry_run: true, ..now() }).unwrap();
    assert_eq!((dry.kept, dry.dropped, dry.removed), (4, 1, 1));
    assert!(snapshot(&world.path()) == before);
    let real = world.store.gc(&now()).unwrap();
    assert_eq!((real.kept, real.dropped), (4, 1));
}

#[test]
fn what_killed_writers_left_goes_and_what_is_in_use_stays() {
    let mut world = World::new(4);
    world.grow("head/s/main", 2);
    let left = ["tmp-a", "packs/tmp-b", "journal/tmp-c", "ops/7", "state/9", "packs/x.idx"];
    for name in left {
        std::fs::write(world.path().join(name), b"x").unwrap();
    }
    let mut batch = Batch::default();
    let big = Rng::new(5).bytes(3 << 20);
    let mut other = world.reopen();
    let text = batch.put_blob(&other, big.clone()).unwrap();
    assert!(batch.is_spilled());
    let kept = GcOptions { grace: Duration::from_secs(1000), ..now() };
    assert_eq!(world.store.gc(&kept).unwrap().removed, 0);
    world.store.gc(&now()).unwrap();
    assert!(left.iter().all(|name| !world.path().join(name).exists()));
    assert!(world.path().join("lock").exists());
    // The writer that was busy all the while can finish.
    other.apply(batch, Vec::new(), &actor()).unwrap();
    assert_eq!(other.blob(&text).unwrap(), big);
    is_clean(&world.reopen());
}

#[test]
fn a_batch_that_leans_on_garbage_meets_a_conflict() {
    let mut world = World::new(5);
    world.grow("head/s/main", 1);
    let litter = litter(&mut world);
    let (commit, body) = world.commits[&litter].clone();
    let mut other = world.reopen();
    let mut batch = Batch::default();
    let (id, stored) = batch.put_commit(&other, commit.clone(), body.clone()).unwrap();
    assert_eq!((id, stored), (litter, Stored::Known));
    world.store.gc(&now()).unwrap();
    let edit = || vec![set("head/s/again", None, Some(RefValue::Commit(litter)))];
    assert!(matches!(other.apply(batch, edit(), &actor()), Err(StoreError::Conflict(_))));
    // Again, with what it needs: the texts are garbage as well.
    let mut batch = Batch::default();
    let mut texts = Vec::new();
    body.clone().for_each_id(&mut |id| texts.push(*id));
    for id in texts {
        let (kind, bytes) = world.contents[&id].clone();
        let _ = batch.put(&other, kind, id, bytes).unwrap();
    }
    let (_, stored) = batch.put_commit(&other, commit, body).unwrap();
    assert_eq!(stored, Stored::New);
    other.apply(batch, edit(), &actor()).unwrap();
    is_clean(&world.reopen());
}

#[test]
fn what_others_do_during_a_gc_stays() {
    let mut world = World::new(6);
    world.grow("head/s/main", 3);
    // gc reads the store as it was, packs it, and only then sees the rest.
    let mut stale = world.reopen();
    let path = world.path();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..10 {
                stale.gc(&now()).unwrap();
            }
            assert!(path.exists());
        });
        for n in 0..20 {
            world.grow(&format!("head/s/{}", n % 3), 1);
        }
    });
    let named: std::collections::BTreeSet<Id> = world.commits.keys().copied().collect();
    let store = world.reopen();
    assert!(named.iter().all(|id| store.has_commit(id).unwrap()));
    is_clean(&store);
}

#[test]
fn a_damaged_store_is_not_collected() {
    let mut world = World::new(7);
    world.grow("head/s/main", 3);
    world.fold();
    world.grow("head/s/main", 3);
    let pack = world.store.packs[0].path().to_owned();
    let good = std::fs::read(&pack).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 3] ^= 1;
    std::fs::write(&pack, bad).unwrap();
    world.store = world.reopen();
    let before = snapshot(&world.path());
    assert!(world.store.gc(&now()).is_err());
    assert!(snapshot(&world.path()) == before);
    std::fs::remove_file(&pack).unwrap();
    std::fs::remove_file(pack.with_extension("idx")).unwrap();
    world.store = world.reopen();
    assert!(world.store.gc(&now()).is_err());
    // With the pack lost, others still fold, and it counts when it is back.
    world.grow("head/s/new", 1);
    world.fold();
    std::fs::write(&pack, good).unwrap();
    world.store = world.reopen();
    world.is_whole();
    world.store.gc(&now()).unwrap();
}

/// Lets all leave as it is.
struct Open;

impl exchange::Gate for Open {
    fn below(&mut self, _: &str) {}

    fn known_as(&self, id: &Id) -> Id {
        *id
    }

    fn commit(&mut self, id: Id, _: &mut Commit, _: &mut Body) -> Result<Id> {
        Ok(id)
    }

    fn content(&mut self, _: Kind, id: Id, _: &mut Vec<u8>) -> Result<Id> {
        Ok(id)
    }
}
