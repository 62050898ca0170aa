//! Drives the real binary: secrets are found, stay home, and are taken out.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sfs::object::id::Id;
use sfs::store::Store;

/// Letters drawn by chance, always the same: no token stands in this file.
fn drawn(len: usize, mut seed: u64) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let next = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(seed >> 33) as usize % letters.len()])
    };
    (0..len).map(next).collect()
}

fn token(n: u64) -> String {
    format!("ghp_{}", drawn(36, n))
}

/// Machines that share a remote.
struct World(tempfile::TempDir);

impl World {
    fn new() -> World {
        World(tempfile::tempdir().unwrap())
    }

    fn remote(&self) -> PathBuf {
        self.0.path().join("remote")
    }

    fn machine(&self, name: &str) -> Machine {
        let dir = self.0.path().join(name);
        fs::create_dir_all(dir.join("home/.claude/projects/-p")).unwrap();
        Machine { dir, remote: self.remote() }
    }

    /// A machine that has captured a session, and knows the remote.
    fn with_session(&self, messages: &[Value]) -> Machine {
        let machine = self.machine("a");
        machine.write("session-a", messages);
        machine.ok(&["capture"]);
        machine.ok(&["remote", "add", "origin", machine.remote.to_str().unwrap()]);
        machine
    }
}

struct Machine {
    dir: PathBuf,
    remote: PathBuf,
}

impl Machine {
    fn tool(&self) -> PathBuf {
        self.dir.join("home/.claude")
    }

    /// Writes a session with these contents, by turns of the user and the model.
    fn write(&self, session: &str, contents: &[Value]) {
        let rows = contents.iter().enumerate().map(|(n, content)| {
            let parent = if n == 0 { Value::Null } else { json!(format!("u{}", n - 1)) };
            let kind = if n % 2 == 0 { "user" } else { "assistant" };
            let row = json!({
                "parentUuid": parent, "isSidechain": false, "type": kind, "sessionId": session,
                "uuid": format!("u{n}"), "cwd": "/p", "version": "2.0.0",
                "timestamp": format!("2026-01-01T00:00:{:02}.000Z", n % 60),
                "message": {"role": kind, "content": content},
            });
            format!("{row}\n")
        });
        let path = self.tool().join(format!("projects/-p/{session}.jsonl"));
        fs::write(path, rows.collect::<String>()).unwrap();
    }

    /// Appends records that say nothing by themselves, with these pieces.
    fn stream(&self, session: &str, pieces: &[&str]) {
        let path = self.tool().join(format!("projects/-p/{session}.jsonl"));
        let mut file = fs::read_to_string(&path).unwrap();
        for (n, piece) in pieces.iter().enumerate() {
            let row = json!({"type": "progress", "sessionId": session, "n": n, "data": {"delta": piece}});
            file.push_str(&format!("{row}\n"));
        }
        fs::write(path, file).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_in(&self.dir, args)
    }

