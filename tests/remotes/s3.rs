//! Buckets: our own, and those of servers that others made.

use super::bucket::{Bucket, Fault};
use super::contract::{Inside, check, opened};
use super::servers::{self, Server};
use super::world::{Machine, round_trip};

#[test]
fn a_bucket() {
    let home = tempfile::tempdir().unwrap();
    for conditional in [true, false] {
        let bucket = Bucket::new(conditional);
        let remote = opened(&bucket.address(), &Bucket::VARS, home.path());
        if conditional {
            check(&*remote, &bucket);
        } else {
            // Without conditions, writers of the same file may not hear of each
            // other; one after another they do.
            use sfs::remote::{Content, Key};
            let key = Key::Pack(sfs::object::id::Id::from_bytes([1; 16]));
            assert!(remote.create(key, Content::Bytes(b"1"), &|_| ()).unwrap());
            assert!(!remote.create(key, Content::Bytes(b"2"), &|_| ()).unwrap());
            assert_eq!(bucket.look(&key.to_string()).unwrap(), b"1");
        }
        let dir = tempfile::tempdir().unwrap();
        round_trip(dir.path(), &Bucket::VARS, &format!("s3://b/other?endpoint={}", bucket.url));
    }
}

#[test]
fn what_fails_for_the_moment_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = Machine::with_session(dir.path().join("a"), &Bucket::VARS, 30);
    a.ok(&["remote", "add", "origin", &bucket.address()]);
    bucket.fail("GET", &[Fault::Status(503), Fault::Cut, Fault::Status(500)]);
    bucket.fail("HEAD", &[Fault::Status(429)]);
    bucket.fail("PUT", &[Fault::Cut, Fault::Status(503), Fault::Unanswered, Fault::Unanswered]);
    a.ok(&["push"]);
    let b = Machine::new(dir.path().join("b"), &Bucket::VARS);
    bucket.fail("GET", &[Fault::Cut, Fault::Status(502), Fault::Cut, Fault::Cut]);
    b.ok(&["clone", &bucket.address()]);
    a.assert_same(&b);
}

#[test]
fn what_will_not_get_better_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let a = Machine::with_session(dir.path().join("a"), &Bucket::VARS, 3);
    a.ok(&["remote", "add", "origin", &bucket.address()]);
    bucket.fail("GET", &[Fault::Status(403)]);
    let said = a.fails(&["push"]);
    assert!(said.contains("refuses") && said.contains("Made: up"), "{said}");
    assert!(!said.contains("Signature"), "{said}");
    assert_eq!(bucket.log().len(), 1);
    bucket.fail("GET", &[Fault::Status(404); 2]);
    bucket.fail("PUT", &[Fault::Status(404)]);
    let said = a.fails(&["push"]);
    assert!(said.contains("make the bucket first"), "{said}");
    let poor = Machine::with_session(dir.path().join("poor"), &[], 3);
    let said = poor.fails(&["remote", "add", "origin", &bucket.address()]);
    assert!(said.contains("AWS_ACCESS_KEY_ID"), "{said}");
}

#[test]
fn what_another_key_signed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    for (vars, code) in [
        ([("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret2")], "SignatureDoesNotMatch"),
        ([("AWS_ACCESS_KEY_ID", "key2"), ("AWS_SECRET_ACCESS_KEY", "secret")], "InvalidAccessKeyId"),
    ] {
        let machine = Machine::with_session(dir.path().join(code), &vars, 3);
        machine.ok(&["remote", "add", "origin", &bucket.address()]);
        let said = machine.fails(&["push"]);
        assert!(said.contains("refuses") && said.contains(code), "{said}");
        assert!(bucket.objects().is_empty());
    }
    // A token of a session is signed as well, and so are names of any letters.
    let vars = [Bucket::VARS.as_slice(), &[("AWS_SESSION_TOKEN", "a+b/c=")]].concat();
    round_trip(dir.path(), &vars, &format!("s3://b/tea time/ü+x?endpoint={}", bucket.url));
    let odd = |key: &String| key.starts_with("tea time/ü+x/packs/");
    assert!(bucket.objects().keys().any(odd), "{:?}", bucket.objects().keys());
}

/// A bucket of a real server, looked into through its own remote.
struct Real<'r>(&'r Server);

impl Inside for Real<'_> {
    fn put_stranger(&self, name: &str) {
        self.0.put(&format!("p/{name}"), b"not ours");
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        self.0.get(&format!("p/{name}"))
    }
}

#[test]
fn a_bucket_of_moto() {
    let Some(server) = servers::moto() else { return };
    let dir = tempfile::tempdir().unwrap();
    check(&*opened(&server.address("p"), &server.vars(), dir.path()), &Real(&server));
    round_trip(dir.path(), &server.vars(), &server.address("q"));
}

#[test]
fn a_bucket_of_a_server_without_conditional_writes() {
    let Some(server) = servers::s3rver() else { return };
    let dir = tempfile::tempdir().unwrap();
    round_trip(dir.path(), &server.vars(), &server.address("q"));
    // It doesn't check what is signed, but by whom.
    let mut vars = server.vars();
    vars[0].1 = "somebody";
    let c = Machine::new(dir.path().join("c"), &vars);
    let said = c.fails(&["clone", &server.address("q")]);
    assert!(said.contains("refuses") && said.contains("InvalidAccessKeyId"), "{said}");
}
