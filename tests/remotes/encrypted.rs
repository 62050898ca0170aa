//! Encrypted remotes: the same contract, and nothing readable outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sfs::remote::{EncryptedRemote, Identities, Key, Recipient, Remote, Ring, new_identity};

use super::bucket::Bucket;
use super::contract::{Inside, check, opened};
use super::servers::run;
use super::world::{Machine, contents};

/// An encrypted directory, looked into with the key.
struct Unsealed {
    root: PathBuf,
    remote: EncryptedRemote,
}

impl Inside for Unsealed {
    fn put_stranger(&self, name: &str) {
        self.root.as_path().put_stranger(name);
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        let key = Key::parse(name).unwrap();
        assert!(!self.root.join(name).exists(), "{name} lies there under its own name");
        let packs = self.remote.list(sfs::remote::Folder::Packs).unwrap();
        let len = packs.iter().find(|(other, _)| *other == key)?.1;
        self.remote.get(key, 0..len).ok()
    }

    fn has_index(&self, text: &str) -> bool {
        let there = fs::read_to_string(self.root.join("index")).unwrap();
        let names = |text: &str| -> Vec<String> {
            text.lines().skip(1).map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
        };
        let (there, plain) = (names(&there), names(text));
        there.len() == plain.len()
            && there.iter().all(|name| !plain.contains(name) && self.root.join(name).exists())
    }
}

#[test]
fn an_encrypted_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (text, public) = new_identity();
    fs::write(dir.path().join("key"), text).unwrap();
    let identities = Identities::read(&dir.path().join("key")).unwrap();
    let root = dir.path().join("remote");
    let inner = || opened(root.to_str().unwrap(), &[], dir.path());
    let ring = Ring::new(vec![Recipient::parse(&public).unwrap()]);
    let remote = EncryptedRemote::new(inner(), ring.clone());
    let inside = Unsealed { root: root.clone(), remote: EncryptedRemote::new(inner(), ring.clone()) };
    check(&remote, &inside);
    // What the contract makes of members stands in the way of the ring.
    fs::remove_dir_all(root.join("members")).unwrap();
    ring.write(&*inner(), 4).unwrap();
    assert!(ring.write(&*inner(), 4).is_err());
    let again = EncryptedRemote::open(inner(), &identities).unwrap();
    let mut lists = [remote, again].map(|remote| remote.list(sfs::remote::Folder::Packs).unwrap());
    lists.iter_mut().for_each(|list| list.sort_unstable());
    assert_eq!(lists[0], lists[1]);
}

/// Makes a key; its file and its public key.
fn key(machine: &Machine) -> (String, String) {
    let file = machine.dir.join("key").display().to_string();
    let said = machine.ok(&["remote", "key", "new", &file]);
    assert!(machine.fails(&["remote", "key", "new", &file]).contains("never overwritten"));
    (file, said.lines().next().unwrap().to_owned())
}

fn is_readable(bytes: &[u8]) -> bool {
    [&b"SFSPACK"[..], b"SFSREFS", b"SFSINDEX", b"session", b"main"]
        .iter()
        .any(|word| bytes.windows(word.len()).any(|window| window == *word))
}

#[test]
fn members_read_what_others_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(true);
    let address = bucket.address();
    let machine = |name: &str| Machine::new(dir.path().join(name), &Bucket::VARS);
    let a = Machine::with_session(dir.path().join("a"), &Bucket::VARS, 40);
    let [b, c] = ["b", "c"].map(machine);
    let ([key_a, public_a], [key_b, public_b], [key_c, public_c]) =
        (<[String; 2]>::from(key(&a)), <[String; 2]>::from(key(&b)), <[String; 2]>::from(key(&c)));
    a.ok(&["remote", "add", "origin", &address, "--encrypt-to", &public_b, "--identity", &key_a]);
    assert!(a.ok(&["remote"]).contains("encrypted"));
    let would = a.ok(&["push", "--dry-run"]);
    assert!(would.replace("Would push", "Pushed").ends_with(&a.ok(&["push"])), "{would}");
    assert!(a.ok(&["push"]).contains("has everything"));
    assert!(bucket.objects().values().all(|bytes| !is_readable(bytes)));
    // Names as well: none that is known here lies there.
    let known = contents(&a.dir.join("store/known"));
    assert!(known.len() >= 2, "{known:?}");
    let names: String = bucket.objects().into_keys().collect();
    for (path, _) in known {
        let name = path.file_stem().unwrap().to_str().unwrap().split('-').nth(1).unwrap().to_owned();
        assert!(!names.contains(&name), "{name}");
    }

    b.ok(&["clone", &address, "--identity", &key_b]);
    a.assert_same(&b);
    // Without a key, and with another.
    let said = c.fails(&["clone", &address]);
    assert!(said.contains("is encrypted, and no key is named"), "{said}");
    let c = Machine::new(dir.path().join("c2"), &Bucket::VARS);
    let said = c.fails(&["clone", &address, "--identity", &key_c]);
    assert!(said.contains("is none of those that it was made for") && said.contains("key add"), "{said}");

    // One more, who gets what was there before.
    b.ok(&["remote", "key", "add", &public_c]);
    let listed = b.ok(&["remote", "key", "list"]);
    assert!([&public_a, &public_b, &public_c].iter().all(|key| listed.contains(key.as_str())), "{listed}");
    c.ok(&["clone", &address, "--identity", &key_c]);
    a.assert_same(&c);

    // One less, who gets nothing that comes after.
    a.ok(&["remote", "key", "remove", &public_b]);
    a.write("one", 40..45);
    a.ok(&["capture"]);
    a.ok(&["push"]);
    let said = b.fails(&["pull"]);
    assert!(said.contains("was removed from the members"), "{said}");
    c.ok(&["pull"]);
    a.assert_same(&c);
    assert!(a.fails(&["remote", "key", "remove", &public_b]).contains("is no member"));
    a.ok(&["remote", "key", "remove", &public_c]);
    assert!(a.fails(&["remote", "key", "remove", &public_a]).contains("the last member"));

    // A lost key.
    fs::remove_file(&key_a).unwrap();
    let said = a.fails(&["push"]);
    assert!(said.contains("the key can't be read") && said.contains(&key_a), "{said}");
}