    fn run_in(&self, dir: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.dir.join("home")).env("SFS_DIR", self.dir.join("store"));
        command.current_dir(dir).args(args).output().unwrap()
    }

    /// Runs a command that must end with this code; all that it says.
    #[track_caller]
    fn ends(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert_eq!(output.status.code(), Some(code), "sfs {args:?}: {text}");
        text
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        self.ends(0, args)
    }

    /// The findings.
    fn findings(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["scan", "--json"], args].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let open = found.iter().any(|found| found["allowed"] == false);
        assert_eq!(output.status.code(), Some(i32::from(open)), "{text}");
        found
    }

    fn restored(&self, name: &str) -> PathBuf {
        let to = self.dir.join(name);
        self.ok(&["restore", "--all", "--to", to.to_str().unwrap()]);
        to.join("claude-code")
    }

    fn refs(&self) -> Vec<String> {
        Store::open(&self.dir.join("store")).unwrap().refs().keys().cloned().collect()
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    walk.filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn contents(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let bytes = |path: PathBuf| (path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
    files(root).into_iter().map(bytes).collect()
}

fn text(words: &str) -> Value {
    json!([{"type": "text", "text": words}])
}

fn long(words: &str) -> String {
    format!("{}{words}\n{}", "a line of words before\n".repeat(40), "and a line after\n".repeat(40))
}

/// A picture with words in it, as its base64.
fn picture(words: &str) -> String {
    let noise = drawn(3000, 77);
    let bytes = [
        b"\xFF\xD8\xFF\xE1\x10\x10Exif\0\0".as_slice(),
        words.as_bytes(),
        b"\0\xFF\xDA",
        noise.as_bytes(),
        b"\xFF\xD9",
    ];
    STANDARD.encode(bytes.concat())
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A text in UTF-16.
fn wide(text: &str) -> String {
    text.chars().flat_map(|c| [c, '\0']).collect()
}

/// A session with a secret in each of many places, and the secrets.
fn planted() -> (Vec<Value>, Vec<String>) {
    // One a message but for the second, which has two.
    let t: Vec<String> = (0..12).map(token).collect();
    let encoded = STANDARD.encode(format!("machine user token {} end", t[4]));
    let messages = vec![
        json!(format!("my token is {} do what you can", t[0])),
        json!([{"type": "tool_use", "id": "c1", "name": "Write", "input": {
            "file_path": format!("/p/{}.txt", t[1]), "content": long(&format!("TOKEN={}", t[2]))}}]),
        json!([{"type": "tool_result", "tool_use_id": "c1", "content": long(&format!("{{\"a\":\"x\\n{}\\n\"}}", t[3]))}]),
        text(&format!("it is {encoded} in base64")),
        json!([{"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": picture(&t[5])}}]),
        text(&long(&STANDARD.encode(long(&t[6])))),
        json!([{"type": "text", "text": "see"}, {"type": "text", "text": format!("{{\\\"k\\\":\\\"\\\\n{}\\\\n\\\"}}", t[7])}]),
        text(&format!("digits {}, so to say", hex(&t[8]))),
        text(&format!("a file: {}", wide(&format!("key={}\r\n", t[9])))),
        text(&format!("powershell -EncodedCommand {}", STANDARD.encode(wide(&format!("$k = '{}'", t[10]))))),
        text(&format!("b'{}'", t[11].bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>())),
        json!([{"type": "thinking", "thinking": format!("the password in postgres://me:{}@db/x", drawn(12, 8)), "signature": "sig"}]),
    ];
    let secrets = t.into_iter().chain([drawn(12, 8)]).collect();
    (messages, secrets)
}

/// Tells whether some bytes hold a text in any form that was planted.
fn holds(bytes: &[u8], secret: &str) -> bool {
    let wide = wide(secret);
    let mut forms: Vec<String> =
        vec![secret.to_owned(), wide.clone(), wide.replace('\0', "\\u0000"), hex(secret)];
    for (text, shift) in [secret, &wide].into_iter().flat_map(|text| (0..3).map(move |shift| (text, shift))) {
        let skip = [0, 2, 3][shift];
        let encoded = STANDARD.encode([vec![b' '; shift], text.as_bytes().to_vec()].concat());
        forms.push(encoded[skip..encoded.len() - 4].to_owned());
    }
    for slashes in ["\\", "\\\\"] {
        forms.push(secret.bytes().map(|byte| format!("{slashes}x{byte:02x}")).collect());
    }
    let forms = forms.iter().map(String::as_bytes);
    forms.into_iter().any(|form| memchr::memmem::find(bytes, form).is_some())
}

/// Everything that a store holds, unpacked.
fn unpacked(dir: &Path) -> Vec<u8> {
    let store = Store::open(dir).unwrap();
    let mut all = format!("{:?}", store.refs()).into_bytes();
    for id in store.ids().unwrap() {
        if store.has_commit(&id).unwrap() {
            let commit = store.commit(&id).unwrap();
            all.extend(sfs::object::codec::encode(&*commit).unwrap());
            all.extend(sfs::object::codec::encode(&store.body(&id, &commit).unwrap()).unwrap());
        } else {
            all.extend(store.content(&id).unwrap().1);
        }
    }
    for op in store.ops().unwrap() {
        all.extend(sfs::object::codec::encode(&op).unwrap());
    }
    all
}

#[test]
fn each_planted_secret_is_found_and_none_is_told() {
    let (messages, secrets) = planted();
    let a = World::new();
    let a = a.with_session(&messages);
    let found = a.findings(&[]);
    assert_eq!(found.len(), secrets.len(), "{found:#?}");
    let said = a.ends(1, &["scan"]) + &a.ends(4, &["push"]);
    let all = fs::read(a.dir.join("store/cache/scanned")).unwrap();
    for secret in &secrets {
        assert!(holds(&unpacked(&a.dir.join("store")), secret), "{secret}");
        assert!(!said.contains(secret) && !holds(&all, secret), "{said}");
    }
    // What is told can be gone on with.
    let revision = found[0]["places"][0]["revision"].as_str().unwrap();
    a.ok(&["show", revision, "--full"]);
    assert!(said.contains("message 1") && said.contains("1 content being pictures"), "{said}");
    // Nothing is looked at twice, and a revision is looked at alone.
    assert!(a.ends(1, &["scan"]).contains(" 0 new objects"));
    assert_eq!(a.findings(&["session-a:1"]).len(), 1);
}

#[test]
fn a_push_stops_before_its_first_byte_unless_a_finding_is_allowed() {
    let world = World::new();
    let a = world.with_session(&[json!(format!("key {}", token(1))), text(&format!("and {}", token(2)))]);
    assert!(a.ends(4, &["push", "--dry-run"]).contains("would be sent"));
    let said = a.ends(4, &["push"]);
    assert!(
        said.contains("2 secrets") && said.contains("--redact") && said.contains("github-token"),
        "{said}"
    );
    assert!(!world.remote().exists());
    let ids: Vec<String> =
        a.findings(&[]).iter().map(|f| f["id"].as_str().unwrap()[..8].to_owned()).collect();
    assert!(a.ends(4, &["push", "--allow", &ids[0]]).contains("1 secret in it"));
    a.ends(1, &["push", "--allow", "00000000"]);
    a.ends(2, &["push", "--allow-all"]);
    assert!(!world.remote().exists());
    a.ok(&["scan", "--allow", &ids[1]]);
    assert_eq!((a.findings(&[]).len(), a.findings(&["--all"]).len()), (0, 2));
    a.ends(1, &["scan", "--forget", &ids[1]]);
    a.ends(4, &["push"]);
    a.ok(&["push", "--allow-all", "--yes"]);
    assert!(a.ok(&["push"]).contains("has everything"));
    a.ok(&["push", "--full"]);
}

#[test]
fn a_redacted_push_holds_no_secret_goes_on_and_comes_back_as_what_it_was() {
    let (mut messages, secrets) = planted();
    let world = World::new();
    let a = world.with_session(&messages);
    let before = unpacked(&a.dir.join("store"));
    let said = a.ok(&["push", "--redact"]);
    assert!(said.contains("without 13 secrets"), "{said}");
    assert_eq!(unpacked(&a.dir.join("store")), before);
    assert!(a.ok(&["push", "--redact"]).contains("has everything"));
    assert!(a.ok(&["push"]).contains("has everything"));

    let b = world.machine("b");
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    b.ok(&["fsck"]);
    assert!(b.findings(&["--all"]).is_empty());
    let all = unpacked(&b.dir.join("store"));
    for secret in &secrets {
        assert!(!holds(&all, secret), "{secret}");
    }
    for (path, bytes) in contents(&b.restored("out")) {
        for line in String::from_utf8(bytes).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            assert!(row["message"].is_object(), "{}: {line}", path.display());
        }
    }
    assert!(b.ok(&["show", "session-a", "--all", "--full"]).contains("my token is [redacted:github-token:"));

    // What is added goes after what is there, and only that.
    messages.extend([json!("go on"), text("with what is harmless")]);
    a.write("session-a", &messages);
    a.ok(&["capture"]);
    let said = a.ok(&["push"]);
    assert!(said.contains("2 commits,"), "{said}");
    messages.push(json!(format!("a new one: {}, and again {}", token(50), token(0))));
    a.write("session-a", &messages);
    a.ok(&["capture"]);
    assert!(a.ends(4, &["push"]).contains("1 secret in it"));
    assert!(a.ok(&["push", "--redact"]).contains("1 commit,"));
    assert!(b.ok(&["pull"]).contains("1 session file"));
    assert!(b.findings(&[]).is_empty());

    // What comes back is what was sent: no branch beside ours, nothing fetched.
    b.write("session-b", &[json!("hello"), text("hello yourself")]);
    b.ok(&["capture"]);
    b.ok(&["push"]);
    let packs = files(&a.dir.join("store/packs")).len();
    a.ok(&["pull"]);
    assert!(a.refs().iter().all(|name| !name.contains('@')), "{:?}", a.refs());
    assert_eq!(files(&a.dir.join("store/packs")).len(), packs + 2);
    a.ok(&["fsck"]);
    let ours = fs::read(a.tool().join("projects/-p/session-a.jsonl")).unwrap();
    assert!(fs::read(a.restored("out").join("projects/-p/session-a.jsonl")).unwrap() == ours);

    // Another remote gets the same bytes: what is sent follows from what is here.
    let other = world.0.path().join("other");
    a.ok(&["remote", "add", "other", other.to_str().unwrap()]);
    a.ok(&["push", "other", "--redact"]);
    let tips = |dir: &Path| -> Vec<Id> {
        let c = world.machine("c");
        fs::remove_dir_all(c.dir.join("store")).ok();
        c.ok(&["clone", dir.to_str().unwrap()]);
        let store = Store::open(&c.dir.join("store")).unwrap();
        let heads = store.refs_below("head/").map(|(_, value)| match value {
            sfs::store::RefValue::Commit(id) => *id,
            value => panic!("{value:?}"),
        });
        heads.collect()
    };
    assert!(tips(&other).iter().all(|tip| tips(&world.remote()).contains(tip)));
}

#[test]
fn rules_of_the_users_own_count_too() {
    let world = World::new();
    let a = world.with_session(&[json!("the word is acme-12345678"), text(&format!("{} then", token(3)))]);
    let rules = a.dir.join("home/.config/sfs/secrets.toml");
    fs::create_dir_all(rules.parent().unwrap()).unwrap();
    assert_eq!(a.findings(&[]).len(), 1);
    fs::write(&rules, "off = ['github-token']\n[[rule]]\nname = 'acme'\npattern = 'acme-([0-9]{8})'\n")
        .unwrap();
    let found = a.findings(&[]);
    assert_eq!((found.len(), &found[0]["rule"]), (1, &json!("acme")));
    a.ok(&["push", "--redact"]);
    fs::write(&rules, "[[rule]]\nname = 'acme'\npattern = '('\n").unwrap();
    let said = a.ends(1, &["push"]);
    assert!(said.contains("secrets.toml") && said.contains("hint:"), "{said}");
    fs::write(&rules, "rules = 1").unwrap();
    a.ends(1, &["scan"]);
}

/// Everything on a remote, unpacked, by way of a new clone.
fn cloned(world: &World, name: &str) -> (Machine, Vec<u8>) {
    let machine = world.machine(name);
    machine.ok(&["clone", machine.remote.to_str().unwrap()]);
    machine.ok(&["fsck"]);
    let all = unpacked(&machine.dir.join("store"));
    (machine, all)
}

#[test]
fn a_purged_secret_is_nowhere_and_all_else_is() {
    let (mut messages, secrets) = planted();
    // Where it stands alone it is the same secret.
    messages.push(text(&format!("and then {} was typed, see {}", secrets[12], long(&secrets[12]))));
    let world = World::new();
    let a = world.with_session(&messages);
    a.ok(&["push", "--allow-all", "--yes"]);
    let tips = a.refs();
    let found = a.findings(&["--all"]);
    for finding in &found {
        let id = &finding["id"].as_str().unwrap()[..8];
        a.ends(2, &["purge", id]);
        let planned = a.ok(&["purge", id, "--dry-run"]);
        assert!(planned.contains("Would purge") && planned.contains("session-a.jsonl"), "{planned}");
        let said = a.ok(&["purge", id, "--yes"]);
        assert!(said.contains("removed 1 pack") && said.contains("session-a.jsonl"), "{said}");
        a.ok(&["fsck"]);
    }
    assert!(a.findings(&["--all"]).is_empty());
    let kept =
        ["packs", "journal", "ops", "state", "quarantine"].map(|f| files(&a.dir.join("store").join(f)).len());
    assert_eq!(kept, [2, 1, 1, 1, 0], "files that don't count are still there");
    let all = unpacked(&a.dir.join("store"));
    let (b, theirs) = cloned(&world, "b");
    for secret in &secrets {
        assert!(!holds(&all, secret) && !holds(&theirs, secret), "{secret}");
    }
    assert_eq!(a.refs(), tips);
    let shown = a.ok(&["show", "session-a", "--all", "--full"]);
    assert!(
        shown.contains("my token is [purged:github-token:") && shown.contains("and a line after"),
        "{shown}"
    );
    // There the same is told, by other ids.
    let words = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_once(" :").map_or(line, |(_, rest)| rest).to_owned()).collect()
    };
    assert_eq!(words(&b.ok(&["show", "session-a", "--all", "--full"])), words(&shown));
    a.ok(&["log", "session-a"]);
    a.ok(&["restore", "--all", "--to", a.dir.join("out").to_str().unwrap()]);
    assert!(a.ok(&["push"]).contains("has everything"));
    a.ok(&["gc", "--grace", "0"]);
    a.ok(&["fsck"]);

    // Capture goes on where it was, and brings nothing back: not from what is
    // added, nor where all is read again.
    messages.push(json!("go on"));
    a.write("session-a", &messages);
    a.ok(&["capture"]);
    assert!(a.ok(&["push"]).contains("1 commit,"));
    let last = messages.pop();
    a.write("session-a", &messages);
    let said = a.ok(&["capture"]);
    assert!(said.contains("was shortened") && said.contains("0 records"), "{said}");
    messages.extend(last);
    a.write("session-a", &messages);
    a.ok(&["capture"]);
    assert!(secrets.iter().all(|secret| !holds(&unpacked(&a.dir.join("store")), secret)));
    a.ok(&["fsck"]);
    assert!(b.ok(&["pull"]).contains("1 session file"));
    b.ok(&["fsck"]);
}

