//! A remote in one file, to be handed over by any means.
//!
//! ```text
//! SFSBNDL\0, the format as u32
//! the files of the remote, one after another
//! their `index`, a line for each in that order
//! the length of the index and its checksum, u64 each
//! ```
//!
//! It is written once, from its beginning to its end, and then only read.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use super::dir::{ASIDE, sync_dir};
use super::listing::{in_order, parse_in_order};
use super::{Content, Counted, Folder, Key, Remote, RemoteError, Sent, copy_exact};
use crate::object::id::checksum;

const MAGIC: &[u8; 8] = b"SFSBNDL\0";
const FORMAT: u32 = 1;
/// Length of what comes before the files.
const HEAD: u64 = 12;
/// Length of what follows the index.
const END: u64 = 16;
/// The longest index that is read, in bytes.
const INDEX_MAX: u64 = 1 << 30;

/// A remote in one file.
pub struct BundleRemote {
    path: PathBuf,
    state: Mutex<State>,
}

/// What of it is there.
struct State {
    file: Bytes,
    files: Vec<(Key, Range<u64>)>,
    end: u64,
}

enum Bytes {
    /// It is being written.
    New(NamedTempFile),
    /// It is there.
    Whole(File),
}

impl Bytes {
    fn file(&mut self) -> &mut File {
        match self {
            Bytes::New(aside) => aside.as_file_mut(),
            Bytes::Whole(file) => file,
        }
    }
}

