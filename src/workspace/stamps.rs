//! What files looked like when they were last read, so that those that still
//! look so are not read again. A cache: without it every file is read.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::WorkspaceError;
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, Kind, checksum};
use crate::store::Store;

/// Where the caches lie in a store.
const FOLDER: &str = "cache/workspace";
const MAGIC: &[u8; 8] = b"SFSSTAT1";
/// A file that was changed less than this before it was read may change again
/// without looking different.
const RACY: i128 = 2_000_000_000;

/// What a file looks like.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Stamp {
    len: u64,
    /// Time of the last change of its content, in nanoseconds since 1970.
    changed: i128,
    /// Time of the last change of anything about it; 0 where there is none.
    touched: i128,
    number: u64,
    mode: u32,
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Stamp {
        let since = |at: std::time::SystemTime| match at.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => after.as_nanos().cast_signed(),
            Err(before) => -before.duration().as_nanos().cast_signed(),
        };
        let changed = meta.modified().map_or(0, since);
        let (touched, number, mode) = of_system(meta);
        Stamp { len: meta.len(), changed, touched, number, mode }
    }

    /// The permission bits.
    pub(super) fn mode(&self) -> u32 {
        self.mode
    }

    /// Tells whether both are of one file.
    pub(super) fn is_same_file(&self, other: &Stamp) -> bool {
        self.number == other.number
    }

    /// Tells whether a file that looks so and is read at `now` (milliseconds
    /// since 1970) would look different after any later change.
    fn is_settled(&self, now: i64) -> bool {
        self.changed.max(self.touched) < i128::from(now) * 1_000_000 - RACY
    }
}

#[cfg(unix)]
fn of_system(meta: &Metadata) -> (i128, u64, u32) {
    use std::os::unix::fs::MetadataExt;
    let touched = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
    (touched, meta.ino(), meta.mode() & 0o7777)
}

#[cfg(not(unix))]
fn of_system(_: &Metadata) -> (i128, u64, u32) {
    (0, 0, 0o644)
}

/// The files and folders of a project as a snapshot found them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps {
    /// The tree that all of them are in: if the store has it, it has them.
    tree: Id,
    files: HashMap<String, (Stamp, Id)>,
    folders: HashMap<String, Id>,
}

#[derive(Encode, Decode)]
struct Stored {
    root: String,
    tree: Id,
    files: Vec<(String, Stamp, Id)>,
    folders: Vec<(String, Id)>,
}

impl Stamps {
    /// Reads what is known of a project; nothing if that can't be.
    pub(super) fn read(store: &Store, root: &Path) -> Stamps {
        let found = std::fs::read(path(store, root)).ok().and_then(|bytes| Stamps::decode(&bytes, root));
        let found = found.unwrap_or_default();
        if store.has_content(&found.tree).unwrap_or(false) { found } else { Stamps::default() }
    }

    fn decode(bytes: &[u8], root: &Path) -> Option<Stamps> {
        let (sum, payload) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
        let Stored { root: of, tree, files, folders } =
            (u64::from_le_bytes(*sum) == checksum(payload)).then(|| codec::decode(payload).ok())??;
        let files = files.into_iter().map(|(path, stamp, id)| (path, (stamp, id))).collect();
        (of == root.to_string_lossy()).then(|| Stamps { tree, files, folders: folders.into_iter().collect() })
    }

    /// The tree that all of it is in.
    pub(super) fn tree(&self) -> Id {
        self.tree
    }

    /// The blob of a file, if it looks as it did.
    pub(super) fn file(&self, path: &str, stamp: &Stamp) -> Option<Id> {
        self.files.get(path).filter(|(known, _)| known == stamp).map(|(_, id)| *id)
    }

    /// Tells whether a folder had that tree.
    pub(super) fn has_folder(&self, path: &str, tree: &Id) -> bool {
        self.folders.get(path) == Some(tree)
    }

    /// Notes a file that was read at `now`, or still looks as it did.
    pub(super) fn note_file(&mut self, path: &str, stamp: Stamp, blob: Id, now: i64) {
        if stamp.is_settled(now) {
            self.files.insert(path.to_owned(), (stamp, blob));
        }
    }

    /// Notes a folder.
    pub(super) fn note_folder(&mut self, path: &str, tree: Id) {
        self.folders.insert(path.to_owned(), tree);
    }

    /// Tells whether both know the same files and folders.
    pub(super) fn is_same(&self, other: &Stamps) -> bool {
        self.files == other.files && self.folders == other.folders
    }

    /// Keeps it, now that the store has the tree.
    pub(super) fn write(mut self, store: &Store, root: &Path, tree: Id) -> Result<(), WorkspaceError> {
        self.tree = tree;
        let mut files: Vec<_> = self.files.into_iter().map(|(path, (stamp, id))| (path, stamp, id)).collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut folders: Vec<_> = self.folders.into_iter().collect();
        folders.sort();
        let root_name = root.to_string_lossy().into_owned();
        let payload = codec::encode(&Stored { root: root_name, tree, files, folders })?;
        let bytes = [MAGIC.as_slice(), &checksum(&payload).to_le_bytes(), &payload].concat();
        let to = path(store, root);
        let folder = to.parent().unwrap_or(&to);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder).map_err(WorkspaceError::io("create", folder))?;
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            std::io::Write::write_all(&mut file, &bytes)?;
            file.persist(&to).map_err(|e| e.error)
        });
        written.map(drop).map_err(WorkspaceError::io("write", &to))
    }
}

fn path(store: &Store, root: &Path) -> PathBuf {
    let name = Id::of(Kind::Session, root.as_os_str().as_encoded_bytes());
    store.dir().join(FOLDER).join(name.to_string())
}