#[test]
fn a_purged_session_does_not_come_back() {
    let world = World::new();
    let secret = format!("word {}", drawn(20, 5));
    let a = world.with_session(&[json!(secret), text("yes")]);
    a.write("session-b", &[json!("other"), text("no")]);
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let b = world.machine("b");
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    a.ok(&["tag", "keep", "session-a"]);
    let said = a.ok(&["purge", "session-a", "--yes"]);
    assert!(said.contains("1 other store") || said.contains("removed"), "{said}");
    let gone = |a: &Machine| {
        a.ok(&["fsck"]);
        !holds(&unpacked(&a.dir.join("store")), &secret) && !a.ok(&["list", "--all"]).contains("word")
    };
    assert!(gone(&a) && a.ok(&["list", "--all"]).contains("other"));
    a.ok(&["capture"]);
    assert!(gone(&a));
    // The other store still pushes it, and keeps it.
    b.write("session-c", &[json!("third"), text("maybe")]);
    b.ok(&["capture"]);
    b.ok(&["push"]);
    a.ok(&["pull"]);
    // A pack of others may hold it besides what was wanted; nothing leads there.
    a.ok(&["gc", "--grace", "0"]);
    assert!(gone(&a) && a.ok(&["list", "--all"]).contains("third"));
    a.ok(&["push"]);
    assert!(fs::read_to_string(a.tool().join("projects/-p/session-a.jsonl")).unwrap().contains(&secret));
    a.ends(1, &["purge", "session-a", "--dry-run"]);
}

