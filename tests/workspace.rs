//! Drives the real binary: snapshots of a project, files put back, and what differs between them.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::Throwaway;
use serde_json::{Value, json};
use sfs::object::message::Input;
use sfs::object::{Block, Id};
use sfs::store::{RefValue, Store};

const NATIVE: &str = "11112222-3333-4444-5555-666677778888";

/// A home with a project and a session in it.
struct Sandbox {
    dir: Throwaway,
    rows: Vec<Value>,
    /// Milliseconds since 1970 of the first row.
    start: i64,
}

impl std::ops::Deref for Sandbox {
    type Target = Throwaway;

    fn deref(&self) -> &Throwaway {
        &self.dir
    }
}

impl Sandbox {
    fn new() -> Sandbox {
        let dir = Throwaway::new(&["home/.claude/projects/-p"]);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Sandbox { dir, rows: Vec::new(), start: i64::try_from(now.as_millis()).unwrap() - 60_000 }
    }

    /// The session is from long ago, though its file was written just now.
    fn old() -> Sandbox {
        Sandbox { start: 1_767_225_600_000, ..Sandbox::new() }
    }

    fn project(&self, path: &str) -> PathBuf {
        self.path("project").join(path)
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let at = self.project(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project(path)).unwrap()
    }

    fn row(&mut self, kind: &str, content: Value) {
        let n = self.rows.len();
        let at = jiff::Timestamp::from_millisecond(self.start + i64::try_from(n).unwrap() * 10).unwrap();
        let mut message = json!({"role": kind, "content": content});
        if kind == "assistant" {
            message["id"] = json!(format!("msg{n}"));
            message["model"] = json!("model-1");
        }
        let parent = self.rows.iter().rev().find_map(|row| row["uuid"].as_str());
        self.rows.push(json!({
            "parentUuid": parent, "isSidechain": false, "type": kind, "sessionId": NATIVE,
            "uuid": format!("u{n}"), "cwd": self.path("project"), "version": "2.0.0",
            "timestamp": at.to_string(), "message": message,
        }));
        let text: String = self.rows.iter().map(|row| format!("{row}\n")).collect();
        fs::write(self.path(&format!("home/.claude/projects/-p/{NATIVE}.jsonl")), text).unwrap();
    }

    fn says(&mut self, words: &str) {
        self.row("user", json!(words));
    }

    fn calls(&mut self, name: &str, input: Value) {
        let id = format!("toolu_{}", self.rows.len());
        self.row("assistant", json!([{"type": "tool_use", "id": id, "name": name, "input": input}]));
        self.row("user", json!([{"type": "tool_result", "tool_use_id": id, "content": "done"}]));
    }

    /// Backups that the tool tells of: of files, each with the copy's name and what it holds.
    fn backs_up(&mut self, prompt: &str, copies: &[(&str, Option<(&str, &str)>)]) {
        let mut files = json!({});
        for (path, copy) in copies {
            files[path] = json!({"backupFileName": copy.map(|(name, _)| name), "version": 1});
            if let Some((name, text)) = copy {
                let folder = self.path(&format!("home/.claude/file-history/{NATIVE}"));
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(name), text).unwrap();
            }
        }
        self.rows
            .push(json!({"type": "file-history-snapshot", "messageId": prompt, "isSnapshotUpdate": false,
            "snapshot": {"messageId": prompt, "trackedFileBackups": files}}));
    }

    /// A file that the session writes, told and done.
    fn writes(&mut self, path: &str, text: &str) {
        self.put(path, text);
        self.calls("Write", json!({"file_path": self.project(path), "content": text}));
    }

    /// An edit that the session makes, told and done.
    fn edits(&mut self, path: &str, old: &str, new: &str) {
        self.put(path, self.read(path).replace(old, new));
        self.calls("Edit", json!({"file_path": self.project(path), "old_string": old, "new_string": new}));
    }

    /// With another store, as on another machine.
    #[track_caller]
    fn other(&self, args: &[&str]) -> String {
        let store = self.path("other");
        let home = self.path("another");
        let args = [&["--store", store.to_str().unwrap()], args].concat();
        let output = self.command(&args).env("HOME", home).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn snapshots(&self) -> Vec<Value> {
        self.json(&["snapshot", "--list", "--json"]).as_array().unwrap().clone()
    }

    fn commits(&self) -> Vec<String> {
        let shown = self.json(&["show", "@", "--all", "--json"]);
        shown["messages"].as_array().unwrap().iter().map(|m| m["id"].to_string()).collect()
    }
}

