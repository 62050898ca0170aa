//! Deletion, and what tries to bring a session back.

use super::World;

#[test]
fn what_was_deleted_stays_away_until_it_is_brought_back() {
    let world = World::new();
    let (a, b) = (world.pushed("a"), world.machine("b"));
    a.write("other", 0..3, "other");
    a.ok(&["push"]);
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    let ids = |m: &super::Machine| -> Vec<String> {
        let list: Vec<serde_json::Value> =
            serde_json::from_slice(&m.run(&["list", "--all", "--json"]).stdout).unwrap();
        let mut ids: Vec<String> = list.iter().map(|s| s["native_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!((ids(&a), ids(&b)), (vec!["a".into(), "other".into()], vec!["a".into(), "other".into()]));
    let before = a.head("main").unwrap();

    assert!(a.ok(&["delete", "a", "--dry-run"]).contains("Would delete 1 session"));
    a.ok(&["delete", "a"]);
    let gone = |m: &super::Machine| {
        assert_eq!(ids(m), ["other"]);
        assert!(m.fails(&["log", "a"]).contains("nothing is called"));
        assert!(!m.run(&["search", "\"of text 29\""]).status.success());
        assert!(m.ok(&["delete", "--list"]).contains("30 messages"));
        m.ok(&["fsck"]);
    };
    gone(&a);
    // The tool goes on with it.
    a.write("a", 30..40, "");
    assert!(a.ok(&["capture"]).contains("Nothing new"));
    assert!(a.ok(&["status"]).contains("2 files, all captured"), "{}", a.ok(&["status"]));
    gone(&a);
    // The other machine still has it, and pushes it once more.
    b.ok(&["push"]);
    a.ok(&["pull"]);
    gone(&a);
    a.ok(&["push"]);
    b.ok(&["pull"]);
    gone(&b);
    b.ok(&["push"]);
    let c = world.machine("c");
    c.ok(&["clone", c.remote.to_str().unwrap()]);
    assert_eq!(ids(&c), ["other"]);

    a.ok(&["delete", "--undo", "a"]);
    assert_eq!(ids(&a), ["a", "other"]);
    // The word of the others does not delete it again.
    a.ok(&["pull"]);
    assert_eq!(ids(&a), ["a", "other"]);
    a.ok(&["capture"]);
    assert!(a.ok(&["log", "a", "--oneline"]).contains("of text 39"));
    assert!(a.store().has_commit(&before).unwrap());
    // As any change of the user's it can be taken back.
    a.ok(&["delete", "a", "other"]);
    assert!(a.ok(&["list", "--all"]).contains("2 in all, were deleted"));
    a.ok(&["undo"]);
    assert_eq!(ids(&a), ["a", "other"]);
    // What was deleted can be taken out for good.
    a.ok(&["delete", "other"]);
    a.ok(&["purge", "session:other", "--yes"]);
    assert!(!a.ok(&["delete", "--list"]).contains("message"));
}

#[test]
fn what_is_old_goes_where_that_is_wanted_but_nothing_that_was_cared_for() {
    let world = World::new();
    let a = world.machine("a");
    for session in ["plain", "named", "tagged", "branched"] {
        a.write(session, 0..3, session);
    }
    a.ok(&["capture"]);
    a.ok(&["name", "mine", "named"]);
    a.ok(&["tag", "good", "tagged"]);
    a.ok(&["fork", "branched~1", "--name", "try"]);
    assert!(!a.ok(&["gc"]).contains("elete"));
    // They are all from the first of January.
    assert!(!a.ok(&["gc", "--retain", "9999w"]).contains("elete"));
    a.ok(&["config", "set", "gc.retain", "1d"]);
    assert!(a.ok(&["gc", "--dry-run"]).contains("Would delete 1 session"));
    assert!(a.ok(&["delete", "--list"]).is_empty());
    let said = a.ok(&["gc"]);
    assert!(said.contains("Deleted 1 session"), "{said}");
    assert!(a.ok(&["delete", "--list"]).contains("plain line 0"));
    assert!(!a.ok(&["gc"]).contains("elete"));
    a.ok(&["fsck"]);
}
