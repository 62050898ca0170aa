//! Sessions in one file, and a remote looked through.

use std::fs;
use std::path::Path;

use super::{Machine, World, contents};

/// A machine with two sessions that are captured.
fn captured(world: &World) -> Machine {
    let machine = world.machine("a");
    machine.write("a", 0..30, "");
    machine.write("other", 0..5, "other");
    machine.ok(&["capture"]);
    machine
}

#[test]
fn what_is_put_into_a_file_comes_out_of_it() {
    let world = World::new();
    let (a, b) = (captured(&world), world.machine("b"));
    let file = world.dir.path().join("all.sfsbundle");
    let file = file.to_str().unwrap();
    let would = a.ok(&["bundle", "create", file, "--dry-run"]);
    assert!(!Path::new(file).exists());
    assert_eq!(would.replace("Would write to", "Wrote"), a.ok(&["bundle", "create", file]));
    assert!(a.fails(&["bundle", "create", file]).contains("--force"));
    assert!(b.ok(&["bundle", "verify", file]).contains("2 sessions of 1 store"));
    assert!(!b.dir.join("store").exists());

    b.ok(&["bundle", "open", file]);
    b.ok(&["fsck"]);
    assert!(contents(&a.claude()) == contents(&b.restored("out")));
    assert_eq!(a.heads(), b.heads());
    assert_eq!(b.store().refs_below("remote/").count(), 0);
    // What is new in the next one moves on what came with the first.
    a.write("a", 30..33, "");
    a.ok(&["capture"]);
    a.ok(&["bundle", "create", "--force", file]);
    assert!(b.ok(&["bundle", "open", file]).contains("1 moved on"));
    assert_eq!(a.heads(), b.heads());
    // It is a remote that can only be read.
    let c = world.machine("c");
    c.ok(&["clone", file]);
    assert_eq!(a.heads(), c.heads());
    assert!(
        c.fails(&["push", "--full"]).contains("only be read") || c.ok(&["push"]).contains("has everything")
    );
}

#[test]
fn one_session_is_shared_with_the_words_to_open_it() {
    let world = World::new();
    let (a, b) = (captured(&world), world.machine("b"));
    a.ok(&["name", "fix(it)", "a"]);
    let output = a.run(&["share", "fix(it)"]);
    let words = String::from_utf8(output.stdout).unwrap();
    let [open, resume] = words.lines().collect::<Vec<_>>()[..] else { panic!("{words}") };
    assert_eq!(open, "sfs bundle open 'fix(it).sfsbundle'");
    fs::rename(a.dir.join("fix(it).sfsbundle"), b.dir.join("fix(it).sfsbundle")).unwrap();
    b.ok(&["bundle", "open", "fix(it).sfsbundle"]);
    assert_eq!(b.heads().len(), 1);
    b.ok(&["log", resume.strip_prefix("sfs resume ").unwrap()]);
    assert!(a.fails(&["share", "nowhere"]).contains("nowhere"));
}

#[test]
fn an_encrypted_file_is_opened_by_those_it_is_for() {
    let world = World::new();
    let (a, b) = (captured(&world), world.machine("b"));
    let made = b.ok(&["remote", "key", "new", "key"]);
    let public = made.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    b.ok(&["remote", "key", "new", "other"]);
    let file = world.dir.path().join("x.sfsbundle");
    let shown = file.to_str().unwrap();
    a.ok(&["share", "a", "-o", shown, "--encrypt-to", public]);
    let bytes = fs::read(&file).unwrap();
    assert!(memchr::memmem::find(&bytes, b"SFSPACK").is_none());
    assert!(b.fails(&["bundle", "open", shown]).contains("encrypted"));
    assert!(b.fails(&["bundle", "verify", shown]).contains("encrypted"));
    assert!(b.fails(&["bundle", "open", shown, "--identity", "other"]).contains("can't be opened"));
    b.ok(&["bundle", "verify", shown, "--identity", "key"]);
    b.ok(&["bundle", "open", shown, "--identity", "key"]);
    assert_eq!(b.heads().len(), 1);
}

