//! Several handles on one store.

use std::sync::Barrier;
use std::time::Duration;

use super::*;
use crate::object::{Block, Message, Role};

const WRITERS: usize = 4;
const EACH: usize = 12;

/// Commit `n` of writer `w`, in a batch.
fn one(store: &Store, w: usize, n: usize) -> (Batch, Id) {
    let mut batch = Batch::default();
    let text = batch.put_blob(store, format!("{w} {n}").into_bytes()).unwrap();
    let blocks = vec![Block::Text(Text::Blob(text, 3)), Block::Text(inline("said by all"))];
    let body = Body { records: Vec::new(), message: Some(Message { role: Role::User, blocks }) };
    let (id, _) = batch.put_commit(store, Commit::default(), body).unwrap();
    (batch, id)
}

/// Applies it, and sets a ref that all writers move: most meet a conflict first.
fn write(store: &mut Store, w: usize, n: usize) {
    loop {
        let (batch, id) = one(store, w, n);
        let expect = store.refs().get("head/shared").cloned();
        let tip = Some(RefValue::Commit(id));
        let edits = vec![set("head/shared", expect, tip.clone()), set(&format!("head/{w}/{n}"), None, tip)];
        match store.apply(batch, edits, &actor()) {
            Err(StoreError::Conflict(name)) => assert_eq!(name, "head/shared"),
            outcome => return outcome.unwrap(),
        }
    }
}

/// Reads all that the refs name, until every writer is done.
fn read(mut store: Store) {
    let mut seen = 0;
    while seen < (WRITERS * EACH) as u64 {
        store.refresh().unwrap();
        assert!(store.last_op() >= seen);
        seen = store.last_op();
        for value in store.refs().values() {
            let RefValue::Commit(id) = value else { panic!("{value:?}") };
            let commit = store.commit(id).unwrap();
            store.body(id, &commit).unwrap();
        }
    }
}

#[test]
fn writers_and_readers_beside_each_other_lose_nothing() {
    let world = World::new(1);
    let path = world.path();
    let start = Barrier::new(WRITERS + 1);
    std::thread::scope(|scope| {
        for w in 0..WRITERS {
            let (path, start) = (&path, &start);
            scope.spawn(move || {
                let mut store = Store::open(path).unwrap();
                start.wait();
                for n in 0..EACH {
                    write(&mut store, w, n);
                    if n % 5 == w {
                        let lock = Lock::wait(&path.join("lock")).unwrap();
                        store.refresh().unwrap();
                        store.fold(&lock).unwrap();
                    }
                    if n == 8 && w < 2 {
                        // Long enough for a reader to end what it is reading.
                        let grace = Duration::from_secs(60);
                        store.gc(&GcOptions { dry_run: false, grace, level: 1 }).unwrap();
                    }
                }
            });
        }
        scope.spawn(|| {
            let store = Store::open(&path).unwrap();
            start.wait();
            read(store);
        });
    });
    let store = world.reopen();
    assert_eq!(store.refs().len(), WRITERS * EACH + 1);
    is_clean(&store);
}

#[test]
fn a_stale_expectation_is_a_conflict_and_changes_nothing() {
    let mut world = World::new(2);
    let mut other = world.reopen();
    let tip = world.grow("head/s/main", 1);
    let before = snapshot(&world.path());
    let (batch, id) = one(&other, 0, 0);
    let edits = || vec![set("head/s/main", None, Some(RefValue::Commit(id)))];
    let outcome = other.apply(batch, edits(), &actor());
    assert!(matches!(outcome, Err(StoreError::Conflict(name)) if name == "head/s/main"));
    assert!(snapshot(&world.path()) == before);
    // It has seen what the other did, and nothing of its own.
    assert_eq!(other.refs().get("head/s/main"), Some(&RefValue::Commit(tip)));
    assert!(!other.has_commit(&id).unwrap());
    // One edit that doesn't hold stops those that do.
    let mut edits = edits();
    edits.push(set("head/s/new", None, Some(RefValue::Commit(tip))));
    assert!(other.apply(Batch::default(), edits, &actor()).is_err());
    assert!(!other.refs().contains_key("head/s/new"));
}

#[test]
fn a_reader_sees_what_others_did_when_it_refreshes() {
    let mut world = World::new(3);
    let mut reader = world.reopen();
    assert!(!reader.refresh().unwrap());
    for n in 0..4 {
        world.grow("head/s/main", 1);
        if n == 2 {
            world.fold();
        }
        assert!(reader.refresh().unwrap());
        assert_eq!(reader.refs(), world.store.refs());
        assert_eq!(world.unreadable(&reader), []);
        assert!(!reader.refresh().unwrap());
    }
}

/// What a writer takes back because its sync failed may have been seen.
#[test]
fn a_frame_that_was_taken_back_is_forgotten() {
    let mut world = World::new(4);
    world.grow("head/s/main", 1);
    let mut reader = world.reopen();
    let path = world.store.journal.path().to_owned();
    let before = std::fs::metadata(&path).unwrap().len();
    let mut other = world.reopen();
    write(&mut other, 0, 0);
    reader.refresh().unwrap();
    assert_eq!(reader.refs().len(), 3);
    // Taken back, and a longer one in its place.
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(before).unwrap();
    world.grow("head/s/main", 7);
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.refs(), world.store.refs());
    write(&mut reader, 1, 1);
    world.is_whole();
}

#[test]
fn two_imports_of_the_same_are_one() {
    let mut world = World::new(5);
    let big = Rng::new(6).bytes(3 << 20);
    let mut other = world.reopen();
    let mut batches = [Batch::default(), Batch::default()];
    for batch in &mut batches {
        let text = batch.put_blob(&world.store, big.clone()).unwrap();
        world.contents.insert(text, (Kind::Blob, big.clone()));
        assert!(batch.is_spilled());
    }
    let [a, b] = batches;
    world.store.apply(a, Vec::new(), &actor()).unwrap();
    other.apply(b, Vec::new(), &actor()).unwrap();
    assert_eq!(other.packs.len(), 1);
    world.is_whole();
}

#[test]
fn stores_are_created_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/store");
    let made: Vec<Id> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6u8)
            .map(|n| {
                let path = &path;
                scope.spawn(move || Store::open_or_create(path, Id::from_bytes([n; 16])).unwrap().writer())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(made.iter().all(|writer| *writer == made[0]));
    assert!(matches!(Store::open(dir.path()), Err(StoreError::NoStore(_))));
}

#[cfg(unix)]
#[test]
fn a_store_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mut world = World::new(7);
    world.grow("head/s/main", 1);
    world.fold();
    world.grow("head/s/main", 1);
    for entry in walkdir::WalkDir::new(world.path()) {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let wanted = if entry.file_type().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{}", entry.path().display());
    }
}
