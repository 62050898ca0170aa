//! What nobody needs goes from a remote, and nothing else.

use std::fs;

use super::{World, contents};

#[test]
fn what_nobody_needs_goes_late_and_in_two_steps() {
    let world = World::new();
    let (a, c) = (world.pushed("a"), world.pushed("c"));
    let mine = c.store().writer().to_string();
    for n in 30..33 {
        a.write("a", n..n + 1, "");
        a.ok(&["capture"]);
        a.ok(&["push"]);
    }
    let all = contents(&world.remote());
    // Both are needed, and a table that the newest leans on is, too.
    let would = a.ok(&["gc", "--remote", "--remote-grace", "0", "--dry-run"]);
    assert!(would.contains("0 packs, indexes of 0 more, 2 tables"), "{would}");
    assert!(contents(&world.remote()) == all);

    // Of a push that was cut short there are packs, and no refs.
    fs::remove_dir_all(world.remote().join("refs").join(&mine)).unwrap();
    let left = contents(&world.remote());
    let said = a.ok(&["gc", "--remote=origin"]);
    assert!(said.contains("Nothing is to be removed") && said.contains("3 files"), "{said}");
    assert!(contents(&world.remote()) == left);
    let said = a.ok(&["gc", "--remote", "--remote-grace", "0"]);
    assert!(said.contains("0 packs, indexes of 1 more, 2 tables"), "{said}");
    assert_eq!(contents(&world.remote()).len(), left.len() - 3);
    a.ok(&["fsck", "--remote"]);
    let said = a.ok(&["gc", "--remote", "--remote-grace", "0"]);
    assert!(said.contains("1 pack, indexes of 0 more, 0 tables"), "{said}");
    assert_eq!(contents(&world.remote()).len(), left.len() - 4);
    a.ok(&["fsck", "--remote"]);

    // Who had pushed it pushes it again; whoever comes gets all.
    c.ok(&["push"]);
    let b = world.machine("b");
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    let both = [contents(&a.claude()), contents(&c.claude())].concat();
    assert!(both == contents(&b.restored("out")));
}

#[test]
fn an_index_that_is_needed_after_all_is_made_again_and_what_is_damaged_stops_it() {
    let world = World::new();
    let a = world.pushed("a");
    let all = contents(&world.remote());
    // As after a sweep that was killed when somebody had just pushed.
    fs::remove_file(world.file("idx")).unwrap();
    a.fails(&["fsck", "--remote"]);
    a.ok(&["gc", "--remote", "--remote-grace", "0"]);
    assert!(contents(&world.remote()) == all);

    let c = world.pushed("c");
    let table = world.remote().join("refs").join(c.store().writer().to_string()).join("1");
    let good = fs::read(&table).unwrap();
    fs::write(&table, &good[..good.len() - 1]).unwrap();
    let before = contents(&world.remote());
    let said = a.fails(&["gc", "--remote", "--remote-grace", "0"]);
    assert!(said.contains("is damaged"), "{said}");
    assert!(contents(&world.remote()) == before);
}