#[test]
fn no_secret_gets_into_a_file() {
    let world = World::new();
    let a = world.machine("a");
    a.write("a", 0..2, &format!("password = \\\"{}\\\"", "tR9vK2mQ8xL4pZ7w"));
    a.ok(&["capture"]);
    let output = a.run(&["share", "a", "-o", "x.sfsbundle"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(&a.dir).unwrap().count(), 2, "nothing is left but the home and the store");
    let said = a.ok(&["share", "a", "-o", "x.sfsbundle", "--redact"]);
    assert!(said.contains("sfs bundle open x.sfsbundle"), "{said}");
    let b = world.machine("b");
    b.ok(&["bundle", "open", a.dir.join("x.sfsbundle").to_str().unwrap()]);
    let restored: Vec<u8> = contents(&b.restored("out")).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(memchr::memmem::find(&restored, b"tR9vK2mQ8xL4pZ7w").is_none());
}

#[test]
fn a_damaged_file_is_told_and_nothing_changes() {
    let world = World::new();
    let (a, b) = (captured(&world), world.machine("b"));
    let file = world.dir.path().join("x.sfsbundle");
    let shown = file.to_str().unwrap();
    a.ok(&["bundle", "create", shown]);
    let whole = fs::read(&file).unwrap();
    b.ok(&["init"]);
    let before = contents(&b.dir.join("store"));
    for at in (12..whole.len()).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&file, &damaged).unwrap();
        let verified = b.run(&["bundle", "verify", shown]);
        assert!(verified.status.code().is_some_and(|code| code != 0 && code != 101), "byte {at}");
        b.fails(&["bundle", "open", shown]);
        fs::write(&file, &whole[..at]).unwrap();
        assert!(b.fails(&["bundle", "open", shown]).contains("is no bundle"));
    }
    assert_eq!(b.store().refs().len(), 0);
    assert_eq!(contents(&b.dir.join("store/packs")).len(), 0);
    let same = |name: &str, now: &[(std::path::PathBuf, Vec<u8>)]| {
        let of = |all: &[(std::path::PathBuf, Vec<u8>)]| {
            all.iter().find(|(path, _)| path == Path::new(name)).cloned()
        };
        of(&before) == of(now)
    };
    assert!(same("current", &contents(&b.dir.join("store"))));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let world = World::new();
    let b = world.machine("b");
    let pipe = world.dir.path().join("x.sfsbundle");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for verb in ["open", "verify"] {
        let said = b.fails(&["bundle", verb, pipe.to_str().unwrap()]);
        assert!(said.contains("it is not a file"), "{said}");
    }
}

#[test]
fn a_remote_is_looked_through_from_end_to_end() {
    let world = World::new();
    let a = world.pushed("a");
    a.write("a", 30..60, "more");
    a.ok(&["capture"]);
    a.ok(&["push"]);
    assert!(a.ok(&["fsck", "--remote"]).contains("2 packs"));
    let packs: Vec<_> =
        world.files().into_iter().filter(|f| f.extension().is_some_and(|e| e == "pack")).collect();
    let damaged = |code: i32, words: &[&str]| {
        let output = a.run(&["fsck", "--remote=origin"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    };
    let first = fs::read(&packs[0]).unwrap();
    let mut flipped = first.clone();
    flipped[20] ^= 1;
    fs::write(&packs[0], &flipped).unwrap();
    damaged(3, &[packs[0].to_str().unwrap(), "damaged", "is not on the remote"]);
    // A pack that isn't there, though this store has what was in it.
    fs::remove_file(&packs[0]).unwrap();
    damaged(3, &["is not on the remote"]);
    fs::write(&packs[0], &first).unwrap();
    damaged(0, &[]);
}
