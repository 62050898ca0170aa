//! What a fetch or a pull would do, told before.

use super::{Machine, World};

#[test]
fn what_would_come_is_told_and_nothing_changes() {
    let world = World::new();
    let (a, b) = (world.pushed("s"), world.machine("b"));
    b.write("s", 0..30, "");
    b.ok(&["capture"]);
    b.ok(&["remote", "add", "origin", b.remote.to_str().unwrap()]);
    let before = b.store().refs().clone();
    // It has all the commits already.
    let would = b.ok(&["fetch", "--dry-run"]);
    assert!(would.contains("(1 other store): 0 packs, 0 bytes"), "{would}");
    assert_eq!(would.replace("Would fetch", "Fetched"), b.ok(&["fetch"]));
    assert_ne!(*b.store().refs(), before);
    assert!(b.ok(&["fetch", "-n"]).contains("Nothing new"));

    // One pack is enough, and what it says would come comes, to the byte.
    a.write("s", 30..35, "");
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let before = b.store().refs().clone();
    let would = b.ok(&["pull", "--dry-run"]);
    assert!(would.contains("1 pack, ") && would.contains("it: head/"), "{would}");
    assert_eq!(*b.store().refs(), before);
    let said = b.ok(&["fetch"]);
    let line = would.lines().find(|line| line.starts_with("Would fetch")).unwrap();
    assert_eq!(line.replace("Would fetch", "Fetched"), said.trim_end());
    // What is here is told exactly.
    let would = b.ok(&["pull", "--dry-run"]);
    assert!(would.contains("Would take over 0 session files; 0 refs are new, 1 move on"), "{would}");
    assert!(b.ok(&["pull"]).contains("0 refs are new, 1 moved on"));

    // A newcomer can't know what the second pack leans on.
    let c = world.machine("c");
    c.write("c", 0..1, "");
    c.ok(&["capture"]);
    c.ok(&["remote", "add", "origin", c.remote.to_str().unwrap()]);
    let would = c.ok(&["pull", "-n"]);
    assert!(would.contains("1 to 2 packs, "), "{would}");
    assert!(would.contains("Would take over 1 session file; 1 refs are new"), "{would}");
    assert!(c.ok(&["pull"]).contains("2 packs, "));
}

fn json(machine: &Machine, args: &[&str]) -> serde_json::Value {
    let output = machine.run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_goes_and_comes_is_told_as_json_of_one_shape() {
    let world = World::new();
    let (a, b) = (world.machine("a"), world.machine("b"));
    a.write("s", 0..30, "");
    a.write("t", 40..44, "");
    a.ok(&["capture"]);
    for machine in [&a, &b] {
        machine.ok(&["remote", "add", "origin", machine.remote.to_str().unwrap()]);
    }
    let would = json(&a, &["push", "-n", "--json"]);
    let did = json(&a, &["push", "--json"]);
    assert_eq!((&would["dry_run"], &did["dry_run"]), (&true.into(), &false.into()));
    for field in ["remote", "commits", "objects", "refs", "bytes", "sessions"] {
        assert_eq!(would[field], did[field], "{field}");
    }
    assert_eq!(did["sessions"].as_array().unwrap().len(), 2);

    let before = b.store().refs().clone();
    let ahead = json(&b, &["pull", "--dry-run", "--json"]);
    assert_eq!(json(&b, &["fetch", "--dry-run", "--json"])["bytes"], ahead["bytes"]);
    assert_eq!(*b.store().refs(), before);
    // All that was sent would come, but for the index, which is made anew.
    for field in ["commits", "objects", "sessions"] {
        assert_eq!(ahead[field], did[field], "{field}");
    }
    assert_eq!((&ahead["least"]["bytes"], &ahead["sources"]), (&ahead["bytes"], &2.into()));
    let came = json(&b, &["pull", "--json"]);
    for field in ["commits", "objects", "packs", "bytes", "refs", "sessions", "sources", "created"] {
        assert_eq!(came[field], ahead[field], "{field}");
    }

    // Of one that goes on only what is new counts.
    a.write("s", 30..35, "");
    a.ok(&["capture"]);
    let did = json(&a, &["push", "--json"]);
    let came = json(&b, &["pull", "--json"]);
    let [session] = came["sessions"].as_array().unwrap().as_slice() else { panic!("{came}") };
    assert_eq!((&session["new"], &session["messages"]), (&false.into(), &5.into()));
    assert_eq!(came["sessions"], did["sessions"]);
    assert_eq!(json(&b, &["pull", "--json"])["sessions"], serde_json::json!([]));
}
