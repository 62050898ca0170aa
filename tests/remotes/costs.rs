//! What transfers cost: requests, bytes, and what of a transfer that was cut
//! is sent again.

use std::path::Path;

use super::bucket::{Bucket, Fault};
use super::world::Machine;

/// A machine with many sessions, pushed to a bucket.
fn pushed(dir: &Path, bucket: &Bucket, sessions: usize) -> Machine {
    let a = Machine::new(dir.join("a"), &Bucket::VARS);
    (0..sessions).for_each(|n| a.write(&format!("session-{n}"), 0..3));
    a.ok(&["capture"]);
    a.ok(&["remote", "add", "origin", &bucket.address()]);
    a.ok(&["push"]);
    bucket.log();
    a
}

fn sent(log: &[(String, String, usize)]) -> usize {
    log.iter().map(|(_, _, len)| len).sum()
}

#[test]
fn a_push_with_nothing_new_takes_two_requests_and_one_with_little_sends_little() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = pushed(dir.path(), &bucket, 150);
    for new in [false, true, true] {
        if new {
            a.write("session-7", 3..4);
            a.write("session-8", 3..4);
            a.ok(&["capture"]);
            a.ok(&["push"]);
            let log = bucket.log();
            // The table of all refs alone would be more than this.
            let tables = bucket.objects();
            let whole = tables.iter().filter(|(key, _)| key.contains("/refs/")).map(|(_, b)| b.len()).max();
            assert!(whole.unwrap() > 16 << 10, "{whole:?}");
            assert!(sent(&log) > 0 && sent(&log) < 16 << 10, "{log:?}");
            assert!(log.len() <= 12, "{log:?}");
        }
        a.ok(&["push"]);
        let log = bucket.log();
        assert!(log.len() <= 2 && log.iter().all(|(method, ..)| method == "GET"), "{log:?}");
    }
    // What a table says only in part is understood elsewhere.
    let b = Machine::new(dir.path().join("b"), &Bucket::VARS);
    b.ok(&["clone", &bucket.address()]);
    a.assert_same(&b);
    bucket.log();
    assert!(b.ok(&["pull"]).contains("Nothing new"));
    assert!(bucket.log().len() <= 2);
    // Without what is known of the remote it is read anew.
    std::fs::remove_dir_all(a.dir.join("store/known")).unwrap();
    assert!(a.ok(&["push"]).contains("has everything"));
    a.write("session-9", 3..4);
    a.ok(&["capture"]);
    a.ok(&["push"]);
    b.ok(&["pull"]);
    a.assert_same(&b);
}

#[test]
fn a_table_whose_base_is_gone_or_another_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = pushed(dir.path(), &bucket, 2);
    a.write("session-1", 3..4);
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let tables: Vec<String> = bucket.objects().into_keys().filter(|key| key.contains("/refs/")).collect();
    let [base, delta] = tables.as_slice() else { panic!("{tables:?}") };
    let good = bucket.objects();
    let b = Machine::new(dir.path().join("b"), &Bucket::VARS);
    bucket.change(|objects| drop(objects.remove(base)));
    let said = b.fails(&["clone", &bucket.address()]);
    assert!(said.contains("leans on version 1") && said.contains(delta.as_str()), "{said}");
    bucket.change(|objects| drop(objects.insert(base.clone(), good[delta].clone())));
    assert!(b.fails(&["clone", &bucket.address()]).contains("is damaged"));
    bucket.change(|objects| *objects = good.clone());
    b.ok(&["clone", &bucket.address()]);
    a.assert_same(&b);
}

#[test]
fn a_fetch_that_is_cut_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = pushed(dir.path(), &bucket, 40);
    // A second pack, so that one can arrive and the other not.
    a.write("session-1", 3..20);
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let b = Machine::new(dir.path().join("b"), &Bucket::VARS);
    b.ok(&["init"]);
    b.ok(&["remote", "add", "origin", &bucket.address()]);
    bucket.log();
    let packs: Vec<String> = bucket.objects().into_keys().filter(|key| key.ends_with(".pack")).collect();
    assert_eq!(packs.len(), 2);
    bucket.refuse(Some(("GET", &packs[1], Fault::Status(403))));
    assert!(b.fails(&["pull"]).contains("refuses"));
    bucket.refuse(None);
    bucket.log();
    b.ok(&["pull"]);
    let asked = |pack: &str| bucket.log().iter().any(|(_, path, _)| path.ends_with(pack));
    assert!(!asked(&packs[0]), "a pack that had arrived was asked for again");
    assert_eq!(std::fs::read_dir(b.dir.join("store/quarantine")).unwrap().count(), 0);
    a.assert_same(&b);
}

