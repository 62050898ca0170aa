//! What differs between two trees. Folders that are the same are not opened.

use std::collections::BTreeMap;

use super::WorkspaceError;
use super::files::{FILES_MAX, PATH_MAX, join};
use crate::object::id::Id;
use crate::object::{Entry, Sort};
use crate::store::Store;

/// A file that is not in both trees as it is in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// What it was; `None` if it is new.
    pub old: Option<Entry>,
    /// What it is; `None` if it is gone.
    pub new: Option<Entry>,
}

/// What differs between two trees, by path; none is an empty one.
pub fn compare(store: &Store, old: Option<Id>, new: Option<Id>) -> Result<Vec<Change>, WorkspaceError> {
    let (mut changes, mut open) = (Vec::new(), vec![(String::new(), old, new)]);
    while let Some((above, old, new)) = open.pop() {
        if old == new {
            continue;
        }
        let mut names: BTreeMap<String, (Option<Entry>, Option<Entry>)> = BTreeMap::new();
        for entry in entries(store, old)? {
            names.entry(entry.path.clone()).or_default().0.replace(entry);
        }
        for entry in entries(store, new)? {
            names.entry(entry.path.clone()).or_default().1.replace(entry);
        }
        for (name, (old, new)) in names {
            let path = join(&above, &name);
            if path.len() > PATH_MAX {
                return Err(WorkspaceError::Hostile { path, why: "is too long" });
            }
            if changes.len() + open.len() >= FILES_MAX {
                return Err(WorkspaceError::Hostile { path, why: "is one of too many files" });
            }
            let folder =
                |entry: &Option<Entry>| entry.as_ref().filter(|e| e.sort() == Sort::Folder).map(|e| e.blob);
            let (in_old, in_new) = (folder(&old), folder(&new));
            if in_old.is_some() || in_new.is_some() {
                open.push((path.clone(), in_old, in_new));
            }
            let file = |entry: Option<Entry>| {
                let entry = entry.filter(|e| e.sort() != Sort::Folder)?;
                Some(Entry { path: path.clone(), ..entry })
            };
            let (old, new) = (file(old), file(new));
            if old != new {
                changes.push(Change { path, old, new });
            }
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

fn entries(store: &Store, tree: Option<Id>) -> Result<Vec<Entry>, WorkspaceError> {
    Ok(tree.map(|id| store.tree(&id)).transpose()?.map_or_else(Vec::new, |tree| tree.entries))
}
