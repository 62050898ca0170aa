//! The files of a tree, with all that is in the trees that it names.

use std::collections::BTreeMap;

use super::WorkspaceError;
use crate::object::id::Id;
use crate::object::{Entry, Sort};
use crate::store::{Store, StoreError};

/// The longest path of a file in a tree, in bytes.
pub(super) const PATH_MAX: usize = 4096;
/// The most files of a tree.
pub(super) const FILES_MAX: usize = 500_000;

/// The files and links of a tree by their paths; a path in its entry is the
/// whole one.
///
/// Fails if a file would lie below another file or a link: then a link could
/// lead what is below it anywhere.
pub fn files(store: &Store, tree: Id) -> Result<BTreeMap<String, Entry>, WorkspaceError> {
    let (mut files, mut open) = (BTreeMap::<String, Entry>::new(), vec![(String::new(), tree)]);
    while let Some((above, tree)) = open.pop() {
        for mut entry in store.tree(&tree)?.entries {
            let path = join(&above, &entry.path);
            let hostile = |why| Err(WorkspaceError::Hostile { path: path.clone(), why });
            if path.len() > PATH_MAX {
                return hostile("is too long");
            }
            match entry.sort() {
                // Few trees can name each other in so many ways that they
                // are as many files as one likes.
                _ if files.len() + open.len() >= FILES_MAX => return hostile("is one of too many files"),
                Sort::Folder => open.push((path, entry.blob)),
                Sort::File | Sort::Link => {
                    entry.path.clone_from(&path);
                    if files.insert(path.clone(), entry).is_some() {
                        return hostile("is there twice");
                    }
                }
            }
        }
    }
    let below = files.keys().find(|path| above(path).any(|folder| files.contains_key(folder)));
    match below {
        Some(path) => Err(WorkspaceError::Hostile { path: path.clone(), why: "lies below a file" }),
        None => Ok(files),
    }
}

/// The file or link at a path in a tree; a path in its entry is the whole one.
pub fn find(store: &Store, tree: Id, path: &str) -> Result<Option<Entry>, StoreError> {
    let (mut at, mut rest) = (tree, path);
    loop {
        let entries = store.tree(&at)?.entries;
        if let Some(entry) = entries.iter().find(|entry| entry.path == rest && entry.sort() != Sort::Folder) {
            return Ok(Some(Entry { path: path.to_owned(), ..entry.clone() }));
        }
        let Some((name, below)) = rest.split_once('/') else { return Ok(None) };
        let folder = entries.into_iter().find(|entry| entry.path == name && entry.sort() == Sort::Folder);
        let Some(folder) = folder else { return Ok(None) };
        (at, rest) = (folder.blob, below);
    }
}

/// The folders above a path, the nearest last.
pub fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

pub(super) fn join(above: &str, name: &str) -> String {
    if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") }
}

