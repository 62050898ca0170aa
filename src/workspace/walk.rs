//! The walk through a project: what is there, and of what is taken its tree.

use std::fs::{DirEntry, File, FileType};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::rules::{Rules, Verdict};
use super::stamps::{Stamp, Stamps};
use super::{Limits, WorkspaceError};
use crate::object::id::{Id, Kind};
use crate::object::snapshot::{LeftOut, Why};
use crate::object::tree::{FOLDER, LINK, is_safe_path};
use crate::object::{Entry, Tree};
use crate::store::{Batch, Store};

/// A walk, and what it found.
pub(super) struct Walk<'w> {
    pub(super) store: &'w Store,
    pub(super) batch: &'w mut Batch,
    pub(super) limits: &'w Limits,
    pub(super) rules: Rules,
    /// What is known from before, and what will be.
    pub(super) known: &'w Stamps,
    pub(super) stamps: Stamps,
    /// Now, in milliseconds since 1970.
    pub(super) now: i64,
    pub(super) left_out: Vec<LeftOut>,
    /// Whether all was read that was to be.
    pub(super) complete: bool,
    pub(super) files: u64,
    /// Files that were read, and their bytes.
    pub(super) read: u64,
    pub(super) bytes: u64,
}

/// A name in a folder.
struct Found {
    name: String,
    path: PathBuf,
    /// Below the root.
    place: String,
    kind: FileType,
}

impl Walk<'_> {
    /// Takes a folder: its tree and how many bytes are in it; `None` if there
    /// is no file in it.
    pub(super) fn folder(
        &mut self,
        dir: &Path,
        place: &str,
        depth: u32,
    ) -> Result<Option<(Id, u64)>, WorkspaceError> {
        let Ok(entries) = std::fs::read_dir(dir) else {
            self.complete = false;
            self.leave(format!("{place}/"), Why::Unreadable, 0);
            return Ok(None);
        };
        let before = self.rules.enter(dir);
        let mut tree = Tree::default();
        let mut found: Vec<Found> = entries.filter_map(|entry| self.name(entry, place)).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        for one in found {
            tree.entries.extend(self.entry(one, depth)?);
        }
        self.rules.leave(before);
        if tree.entries.is_empty() && !place.is_empty() {
            return Ok(None);
        }
        let len = tree.entries.iter().map(|entry| entry.len).sum();
        let bytes = crate::object::codec::encode(&tree)?;
        let id = Id::of(Kind::Tree, &bytes);
        if !self.known.has_folder(place, &id) {
            let _ = self.batch.put(self.store, Kind::Tree, id, bytes)?;
        }
        self.stamps.note_folder(place, id);
        Ok(Some((id, len)))
    }

    /// A name that a tree can hold.
    fn name(&mut self, entry: std::io::Result<DirEntry>, place: &str) -> Option<Found> {
        let Ok((entry, kind)) = entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) else {
            self.complete = false;
            return None;
        };
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let place = if place.is_empty() { text.clone().into_owned() } else { format!("{place}/{text}") };
        if name.to_str().is_none() || !is_safe_path(&text) {
            let end = if kind.is_dir() { "/" } else { "" };
            self.leave(format!("{place}{end}"), Why::Name, 0);
            return None;
        }
        Some(Found { name: text.into_owned(), path: entry.path(), place, kind })
    }

    fn entry(&mut self, found: Found, depth: u32) -> Result<Option<Entry>, WorkspaceError> {
        let is_dir = found.kind.is_dir();
        let verdict = match is_dir {
            true if found.path == self.store.dir() => Verdict::Pass,
            true => self.rules.folder(&found.path, &found.name),
            false => self.rules.file(&found.path, &found.name),
        };
        let (place, path) = (&found.place, &found.path);
        let many = self.files >= self.limits.files || is_dir && depth >= self.limits.depth;
        match verdict {
            Verdict::Pass => Ok(None),
            Verdict::Leave(why) => {
                let len = path.symlink_metadata().map_or(0, |meta| if is_dir { 0 } else { meta.len() });
                self.leave(format!("{place}{}", if is_dir { "/" } else { "" }), why, len);
                Ok(None)
            }
            Verdict::Take if many => {
                self.complete = false;
                self.leave(format!("{place}{}", if is_dir { "/" } else { "" }), Why::Many, 0);
                Ok(None)
            }
            Verdict::Take if is_dir => {
                let taken = self.folder(path, place, depth + 1)?;
                Ok(taken.map(|(blob, len)| Entry { path: found.name, mode: FOLDER, blob, len }))
            }
            Verdict::Take if found.kind.is_symlink() => self.link(found),
            Verdict::Take if found.kind.is_file() => self.file(found),
            Verdict::Take => {
                self.leave(found.place, Why::Special, 0);
                Ok(None)
            }
        }
    }

    fn link(&mut self, found: Found) -> Result<Option<Entry>, WorkspaceError> {
        let target = std::fs::read_link(&found.path).ok().and_then(|to| to.to_str().map(str::to_owned));
        let Some(target) = target else {
            self.leave(found.place, Why::Name, 0);
            return Ok(None);
        };
        self.files += 1;
        let len = target.len() as u64;
        let blob = self.batch.put_blob(self.store, target.into_bytes())?;
        Ok(Some(Entry { path: found.name, mode: LINK, blob, len }))
    }

    fn file(&mut self, found: Found) -> Result<Option<Entry>, WorkspaceError> {
        let Ok(meta) = found.path.symlink_metadata() else {
            // It is gone since its folder was read.
            return Ok(None);
        };
        let stamp = Stamp::of(&meta);
        if meta.len() > self.limits.file {
            self.leave(found.place, Why::Large, meta.len());
            return Ok(None);
        }
        self.files += 1;
        let entry = |blob, mode, len| Entry { path: found.name.clone(), mode, blob, len };
        if let Some(blob) = self.known.file(&found.place, &stamp) {
            let made = entry(blob, stamp.mode(), meta.len());
            self.stamps.note_file(&found.place, stamp, blob, self.now);
            return Ok(Some(made));
        }
        match read(&found.path, self.limits.file) {
            // A link may have taken its place since we looked.
            Ok((bytes, after)) if after.is_same_file(&stamp) => {
                let len = bytes.len() as u64;
                self.read += 1;
                self.bytes += len;
                let blob = self.batch.put_blob(self.store, bytes)?;
                let mode = stamp.mode();
                // One that changed while it was read is read again next time.
                if stamp == after && len == meta.len() {
                    self.stamps.note_file(&found.place, stamp, blob, self.now);
                }
                Ok(Some(entry(blob, mode, len)))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            _ => {
                self.complete = false;
                self.leave(found.place, Why::Unreadable, meta.len());
                Ok(None)
            }
        }
    }

    fn leave(&mut self, path: String, why: Why, len: u64) {
        self.left_out.push(LeftOut { path, why, len });
    }
}

/// Reads a file: its bytes, at most `most`, and what it looks like after that.
fn read(path: &Path, most: u64) -> std::io::Result<(Vec<u8>, Stamp)> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    (&file).take(most).read_to_end(&mut bytes)?;
    Ok((bytes, Stamp::of(&file.metadata()?)))
}