#[test]
fn a_purge_tells_of_a_store_that_needs_what_it_takes_away() {
    let world = World::new();
    let a = world.with_session(&[json!(format!("the key is {}", token(1))), text("thanks")]);
    a.ok(&["push", "--allow-all", "--yes"]);
    let b = world.machine("b");
    b.ok(&["clone", b.remote.to_str().unwrap()]);
    b.write("session-b", &[json!("hello"), text("hello yourself")]);
    b.ok(&["capture"]);
    b.ok(&["push", "--allow-all", "--yes"]);
    a.ok(&["fetch"]);
    let id = a.findings(&["--all"])[0]["id"].as_str().unwrap()[..8].to_owned();
    let said = a.ok(&["purge", &id, "--yes"]);
    assert!(said.contains("1 pack stay, for other stores") && said.contains("1 other store"), "{said}");
    // What the other store pushed is whole, and what we did is without it.
    let (_c, all) = cloned(&world, "c");
    assert!(holds(&all, &token(1)));
    let said = b.ok(&["pull"]);
    assert!(said.contains('@'), "{said}");
    // Once the other store has purged it too, nobody needs it.
    for finding in b.findings(&["--all"]) {
        b.ok(&["purge", finding["id"].as_str().unwrap(), "--yes"]);
    }
    let (_d, all) = cloned(&world, "d");
    assert!(!holds(&all, &token(1)));
}