#[test]
fn nothing_readable_comes_among_what_is_encrypted() {
    let dir = tempfile::tempdir().unwrap();
    let remote = dir.path().join("remote");
    let address = remote.to_str().unwrap();
    let a = Machine::with_session(dir.path().join("a"), &[], 3);
    let (file, public) = key(&a);
    let (_, other) = new_identity();
    // Nobody here could read it.
    assert_eq!(a.run(&["remote", "add", "x", address, "--encrypt-to", &other]).status.code(), Some(2));
    a.ok(&["remote", "add", "origin", address, "--encrypt-to", &public, "--identity", &file]);
    a.ok(&["push"]);
    let b = Machine::with_session(dir.path().join("b"), &[], 3);
    b.ok(&["remote", "add", "origin", address]);
    for command in ["push", "pull"] {
        let said = b.fails(&[command]);
        assert!(said.contains("is encrypted"), "{said}");
    }
    assert!(contents(&remote).iter().all(|(_, bytes)| !is_readable(bytes)));
    // And no two rings, and none over what is readable.
    let add = ["remote", "add", "two", address, "--encrypt-to", &public, "--identity", &file];
    assert!(a.fails(&add).contains("encrypted already"));
    let plain = dir.path().join("plain");
    a.ok(&["remote", "add", "plain", plain.to_str().unwrap()]);
    a.ok(&["push", "plain"]);
    let add =
        ["remote", "add", "three", plain.to_str().unwrap(), "--encrypt-to", &public, "--identity", &file];
    assert!(a.fails(&add).contains("not encrypted"));
    let said = a.fails(&["remote", "add", "four", plain.to_str().unwrap(), "--identity", &file]);
    assert!(said.contains("is not encrypted"), "{said}");
}

#[test]
fn what_was_changed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let remote = dir.path().join("remote");
    let address = remote.to_str().unwrap();
    let a = Machine::with_session(dir.path().join("a"), &[], 30);
    let (file, public) = key(&a);
    a.ok(&["remote", "add", "origin", address, "--encrypt-to", &public, "--identity", &file]);
    a.ok(&["push"]);
    let b = Machine::new(dir.path().join("b"), &[]);
    for (path, good) in contents(&remote) {
        let path = remote.join(path);
        for at in [0, 10, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            fs::write(&path, bad).unwrap();
            let said = b.fails(&["clone", address, "--identity", &file]);
            assert!(said.contains("can't be") || said.contains("damaged"), "{at} of {path:?}: {said}");
            drop(fs::remove_dir_all(b.dir.join("store")));
        }
        fs::write(&path, good).unwrap();
    }
    b.ok(&["clone", address, "--identity", &file]);
    a.assert_same(&b);
}

#[test]
fn keys_of_ssh_do_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let keygen = |name: &str, words: &str| {
        let path = dir.path().join(name).display().to_string();
        let mut command = Command::new("ssh-keygen");
        run(command.args(["-q", "-t", "ed25519", "-N", words, "-C", "me@here", "-f", &path])).map(|()| path)
    };
    let (open, locked) = match (keygen("open", ""), keygen("locked", "secret")) {
        (Ok(open), Ok(locked)) => (open, locked),
        (Err(reason), _) | (_, Err(reason)) => return eprintln!("SKIPPED: {reason}"),
    };
    let public = fs::read_to_string(Path::new(&open).with_extension("pub")).unwrap();
    let address = dir.path().join("remote").display().to_string();
    let a = Machine::with_session(dir.path().join("a"), &[], 3);
    let add = |key: &str| {
        ["remote", "add", "origin", &address, "--encrypt-to", &public, "--identity", key].map(str::to_owned)
    };
    let refs = |args: &[String]| -> Vec<String> { args.to_vec() };
    let locked = refs(&add(&locked));
    let said = a.fails(&locked.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("passphrase"), "{said}");
    let added = refs(&add(&open));
    a.ok(&added.iter().map(String::as_str).collect::<Vec<_>>());
    a.ok(&["push"]);
    let b = Machine::new(dir.path().join("b"), &[]);
    b.ok(&["clone", &address, "--identity", &open]);
    a.assert_same(&b);
}
