//! Trees of files, configurations and tags.

use super::codec::{Decode, Encode};
use super::id::Id;

/// The mode of a folder within a tree.
pub const FOLDER: u32 = 0o040_000;
/// The mode of a symbolic link.
pub const LINK: u32 = 0o120_000;

/// One file of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Path below the root: `/` between names, none of them empty, `.` or `..`.
    pub path: String,
    /// Unix permission bits of a file, 0o644 where there are none; else
    /// [`FOLDER`] or [`LINK`].
    pub mode: u32,
    /// The blob with its bytes, or with what the link leads to; the tree of a
    /// folder.
    pub blob: Id,
    /// Length in bytes; of a folder, of all files below it.
    pub len: u64,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// A folder, which is a tree of its own.
    Folder,
}

impl Entry {
    /// What it is.
    pub fn sort(&self) -> Sort {
        match self.mode {
            FOLDER => Sort::Folder,
            LINK => Sort::Link,
            _ => Sort::File,
        }
    }

    fn is_safe(&self) -> bool {
        is_safe_path(&self.path)
            && match self.sort() {
                Sort::Folder => !self.path.contains('/'),
                Sort::Link => true,
                Sort::File => self.mode <= 0o7777,
            }
    }
}

/// A folder of files, sorted by path. The files below it are its own entries
/// (`a/b`), or those of trees that it names, so that what didn't change is
/// shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Tree {
    /// The files.
    pub entries: Vec<Entry>,
}

impl Tree {
    /// Tells whether every path stays below the root and they are in order, and
    /// every mode is one.
    pub fn is_safe(&self) -> bool {
        let sorted = self.entries.is_sorted_by(|a, b| a.path < b.path);
        sorted && self.entries.iter().all(Entry::is_safe)
    }
}

/// Tells whether a path names something strictly below the folder it is
/// joined to, on any system.
pub fn is_safe_path(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0', ':'])
        && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

/// Settings in force: sorted pairs of a name and a value. Never credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Config {
    /// The pairs.
    pub entries: Vec<(String, String)>,
}

/// A named commit with words of its own.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Tag {
    /// The commit.
    pub commit: Id,
    /// Its name.
    pub name: String,
    /// What is said of it; may be empty.
    pub words: String,
    /// Who made it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub time: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        for path in ["a", "a/b.txt", "..a/b", "é/…"] {
            assert!(is_safe_path(path), "{path}");
        }
        for path in ["", "/a", "a/", "../a", "a/../b", "a//b", ".", "C:x", "a\\b", "a\0"] {
            assert!(!is_safe_path(path), "{path:?}");
        }
    }

    #[test]
    fn a_folder_has_one_name_and_a_mode_is_one() {
        let safe = |path: &str, mode| {
            Tree { entries: vec![Entry { path: path.into(), mode, blob: Id::ZERO, len: 0 }] }.is_safe()
        };
        assert!(safe("a", FOLDER) && safe("a", LINK) && safe("a/b", LINK) && safe("a/b", 0o755));
        assert!(!safe("a/b", FOLDER) && !safe("..", FOLDER));
        for mode in [0o100_644, 0o010_000, 0o160_000, FOLDER | 0o755, LINK | 0o777] {
            assert!(!safe("a", mode), "{mode:o}");
        }
    }
}
