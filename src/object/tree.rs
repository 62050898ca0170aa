//! Trees of files, configurations and tags.

use super::codec::{Decode, Encode};
use super::id::Id;

/// One file of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Path below the root: `/` between names, none of them empty, `.` or `..`.
    pub path: String,
    /// Unix permission bits; 0o644 where there are none.
    pub mode: u32,
    /// The blob with its bytes.
    pub blob: Id,
    /// Length in bytes.
    pub len: u64,
}

/// A folder of files, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Tree {
    /// The files.
    pub entries: Vec<Entry>,
}

impl Tree {
    /// Tells whether every path stays below the root and they are in order.
    pub fn is_safe(&self) -> bool {
        let sorted = self.entries.is_sorted_by(|a, b| a.path < b.path);
        sorted && self.entries.iter().all(|e| is_safe_path(&e.path))
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
}