#[test]
fn a_purge_that_is_killed_anywhere_can_be_run_again() {
    let world = World::new();
    let a = world.with_session(&[json!(format!("the key is {}", token(1))), text(&long(&token(1)))]);
    a.ok(&["push", "--allow-all", "--yes"]);
    let id = a.findings(&["--all"])[0]["id"].as_str().unwrap().to_owned();
    let mut killed = 0;
    for point in 1.. {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", a.dir.join("home")).env("SFS_DIR", a.dir.join("store"));
        command.env("SFS_TEST_CRASH", point.to_string()).current_dir(&a.dir);
        let output = command.args(["purge", &id, "--yes"]).output().unwrap();
        a.ok(&["fsck"]);
        assert!(a.ok(&["show", "session-a", "--all", "--full"]).contains("and a line after"));
        if output.status.success() {
            break;
        }
        killed += 1;
    }
    assert!(killed > 10, "{killed}");
    let kept =
        ["packs", "journal", "ops", "state", "quarantine"].map(|f| files(&a.dir.join("store").join(f)).len());
    assert_eq!(kept, [2, 1, 1, 1, 0], "files that don't count are still there");
    let (_b, theirs) = cloned(&world, "b");
    for bytes in [unpacked(&a.dir.join("store")), theirs] {
        assert!(!holds(&bytes, &token(1)));
    }
    assert!(a.findings(&["--all"]).is_empty());
}