fn files(dir: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    let names = all.filter(|entry| !entry.file_type().is_dir());
    names.map(|e| e.path().strip_prefix(dir).unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_session_that_is_followed_brings_its_files_and_the_same_commits() {
    let mut live = Sandbox::new();
    live.put("README.md", "read me");
    live.put(".env", "SECRET=1");
    live.says("begin");
    live.writes("src/a.txt", &"a long text ".repeat(80));
    assert_eq!(live.json(&["capture", "--json"])["snapshots"], 1);
    // Nothing new: no walk, no snapshot. In the same turn, only what changed makes one.
    assert_eq!(live.json(&["capture", "--json"])["snapshots"], 0);
    live.row("assistant", json!([{"type": "text", "text": "nothing done"}]));
    assert_eq!(live.json(&["capture", "--json"])["snapshots"], 0);
    live.edits("src/a.txt", "a long text ", "x");
    assert_eq!(live.json(&["capture", "--json"])["snapshots"], 1);
    live.says("next");
    assert_eq!(live.json(&["capture", "--json"])["snapshots"], 1);
    let all = live.snapshots();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0]["left_out"][0]["path"], ".env");
    assert_eq!(all[0]["tree"], all[1]["tree"]);
    assert_ne!(all[1]["tree"], all[2]["tree"]);

    // The same session without snapshots, and all at once, is the same.
    for (vars, args) in
        [(&[][..], &["capture", "--no-snapshot"][..]), (&[("SFS_SNAPSHOT", "off")], &["capture"])]
    {
        let commits = live.commits();
        fs::remove_dir_all(live.path("store")).unwrap();
        assert!(live.command(args).envs(vars.iter().copied()).output().unwrap().status.success());
        assert!(live.snapshots().is_empty());
        assert_eq!(live.commits(), commits);
    }
    // An old session never gets the files of today.
    let mut old = Sandbox::old();
    old.says("begin");
    old.writes("a", "x");
    assert_eq!(old.json(&["capture", "--json"])["snapshots"], 0);
    assert!(old.snapshots().is_empty());
}

#[test]
fn what_is_written_and_the_file_are_one_blob() {
    let mut sandbox = Sandbox::new();
    let text = "a line of text that is long enough\n".repeat(40);
    sandbox.says("write it");
    sandbox.writes("a.txt", &text);
    sandbox.ok(&["capture"]);
    let store = Store::open(&sandbox.path("store")).unwrap();
    let Some((_, RefValue::Snapshot(id))) = store.refs_below("workspace/").next() else { panic!() };
    let tree = store.tree(&store.snapshot(id).unwrap().tree).unwrap();
    let mut told = Vec::new();
    for (_, value) in store.refs_below("head/") {
        let RefValue::Commit(tip) = value else { panic!() };
        let mut next = Some(*tip);
        while let Some(id) = next {
            let commit = store.commit(&id).unwrap();
            for block in store.body(&id, &commit).unwrap().message.into_iter().flat_map(|m| m.blocks) {
                if let Block::Call { input: Input::Json(json), .. } = block {
                    told.extend(json.holes.into_iter().filter_map(|(_, text)| text.blob()));
                }
            }
            next = commit.parents.first().copied();
        }
    }
    assert_eq!((told, tree.entries.len()), (vec![tree.entries[0].blob], 1));
    assert_eq!(store.blob(&tree.entries[0].blob).unwrap(), text.as_bytes());
    assert_eq!(tree.entries[0].blob, Id::of(sfs::object::Kind::Blob, text.as_bytes()));
}

