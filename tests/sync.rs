//! Drives the real binary on several machines that share a directory.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "sync/ahead.rs"]
mod ahead;
#[path = "sync/bundle.rs"]
mod bundle;
#[path = "sync/delete.rs"]
mod delete;
#[path = "sync/merge.rs"]
mod merge;
#[path = "sync/place.rs"]
mod place;
#[path = "sync/shallow.rs"]
mod shallow;
#[path = "sync/sweep.rs"]
mod sweep;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sfs::object::id::Id;
use sfs::store::{RefValue, Store};

/// Machines that share a remote.
struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        World { dir: tempfile::tempdir().unwrap() }
    }

    fn remote(&self) -> PathBuf {
        self.dir.path().join("remote")
    }

    fn machine(&self, name: &str) -> Machine {
        let dir = self.dir.path().join(name);
        fs::create_dir_all(dir.join("home/.claude/projects/-p")).unwrap();
        Machine { dir, remote: self.remote() }
    }

    /// A machine with a session and the remote, to which it has pushed.
    fn pushed(&self, name: &str) -> Machine {
        let machine = self.machine(name);
        machine.write(name, 0..30, "");
        machine.ok(&["capture"]);
        machine.ok(&["remote", "add", "origin", machine.remote.to_str().unwrap()]);
        machine.ok(&["push"]);
        machine
    }

    fn files(&self) -> Vec<PathBuf> {
        let walk = walkdir::WalkDir::new(self.remote()).sort_by_file_name().into_iter().flatten();
        walk.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
    }

    fn file(&self, extension: &str) -> PathBuf {
        let ours = |path: &PathBuf| path.extension().is_some_and(|e| e == extension);
        self.files().into_iter().find(ours).unwrap()
    }
}

struct Machine {
    dir: PathBuf,
    remote: PathBuf,
}

impl Machine {
    fn claude(&self) -> PathBuf {
        self.dir.join("home/.claude")
    }

    /// Appends prompts to a session's file; `branch` makes their words differ.
    fn write(&self, session: &str, prompts: std::ops::Range<usize>, branch: &str) {
        let path = self.claude().join("projects/-p").join(format!("{session}.jsonl"));
        let mut file = fs::read(&path).unwrap_or_default();
        prompts.for_each(|n| file.extend_from_slice(row(n, session, branch).as_bytes()));
        fs::write(path, file).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.dir.join("home")).env("SFS_DIR", self.dir.join("store"));
        command.current_dir(&self.dir).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that must succeed; what it says.
    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap() + &said
    }

    /// Runs a command that must fail in words; what it says.
    fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some_and(|code| code != 0 && code != 101), "sfs {args:?}: {said}");
        said
    }

    fn store(&self) -> Store {
        Store::open(&self.dir.join("store")).unwrap()
    }

    /// The branches that capture moves, by session and label.
    fn heads(&self) -> Vec<(String, RefValue)> {
        let store = self.store();
        store.refs_below("head/").map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    fn head(&self, label: &str) -> Option<Id> {
        let heads = self.heads();
        let found = heads.iter().find(|(name, _)| name.ends_with(label));
        found.map(|(_, value)| match value {
            RefValue::Commit(id) => *id,
            other => panic!("{other:?}"),
        })
    }

    fn restored(&self, name: &str) -> PathBuf {
        let to = self.dir.join(name);
        self.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        to.join("claude-code")
    }
}

fn row(n: usize, session: &str, branch: &str) -> String {
    let parent = if n == 0 { "null".to_owned() } else { format!("\"u{}\"", n - 1) };
    let text: String = (0..30).map(|i| format!("{branch} line {i} of text {n}, ünïcödé\\n")).collect();
    format!(
        "{{\"parentUuid\":{parent},\"isSidechain\":false,\"type\":\"user\",\"sessionId\":\"{session}\",\"uuid\":\"u{n}\",\
         \"timestamp\":\"2026-01-01T00:00:{:02}.000Z\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n",
        n % 60
    )
}

