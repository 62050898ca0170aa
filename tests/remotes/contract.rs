//! What every transport must do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use sfs::object::id::Id;
use sfs::remote::{Address, Around, Content, Folder, Key, Remote, RemoteError, index_text, open};

/// Opens the remote at an address, with these variables.
pub(crate) fn opened(address: &str, vars: &[(&str, &str)], home: &Path) -> Box<dyn Remote> {
    let vars: BTreeMap<String, String> =
        vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    open(&Address::parse(address).unwrap(), Around { vars: &vars, home }).unwrap()
}

/// What a transport is tried with from the outside.
pub(crate) trait Inside {
    /// Puts something there that isn't ours.
    fn put_stranger(&self, name: &str);
    /// What is there under a name, as it lies there.
    fn look(&self, name: &str) -> Option<Vec<u8>>;
    /// Whether that was published.
    fn has_index(&self, text: &str) -> bool {
        self.look("index").unwrap() == text.as_bytes()
    }
    /// Whether it makes a file and looks for one of that name in one step.
    fn is_exact(&self) -> bool {
        true
    }
}

/// A directory, looked into.
impl Inside for &Path {
    fn put_stranger(&self, name: &str) {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "not ours").unwrap();
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.join(name)).ok()
    }
}

fn id(n: u8) -> Id {
    Id::from_bytes([n; 16])
}

fn listed(remote: &dyn Remote, folder: Folder) -> Vec<(Key, u64)> {
    let mut files = remote.list(folder).unwrap();
    files.sort_unstable();
    files
}

fn create(remote: &dyn Remote, key: Key, bytes: &[u8]) -> bool {
    remote.create(key, Content::Bytes(bytes), &|_| ()).unwrap()
}

/// Holds a remote at which there is nothing yet to the contract.
pub(crate) fn check(remote: &dyn Remote, inside: &dyn Inside) {
    let (pack, index) = (Key::Pack(id(1)), Key::Index(id(1)));
    match remote.list(Folder::Packs) {
        Ok(files) => assert!(files.is_empty()),
        Err(e) => assert!(matches!(e, RemoteError::NotThere(_)), "{e}"),
    }
    assert!(remote.get(pack, 0..1).is_err());

    // Made once, and then it stays.
    assert!(create(remote, pack, b"0123456789"));
    assert!(!create(remote, pack, b"something else that is longer"));
    assert_eq!(remote.get(pack, 0..10).unwrap(), b"0123456789");
    assert_eq!(inside.look(&pack.to_string()).unwrap(), b"0123456789");

    // Ranges.
    assert_eq!(remote.get(pack, 3..6).unwrap(), b"345");
    assert_eq!(remote.get(pack, 9..10).unwrap(), b"9");
    assert_eq!(remote.get(pack, 4..4).unwrap(), b"");
    assert!(remote.get(pack, 3..11).is_err());
    assert!(remote.get(pack, 20..21).is_err());
    let missing = remote.get(Key::Pack(id(99)), 0..5);
    assert!(matches!(missing, Err(RemoteError::Missing(_))), "{missing:?}");

    // Only what is ours is listed, folder by folder.
    let tables: Vec<Key> = (1..=12).map(|n| Key::Table(id(2), n)).collect();
    tables.iter().for_each(|table| assert!(create(remote, *table, b"table")));
    let (other, members) = (Key::Table(id(3), 1), Key::Members(1));
    assert!(create(remote, index, b"") && create(remote, other, b"t") && create(remote, members, b"m"));
    for name in ["packs/README (1).txt", "packs/tmp-1", "refs/x/1", "notes", "index.html"] {
        inside.put_stranger(name);
    }
    inside.put_stranger(&format!("packs/{} (conflicted copy).pack", id(1)));
    assert_eq!(listed(remote, Folder::Packs), [(pack, 10), (index, 0)]);
    let own: Vec<(Key, u64)> = tables.iter().map(|table| (*table, 5)).collect();
    assert_eq!(listed(remote, Folder::Writer(id(2))), own);
    assert_eq!(listed(remote, Folder::Refs), [own, vec![(other, 1)]].concat());
    assert_eq!(listed(remote, Folder::Writer(id(77))), []);
    assert_eq!(listed(remote, Folder::Members), [(members, 1)]);

    large(remote);
    at_once(remote, inside.is_exact());

    // What is removed is gone and can be made again.
    remote.remove(pack).unwrap();
    assert!(matches!(remote.get(pack, 0..1), Err(RemoteError::Missing(_))));
    assert!(!listed(remote, Folder::Packs).contains(&(pack, 10)));
    assert!(create(remote, pack, b"again"));

    // The index is the one file that changes.
    for files in [vec![(pack, 5)], vec![(pack, 5), (other, 1)]] {
        let text = index_text(files);
        remote.publish(&text).unwrap();
        assert!(inside.has_index(&text));
    }
    assert!(remote.place(pack).ends_with(".pack"));
}

/// A file of many pieces, from the disk.
fn large(remote: &dyn Remote) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pack");
    let mut state = 1u32;
    let bytes: Vec<u8> = (0..3_000_001)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    std::fs::write(&path, &bytes).unwrap();
    let (key, sent) = (Key::Pack(id(4)), AtomicU64::new(0));
    let count = |n| {
        sent.fetch_add(n, Ordering::Relaxed);
    };
    assert!(remote.create(key, Content::File(&path), &count).unwrap());
    assert_eq!(sent.load(Ordering::Relaxed), bytes.len() as u64);
    assert!(remote.get(key, 0..bytes.len() as u64).unwrap() == bytes);
    assert!(remote.get(key, 1_234_567..2_345_678).unwrap() == bytes[1_234_567..2_345_678]);
}

/// Many write the same file: one does, and it is whole. Where looking and making
/// are two steps, several may think that they did.
fn at_once(remote: &dyn Remote, exact: bool) {
    let key = Key::Table(id(5), 1);
    let made: usize = std::thread::scope(|scope| {
        let writers: Vec<_> =
            (0..6u8).map(|n| scope.spawn(move || create(remote, key, &vec![n; 100_000]))).collect();
        writers.into_iter().map(|writer| usize::from(writer.join().unwrap())).sum()
    });
    let bytes = remote.get(key, 0..100_000).unwrap();
    assert!(bytes.windows(2).all(|pair| pair[0] == pair[1]), "a file of several writers");
    assert!(made == 1 || !exact && made > 1, "{made} made it");
}

#[test]
fn a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("remote");
    check(&*opened(root.to_str().unwrap(), &[], dir.path()), &root.as_path());
}
