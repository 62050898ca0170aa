//! Damage to any file is found, told, and costs nothing else.

use super::*;

/// A store with two packs, a state, a segment of operations and a journal.
fn sample_world(seed: u64) -> World {
    let mut world = World::new(seed);
    for n in 0..2 {
        world.grow(&format!("head/s/{n}"), 3);
        world.fold();
    }
    for n in 0..4 {
        world.grow(&format!("head/t/{n}"), 1);
    }
    world
}

fn is_index(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "idx")
}

/// The file is changed: whatever can be read is right, what is wrong is told,
/// and other files lose nothing.
fn copes(world: &World, path: &Path, good: &[u8]) {
    let store = match Store::open(&world.path()) {
        Ok(store) => store,
        Err(e) => {
            // Only a journal that can't be told to be one stops everything.
            assert!(path.starts_with(world.path().join("journal")), "{e}: {}", path.display());
            assert_eq!(e.path(), Some(path), "{e}");
            return;
        }
    };
    let lost = world.unreadable(&store);
    let report = store.fsck(&mut |_| {}).unwrap();
    let told = report.faults.iter().any(|fault| fault.path == *path);
    let mended = is_index(path) && std::fs::read(path).unwrap() == good;
    let cut = report.torn > 0 || std::fs::metadata(path).unwrap().len() < good.len() as u64;
    let torn = *path == *store.journal.path() && cut;
    assert!(told || mended || torn, "{}: {:?}", path.display(), report.faults);
    // Half of the objects are in packs, half of those in each.
    assert!(lost.len() < (world.contents.len() + world.commits.len() * 2) * 2 / 3);
    if !path.starts_with(world.path().join("packs")) && !path.starts_with(world.path().join("journal")) {
        assert_eq!(lost, [], "{}", path.display());
        assert_eq!(store.refs(), world.store.refs());
    }
}

#[test]
fn any_flipped_bit_is_found() {
    let world = sample_world(1);
    for (path, good) in snapshot(&world.path()) {
        let step = good.len() / 60 + 1;
        let places =
            (0..24.min(good.len())).chain((24..good.len()).step_by(step)).chain(good.len().checked_sub(1));
        for at in places {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bad).unwrap();
            copes(&world, &path, &good);
        }
        std::fs::write(&path, &good).unwrap();
    }
    world.is_whole();
}

#[test]
fn any_file_cut_short_is_found() {
    let world = sample_world(2);
    for (path, good) in snapshot(&world.path()) {
        for parts in 0..8 {
            std::fs::write(&path, &good[..good.len() * parts / 8]).unwrap();
            copes(&world, &path, &good);
        }
        std::fs::write(&path, &good).unwrap();
    }
    world.is_whole();
}

#[test]
fn lost_files_are_made_again_or_missed() {
    let world = sample_world(3);
    for (path, good) in snapshot(&world.path()) {
        std::fs::remove_file(&path).unwrap();
        match Store::open(&world.path()) {
            Ok(store) => {
                let report = store.fsck(&mut |_| {}).unwrap();
                // An index is made again from its pack, the copy from `current`.
                let spare = is_index(&path) || path.ends_with("current.copy");
                assert!(spare == report.faults.is_empty(), "{}: {:?}", path.display(), report.faults);
                world.unreadable(&store);
            }
            Err(StoreError::NoStore(_)) => assert!(path.ends_with("current")),
            Err(e) => assert_eq!(e.path(), Some(path.as_path())),
        }
        std::fs::write(&path, &good).unwrap();
    }
    world.is_whole();
}

/// The journal is cut at every length: the transactions before are there, the
/// store takes new ones, and they are there after that.
#[test]
fn a_torn_end_is_cut_off() {
    let mut world = World::new(4);
    let path = world.store.journal.path().to_owned();
    let len = |path: &Path| std::fs::metadata(path).unwrap().len() as usize;
    let mut ends = vec![(len(&path), Refs::new())];
    for n in 0..3 {
        world.grow(&format!("head/s/{n}"), 1);
        ends.push((len(&path), world.store.refs().clone()));
    }
    let good = std::fs::read(&path).unwrap();
    for at in ends[0].0..=good.len() {
        // A tail may also be of the right length and hold zeros.
        let mut torn = good[..at].to_vec();
        if at % 3 == 0 {
            torn.resize(good.len(), 0);
        }
        std::fs::write(&path, &torn).unwrap();
        let mut store = world.reopen();
        let (_, refs) = ends.iter().rev().find(|(end, _)| *end <= at).unwrap();
        assert_eq!(store.refs(), refs);
        if at % 16 == 0 {
            let edit = set("name/new", None, Some(RefValue::Session(writer())));
            store.apply(Batch::default(), vec![edit], &actor()).unwrap();
            let again = world.reopen();
            assert_eq!(again.refs().len(), refs.len() + 1);
            is_clean(&again);
        }
    }
}