/// The files below a folder, and their bytes.
fn contents(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|e| e.file_type().is_file());
    files.map(|e| (e.path().strip_prefix(root).unwrap().to_owned(), fs::read(e.path()).unwrap())).collect()
}

#[test]
fn what_one_machine_pushes_another_restores_byte_for_byte() {
    let world = World::new();
    let (a, b) = (world.pushed("a"), world.machine("b"));
    // The remote is nothing but packs and refs.
    let kinds: Vec<_> = world.files().iter().map(|f| f.extension().map(|e| e.to_owned())).collect();
    assert_eq!(kinds.len(), 3, "{:?}", world.files());
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    b.ok(&["fsck"]);
    assert!(contents(&a.claude()) == contents(&b.restored("out")));
    assert_eq!(a.heads(), b.heads());

    // And back: what the other machine adds comes too.
    b.write("b", 0..10, "");
    b.ok(&["capture"]);
    b.ok(&["push"]);
    let said = a.ok(&["pull"]);
    assert!(said.contains("1 session file"), "{said}");
    a.ok(&["fsck"]);
    let both: Vec<_> = [contents(&a.claude()), contents(&b.claude())].concat();
    assert!(both == contents(&a.restored("out")));
    assert_eq!(a.heads(), b.heads());
    assert!(a.ok(&["pull"]).contains("Nothing new"));
}

#[test]
fn pushing_twice_writes_nothing_and_more_sends_only_what_is_new() {
    let world = World::new();
    let a = world.pushed("a");
    let before = contents(&world.remote());
    assert!(a.ok(&["push"]).contains("has everything"));
    assert!(contents(&world.remote()) == before);
    a.write("a", 30..31, "");
    a.ok(&["capture"]);
    let would = a.ok(&["push", "--dry-run"]);
    assert!(would.contains("1 commit,"), "{would}");
    assert!(contents(&world.remote()) == before);
    let said = a.ok(&["push"]);
    // What it said it would send it sends, to the byte.
    assert!(would.replace("Would push", "Pushed").ends_with(&said), "{would}{said}");
    let after = contents(&world.remote());
    assert!(before.iter().all(|file| after.contains(file)), "a file of the remote was changed");
    let packs = |files: &[(PathBuf, Vec<u8>)]| -> Vec<usize> {
        files
            .iter()
            .filter(|(p, _)| p.extension().is_some_and(|e| e == "pack"))
            .map(|(_, b)| b.len())
            .collect()
    };
    assert_eq!((packs(&before).len(), packs(&after).len()), (1, 2));
    // What another machine got from there need not be sent again.
    let b = world.machine("b");
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    let said = b.ok(&["push"]);
    assert!(said.contains("0 commits, 0 other objects"), "{said}");
    assert_eq!(packs(&contents(&world.remote())).len(), 2);
}

#[test]
fn a_branch_moves_on_and_where_both_went_on_both_tips_stay() {
    let world = World::new();
    let (a, b) = (world.pushed("s"), world.machine("b"));
    // The same session lies on the other machine, and goes on there.
    b.write("s", 0..33, "");
    b.ok(&["capture"]);
    b.ok(&["remote", "add", "origin", b.remote.to_str().unwrap()]);
    b.ok(&["pull"]);
    b.ok(&["push"]);
    let said = a.ok(&["pull"]);
    assert!(said.contains("1 moved on"), "{said}");
    assert_eq!(a.head("/main"), b.head("/main"));
    // Capturing anew takes nothing back.
    a.ok(&["capture"]);
    assert_eq!(a.head("/main"), b.head("/main"));

    // Both go on.
    b.write("s", 33..36, "b");
    b.ok(&["capture"]);
    b.ok(&["push"]);
    a.write("s", 30..36, "a");
    a.ok(&["capture"]);
    let ours = a.head("/main").unwrap();
    let said = a.ok(&["pull"]);
    assert!(said.contains("Both sides went on"), "{said}");
    let beside = format!("/main@{:.8}", b.store().writer());
    assert_eq!((a.head("/main"), a.head(&beside)), (Some(ours), b.head("/main")));
    a.ok(&["push"]);
    b.ok(&["pull"]);
    let theirs = format!("/main@{:.8}", a.store().writer());
    assert_eq!(b.head(&theirs), Some(ours));
    // Our own tip does not come back to us as another's.
    assert_eq!(b.head(&beside), None);
    for machine in [&a, &b] {
        machine.ok(&["fsck"]);
        assert!(contents(&machine.claude()) == contents(&machine.restored("out")));
    }
}