#[test]
fn files_come_back_and_nothing_is_overwritten_unasked() {
    let mut sandbox = Sandbox::new();
    sandbox.put("keep/b.txt", "b");
    sandbox.says("one");
    sandbox.writes("a.txt", "first");
    sandbox.ok(&["capture"]);
    sandbox.says("two");
    sandbox.writes("a.txt", "second");
    sandbox.writes("new.txt", "new");
    sandbox.ok(&["capture"]);

    let made = sandbox.json(&["checkout", "@~1", "--to", "../then", "--json"]);
    assert_eq!((&made["exact"], &made["done"]), (&json!(true), &json!(true)));
    assert_eq!(files(&sandbox.path("then")), ["a.txt", "keep/b.txt"]);
    assert_eq!(fs::read_to_string(sandbox.path("then/a.txt")).unwrap(), "first");

    // In place: told first, and only told.
    sandbox.put("a.txt", "unsaved");
    let said = sandbox.fails(1, &["checkout", "@~1"]);
    assert!(said.contains("1 file would be overwritten") && said.contains("--force"), "{said}");
    assert!(sandbox.ok(&["checkout", "@~1", "--dry-run"]).contains("would replace a.txt"));
    assert_eq!(sandbox.read("a.txt"), "unsaved");
    let forced = sandbox.json(&["checkout", "@~1", "--force", "--json"]);
    assert_eq!((&forced["replaced"], &forced["same"]), (&json!(["a.txt"]), &json!(1)));
    assert_eq!((sandbox.read("a.txt"), sandbox.read("new.txt")), ("first".into(), "new".into()));

    // What was overwritten comes back by the snapshot that kept it, which is no snapshot of the turn.
    let kept = forced["kept"].as_str().unwrap();
    assert_eq!(sandbox.json(&["checkout", "@~1", "--dry-run", "--json"])["same"], 2);
    sandbox.ok(&["checkout", "@", "--snapshot", kept, "--force"]);
    assert_eq!(sandbox.read("a.txt"), "unsaved");
    assert_eq!(sandbox.snapshots().len(), 4);

    // Only what is named, from where the user is.
    fs::remove_file(sandbox.project("keep/b.txt")).unwrap();
    let one = sandbox.json(&["checkout", "@", "keep", "--json"]);
    assert_eq!((&one["created"], &one["replaced"]), (&json!(["keep/b.txt"]), &json!([])));
    assert!(sandbox.fails(1, &["checkout", "@", "../home"]).contains("outside"));
    assert!(sandbox.fails(1, &["checkout", "@", "nothing"]).contains("no file"));
    assert!(sandbox.fails(1, &["checkout", "@", "--to", "../home"]).contains("more than a project"));
}

#[test]
fn a_checkout_that_was_cut_short_is_gone_on_with() {
    let mut sandbox = Sandbox::new();
    (0..5).for_each(|n| sandbox.put(&format!("f{n}"), format!("{n}")));
    sandbox.says("one");
    sandbox.ok(&["capture"]);
    // Something is in the way of what is written aside.
    fs::create_dir_all(sandbox.path("then/f3.sfs-tmp/x")).unwrap();
    assert!(sandbox.fails(1, &["checkout", "@", "--to", "../then"]).contains("f3"));
    assert_eq!(files(&sandbox.path("then")), ["f0", "f1", "f2"]);
    fs::remove_dir_all(sandbox.path("then/f3.sfs-tmp")).unwrap();
    let rest = sandbox.json(&["checkout", "@", "--to", "../then", "--json"]);
    assert_eq!((&rest["same"], &rest["created"]), (&json!(3), &json!(["f3", "f4"])));
}

#[test]
fn without_a_snapshot_the_conversation_tells() {
    let mut sandbox = Sandbox::old();
    sandbox.put("seen.txt", "never told");
    sandbox.says("one");
    sandbox.writes("a.txt", "first\nline\n");
    sandbox.edits("a.txt", "first", "other");
    sandbox.edits("seen.txt", "never", "partly");
    sandbox.says("two");
    sandbox.edits("a.txt", "line", "end");
    sandbox.ok(&["capture"]);
    let made = sandbox.json(&["checkout", "@~1", "--to", "../then", "--json"]);
    assert_eq!((&made["exact"], &made["snapshot"]), (&json!(false), &Value::Null));
    assert_eq!(made["unknown"], json!(["seen.txt"]));
    assert_eq!(fs::read_to_string(sandbox.path("then/a.txt")).unwrap(), "other\nline\n");
    assert_eq!(files(&sandbox.path("then")), ["a.txt"]);

    // From a snapshot on, what came after it is told.
    sandbox.ok(&["snapshot"]);
    sandbox.says("three");
    sandbox.edits("seen.txt", "told", "seen");
    sandbox.ok(&["capture"]);
    let made = sandbox.json(&["checkout", "@", "--to", "../now", "--json"]);
    assert_eq!((&made["commits_since_snapshot"], &made["changes_replayed"]), (&json!(3), &json!(1)));
    assert_eq!(fs::read_to_string(sandbox.path("now/seen.txt")).unwrap(), "partly seen");
}

