//! WebDAV: real servers, and one of our own that does what it shouldn't.

use std::fs;
use std::path::Path;

use sfs::remote::{Content, Key, RemoteError};

use super::contract::{Inside, check, opened};
use super::dav_fake::{Fake, Fault};
use super::dav_servers;
use super::world::{Machine, round_trip};

const VARS: [(&str, &str); 2] = [("SFS_WEBDAV_USER", "me"), ("SFS_WEBDAV_PASSWORD", "secret")];

/// A folder behind a server that looks and moves in two steps.
struct Behind<'a>(&'a Path);

impl Inside for Behind<'_> {
    fn put_stranger(&self, name: &str) {
        self.0.put_stranger(name);
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        self.0.look(name)
    }

    fn is_exact(&self) -> bool {
        false
    }
}

#[test]
fn folders_of_servers_that_others_made() {
    for (name, server) in dav_servers::all() {
        eprintln!("WebDAV of {name}");
        let dir = tempfile::tempdir().unwrap();
        let root = server.root().join("a folder");
        check(&*opened(&server.address("a folder/"), &VARS, dir.path()), &Behind(&root));
        assert!(left_aside(&root).is_empty(), "{name}");
        round_trip(dir.path(), &VARS, &server.address("other"));
        assert!(left_aside(&server.root().join("other")).is_empty(), "{name}");
        who_is_not_known_is_told_where_to_say_it(&server.address("other"), dir.path());
        // What the folder lies in is not made.
        let c = Machine::with_session(dir.path().join("c"), &VARS, 3);
        c.ok(&["remote", "add", "origin", &server.address("not/there")]);
        let said = c.fails(&["push"]);
        assert!(
            said.contains("there is no remote at") && !server.root().join("not").exists(),
            "{name}: {said}"
        );
    }
}

fn who_is_not_known_is_told_where_to_say_it(address: &str, dir: &Path) {
    let nobody = Machine::new(dir.join("nobody"), &[]);
    let said = nobody.fails(&["clone", address]);
    assert!(said.contains("SFS_WEBDAV_PASSWORD") && said.contains("machine 127.0.0.1"), "{said}");
    fs::write(dir.join("nobody/home/.netrc"), "machine 127.0.0.1 login me password wrong").unwrap();
    let said = nobody.fails(&["clone", address]);
    assert!(said.contains("refuses") && !said.contains("wrong"), "{said}");
    fs::write(dir.join("nobody/home/.netrc"), "machine 127.0.0.1 login me password secret").unwrap();
    nobody.ok(&["clone", address]);
}

/// Files of a remote that were not moved to their places.
fn left_aside(root: &Path) -> Vec<String> {
    let walk = walkdir::WalkDir::new(root).into_iter().flatten();
    let names = walk.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("tmp-") && name.len() > 8).collect()
}

#[test]
fn a_folder_of_our_own_server() {
    let dir = tempfile::tempdir().unwrap();
    let fake = Fake::new();
    check(&*opened(&fake.address(), &VARS, dir.path()), &fake);
    round_trip(dir.path(), &VARS, &fake.address().replace("folder", "other"));
}

#[test]
fn the_first_file_of_a_remote_may_be_any() {
    let dir = tempfile::tempdir().unwrap();
    let writer = sfs::object::id::Id::from_bytes([1; 16]);
    for key in [Key::Pack(writer), Key::Table(writer, 1), Key::Members(1)] {
        let fake = Fake::new();
        let remote = opened(&fake.address(), &VARS, dir.path());
        assert!(remote.create(key, Content::Bytes(b"first"), &|_| ()).unwrap());
        assert_eq!(remote.get(key, 0..5).unwrap(), b"first");
        let below = opened(&fake.address().replace("/folder", "/not/there"), &VARS, dir.path());
        for outcome in [below.create(key, Content::Bytes(b"x"), &|_| ()).map(drop), below.publish("x")] {
            assert!(matches!(outcome, Err(RemoteError::NotThere(_))), "{outcome:?}");
        }
    }
    let fake = Fake::new();
    opened(&fake.address(), &VARS, dir.path()).publish("x").unwrap();
    assert_eq!(fake.names(), ["/folder/index"]);
}