#[test]
fn a_damaged_remote_is_refused_and_nothing_changes() {
    let world = World::new();
    world.pushed("a");
    let b = world.machine("b");
    b.ok(&["init"]);
    b.ok(&["remote", "add", "origin", b.remote.to_str().unwrap()]);
    // What is known of a remote is a cache.
    let kept = || -> Vec<(PathBuf, Vec<u8>)> {
        let all = contents(&b.dir.join("store")).into_iter();
        all.filter(|(path, _)| !path.starts_with("known")).collect()
    };
    let before = kept();
    for path in world.files() {
        let good = fs::read(&path).unwrap();
        for at in [0, 9, 40, good.len() / 2, good.len() - 20, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            fs::write(&path, bad).unwrap();
            let said = b.fails(&["pull"]);
            assert!(said.contains(path.to_str().unwrap()), "byte {at} of {}: {said}", path.display());
        }
        fs::write(&path, &good[..good.len() / 2]).unwrap();
        assert!(b.fails(&["fetch"]).contains("remote/"));
        fs::write(&path, good).unwrap();
        assert!(kept() == before, "{}", path.display());
    }
    b.ok(&["pull"]);
    b.ok(&["fsck"]);
}

#[test]
fn a_pack_under_a_name_that_is_not_its_own_is_refused() {
    let world = World::new();
    let a = world.pushed("a");
    a.write("a", 30..40, "");
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let packs: Vec<PathBuf> =
        world.files().into_iter().filter(|f| f.extension().is_some_and(|e| e == "pack")).collect();
    let [one, two] = packs.as_slice() else { panic!("{packs:?}") };
    fs::copy(one, two).unwrap();
    fs::copy(one.with_extension("idx"), two.with_extension("idx")).unwrap();
    let b = world.machine("b");
    let said = b.fails(&["clone", b.remote.to_str().unwrap()]);
    assert!(said.contains("is damaged"), "{said}");
    assert_eq!(b.heads(), []);
}

#[test]
fn a_push_that_was_killed_is_harmless() {
    let world = World::new();
    let a = world.pushed("a");
    a.write("a", 30..40, "");
    a.ok(&["capture"]);
    let before = world.files();
    a.ok(&["push"]);
    let new: Vec<PathBuf> = world.files().into_iter().filter(|f| !before.contains(f)).collect();
    // As if it had been killed before the refs, and before the index.
    for extension in ["", "idx"] {
        let gone = new.iter().find(|f| f.extension().map_or("", |e| e.to_str().unwrap()) == extension);
        fs::remove_file(gone.unwrap()).unwrap();
        let b = world.machine(&format!("b{extension}"));
        b.ok(&["clone", b.remote.to_str().unwrap()]);
        b.ok(&["fsck"]);
        assert_ne!(b.heads(), a.heads());
    }
    fs::write(world.remote().join("packs/tmp-x"), "half a pa").unwrap();
    a.ok(&["push"]);
    let c = world.machine("c");
    c.ok(&["clone", c.remote.to_str().unwrap()]);
    c.ok(&["fsck"]);
    assert_eq!(c.heads(), a.heads());
    assert!(contents(&a.claude()) == contents(&c.restored("out")));
}