/// An edit's record holds the whole file as it was before.
#[test]
fn what_a_record_shows_of_a_file_is_taken_over() {
    let mut sandbox = Sandbox::old();
    sandbox.says("one");
    let input = json!({"file_path": sandbox.project("a.txt"), "old_string": "b", "new_string": "B"});
    sandbox.calls("Edit", input);
    let last = sandbox.rows.len() - 1;
    sandbox.rows[last]["toolUseResult"] = json!({
        "filePath": sandbox.project("a.txt"), "oldString": "b", "newString": "B", "originalFile": "a\nb\nc\n",
    });
    sandbox.says("two");
    sandbox.ok(&["capture"]);
    let made = sandbox.json(&["checkout", "@", "--to", "../then", "--json"]);
    assert_eq!((&made["partial"], &made["unknown"]), (&json!([]), &json!([])));
    assert_eq!(fs::read_to_string(sandbox.path("then/a.txt")).unwrap(), "a\nB\nc\n");
}

/// One answer edits a file twice, and between that another of its name. Its
/// record shows each edit, and of the files only the name.
#[test]
fn each_edit_of_an_answer_has_its_own_of_what_the_record_shows() {
    let sandbox = Sandbox::new();
    let chats = sandbox.path("home/.gemini/tmp/p/chats");
    fs::create_dir_all(&chats).unwrap();
    fs::write(chats.with_file_name(".project_root"), sandbox.path("project").to_str().unwrap()).unwrap();
    let time = "2026-01-01T00:00:00.000Z";
    let head = json!({"sessionId": NATIVE, "projectHash": "00", "startTime": time, "lastUpdated": time, "kind": "main"});
    let prompt = json!({"id": "m1", "timestamp": time, "type": "user", "content": [{"text": "go"}]});
    let edits = [
        ("a.txt", "a\nb\nc\n", "b", "B"),
        ("sub/a.txt", "x\ny\n", "y", "z"),
        ("a.txt", "a\nB\nc\n", "c", "C"),
    ];
    let call = |(n, (path, before, old, new)): (usize, &(&str, &str, &str, &str))| {
        let (id, after) = (format!("c{n}"), before.replace(old, new));
        let response =
            json!({"functionResponse": {"id": id, "name": "replace", "response": {"output": "ok"}}});
        json!({"id": id, "name": "replace", "result": [response], "status": "success", "timestamp": time,
            "args": {"file_path": sandbox.project(path), "old_string": old, "new_string": new},
            "resultDisplay": {"fileName": "a.txt", "originalContent": before, "newContent": after}})
    };
    let calls: Vec<Value> = edits.iter().enumerate().map(call).collect();
    let answer =
        json!({"id": "m2", "timestamp": time, "type": "gemini", "content": "I edit.", "toolCalls": calls});
    let rows: String = [head, prompt, answer].iter().map(|row| format!("{row}\n")).collect();
    fs::write(chats.join("session-2026-01-01T00-00-11112222.jsonl"), rows).unwrap();
    sandbox.ok(&["capture", "--no-snapshot"]);
    let made = sandbox.json(&["checkout", "@", "--to", "../then", "--json"]);
    assert_eq!((&made["partial"], &made["unknown"]), (&json!([]), &json!([])), "{made}");
    assert_eq!(fs::read_to_string(sandbox.path("then/a.txt")).unwrap(), "a\nB\nC\n");
    assert_eq!(fs::read_to_string(sandbox.path("then/sub/a.txt")).unwrap(), "x\nz\n");
    sandbox.put("a.txt", "a\nB\nC\n");
    let lines = sandbox.json(&["blame", "a.txt", "--json"])["lines"].clone();
    let origins: Vec<_> = lines.as_array().unwrap().iter().map(|line| line["origin"].clone()).collect();
    assert_eq!(origins, [Value::Null, json!(0), json!(1)]);
}