#[test]
fn a_push_that_is_killed_sends_no_pack_twice() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = pushed(dir.path(), &bucket, 1);
    a.write("session-0", 3..200);
    a.ok(&["capture"]);
    // The pack and its index arrive, and nothing after them.
    let before = bucket.objects().len();
    bucket.fail("GET", &[]);
    bucket.refuse(Some(("PUT", "/refs/", Fault::Status(403))));
    assert!(a.fails(&["push"]).contains("refuses"));
    bucket.refuse(None);
    assert_eq!(bucket.objects().len(), before + 2);
    bucket.log();
    a.ok(&["push"]);
    let log = bucket.log();
    assert!(sent(&log) < 4 << 10, "{log:?}");
    let b = Machine::new(dir.path().join("b"), &Bucket::VARS);
    b.ok(&["clone", &bucket.address()]);
    a.assert_same(&b);
}

#[test]
fn a_shallow_clone_gets_commits_alone_whatever_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = pushed(dir.path(), &bucket, 1);
    a.write("session-0", 3..400);
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let b = Machine::new(dir.path().join("b"), &Bucket::VARS);
    bucket.log();
    let faults = [Fault::Status(503), Fault::Cut, Fault::Cut, Fault::Status(500)];
    bucket.fail("GET", &faults);
    b.ok(&["clone", "--shallow", &bucket.address()]);
    // Listings, tables, two indexes, the commits of two packs.
    let log = bucket.log();
    assert!(log.len() <= 12 + faults.len(), "{log:?}");
    let packs = bucket.objects().into_iter().filter(|(key, _)| key.ends_with(".pack"));
    let whole: usize = packs.map(|(_, bytes)| bytes.len()).sum();
    let got = json(&b, &["fetch", "--json"]);
    assert_eq!(got["bytes"], 0);
    let promised = walkdir::WalkDir::new(b.dir.join("store/promised")).into_iter().flatten();
    let promised: u64 =
        promised.filter(|e| e.file_type().is_file()).map(|e| e.metadata().unwrap().len()).sum();
    assert!(promised * 4 < whole as u64, "{promised} of {whole}");
    // One that can't be brought to its end changes nothing that counts.
    let c = Machine::new(dir.path().join("c"), &Bucket::VARS);
    bucket.refuse(Some(("GET", ".pack", Fault::Status(403))));
    assert!(c.fails(&["clone", "--shallow", &bucket.address()]).contains("refuses"));
    assert!(b.fails(&["show", "session-0"]).contains("refuses"));
    bucket.refuse(None);
    assert_eq!(json(&c, &["list", "--all", "--json"]), serde_json::json!([]));
    c.ok(&["clone", "--shallow", &bucket.address()]);
    for machine in [&b, &c] {
        machine.ok(&["show", "session-0"]);
        a.assert_same(machine);
    }
}

fn json(machine: &Machine, args: &[&str]) -> serde_json::Value {
    serde_json::from_slice(&machine.run(args).stdout).unwrap()
}

#[test]
fn only_the_sessions_that_are_asked_for_go_and_come() {
    let dir = tempfile::tempdir().unwrap();
    let remote = dir.path().join("remote");
    let address = remote.to_str().unwrap();
    let a = Machine::new(dir.path().join("a"), &[]);
    (0..3).for_each(|n| a.write(&format!("session-{n}"), 0..3));
    a.ok(&["capture"]);
    a.ok(&["remote", "add", "origin", address]);
    a.ok(&["push", "--session", "session-1"]);
    let count = |name: &str, args: &[&str]| {
        let machine = Machine::new(dir.path().join(name), &[]);
        machine.ok(&[&["clone", address], args].concat());
        machine.ok(&["list", "--all"]).matches("claude-code").count()
    };
    assert_eq!(count("b", &[]), 1);
    // Others that were sent stay there.
    a.ok(&["push", "--session", "session-2"]);
    assert_eq!(count("c", &[]), 2);
    assert!(a.ok(&["push", "--tool", "none-such"]).contains("has everything"));
    a.ok(&["push"]);
    assert_eq!(count("d", &[]), 3);
    assert_eq!(count("e", &["--session", "session-0"]), 1);
    assert_eq!(count("f", &["--since", "2027-01-01"]), 0);
}