#[test]
fn a_push_with_nothing_new_takes_two_requests_and_one_with_little_takes_few() {
    let dir = tempfile::tempdir().unwrap();
    let fake = Fake::new();
    let a = Machine::with_session(dir.path().join("a"), &VARS, 30);
    a.ok(&["remote", "add", "origin", &fake.address()]);
    a.ok(&["push"]);
    let asked = |args: &[&str]| {
        let before = fake.asked();
        a.ok(args);
        fake.asked() - before
    };
    assert!(asked(&["push"]) <= 2, "{:?}", fake.paths());
    a.write("one", 30..31);
    a.ok(&["capture"]);
    let little = asked(&["push"]);
    assert!(little <= 14, "{little}: {:?}", fake.paths());
}

#[test]
fn what_fails_for_the_moment_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let fake = Fake::new();
    let a = Machine::with_session(dir.path().join("a"), &VARS, 30);
    a.ok(&["remote", "add", "origin", &fake.address()]);
    fake.fail("PROPFIND", &[Fault::Status(503), Fault::Unanswered, Fault::Status(429)]);
    fake.fail("MKCOL", &[Fault::Unanswered, Fault::Status(423)]);
    fake.fail("PUT", &[Fault::Status(502), Fault::Unanswered]);
    // Moved, and nobody heard of it.
    fake.fail("MOVE", &[Fault::Unanswered, Fault::Status(500)]);
    a.ok(&["push"]);
    let b = Machine::new(dir.path().join("b"), &VARS);
    fake.fail("GET", &[Fault::Cut, Fault::Status(502)]);
    b.ok(&["clone", &fake.address()]);
    a.assert_same(&b);
    assert!(fake.names().iter().all(|name| !name.contains("tmp-")), "{:?}", fake.names());
}

#[test]
fn what_will_not_get_better_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let fake = Fake::new();
    let a = Machine::with_session(dir.path().join("a"), &VARS, 3);
    a.ok(&["remote", "add", "origin", &fake.address()]);
    for (method, status, words) in [
        ("PROPFIND", 403, "refuses"),
        ("PROPFIND", 405, "doesn't speak WebDAV"),
        ("PROPFIND", 301, "leads elsewhere"),
        ("PUT", 507, "is full"),
        ("PUT", 413, "no file of that length"),
        ("PUT", 409, "there is no remote at"),
        ("MKCOL", 403, "refuses"),
    ] {
        fake.fail(method, &[Fault::Status(status)]);
        let said = a.fails(&["push"]);
        assert!(said.contains(words) && said.contains(&fake.address()), "{method} {status}: {said}");
        assert_eq!(fake.faults(), 0, "{method} {status} is tried again");
    }
    let far = Machine::new(dir.path().join("far"), &VARS);
    let said = far.fails(&["clone", "webdav://sfs.invalid/x"]);
    assert!(said.contains("anybody on the way can read") && said.contains("webdavs://"), "{said}");
}

#[test]
fn a_password_is_not_sent_elsewhere_and_strange_names_lead_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, elsewhere) = (Fake::new(), Fake::new());
    fake.send_to(&elsewhere.url);
    let b = Machine::new(dir.path().join("b"), &VARS);
    let said = b.fails(&["clone", &fake.address()]);
    assert!(said.contains("leads elsewhere") && elsewhere.asked() == 0, "{said}");
    // Names that aren't ours, of files and of folders, are not asked for.
    let odd = Fake::new();
    odd.say_names(&["..", "../../etc", "%2e%2e", "0", "tmp-0", "<b>", ""]);
    assert!(b.ok(&["clone", &odd.address()]).contains("Nothing new"));
    assert!(
        odd.paths().iter().all(|path| !path.contains("..") && !path.contains("etc")),
        "{:?}",
        odd.paths()
    );
}