impl BundleRemote {
    /// Begins the bundle at `path`. It is there when it is published, and what
    /// was there is replaced then.
    pub fn create(path: PathBuf) -> Result<BundleRemote, RemoteError> {
        let folder = folder_of(&path);
        let aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder);
        let mut aside = aside.map_err(RemoteError::io("create a file in", folder))?;
        let begun = aside.write_all(MAGIC).and_then(|()| aside.write_all(&FORMAT.to_le_bytes()));
        begun.map_err(RemoteError::io("write", &path))?;
        let state = State { file: Bytes::New(aside), files: Vec::new(), end: HEAD };
        Ok(BundleRemote { path, state: Mutex::new(state) })
    }

    /// Opens the bundle at `path`.
    pub fn open(path: PathBuf) -> Result<BundleRemote, RemoteError> {
        let bad = |what: &str| RemoteError::NoBundle { path: path.clone(), what: what.to_owned() };
        // To open a pipe may take for ever.
        let looked = std::fs::metadata(&path).map_err(RemoteError::io("open", &path))?;
        if !looked.is_file() {
            return Err(bad("it is not a file"));
        }
        let mut file = File::open(&path).map_err(RemoteError::io("open", &path))?;
        let read = |e: io::Error| match e.kind() {
            ErrorKind::UnexpectedEof => bad("it is too short"),
            _ => RemoteError::io("read", &path)(e),
        };
        let mut head = [0; HEAD as usize];
        file.read_exact(&mut head).map_err(read)?;
        match head.split_at(MAGIC.len()) {
            (magic, format) if magic == MAGIC && format == FORMAT.to_le_bytes() => {}
            (magic, _) if magic == MAGIC => return Err(bad("a newer version of sfs wrote it")),
            _ => return Err(bad("it begins as none does")),
        }
        let total = file.metadata().map_err(RemoteError::io("read", &path))?.len();
        let cut = || bad("it was cut short, or damaged");
        let end = total.checked_sub(END).filter(|end| *end >= HEAD).ok_or_else(cut)?;
        let tail = read_at(&mut file, end..total).map_err(read)?;
        let (len, sum) = tail.split_first_chunk::<8>().ok_or_else(cut)?;
        let len = u64::from_le_bytes(*len);
        let start =
            end.checked_sub(len).filter(|start| *start >= HEAD && len <= INDEX_MAX).ok_or_else(cut)?;
        let index = read_at(&mut file, start..end).map_err(read)?;
        if checksum(&index).to_le_bytes() != *sum {
            return Err(cut());
        }
        let files = std::str::from_utf8(&index).ok().and_then(|text| parse_in_order(text, HEAD, start));
        let files = files.ok_or_else(|| bad("its list is not one of its files"))?;
        let state = State { file: Bytes::Whole(file), files, end: start };
        Ok(BundleRemote { path, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn io(&self, verb: &'static str) -> impl FnOnce(io::Error) -> RemoteError {
        RemoteError::io(verb, &self.path)
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn read_at(file: &mut File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let wanted = range.end.saturating_sub(range.start);
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::new();
    file.take(wanted).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

impl Remote for BundleRemote {
    fn place(&self, key: Key) -> String {
        format!("{}: {key}", self.path.display())
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let mut state = self.state();
        let found = state.files.iter().find(|(other, _)| *other == key).map(|(_, place)| place.clone());
        let place = found.ok_or_else(|| RemoteError::Missing(self.place(key)))?;
        let end = place.start.checked_add(range.end).filter(|end| *end <= place.end);
        let end = end.ok_or_else(|| self.io("read")(ErrorKind::UnexpectedEof.into()))?;
        read_at(state.file.file(), place.start.saturating_add(range.start)..end).map_err(self.io("read"))
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let mut state = self.state();
        let State { file: Bytes::New(aside), files, end } = &mut *state else {
            return Err(RemoteError::ReadOnly(self.path.display().to_string()));
        };
        if files.iter().any(|(other, _)| *other == key) {
            return Ok(false);
        }
        let (len, inner) = content.open()?;
        // One that failed may have left something behind the end.
        aside.seek(SeekFrom::Start(*end)).map_err(self.io("write"))?;
        copy_exact(&mut Counted { inner, sent }, aside, len).map_err(self.io("write"))?;
        files.push((key, *end..*end + len));
        *end += len;
        Ok(true)
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        let state = self.state();
        let files = state.files.iter().filter(|(key, _)| key.is_in(folder));
        Ok(files.map(|(key, place)| (*key, place.end - place.start)).collect())
    }

    fn remove(&self, _: Key) -> Result<(), RemoteError> {
        Err(RemoteError::ReadOnly(self.path.display().to_string()))
    }

    /// Ends it. Its index is its own: the files lie in the order in which they
    /// came.
    fn publish(&self, _: &str) -> Result<(), RemoteError> {
        let mut state = self.state();
        let index = in_order(&state.files);
        let end = state.end;
        let State { file: Bytes::New(aside), .. } = &mut *state else {
            return Err(RemoteError::ReadOnly(self.path.display().to_string()));
        };
        let mut write = || {
            aside.seek(SeekFrom::Start(end))?;
            aside.write_all(index.as_bytes())?;
            aside.write_all(&(index.len() as u64).to_le_bytes())?;
            aside.write_all(&checksum(index.as_bytes()).to_le_bytes())?;
            let len = aside.stream_position()?;
            aside.as_file().set_len(len)?;
            aside.as_file().sync_all()?;
            aside.reopen()
        };
        let whole = Bytes::Whole(write().map_err(self.io("write"))?);
        if let Bytes::New(aside) = std::mem::replace(&mut state.file, whole) {
            aside.persist(&self.path).map_err(|e| self.io("rename a new file to")(e.error))?;
            sync_dir(folder_of(&self.path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Id;

    fn id(n: u8) -> Id {
        Id::from_bytes([n; 16])
    }

    fn written(dir: &Path) -> PathBuf {
        let path = dir.join("x.sfsbundle");
        let bundle = BundleRemote::create(path.clone()).unwrap();
        for (key, bytes) in
            [(Key::Pack(id(9)), "pack"), (Key::Index(id(9)), ""), (Key::Table(id(1), 1), "refs")]
        {
            assert!(bundle.create(key, Content::Bytes(bytes.as_bytes()), &|_| ()).unwrap());
            assert!(!bundle.create(key, Content::Bytes(b"other"), &|_| ()).unwrap());
        }
        assert!(!path.exists(), "what is not whole is not there");
        bundle.publish("").unwrap();
        path
    }

    #[test]
    fn what_was_put_in_comes_out() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = BundleRemote::open(written(dir.path())).unwrap();
        assert_eq!(bundle.list(Folder::Packs).unwrap(), [(Key::Pack(id(9)), 4), (Key::Index(id(9)), 0)]);
        assert_eq!(bundle.get(Key::Table(id(1), 1), 1..4).unwrap(), b"efs");
        assert!(matches!(bundle.get(Key::Pack(id(9)), 2..5), Err(RemoteError::Io { .. })));
        assert!(matches!(bundle.get(Key::Pack(id(8)), 0..1), Err(RemoteError::Missing(_))));
        let refused = bundle.create(Key::Pack(id(8)), Content::Bytes(b""), &|_| ());
        assert!(matches!(refused, Err(RemoteError::ReadOnly(_))));
    }

    #[test]
    fn a_bundle_that_was_cut_or_changed_at_its_end_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path());
        let whole = std::fs::read(&path).unwrap();
        let files = HEAD as usize + 8;
        for at in files..whole.len() {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(matches!(BundleRemote::open(path.clone()), Err(RemoteError::NoBundle { .. })), "{at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(matches!(BundleRemote::open(path.clone()), Err(RemoteError::NoBundle { .. })), "{at}");
        }
    }
}
