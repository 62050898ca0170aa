//! Capture, and restore beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use sfs::object::Id;
use sfs::ops::restore::restore;
use sfs::store::Store;
use sfs::store::refs::RefValue;
use sfs::tool::{Found, Framing};

use crate::reading::read;
use crate::world::{World, folder};

/// Captures a world; all that its tool has is restored as it is.
pub(crate) fn comes_back(world: &World) {
    let report = world.capture();
    assert!(report.trouble.is_empty(), "{}: {:?}", world.name, report.trouble);
    is_restored(world, &world.found());
    assert_eq!(world.capture().changed, 0, "{}: nothing is new", world.name);
}

/// Restores the store of a world, and compares these sources.
pub(crate) fn is_restored(world: &World, sources: &[Found]) {
    let to = folder();
    let report = restore(&world.store(), None, to.path()).unwrap();
    assert!(report.refused.is_empty(), "{}: {:?}", world.name, report.refused);
    let root = to.path().join(world.tool.name());
    for found in sources {
        let restored = root.join(&found.place);
        match found.framing {
            Framing::Lines | Framing::Document => same(world, &found.path, &restored),
            Framing::ZstdLines => {
                let whole = zstd::stream::decode_all(fs::File::open(&found.path).unwrap()).unwrap();
                assert!(whole == fs::read(&restored).unwrap(), "{}: {}", world.name, found.place);
            }
            Framing::Rows => {
                let again = Found { path: restored, ..found.clone() };
                let (there, here) =
                    (read(world.tool, &again, false), read(world.tool, found, false).unwrap());
                let there = there.unwrap_or_else(|e| panic!("{}: {}: {e}", world.name, found.place));
                assert!(there.records == here.records, "{}: {}: other rows", world.name, found.place);
                assert!(there.frame.trail == here.frame.trail, "{}: {}: other rows", world.name, found.place);
            }
            Framing::Folder => {
                let whole = read(world.tool, found, false).unwrap();
                for record in whole.records.iter().filter(|record| !record.starts_with(sfs::tool::EARLY)) {
                    let (place, bytes) = sfs::tool::folder::file(record).unwrap();
                    assert!(bytes == fs::read(root.join(&place)).unwrap(), "{}: {place}", world.name);
                }
            }
        }
        for side in &found.side {
            same(world, &side.path, &root.join(&side.place));
        }
    }
}

fn same(world: &World, here: &PathBuf, there: &PathBuf) {
    let there_bytes = fs::read(there).unwrap_or_else(|e| panic!("{}: {}: {e}", world.name, there.display()));
    assert!(
        fs::read(here).unwrap() == there_bytes,
        "{}: {} comes back otherwise",
        world.name,
        here.display()
    );
}

/// The tips of all branches.
pub(crate) fn tips(store: &Store) -> BTreeSet<Id> {
    let tip = |value: &RefValue| match value {
        RefValue::Commit(id) => Some(*id),
        RefValue::Source(source) => source.head,
        _ => None,
    };
    store.refs().values().filter_map(tip).collect()
}

/// All that can be reached from the tips of branches.
pub(crate) fn reachable(store: &Store) -> BTreeSet<Id> {
    let (mut known, mut next): (BTreeSet<Id>, Vec<Id>) = (BTreeSet::new(), tips(store).into_iter().collect());
    while let Some(id) = next.pop() {
        if known.insert(id) {
            let commit = store.commit(&id).unwrap();
            next.extend(commit.parents.iter().copied().chain(commit.after));
        }
    }
    known
}
