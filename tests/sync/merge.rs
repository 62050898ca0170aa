//! Two machines that went on apart, brought together.

use std::fs;

use super::World;

#[test]
fn what_two_machines_said_apart_goes_on_in_one_thread() {
    let world = World::new();
    let (a, b) = (world.pushed("a"), world.machine("b"));
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    fs::create_dir_all(b.claude().join("projects/-p")).unwrap();
    fs::copy(a.claude().join("projects/-p/a.jsonl"), b.claude().join("projects/-p/a.jsonl")).unwrap();
    b.ok(&["capture"]);
    a.write("a", 30..33, "here");
    a.ok(&["push"]);
    b.write("a", 30..35, "there");
    b.ok(&["push"]);
    let said = a.ok(&["pull"]);
    let status = a.ok(&["status"]);
    assert!(
        status.contains("parted") && status.contains("main@") && status.contains("new since"),
        "{status}"
    );
    let beside = said.split_whitespace().find(|word| word.contains("main@")).unwrap();
    let other = format!("a/{}", beside.rsplit('/').next().unwrap());
    let before = a.head("main").unwrap();
    assert!(a.ok(&["merge", &other, "--into", "a", "--dry-run"]).contains("there line"));
    let made = a.ok(&["merge", &other, "--into", "a", "--name", "both"]);
    assert!(made.contains("5 turns"), "{made}");
    a.ok(&["fsck"]);
    assert_eq!(a.head("/main"), Some(before), "the thread itself stays where it was");
    let log = a.ok(&["log", "a/both", "--oneline"]);
    assert!(log.lines().next().unwrap().contains("Merge"), "{log}");
    let graph = a.ok(&["log", "a", "--graph", "--oneline"]);
    let lines: Vec<&str> = graph.lines().collect();
    assert!(lines[0].contains("(both) Merge") && lines[1].trim_end() == "|\\", "{graph}");

    // It goes on in another tool, with all of ours and the telling of theirs.
    a.ok(&["resume", "a/both", "--in", "codex", "--project", a.dir.to_str().unwrap()]);
    let rollouts = walkdir::WalkDir::new(a.dir.join("home/.codex")).into_iter().flatten();
    let rollout = rollouts.filter(|e| e.path().extension().is_some_and(|e| e == "jsonl")).last().unwrap();
    let text = fs::read_to_string(rollout.path()).unwrap();
    assert!(text.contains("here line 3 of text 32") && text.contains("there line 3 of text 34"));
    // And goes to others as it is.
    a.ok(&["push"]);
    assert!(a.ok(&["status"]).contains("nothing new since"));
    b.ok(&["pull"]);
    b.ok(&["fsck"]);
    assert_eq!(b.ok(&["log", "a/both", "--oneline"]), log);
}