/// Puts files with whole paths together into trees, a tree a folder; returns
/// the id of the outermost.
pub fn build(
    store: &Store,
    batch: &mut crate::store::Batch,
    files: &BTreeMap<String, Entry>,
) -> Result<Id, WorkspaceError> {
    use crate::object::tree::FOLDER;
    use crate::object::{Kind, Tree};
    // The trees on the way to the file at hand, each with its path.
    let mut open = vec![(String::new(), Tree::default())];
    let close = |open: &mut Vec<(String, Tree)>, batch: &mut crate::store::Batch| {
        let Some((path, mut tree)) = open.pop() else { return Ok(Id::ZERO) };
        tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        let id = batch.put_value(store, Kind::Tree, &tree)?;
        if let Some((_, outer)) = open.last_mut() {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let len = tree.entries.iter().map(|entry| entry.len).sum();
            outer.entries.push(Entry { path: name, mode: FOLDER, blob: id, len });
        }
        Ok::<Id, WorkspaceError>(id)
    };
    // By folder, so that a folder is done when its last file is.
    let mut sorted: Vec<(Vec<&str>, &Entry)> =
        files.iter().map(|(path, entry)| (path.split('/').collect(), entry)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    for (names, entry) in sorted {
        let (name, folders) = names.split_last().map_or(("", &[][..]), |(name, rest)| (*name, rest));
        let folder = folders.join("/");
        while open.len() > 1 && open.last().is_some_and(|(at, _)| !is_in(&folder, at)) {
            close(&mut open, batch)?;
        }
        while open.len() <= folders.len() {
            let path = folders.get(..open.len()).unwrap_or_default().join("/");
            open.push((path, Tree::default()));
        }
        if let Some((_, tree)) = open.last_mut() {
            tree.entries.push(Entry { path: name.to_owned(), ..entry.clone() });
        }
    }
    while open.len() > 1 {
        close(&mut open, batch)?;
    }
    close(&mut open, batch)
}

/// Tells whether a folder is `outer` or lies in it.
fn is_in(folder: &str, outer: &str) -> bool {
    folder
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || outer.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::tree::{FOLDER, LINK};
    use crate::object::{Kind, Tree};
    use crate::store::{Actor, Batch};
    use crate::workspace::compare::compare;
    use proptest::prelude::*;

    fn world() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&dir.path().join("s"), Id::ZERO).unwrap();
        (dir, store)
    }

    fn entry(path: &str, mode: u32, blob: Id) -> Entry {
        Entry { path: path.into(), mode, blob, len: 1 }
    }

    fn put(store: &mut Store, entries: Vec<Entry>) -> Id {
        let mut batch = Batch::default();
        let id = batch.put_value(store, Kind::Tree, &Tree { entries }).unwrap();
        store.apply(batch, Vec::new(), &Actor::default()).unwrap();
        id
    }

    #[test]
    fn nothing_lies_below_a_link_or_twice() {
        let (_dir, mut store) = world();
        let blob = Id::of(Kind::Blob, b"x");
        let inner = put(&mut store, vec![entry("passwd", 0o644, blob)]);
        let flat = put(&mut store, vec![entry("a", LINK, blob), entry("a/passwd", 0o644, blob)]);
        let deep = put(&mut store, vec![entry("a", FOLDER, inner), entry("a/passwd", LINK, blob)]);
        let far = put(&mut store, vec![entry("a", LINK, blob), entry("a/b/c", 0o644, blob)]);
        for tree in [flat, deep, far] {
            assert!(matches!(files(&store, tree), Err(WorkspaceError::Hostile { .. })));
        }
    }

    #[test]
    fn trees_that_name_each_other_in_many_ways_are_refused() {
        let (_dir, mut store) = world();
        let mut tree = put(&mut store, vec![entry("f", 0o644, Id::ZERO)]);
        for _ in 0..40 {
            tree = put(&mut store, vec![entry("a", FOLDER, tree), entry("b", FOLDER, tree)]);
        }
        assert!(matches!(files(&store, tree), Err(WorkspaceError::Hostile { .. })));
        assert!(matches!(compare(&store, None, Some(tree)), Err(WorkspaceError::Hostile { .. })));
        assert!(compare(&store, Some(tree), Some(tree)).unwrap().is_empty());
    }

    fn any_files() -> impl Strategy<Value = BTreeMap<String, Entry>> {
        let path = proptest::collection::vec("[ab.-]{1,2}", 1..5).prop_map(|names| names.join("/"));
        proptest::collection::btree_map(path, (0..3u8, any::<bool>()), 0..12).prop_map(|files| {
            let safe = |path: &String| crate::object::tree::is_safe_path(path);
            let names: Vec<String> = files.keys().cloned().collect();
            let free = |path: &String| !above(path).any(|folder| names.iter().any(|n| n == folder));
            let made =
                files.into_iter().filter(|(path, _)| safe(path) && free(path)).map(|(path, (blob, link))| {
                    let mode = if link { LINK } else { 0o644 };
                    (path.clone(), entry(&path, mode, Id::from_bytes([blob; 16])))
                });
            made.collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_is_built_is_found_and_compared(a in any_files(), b in any_files()) {
            let (_dir, mut store) = world();
            let mut batch = Batch::default();
            let (tree_a, tree_b) =
                (build(&store, &mut batch, &a).unwrap(), build(&store, &mut batch, &b).unwrap());
            store.apply(batch, Vec::new(), &Actor::default()).unwrap();
            prop_assert_eq!(&files(&store, tree_a).unwrap(), &a);
            for path in a.keys().chain(b.keys()) {
                prop_assert_eq!(find(&store, tree_a, path).unwrap(), a.get(path).cloned());
            }
            let mut wanted: Vec<String> = a.keys().chain(b.keys()).filter(|path| a.get(*path) != b.get(*path)).cloned().collect();
            wanted.sort();
            wanted.dedup();
            let found = compare(&store, Some(tree_a), Some(tree_b)).unwrap();
            for change in &found {
                prop_assert_eq!(&change.old, &a.get(&change.path).cloned());
                prop_assert_eq!(&change.new, &b.get(&change.path).cloned());
            }
            prop_assert_eq!(found.into_iter().map(|change| change.path).collect::<Vec<_>>(), wanted);
        }
    }
}
