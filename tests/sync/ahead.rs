//! What a fetch or a pull would do, told before.

use super::World;

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
    assert_eq!(would.lines().next().unwrap().replace("Would fetch", "Fetched"), said.trim_end());
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
