//! What a look through a tool's folders finds.

use std::path::{Path, PathBuf};

use super::Framing;

/// A folder in which changes are waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// The folder.
    pub path: PathBuf,
    /// Whether the folders below it count as well.
    pub deep: bool,
}

impl Watched {
    /// A folder and all below it.
    pub fn deep(path: PathBuf) -> Watched {
        Watched { path, deep: true }
    }

    /// A folder without those below it.
    pub fn flat(path: PathBuf) -> Watched {
        Watched { path, deep: false }
    }
}

/// What a look at a file without opening it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Length in bytes.
    pub len: u64,
    /// Time of last change, in nanoseconds since 1970.
    pub mtime: i64,
    /// The file's number on its device; 0 where there is none.
    pub inode: u64,
}

/// A file that belongs to a source but isn't made of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the tool's root, with `/`.
    pub place: String,
    /// What it looked like.
    pub stamp: Stamp,
}

/// A source that was found, not yet opened.
#[derive(Clone, Debug)]
pub struct Found {
    /// The tool's own id of the session it belongs to.
    pub native: String,
    /// Which part of the session it is: empty for the session itself, else
    /// the native id of a subagent or a segment.
    pub part: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the tool's root, with `/`. Restoring puts it there.
    pub place: String,
    /// How it is cut.
    pub framing: Framing,
    /// What it looked like.
    pub stamp: Stamp,
    /// Files that go with it.
    pub side: Vec<SideFile>,
}

/// A place that could not be looked into.
#[derive(Debug)]
pub struct Trouble {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

/// What [`super::Tool::discover`] found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The sources, sessions before their parts.
    pub found: Vec<Found>,
    /// What could not be looked into.
    pub trouble: Vec<Trouble>,
}

/// What a look at a file tells; `None` if it is gone or no regular file.
pub fn stamp(path: &Path) -> Option<Stamp> {
    stamp_of(&std::fs::metadata(path).ok()?)
}

/// The same from what is known already.
pub fn stamp_of(meta: &std::fs::Metadata) -> Option<Stamp> {
    if !meta.is_file() {
        return None;
    }
    let mtime = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    let inode = 0;
    Some(Stamp { len: meta.len(), mtime: i64::try_from(mtime.as_nanos()).unwrap_or(i64::MAX), inode })
}

/// Refuses a path in a project that a link leads out of it: a project may come
/// from anywhere, and what of its user's is read or changed is not its to
/// choose. A path that is elsewhere anyway is the user's.
pub fn stay_within(project: &Path, path: &Path) -> std::io::Result<()> {
    if !path.starts_with(project) {
        return Ok(());
    }
    let real = |path: &Path| path.ancestors().find_map(|dir| std::fs::canonicalize(dir).ok());
    match real(project).zip(real(path)) {
        Some((project, path)) if path.starts_with(&project) => Ok(()),
        _ => Err(std::io::Error::other("a link leads out of the project")),
    }
}

/// The place of a file for tools whose places are absolute paths: without
/// what makes it one.
pub(super) fn absolute_place(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    let has_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    path.trim_start_matches('/').replacen(':', "", usize::from(has_drive))
}