#[test]
fn files_differ_with_hunks() {
    let mut sandbox = Sandbox::new();
    let text: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    sandbox.put("other.txt", "not told");
    sandbox.says("one");
    sandbox.writes("a.txt", &text);
    sandbox.ok(&["capture"]);
    sandbox.says("two");
    sandbox.edits("a.txt", "line 10\n", "line ten\u{1b}[2J\n");
    sandbox.put("other.txt", "by a command");
    sandbox.calls("Bash", json!({"command": "make"}));
    sandbox.ok(&["capture"]);
    assert_eq!(sandbox.ok(&["diff", "@~1", "--name-only"]), "a.txt\nother.txt\n");
    let shown = sandbox.ok(&["diff", "@~1"]);
    assert!(shown.contains("@@ -7,7 +7,7 @@\n line 7\n"), "{shown}");
    assert!(shown.contains("-line 10\n+line ten[2J\n"), "{shown}");
    assert!(shown.contains("-not told\n") && shown.contains("+by a command\n"));
    assert!(sandbox.ok(&["diff", "@~1", "--stat"]).contains("a.txt  +1 -1"));
    let found = sandbox.json(&["diff", "@~1", "--json"]);
    assert_eq!(found["files"][0]["hunks"][0]["header"], "@@ -7,7 +7,7 @@");
    assert_eq!(sandbox.ok(&["diff", "@", "@", "--name-only"]), "");
}