#[test]
fn a_secret_in_the_pieces_of_a_stream_is_found_and_taken_out() {
    let world = World::new();
    let a = world.machine("a");
    let mut messages = vec![json!("say it"), text("coming")];
    a.write("session-a", &messages);
    let secret = token(9);
    a.stream("session-a", &["it is ", &secret[..9], &secret[9..30], &format!("{} and", &secret[30..])]);
    let whole = fs::read_to_string(a.tool().join("projects/-p/session-a.jsonl")).unwrap();
    messages.push(json!("thanks"));
    a.write("session-b", &messages);
    let last = fs::read_to_string(a.tool().join("projects/-p/session-b.jsonl")).unwrap();
    let last = last.lines().last().unwrap().replace("session-b", "session-a");
    fs::write(a.tool().join("projects/-p/session-a.jsonl"), format!("{whole}{last}\n")).unwrap();
    fs::remove_file(a.tool().join("projects/-p/session-b.jsonl")).unwrap();
    a.ok(&["capture"]);
    a.ok(&["remote", "add", "origin", a.remote.to_str().unwrap()]);
    let found = a.findings(&[]);
    assert_eq!(found.len(), 1, "{found:#?}");
    a.ok(&["push", "--redact"]);
    let (b, all) = cloned(&world, "b");
    let piece = |bytes: &[u8]| holds(bytes, &secret[9..30]);
    assert!(piece(&unpacked(&a.dir.join("store"))) && !piece(&all));
    let restored = contents(&b.restored("out"));
    let lines = String::from_utf8(restored[0].1.clone()).unwrap();
    assert!(
        lines.contains("\"delta\":\"[redacted:github-token:") && lines.contains("\"delta\":\"\""),
        "{lines}"
    );
    a.ok(&["purge", found[0]["id"].as_str().unwrap(), "--yes"]);
    a.ok(&["fsck"]);
    assert!(!piece(&unpacked(&a.dir.join("store"))));
}