/// Damage in the middle is no torn end: what follows stays.
#[test]
fn a_damaged_transaction_costs_no_other() {
    let mut world = World::new(5);
    let path = world.store.journal.path().to_owned();
    let mut ends = vec![12];
    for n in 0..4 {
        world.grow(&format!("head/s/{n}"), 1);
        ends.push(std::fs::metadata(&path).unwrap().len() as usize);
    }
    let good = std::fs::read(&path).unwrap();
    for at in (ends[1]..ends[2]).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, &bad).unwrap();
        let mut store = world.reopen();
        let names: Vec<&str> = store.refs().keys().map(String::as_str).collect();
        assert_eq!(names, ["head/s/0", "head/s/2", "head/s/3"]);
        let report = store.fsck(&mut |_| {}).unwrap();
        assert!(report.faults.iter().any(|fault| fault.path == path), "{:?}", report.faults);
        // The next transaction cuts nothing.
        let edit = set("name/new", None, Some(RefValue::Session(writer())));
        store.apply(Batch::default(), vec![edit], &actor()).unwrap();
        assert_eq!(world.reopen().refs().len(), 4);
        assert_eq!(std::fs::read(&path).unwrap()[..bad.len()], bad);
        assert!(store.gc(&GcOptions { dry_run: true, grace: Default::default(), level: 1 }).is_err());
    }
    // A fold keeps the file for a closer look; gc does not take it.
    let mut store = world.reopen();
    let lock = Lock::wait(&world.path().join("lock")).unwrap();
    store.fold(&lock).unwrap();
    drop(lock);
    assert_eq!(store.refs().len(), 4);
    let kept = path.with_extension("damaged");
    assert!(kept.is_file() && !path.exists());
    assert!(store.fsck(&mut |_| {}).unwrap().faults.iter().any(|fault| fault.path == kept));
    store.gc(&GcOptions { dry_run: false, grace: Default::default(), level: 1 }).unwrap();
    assert!(kept.is_file());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let world = sample_world(6);
    let current = world.path().join("current");
    let mut bytes = std::fs::read(&current).unwrap();
    bytes.truncate(bytes.len() - 8);
    bytes[8..12].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    let sum = crate::object::id::checksum(&bytes);
    bytes.extend(sum.to_le_bytes());
    std::fs::write(&current, bytes).unwrap();
    let before = snapshot(&world.path());
    let found = FORMAT + 1;
    assert!(matches!(Store::open(&world.path()), Err(StoreError::Newer { found: f, .. }) if f == found));
    assert!(matches!(
        Store::open_or_create(&world.path(), writer()),
        Err(StoreError::Newer { path, .. }) if path == current
    ));
    assert!(snapshot(&world.path()) == before);
}

/// A damaged index gives no bytes another name when packs are merged.
#[test]
fn a_merge_of_damaged_packs_copies_no_damage() {
    let mut world = World::new(7);
    for _ in 0..11 {
        world.grow("head/s/main", 1);
        world.fold();
    }
    let pack = world.store.packs[3].path().to_owned();
    for path in [pack.clone(), pack.with_extension("idx")] {
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = if is_index(&path) { good.len() - 20 } else { 40 };
        bad[at] ^= 4;
        std::fs::write(&path, &bad).unwrap();
        world.store = world.reopen();
        for _ in 0..3 {
            world.grow("head/s/main", 1);
            world.fold();
        }
        assert!(path.is_file());
        std::fs::write(&path, &good).unwrap();
        world.store = world.reopen();
        world.is_whole();
    }
}

/// The same object in two packs: one copy is enough.
#[test]
fn a_second_copy_serves_when_the_first_is_damaged() {
    let mut world = World::new(8);
    world.grow("head/s/main", 3);
    world.fold();
    let first = world.store.packs[0].path().to_owned();
    let dir = world.path().join("packs");
    let mut writer = pack::PackWriter::create(&dir, 19).unwrap();
    world.store.copy_pack(&world.store.packs[0], &mut writer, &|_| true).unwrap();
    let second = writer.finish(&dir).unwrap();
    assert_ne!(second.name, world.store.packs[0].name);
    let packs = vec![second.name, world.store.packs[0].name];
    world.store.turn_over(packs).unwrap();
    let mut bytes = std::fs::read(&first).unwrap();
    for at in (20..bytes.len()).step_by(50) {
        bytes[at] ^= 1;
    }
    std::fs::write(&first, bytes).unwrap();
    let store = world.reopen();
    assert_eq!(world.unreadable(&store), []);
    let faults = store.fsck(&mut |_| {}).unwrap().faults;
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault.path == first), "{faults:?}");
}

#[test]
fn a_copy_that_a_killed_process_did_not_write_comes_with_the_next_write() {
    let mut world = sample_world(9);
    let copy = world.path().join("current.copy");
    let good = std::fs::read(&copy).unwrap();
    std::fs::remove_file(&copy).unwrap();
    world.grow("head/u/1", 1);
    assert_eq!(std::fs::read(&copy).unwrap(), good);
    // So does one that is behind.
    world.fold();
    std::fs::write(&copy, good).unwrap();
    world.grow("head/u/2", 1);
    assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(world.path().join("current")).unwrap());
    world.is_whole();
}