#[test]
fn a_pull_that_is_killed_anywhere_leaves_a_store() {
    let world = World::new();
    let a = world.pushed("a");
    let b = world.machine("b");
    b.ok(&["init"]);
    b.ok(&["remote", "add", "origin", b.remote.to_str().unwrap()]);
    let mut killed = 0;
    for point in 1.. {
        let output = b.command(&["pull"]).env("SFS_TEST_CRASH", point.to_string()).output().unwrap();
        let heads = b.heads();
        assert!(heads.is_empty() || heads == a.heads());
        b.ok(&["fsck"]);
        if output.status.success() {
            break;
        }
        killed += 1;
    }
    assert!(killed > 5, "{killed}");
    assert!(contents(&a.claude()) == contents(&b.restored("out")));
}

#[test]
fn what_is_missing_on_the_remote_is_named_and_can_be_sent_again() {
    let world = World::new();
    let a = world.pushed("a");
    fs::remove_file(world.file("pack")).unwrap();
    let b = world.machine("b");
    let said = b.fails(&["clone", b.remote.to_str().unwrap()]);
    assert!(said.contains("is not on the remote"), "{said}");
    assert_eq!(b.store().refs().len(), 0);
    assert!(a.ok(&["push"]).contains("has everything"));
    a.ok(&["push", "--full"]);
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    assert!(contents(&a.claude()) == contents(&b.restored("out")));
    assert!(a.ok(&["push", "--full"]).contains("has everything"));
}

#[test]
fn a_store_that_was_copied_loses_nothing() {
    let world = World::new();
    let a = world.pushed("a");
    let copy = world.machine("copy");
    for (path, bytes) in contents(&a.dir.join("store")) {
        let to = copy.dir.join("store").join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
    copy.write("copy", 0..5, "other");
    copy.ok(&["capture"]);
    copy.ok(&["push"]);
    a.write("a", 30..31, "");
    a.ok(&["capture"]);
    let said = a.fails(&["push"]);
    assert!(said.contains("sfs pull"), "{said}");
    a.ok(&["pull"]);
    a.ok(&["push"]);
    let b = world.machine("b");
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    assert_eq!(b.heads().len(), 2);
}

#[test]
fn remotes_are_listed_and_mistakes_are_told() {
    let world = World::new();
    let a = world.pushed("a");
    assert_eq!(a.run(&["remote"]).stdout, format!("origin\t{}\n", a.remote.display()).into_bytes());
    for (args, word) in [
        (["remote", "add", "far", "ftp://host/dir"], "is no address of a remote"),
        (["remote", "add", "far", "ssh://host"], "names no directory"),
        (["remote", "add", "origin", "x"], "already"),
        (["remote", "add", "a/b", "x"], "can't be called"),
        (["remote", "add", "own", "store"], "is a store"),
    ] {
        let said = a.fails(&args);
        assert!(said.contains(word), "{said}");
    }
    assert!(a.fails(&["push", "far"]).contains("no remote is called"));
    a.ok(&["remote", "add", "stick", "nowhere/stick"]);
    for args in [["push", "stick"], ["pull", "stick"]] {
        let said = a.fails(&args);
        assert!(said.contains("there is no remote at"), "{said}");
    }
    a.ok(&["remote", "remove", "origin"]);
    assert!(a.fails(&["clone", "../remote"]).contains("something in it"));
}

#[test]
fn what_was_pulled_stays_when_the_file_here_goes_on_otherwise() {
    let world = World::new();
    let (a, b) = (world.pushed("a"), world.machine("b"));
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    fs::copy(a.claude().join("projects/-p/a.jsonl"), b.claude().join("projects/-p/a.jsonl")).unwrap();
    b.write("a", 30..33, "there");
    b.ok(&["push"]);
    a.ok(&["pull"]);
    let theirs = b.head("/main").unwrap();
    assert_eq!(a.head("/main"), Some(theirs));
    a.write("a", 30..32, "here");
    a.ok(&["capture"]);
    assert_ne!(a.head("/main"), Some(theirs));
    let beside = a.heads().into_iter().find(|(name, _)| name.contains("/main@"));
    assert_eq!(beside.map(|(_, value)| value), Some(RefValue::Commit(theirs)));
    // It is what a pull would have made of it.
    let before = a.heads();
    a.ok(&["pull"]);
    assert_eq!(a.heads(), before);
}