#[test]
fn the_projects_files_go_through_the_gate_too() {
    let world = World::new();
    let a = world.machine("a");
    let project = a.dir.canonicalize().unwrap().join("project");
    fs::create_dir_all(project.join("src/deep")).unwrap();
    fs::write(project.join("src/deep/main.rs"), format!("const KEY: &str = \"{}\";\n", token(1))).unwrap();
    fs::write(project.join("README"), "nothing\n").unwrap();
    a.write("session-a", &[json!("hello"), text("hello yourself")]);
    let path = a.tool().join("projects/-p/session-a.jsonl");
    let rows = fs::read_to_string(&path).unwrap().replace("\"/p\"", &json!(project).to_string());
    fs::write(&path, rows).unwrap();
    a.ok(&["capture"]);
    assert!(a.run_in(&project, &["snapshot", "session-a"]).status.success());
    a.ok(&["remote", "add", "origin", a.remote.to_str().unwrap()]);
    assert!(a.ends(4, &["push"]).contains("files of the project"));
    a.ok(&["push", "--redact"]);
    assert!(a.ok(&["push"]).contains("has everything"));
    let (b, all) = cloned(&world, "b");
    assert!(!holds(&all, &token(1)));
    b.ok(&["checkout", "session-a", "--to", b.dir.join("files").to_str().unwrap()]);
    let main = fs::read_to_string(b.dir.join("files/src/deep/main.rs")).unwrap();
    assert!(main.starts_with("const KEY: &str = \"[redacted:github-token:"), "{main}");
    let id = a.findings(&[])[0]["id"].as_str().unwrap().to_owned();
    a.ok(&["purge", &id, "--yes"]);
    a.ok(&["fsck"]);
    assert!(!holds(&unpacked(&a.dir.join("store")), &token(1)));
    assert!(fs::read_to_string(project.join("src/deep/main.rs")).unwrap().contains(&token(1)));
    assert!(a.run_in(&project, &["snapshot", "session-a"]).status.success());
}

#[test]
fn a_page_with_a_secret_is_told_and_one_without_is_not() {
    let world = World::new();
    let machine = world.with_session(&[json!("look"), json!(format!("it is {}", token(7)))]);
    for form in ["--html", "--md"] {
        let said = machine.ok(&["show", "session-a", form, "-o", "page"]);
        assert!(said.contains("there is 1 secret in it") && said.contains("sfs scan"), "{said}");
        let said = machine.ok(&["show", "session-a:1", form, "-o", "page"]);
        assert!(!said.contains("secret"), "{said}");
    }
}
