//! Histories now, texts when somebody asks for them.

use std::fs;

use sfs::store::exchange::Want;

use super::{Machine, World};

fn json(machine: &Machine, args: &[&str]) -> serde_json::Value {
    let output = machine.run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Two machines: one has pushed three sessions, twice each; the other has a
/// shallow clone.
fn cloned(world: &World) -> (Machine, Machine) {
    let (a, b) = (world.machine("a"), world.machine("b"));
    a.ok(&["remote", "add", "origin", a.remote.to_str().unwrap()]);
    for half in 0..2 {
        for n in 0..3 {
            let from = n * 100 + half * 20;
            a.write(&format!("5e55{n}"), from..from + 20, "");
        }
        a.ok(&["capture"]);
        a.ok(&["push"]);
    }
    a.ok(&["tag", "good", "5e550"]);
    a.ok(&["push"]);
    b.ok(&["clone", "--shallow", b.remote.to_str().unwrap()]);
    (a, b)
}

fn is_promised(machine: &Machine) -> u64 {
    machine.store().promised_commits().unwrap()
}

#[test]
fn histories_come_first_and_texts_when_asked_for() {
    let world = World::new();
    let (a, b) = cloned(&world);
    assert_eq!(is_promised(&b), 120);
    let full: u64 =
        fs::read_dir(b.remote.join("packs")).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    assert!(b.store().size().unwrap() < full, "{} of {full}", b.store().size().unwrap());

    // What a history says is the same on both.
    for args in [["log", "5e551", "--json"], ["log", "good", "--json"], ["log", "5e552", "--graph"]] {
        assert_eq!(a.run(&args).stdout, b.run(&args).stdout, "{args:?}");
    }
    let list = json(&b, &["list", "--all", "--json"]);
    assert!(list.as_array().unwrap().iter().all(|session| session["shallow"] == true), "{list}");
    assert_eq!(json(&b, &["status", "--json"])["shallow"], 3);
    // What there is is whole, and what there is not is no damage.
    assert!(b.ok(&["fsck"]).contains("120 commits more came without their texts"));
    let searched = b.run(&["search", "text"]);
    assert!(String::from_utf8_lossy(&searched.stderr).contains("3 sessions came without texts"));

    // One session's come when it is looked at, and no other's, though they lie in
    // the same packs.
    let shown = b.ok(&["show", "5e551"]);
    assert!(shown.contains("Got the texts of") && shown.contains("ünïcödé"), "{shown}");
    assert_eq!(is_promised(&b), 80);
    assert_eq!(a.run(&["show", "5e551", "--all"]).stdout, b.run(&["show", "5e551", "--all"]).stdout);
    b.ok(&["restore", "5e551", "--to", "out"]);
    b.ok(&["fsck"]);

    // All of them, for good.
    assert!(b.ok(&["remote"]).contains("shallow"));
    b.ok(&["pull", "--unshallow"]);
    assert_eq!(is_promised(&b), 0);
    assert!(!b.ok(&["remote"]).contains("shallow"));
    assert_eq!(json(&b, &["status", "--json"])["shallow"], 0);
    b.ok(&["gc"]);
    assert!(
        fs::read_dir(b.dir.join("store/promised")).unwrap().flatten().all(|e| e.file_name() == "contents")
    );
    assert!(!b.ok(&["fsck"]).contains("without"));
    b.ok(&["restore", "--all", "--to", "all"]);
}

#[test]
fn what_is_promised_survives_gc_and_goes_on() {
    let world = World::new();
    let (a, b) = cloned(&world);
    b.ok(&["gc", "--grace", "1m"]);
    assert_eq!(is_promised(&b), 120);
    // A fetch from a shallow remote stays shallow.
    a.write("5e550", 40..50, "");
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let ahead = json(&b, &["pull", "--dry-run", "--json"]);
    let came = json(&b, &["pull", "--json"]);
    assert_eq!(came["commits"], 10);
    for field in ["commits", "bytes", "sessions"] {
        assert_eq!(came[field], ahead[field], "{field}");
    }
    assert_eq!(is_promised(&b), 130);
    b.ok(&["gc", "--grace", "1m"]);
    b.ok(&["fsck"]);
    assert_eq!(a.run(&["log", "5e550", "--json"]).stdout, b.run(&["log", "5e550", "--json"]).stdout);
    // Its own work goes to where the rest lies, and a third machine has all.
    b.write("b0b0", 500..510, "");
    b.ok(&["capture"]);
    b.ok(&["push"]);
    b.ok(&["push", "--full"]);
    let c = world.machine("c");
    c.ok(&["clone", c.remote.to_str().unwrap()]);
    c.ok(&["show", "b0b0"]);
    c.ok(&["show", "5e550"]);
    c.ok(&["fsck"]);
    assert!(c.ok(&["fsck", "--remote"]).contains("Checked"));
}

#[test]
fn what_is_not_here_is_not_sent() {
    let world = World::new();
    let (_, b) = cloned(&world);
    let other = b.dir.join("other");
    b.ok(&["remote", "add", "other", other.to_str().unwrap()]);
    let said = b.fails(&["push", "other"]);
    assert!(said.contains("is here without its texts, which other would lack"), "{said}");
    assert!(said.contains("sfs fetch --unshallow --session"), "{said}");
    assert!(!other.join("refs").exists());
    assert!(b.fails(&["bundle", "create", "all.sfsbundle"]).contains("without its texts"));
    // One that is asked for by name comes and goes.
    b.ok(&["share", "5e552", "-o", "one.sfsbundle"]);
    b.ok(&["bundle", "verify", "one.sfsbundle"]);

    // With the remote gone there are words, not damage.
    fs::rename(&b.remote, b.dir.join("away")).unwrap();
    let b2 = world.machine("b2");
    fs::rename(b.dir.join("away"), &b2.remote).unwrap();
    b2.ok(&["clone", "--shallow", b2.remote.to_str().unwrap()]);
    fs::rename(&b2.remote, b2.dir.join("away")).unwrap();
    let said = b2.fails(&["show", "5e550"]);
    assert!(said.contains("there is no remote at"), "{said}");
    b2.ok(&["log", "5e550"]);
    b2.ok(&["fsck"]);
}

#[test]
fn a_file_that_is_here_is_captured_with_its_texts() {
    let world = World::new();
    let (_, b) = cloned(&world);
    // The tool's own file came by another way.
    b.write("5e551", 100..140, "");
    b.ok(&["capture"]);
    assert_eq!(is_promised(&b), 80);
    fs::rename(&b.remote, b.dir.join("away")).unwrap();
    b.ok(&["show", "5e551", "--all"]);
    b.ok(&["fsck"]);
    b.ok(&["gc", "--grace", "1m"]);
    b.ok(&["show", "5e551", "--all"]);
}

#[test]
fn a_pack_that_lies_is_not_believed() {
    let world = World::new();
    let (a, b) = (world.pushed("5e55"), world.machine("b"));
    let packs = || fs::read_dir(a.remote.join("packs")).unwrap().map(|e| e.unwrap().path());
    let pack = packs().find(|path| path.extension().is_some_and(|e| e == "pack")).unwrap();
    let good = fs::read(&pack).unwrap();
    for at in (20..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&pack, bad).unwrap();
        let output = b.run(&["clone", "--shallow", b.remote.to_str().unwrap()]);
        if output.status.success() {
            // The byte is of a text, which did not come.
            b.ok(&["fsck"]);
        } else {
            assert_ne!(output.status.code(), Some(101));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("is damaged"), "{said}");
            assert!(b.store().refs().is_empty());
        }
        fs::remove_dir_all(b.dir.join("store")).unwrap();
    }
    let tip = a.store().refs().iter().find_map(|(name, value)| match value {
        sfs::store::RefValue::Commit(id) if name.starts_with("head/") => Some(*id),
        _ => None,
    });
    fs::write(&pack, good).unwrap();
    b.ok(&["clone", "--shallow", b.remote.to_str().unwrap()]);
    assert!(b.store().is_promised(Want::Commit(tip.unwrap())).unwrap());
}