/// Two branches that parted: each with what it changed since.
#[test]
fn branches_that_parted_show_what_each_changed() {
    let mut sandbox = Sandbox::old();
    sandbox.says("one");
    sandbox.writes("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    let fork = sandbox.rows.len();
    sandbox.says("left");
    sandbox.edits("a.txt", "2", "two");
    sandbox.ok(&["capture"]);
    sandbox.ok(&["fork", "@", "--name", "left"]);
    // A rewind: the next prompt hangs on an earlier message.
    sandbox.put("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    sandbox.says("right");
    let last = sandbox.rows.len() - 1;
    sandbox.rows[last]["parentUuid"] = json!(format!("u{}", fork - 1));
    sandbox.edits("a.txt", "8", "eight");
    sandbox.writes("b.txt", "new\n");
    sandbox.ok(&["capture"]);
    let shown = sandbox.ok(&["diff", "@/left", "@"]);
    let (_, files) = shown.split_once("--- files of @/left since they parted").unwrap();
    let (left, right) = files.split_once("+++ files of @ since they parted").unwrap();
    assert!(left.contains("-2\n+two\n") && !left.contains("eight"), "{shown}");
    assert!(
        right.contains("-8\n+eight\n") && right.contains("new b.txt") && !right.contains("two"),
        "{shown}"
    );
    let found = sandbox.json(&["diff", "@/left", "@", "--json"]);
    assert_eq!(found["files_since_base"]["left"].as_array().unwrap().len(), 1);
    assert_eq!(found["files"][0]["added"], 2);
    assert_eq!(sandbox.ok(&["diff", "@/left", "@", "--name-only"]), "a.txt\nb.txt\n");
}

#[test]
fn a_fork_and_a_resumed_session_have_their_own_files() {
    let mut sandbox = Sandbox::new();
    sandbox.says("one");
    sandbox.writes("a.txt", "first");
    sandbox.row("assistant", json!([{"type": "text", "text": "done"}]));
    sandbox.ok(&["capture"]);
    sandbox.says("two");
    sandbox.writes("a.txt", "second");
    sandbox.row("assistant", json!([{"type": "text", "text": "done again"}]));
    sandbox.ok(&["capture"]);
    let made = sandbox.json(&["fork", "@~1", "--name", "try", "--worktree", "../try", "--json"]);
    assert_eq!(made["worktree"], json!(sandbox.path("try")));
    assert_eq!(fs::read_to_string(sandbox.path("try/a.txt")).unwrap(), "first");
    assert!(
        sandbox.fails(1, &["fork", "@~1", "--name", "more", "--worktree", "../try"]).contains("not empty")
    );
    // The fork that failed made no branch.
    assert!(!sandbox.ok(&["branch"]).contains("more"));
    let resumed = sandbox.json(&["resume", "@/try", "--worktree", "../again", "--json"]);
    assert_eq!(resumed["cwd"], json!(sandbox.path("again")));
    let written = fs::read_to_string(resumed["path"].as_str().unwrap()).unwrap();
    assert!(written.contains(sandbox.path("again").join("a.txt").to_str().unwrap()));
    assert_eq!(fs::read_to_string(sandbox.path("again/a.txt")).unwrap(), "first");
    assert_eq!(sandbox.read("a.txt"), "second");
}

#[test]
fn snapshots_survive_gc_and_travel() {
    let mut sandbox = Sandbox::new();
    sandbox.put("deep/er/b.bin", [7; 3000]);
    sandbox.says("one");
    sandbox.writes("a.txt", "first");
    sandbox.ok(&["capture"]);
    sandbox.ok(&["gc", "--grace", "0"]);
    sandbox.ok(&["fsck"]);
    sandbox.ok(&["remote", "add", "origin", sandbox.path("remote").to_str().unwrap()]);
    sandbox.ok(&["push"]);
    sandbox.other(&["clone", sandbox.path("remote").to_str().unwrap()]);
    sandbox.other(&["checkout", "@", "--to", "../there"]);
    assert_eq!(fs::read(sandbox.path("there/deep/er/b.bin")).unwrap(), [7; 3000]);
    // What comes later follows; what the other takes stands beside it.
    sandbox.says("two");
    sandbox.writes("a.txt", "second");
    sandbox.ok(&["capture"]);
    sandbox.ok(&["push"]);
    sandbox.other(&["snapshot"]);
    sandbox.other(&["pull"]);
    sandbox.other(&["gc", "--grace", "0"]);
    sandbox.other(&["fsck"]);
    let all: Value = serde_json::from_str(&sandbox.other(&["snapshot", "--list", "--json"])).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 3);
    // Pushed again by the other, nothing is missing on the first.
    sandbox.other(&["push"]);
    sandbox.ok(&["pull"]);
    assert_eq!(sandbox.snapshots().len(), 3);
}

/// What another machine says the files were is believed in nothing.
#[test]
fn files_of_a_stranger_stay_in_their_folder() {
    use sfs::object::tree::{FOLDER, LINK};
    use sfs::object::{Entry, Kind, Snapshot, Tree};
    let mut sandbox = Sandbox::old();
    sandbox.says("one");
    sandbox.ok(&["capture"]);
    let mut store = Store::open(&sandbox.path("store")).unwrap();
    let Some((head, RefValue::Commit(commit))) = store.refs_below("head/").next() else { panic!() };
    let (session, commit) = (head.split('/').nth(1).unwrap().to_owned(), *commit);
    let mut batch = sfs::store::Batch::default();
    let mut blob = |text: &str| batch.put_blob(&store, text.into()).unwrap();
    let (evil, out, up) = (blob("evil"), blob("/etc"), blob("../.."));
    let entry = |path: &str, mode, blob| Entry { path: path.into(), mode, blob, len: 4 };
    let hook = Tree { entries: vec![entry("post-checkout", 0o755, evil)] };
    let hook = batch.put_value(&store, Kind::Tree, &hook).unwrap();
    let entries = vec![
        entry(".env", 0o644, evil),
        entry(".git", FOLDER, hook),
        entry("a", 0o4755, evil),
        entry("b", LINK, out),
        entry("c", LINK, up),
    ];
    let tree = batch.put_value(&store, Kind::Tree, &Tree { entries }).unwrap();
    let snapshot = Snapshot { commit, tree, root: "/etc".into(), ..Snapshot::default() };
    let id = batch.put_value(&store, Kind::Snapshot, &snapshot).unwrap();
    let name = format!("workspace/{session}/stranger");
    let edit = sfs::store::Edit { name, expect: None, new: Some(RefValue::Snapshot(id)) };
    store.apply(batch, vec![edit], &sfs::store::Actor::default()).unwrap();

    sandbox.ok(&["remote", "add", "origin", sandbox.path("remote").to_str().unwrap()]);
    sandbox.ok(&["push"]);
    sandbox.other(&["clone", sandbox.path("remote").to_str().unwrap()]);
    let made: Value =
        serde_json::from_str(&sandbox.other(&["checkout", "@", "--to", "../then", "--json"])).unwrap();
    let refused: Vec<&Value> = made["refused"].as_array().unwrap().iter().map(|r| &r["path"]).collect();
    assert_eq!(refused, [".env", ".git/post-checkout", "b", "c"]);
    assert_eq!(files(&sandbox.path("then")), ["a"]);
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(sandbox.path("then/a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7000, 0, "{mode:o}");
    // Without --to it would go where the stranger says.
    assert!(sandbox.fails(1, &["checkout", "@"]).contains("you are elsewhere"));
}

#[test]
fn git_is_asked_where_a_project_stands() {
    let mut sandbox = Sandbox::new();
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let done = Command::new("git").args(who).args(args).current_dir(sandbox.path("project")).output();
        assert!(done.unwrap().status.success(), "{args:?}");
    };
    git(&["init", "-q", "-b", "work"]);
    git(&["remote", "add", "origin", "https://me:secret@example.com/r.git"]);
    sandbox.put(".gitignore", "*.log\n");
    sandbox.put("x.log", "noise");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "x"]);
    sandbox.says("one");
    sandbox.ok(&["capture"]);
    let taken = &sandbox.snapshots()[0];
    let facts = &taken["git"];
    assert_eq!((&facts["branch"], &facts["dirty"]), (&json!("work"), &json!(false)));
    assert_eq!(facts["upstream"], "https://example.com/r.git");
    assert_eq!(taken["left_out"][0], json!({"path": "x.log", "why": "ignored", "bytes": 5}));
    sandbox.ok(&["checkout", "@", "--to", "../then"]);
    assert_eq!(files(&sandbox.path("then")), [".gitignore"]);
}

