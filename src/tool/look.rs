//! A look through a tool's folder: what is there, by name, without opening it.

use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{Found, Framing, SideFile, Stamp, Trouble, stamp_of};

/// A file, or a folder, which has no stamp.
pub(super) struct Entry {
    pub(super) name: String,
    /// Its path below the root, with `/`.
    pub(super) place: String,
    pub(super) stamp: Option<Stamp>,
}

/// Looks below a folder, and remembers what could not be looked into.
pub(super) struct Look {
    root: PathBuf,
    pub(super) trouble: Vec<Trouble>,
}

impl Look {
    /// Looks below `root`.
    pub(super) fn below(root: PathBuf) -> Look {
        Look { root, trouble: Vec::new() }
    }

    /// What the folder at a place holds, by name; nothing if it isn't there.
    /// Links are not followed, nor is anything told that is neither a file nor
    /// a folder.
    pub(super) fn entries(&mut self, place: &str) -> Vec<Entry> {
        let path = self.root.join(place);
        let mut entries = Vec::new();
        let mut trouble = |error: std::io::Error| {
            if error.kind() != ErrorKind::NotFound {
                self.trouble.push(Trouble { path: path.clone(), error });
            }
        };
        match std::fs::read_dir(&path) {
            Ok(dir) => {
                for entry in dir {
                    match entry.and_then(|entry| look(&entry, place)) {
                        Ok(entry) => entries.extend(entry),
                        Err(error) => trouble(error),
                    }
                }
            }
            Err(error) => trouble(error),
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries
    }

    /// The folders among them.
    pub(super) fn folders(&mut self, place: &str) -> Vec<Entry> {
        let mut entries = self.entries(place);
        entries.retain(|entry| entry.stamp.is_none());
        entries
    }

    /// The files below a place, so many folders deep, but for those that are
    /// passing.
    pub(super) fn files(&mut self, place: &str, depth: u32, passing: fn(&str) -> bool) -> Vec<SideFile> {
        let mut files = Vec::new();
        for entry in self.entries(place) {
            match entry.stamp {
                None if depth > 0 => files.append(&mut self.files(&entry.place, depth - 1, passing)),
                Some(_) if !passing(&entry.name) => files.extend(self.side(entry)),
                _ => {}
            }
        }
        files
    }

    /// An entry as a file that goes with a source, if it is a file.
    pub(super) fn side(&self, entry: Entry) -> Option<SideFile> {
        let path = self.root.join(&entry.place);
        Some(SideFile { path, stamp: entry.stamp?, place: entry.place })
    }

    /// An entry as a source, if it is a file.
    pub(super) fn source(&self, native: &str, entry: Entry, framing: Framing) -> Option<Found> {
        let SideFile { path, place, stamp } = self.side(entry)?;
        let (native, part, side) = (native.to_owned(), String::new(), Vec::new());
        Some(Found { native, part, path, place, framing, stamp, side })
    }
}

fn look(entry: &DirEntry, place: &str) -> std::io::Result<Option<Entry>> {
    let kind = entry.file_type()?;
    let name = entry.file_name().to_string_lossy().into_owned();
    let stamp = if kind.is_file() { stamp_of(&entry.metadata()?) } else { None };
    let place = if place.is_empty() { name.clone() } else { format!("{place}/{name}") };
    Ok((kind.is_dir() || stamp.is_some()).then_some(Entry { name, place, stamp }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[SideFile]) -> Vec<&str> {
        files.iter().map(|file| file.place.as_str()).collect()
    }

    #[test]
    fn files_are_found_by_name_so_many_folders_deep_and_links_are_left() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["b/x.tmp", "b/x", "b/c/y", "b/c/d/z", "a"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        #[cfg(unix)]
        for (to, link) in [("../a", "b/link"), ("..", "b/c/up")] {
            std::os::unix::fs::symlink(to, dir.path().join(link)).unwrap();
        }
        let mut look = Look::below(dir.path().to_owned());
        let names: Vec<String> = look.entries("").into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(look.folders("")[0].place, "b");
        let files = look.files("b", 1, |name| name.ends_with(".tmp"));
        assert_eq!(places(&files), ["b/c/y", "b/x"]);
        assert_eq!(files[1].path, dir.path().join("b").join("x"));
        assert!(look.files("gone", 1, |_| false).is_empty() && look.trouble.is_empty());
        assert!(look.entries("a").is_empty());
        assert_eq!((look.trouble.len(), &look.trouble[0].path), (1, &dir.path().join("a")));
    }

    #[test]
    fn a_folder_is_no_source() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("x.jsonl")).unwrap();
        let mut look = Look::below(dir.path().to_owned());
        let folder = look.entries("").pop().unwrap();
        assert!(look.source("x", folder, Framing::Lines).is_none());
    }
}
