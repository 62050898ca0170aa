//! Format 1 as it is written down in `tests/golden/`: objects, byte for byte,
//! and a store that every later version must read.
//!
//! `SFS_TEST_BLESS=1` writes the files anew. Once a format is released, what
//! is there must never change.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sfs::object::codec::{Decode, Encode, decode, encode};
use sfs::object::commit::Counts;
use sfs::object::escape::Style;
use sfs::object::message::Json;
use sfs::object::record::Fill;
use sfs::object::*;
use sfs::store::refs::{About, Form, Mark, Resumed};
use sfs::store::{Actor, Batch, Edit, GcOptions, Gone, Purge, RefValue, Source, Store};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn bless() -> bool {
    std::env::var_os("SFS_TEST_BLESS").is_some()
}

fn id(n: u8) -> Id {
    Id::from_bytes([n; Id::LEN])
}

fn inline(text: &str) -> Text {
    Text::Inline(text.as_bytes().to_vec())
}

fn json() -> Json {
    Json { literal: br#"{"a":1,"b":}"#.to_vec(), holes: vec![(11, Text::Blob(id(0x31), 512))] }
}

fn message() -> Message {
    use Action::{Edit, Fetch, Other, Plan, Read, Search, Shell, Task, Write};
    let mut blocks = vec![
        Block::Text(inline("hé")),
        Block::Thinking { text: Text::Blob(id(0x32), 600), signature: Some(Text::Base64(id(0x33), 1 << 32)) },
        Block::Thinking { text: inline(""), signature: None },
        Block::Call { name: "apply".into(), action: Edit, input: Input::Text(inline("*** Begin")) },
        Block::Result {
            call: Some(0),
            status: Status::Ok,
            parts: vec![
                Part::Text(inline("ok")),
                Part::Image("image/png".into(), Text::Base64(id(0x34), 251)),
                Part::Other(json()),
            ],
        },
        Block::Result { call: None, status: Status::Error, parts: Vec::new() },
        Block::Image("image/jpeg".into(), Text::Base64Url(id(0x35), 65_535)),
        Block::File("text/plain".into(), "a.txt".into(), inline("x")),
        Block::Summary(inline("so far")),
        Block::Notice(inline("note")),
        Block::Other(json()),
    ];
    for action in [Other, Shell, Read, Write, Search, Fetch, Task, Plan] {
        blocks.push(Block::Call { name: "t".into(), action, input: Input::Json(json()) });
    }
    Message { role: Role::Assistant, blocks }
}

fn body() -> Body {
    use Style::{Ascii, Base64, Base64Url, Html, Plain, Raw, Slash};
    let styles = [Raw, Plain, Ascii, Slash, Html, Base64, Base64Url];
    let mut holes = vec![(5, Fill::Context(0)), (5, Fill::Context(255))];
    holes.extend(styles.map(|style| (70_000, Fill::Text(id(0x21), style))));
    let literal = br#"{"a":""}"#.to_vec();
    let record = Record { context: Some(id(0x22)), copy: None, literal, holes };
    let plain = Record { literal: b"\nnot json".to_vec(), ..Record::default() };
    let copy = Record { context: Some(id(0x23)), copy: Some((1, 300)), ..Record::default() };
    Body { records: vec![record, plain, copy], message: Some(message()) }
}

fn commit() -> Commit {
    Commit {
        parents: vec![id(1), id(2)],
        after: Some(id(1)),
        turn: Some(id(3)),
        copies: vec![id(7), id(8)],
        body: id(4),
        workspace: Some(id(5)),
        config: Some(id(6)),
        time: Some(1_700_000_000_123),
        tool: "tool".into(),
        model: Some("model".into()),
        title: Some("first words".into()),
        usage: Usage { input: 250, cache_write: 251, cache_read: 65_536, output: 1 << 32 },
        files: vec!["rsrc/lib.rs".into(), "enotes.md".into()],
        counts: Counts {
            commits: 4,
            messages: 3,
            turns: 2,
            calls: 1,
            files: 2,
            usage: Usage { input: 251, cache_write: 252, cache_read: 65_537, output: 1 << 33 },
        },
    }
}

fn tree(blob: Id) -> Tree {
    let entry = |path: &str, mode, len| Entry { path: path.into(), mode, blob, len };
    Tree { entries: vec![entry("a.txt", 0o644, 3), entry("bin/run", 0o755, 70_000)] }
}

fn folder() -> Tree {
    use sfs::object::tree::{FOLDER, LINK};
    let entry = |path: &str, mode, blob| Entry { path: path.into(), mode, blob, len: 6 };
    Tree { entries: vec![entry("link", LINK, id(0x12)), entry("src", FOLDER, id(0x13))] }
}

fn snapshot() -> Snapshot {
    use Why::{Ignored, Large, Many, Name, Output, Secret, Special, Unreadable};
    use sfs::object::snapshot::{Git, LeftOut, Reason, Why};
    let all = [Unreadable, Secret, Large, Many, Name, Special, Output, Ignored];
    Snapshot {
        commit: id(1),
        before: Some(id(2)),
        time: 1_700_000_000_123,
        reason: Reason::Replaced,
        root: "/p".into(),
        tree: id(3),
        git: Some(Git {
            head: Some("ab".into()),
            branch: Some("main".into()),
            upstream: None,
            dirty: Some(true),
        }),
        left_out: all.map(|why| LeftOut { path: "a/".into(), why, len: 251 }).to_vec(),
        more: 7,
        complete: true,
        config: Some(id(4)),
        instructions: Some(id(5)),
    }
}

fn line<T: Encode + Decode<()> + PartialEq>(out: &mut String, name: &str, kind: Kind, value: &T) {
    let bytes = encode(value).unwrap();
    assert!(decode::<T>(&bytes).unwrap() == *value);
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    writeln!(out, "{name} {} {hex}", Id::of(kind, &bytes)).unwrap();
}

/// Each kind of object: what it is called here, its name, its bytes.
#[test]
fn objects_are_encoded_as_ever() {
    let mut out = String::new();
    for (name, bytes) in [("blob-empty", &b""[..]), ("blob", b"hello")] {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        writeln!(out, "{name} {} {hex}", Id::of(Kind::Blob, bytes)).unwrap();
    }
    line(&mut out, "commit-empty", Kind::Commit, &Commit::default());
    line(&mut out, "commit", Kind::Commit, &commit());
    line(&mut out, "body-empty", Kind::Body, &Body::default());
    line(&mut out, "body", Kind::Body, &body());
    line(&mut out, "message", Kind::Message, &message());
    let context = Context { values: vec![Some(b"s1".to_vec()), None, Some(b"\\u00e9".to_vec())] };
    line(&mut out, "context", Kind::Context, &context);
    line(&mut out, "tree", Kind::Tree, &tree(id(0x11)));
    let config = Config { entries: vec![("a".into(), "1".into()), ("b".into(), String::new())] };
    line(&mut out, "config", Kind::Config, &config);
    let tag = Tag { commit: id(1), name: "v1".into(), words: "w".into(), by: "u@h".into(), time: -1 };
    line(&mut out, "tag", Kind::Tag, &tag);
    line(&mut out, "tree-nested", Kind::Tree, &folder());
    line(&mut out, "snapshot", Kind::Snapshot, &snapshot());
    line(&mut out, "snapshot-empty", Kind::Snapshot, &Snapshot::default());
    let value: String =
        encode(&RefValue::Snapshot(id(9))).unwrap().iter().map(|b| format!("{b:02x}")).collect();
    writeln!(out, "ref-snapshot {value}").unwrap();
    writeln!(out, "session {}", Source::key("tool", "native", "part")).unwrap();
    let path = golden("objects.txt");
    if bless() {
        std::fs::write(&path, &out).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap();
    assert_eq!(out.lines().collect::<Vec<_>>(), known.lines().collect::<Vec<_>>());
}

const WRITER: u8 = 0xAB;

fn actor(now: i64) -> Actor {
    Actor { who: "user@host".into(), now, command: "golden".into() }
}

fn set(name: &str, expect: Option<RefValue>, new: Option<RefValue>) -> Edit {
    Edit { name: name.into(), expect, new }
}

/// A text that compresses well, of a length.
fn long(seed: &str, len: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for n in 0.. {
        if text.len() >= len {
            break;
        }
        text.extend(format!("{seed} {} ", n / 5000).bytes());
    }
    text.truncate(len);
    text
}

/// A commit after `parent` that says a long text and a short one.
fn say(store: &Store, batch: &mut Batch, parent: Option<Id>, words: &str) -> Id {
    let text = batch.put_blob(store, long(words, 700)).unwrap();
    let context = Context { values: vec![Some(b"native".to_vec())] };
    let context = batch.put_context(store, &context).unwrap();
    let literal = br#"{"id":"","text":""}"#.to_vec();
    let holes = vec![(7, Fill::Context(0)), (17, Fill::Text(text, Style::Plain))];
    let record = Record { context: Some(context), copy: None, literal, holes };
    let blocks = vec![Block::Text(Text::Blob(text, 700)), Block::Notice(inline(words))];
    let body = Body { records: vec![record], message: Some(Message { role: Role::User, blocks }) };
    let commit = Commit {
        parents: parent.into_iter().collect(),
        after: parent,
        tool: "tool".into(),
        title: Some(words.into()),
        time: Some(1_700_000_000_000),
        ..Commit::default()
    };
    batch.put_commit(store, commit, body).unwrap().0
}

/// Commits, a file and its tree, a tag, a source: a pack, another pack that leans
/// on it, a segment of operations, and a journal.
fn generate(dir: &Path) {
    let mut store = Store::open_or_create(dir, id(WRITER)).unwrap();
    let mut batch = Batch::default();
    let one = say(&store, &mut batch, None, "one");
    let two = say(&store, &mut batch, Some(one), "two");
    let big = batch.put_blob(&store, long("big", 9 << 20)).unwrap();
    let side = batch.put_value(&store, Kind::Tree, &tree(big)).unwrap();
    let said = batch.put_blob(&store, vec![1; 16]).unwrap();
    let tag = Tag { commit: one, name: "v1".into(), words: "w".into(), by: "u@h".into(), time: 5 };
    let tag = batch.put_value(&store, Kind::Tag, &tag).unwrap();
    let source = Source {
        session: id(9),
        tool: "tool".into(),
        native: "native".into(),
        file: Some(two),
        head: Some(two),
        side: Some(side),
        lead: Some(said),
        form: Form::Rows,
        about: About {
            user_title: Some("title".into()),
            resumed: Some(Resumed { from: one, len: 10, sum: 11, said: Some(said) }),
            ..About::default()
        },
        mark: Mark { offset: 99, stamp: (100, -1, 7), reader: vec![1, 2], ..Mark::default() },
        ..Source::default()
    };
    let tip = |id| Some(RefValue::Commit(id));
    let edits = vec![
        set("head/s/main", None, tip(two)),
        set("tag/v1", None, Some(RefValue::Tag(tag))),
        set("name/n", None, Some(RefValue::Session(id(9)))),
        set("source/x", None, Some(RefValue::from(source))),
    ];
    store.apply(batch, edits, &actor(1)).unwrap();
    let options = GcOptions { dry_run: false, grace: Duration::ZERO, level: 19 };
    store.gc(&options).unwrap();

    let mut batch = Batch::default();
    batch.put_blob(&store, long("spill", 3 << 20)).unwrap();
    let three = say(&store, &mut batch, Some(two), "three");
    assert!(batch.is_spilled());
    store.apply(batch, vec![set("head/s/main", tip(two), tip(three))], &actor(2)).unwrap();
    let mut batch = Batch::default();
    let four = say(&store, &mut batch, Some(three), "four");
    let edits = vec![set("head/s/main", tip(three), tip(four)), set("head/s/old", None, tip(one))];
    store.apply(batch, edits, &actor(3)).unwrap();
    store.apply(Batch::default(), vec![set("head/s/old", tip(one), None)], &actor(4)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(target).unwrap(),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn a_store_of_format_1_is_read_and_written_on() {
    let kept = golden("store-1");
    if bless() {
        drop(std::fs::remove_dir_all(&kept));
        generate(&kept);
        std::fs::remove_file(kept.join("lock")).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("store");
    copy(&kept, &dir);
    for folder in ["packs", "journal", "ops", "state"] {
        assert!(dir.join(folder).is_dir(), "{folder}");
    }
    let mut store = Store::open(&dir).unwrap();
    let report = store.fsck(&mut |_| {}).unwrap();
    assert!(report.faults.is_empty() && report.torn == 0, "{:?}", report.faults);
    assert_eq!((report.commits, store.last_op(), store.writer()), (4, 4, id(WRITER)));
    assert_eq!(store.refs().keys().collect::<Vec<_>>(), ["head/s/main", "name/n", "source/x", "tag/v1"]);
    assert!(store.refs_after(3).unwrap().contains_key("head/s/old"));

    let Some(RefValue::Commit(tip)) = store.refs().get("head/s/main").cloned() else { panic!() };
    let (mut at, mut said, mut bytes) = (Some(tip), Vec::new(), Vec::new());
    while let Some(id) = at {
        let commit = store.commit(&id).unwrap();
        let body = store.body(&id, &commit).unwrap();
        for record in &body.records {
            let context = store.context(&record.context.unwrap()).unwrap();
            record.rebuild(&context, |id| store.blob(&id), &mut bytes).unwrap();
        }
        said.extend(commit.title.clone());
        at = commit.after;
    }
    assert_eq!(said, ["four", "three", "two", "one"]);
    let record = |words: &String| [br#"{"id":"native","text":""#, &long(words, 700)[..], b"\"}"].concat();
    assert!(bytes == said.iter().flat_map(record).collect::<Vec<u8>>());

    let Some(RefValue::Source(source)) = store.refs().get("source/x").cloned() else { panic!() };
    assert_eq!((source.mark.offset, source.mark.stamp.1, source.title()), (99, -1, "title"));
    let tree = store.tree(&source.side.unwrap()).unwrap();
    assert!(store.blob(&tree.entries[0].blob).unwrap() == long("big", 9 << 20));
    let Some(RefValue::Tag(tag)) = store.refs().get("tag/v1").cloned() else { panic!() };
    assert_eq!(store.tag(&tag).unwrap().name, "v1");

    let mut batch = Batch::default();
    let five = say(&store, &mut batch, Some(tip), "five");
    let edit = set("head/s/main", Some(RefValue::Commit(tip)), Some(RefValue::Commit(five)));
    store.apply(batch, vec![edit], &actor(5)).unwrap();
    store.gc(&GcOptions { dry_run: false, grace: Duration::ZERO, level: 3 }).unwrap();
    assert!(Store::open(&dir).unwrap().fsck(&mut |_| {}).unwrap().faults.is_empty());
}

/// What a store remembers of what was taken out, and how it is read.
#[test]
fn what_stands_in_for_what_is_gone_is_remembered_as_ever() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open_or_create(dir.path(), id(WRITER)).unwrap();
    let mut batch = Batch::default();
    let one = say(&store, &mut batch, None, "one");
    let two = say(&store, &mut batch, Some(one), "two");
    let text = Id::of(Kind::Blob, &long("two", 700));
    let set_tip = set("head/s/main", None, Some(RefValue::Commit(two)));
    store.apply(batch, vec![set_tip], &actor(1)).unwrap();
    let mut purge = Purge::default();
    let commit = say(&store, &mut purge.batch, None, "none");
    let blob = purge.batch.put_blob(&store, b"nothing".to_vec()).unwrap();
    let gone = |id, instead| Gone { id, instead: Some(instead), cause: self::id(7), time: 2 };
    purge.gone = vec![gone(one, commit), gone(text, blob)];
    purge.gone.push(Gone { id: id(9), instead: None, cause: id(9), time: 3 });
    let left = store.purge(purge, &|_, _| true, &actor(2)).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let bytes = std::fs::read(dir.path().join("purged")).unwrap();
    if bless() {
        std::fs::write(golden("purged"), &bytes).unwrap();
    }
    assert!(bytes == std::fs::read(golden("purged")).unwrap());

    // What stood in may go as well, and what is gone stays gone.
    let mut purge = Purge::default();
    let less = purge.batch.put_blob(&store, b"less".to_vec()).unwrap();
    purge.gone = vec![gone(blob, less)];
    store.purge(purge, &|_, _| true, &actor(3)).unwrap();
    store.gc(&GcOptions { dry_run: false, grace: Duration::ZERO, level: 3 }).unwrap();
    let store = Store::open(dir.path()).unwrap();
    let report = store.fsck(&mut |_| {}).unwrap();
    assert!(report.faults.is_empty() && report.commits == 2, "{:?}", report.faults);
    assert_eq!(store.commit(&one).unwrap().title.as_deref(), Some("none"));
    assert_eq!(store.body(&one, &store.commit(&one).unwrap()).unwrap().records.len(), 1);
    assert_eq!(store.blob(&text).unwrap(), b"less");
    assert!(store.is_purged(&id(9)) && !store.ids().unwrap().contains(&one));
}