/// A session of old: nothing but its tool's backups tells what its files were.
#[test]
fn backups_of_the_tool_prove_what_files_were() {
    let mut sandbox = Sandbox::old();
    let edit = |sandbox: &mut Sandbox, path: &str, old: &str, new: &str| {
        let file = sandbox.project(path);
        sandbox.calls("Edit", json!({"file_path": file, "old_string": old, "new_string": new}));
    };
    sandbox.says("first");
    sandbox.backs_up("u0", &[("a.txt", Some(("a@v1", "one two\n"))), ("b.txt", Some(("b@v1", "b\n")))]);
    edit(&mut sandbox, "a.txt", "two", "three");
    edit(&mut sandbox, "unknown.txt", "two", "three");
    let gone = sandbox.project("gone.txt");
    sandbox.calls("Write", json!({"file_path": gone, "content": "x"}));
    // The turn has changed it already, and this tells what was before; and this of another turn.
    sandbox.backs_up("u0", &[("gone.txt", Some(("g@v1", "before\n")))]);
    sandbox.backs_up("another", &[("c.txt", Some(("c@v1", "c\n")))]);
    edit(&mut sandbox, "b.txt", "b", "B");
    let second = format!("u{}", sandbox.rows.len());
    sandbox.says("second");
    sandbox.backs_up(&second, &[("a.txt", Some(("a@v2", "one three, by hand\n"))), ("gone.txt", None)]);
    edit(&mut sandbox, "a.txt", "one", "uno");
    sandbox.ok(&["capture", "--no-snapshot"]);
    let files = |to: &str| {
        let mut files: Vec<(String, String)> = fs::read_dir(sandbox.path(to))
            .unwrap()
            .map(|file| {
                let path = file.unwrap().path();
                (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
            })
            .collect();
        files.sort();
        files
    };
    let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let then = sandbox.json(&["checkout", "@~1", "--to", "../then", "--json"]);
    assert_eq!(files("then"), [text("a.txt", "one three\n"), text("b.txt", "B\n"), text("gone.txt", "x")]);
    assert_eq!((&then["backed"], &then["unknown"]), (&json!(["a.txt", "b.txt"]), &json!(["unknown.txt"])));
    let now = sandbox.json(&["checkout", "@", "--to", "../now", "--json"]);
    assert_eq!(files("now"), [text("a.txt", "uno three, by hand\n"), text("b.txt", "B\n")]);
    assert_eq!(now["partial"], json!([]));
    let output = sandbox.run(&["checkout", "@", "--to", "../again"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("backups of the tool: 2 files"), "{output:?}");
}
