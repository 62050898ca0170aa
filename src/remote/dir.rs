//! A remote in a directory: of this machine, of a network, of a stick, or of
//! whatever program copies directories about.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PersistError};

use super::{Content, Counted, Folder, Key, Remote, RemoteError, Sent, copy_exact};

/// What the names of unfinished files begin with.
pub(super) const ASIDE: &str = "tmp-";
/// The file that readers over HTTP go by.
pub(super) const INDEX: &str = "index";

/// A remote in a directory.
#[derive(Debug)]
pub struct DirRemote {
    root: PathBuf,
}

impl DirRemote {
    /// The remote at `root`. The directory is made when something is put in.
    pub fn open(root: PathBuf) -> Result<DirRemote, RemoteError> {
        if root.join("current").is_file() {
            return Err(RemoteError::IsStore(root.display().to_string()));
        }
        Ok(DirRemote { root })
    }

    fn path(&self, key: Key) -> PathBuf {
        self.root.join(key.to_string())
    }

    /// Makes the folder of a file. What the root lies in must be there: a
    /// stick that isn't plugged in must not be taken for an empty one.
    fn make_folder(&self, path: &Path) -> Result<PathBuf, RemoteError> {
        let made = private_dir(false).create(&self.root);
        match made {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(RemoteError::NotThere(self.root.display().to_string()));
            }
            Err(e) if e.kind() != ErrorKind::AlreadyExists => {
                return Err(RemoteError::io("create", &self.root)(e));
            }
            _ => {}
        }
        let folder = path.parent().unwrap_or(&self.root);
        private_dir(true).create(folder).map_err(RemoteError::io("create", folder))?;
        Ok(folder.to_owned())
    }

    fn aside(&self, folder: &Path) -> Result<NamedTempFile, RemoteError> {
        let aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder);
        aside.map_err(RemoteError::io("create a file in", folder))
    }

    /// Tells whether there is a file of that name.
    pub(super) fn has(&self, key: Key) -> bool {
        self.path(key).exists()
    }

    /// Makes a file of what is written into it; false if there is one of that
    /// name. If writing fails there is none.
    pub(super) fn create_from(
        &self,
        key: Key,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<bool, RemoteError> {
        let path = self.path(key);
        let folder = self.make_folder(&path)?;
        let mut aside = self.aside(&folder)?;
        let written = write(&mut aside).and_then(|()| aside.as_file().sync_all());
        written.map_err(RemoteError::io("write", &path))?;
        let created = publish(aside, &path)?;
        sync_dir(&folder)?;
        Ok(created)
    }
}

impl Remote for DirRemote {
    fn place(&self, key: Key) -> String {
        self.path(key).display().to_string()
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let path = self.path(key);
        let wanted = range.end.saturating_sub(range.start);
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(range.start))?;
            let mut bytes = Vec::new();
            file.take(wanted).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(ErrorKind::UnexpectedEof.into()) }
        };
        read().map_err(|e| match e.kind() {
            ErrorKind::NotFound => RemoteError::Missing(path.display().to_string()),
            _ => RemoteError::io("read", &path)(e),
        })
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        if self.has(key) {
            return Ok(false);
        }
        let (len, inner) = content.open()?;
        let mut bytes = Counted { inner, sent };
        self.create_from(key, |file| copy_exact(&mut bytes, file, len))
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        if !self.root.is_dir() {
            return Err(RemoteError::NotThere(self.root.display().to_string()));
        }
        let mut found = Vec::new();
        let mut list = |folder: String| list_into(&self.root.join(&folder), &folder, &mut found);
        match folder {
            Folder::Refs => {
                for (name, _) in entries(&self.root.join("refs"), true)? {
                    list(format!("refs/{name}/"))?;
                }
            }
            folder => list(folder.to_string())?,
        }
        found.retain(|(key, _)| key.is_in(folder));
        Ok(found)
    }

    fn remove(&self, key: Key) -> Result<(), RemoteError> {
        let path = self.path(key);
        std::fs::remove_file(&path).map_err(RemoteError::io("remove", &path))
    }

    fn publish(&self, index: &str) -> Result<(), RemoteError> {
        let path = self.root.join(INDEX);
        self.make_folder(&path)?;
        let mut aside = self.aside(&self.root)?;
        let write = |file: &mut NamedTempFile| -> io::Result<()> {
            file.write_all(index.as_bytes())?;
            readable_by_all(file.as_file())?;
            file.as_file().sync_all()
        };
        write(&mut aside).map_err(RemoteError::io("write", &path))?;
        aside.persist(&path).map_err(|e| RemoteError::io("rename a new file to", &path)(e.error))?;
        sync_dir(&self.root)
    }
}

/// A list of what can be read anyway is no secret, and whoever publishes the
/// directory reads it as another user.
fn readable_by_all(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    let _ = file;
    Ok(())
}

fn private_dir(recursive: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Gives a finished file its name; false if there is one of that name.
fn publish(aside: NamedTempFile, path: &Path) -> Result<bool, RemoteError> {
    let PersistError { error, file } = match aside.persist_noclobber(path) {
        Ok(_) => return Ok(true),
        Err(refused) => refused,
    };
    if error.kind() == ErrorKind::AlreadyExists || path.exists() {
        return Ok(false);
    }
    // Some file systems can't tell whether they replace something. What is
    // called the same holds the same, and nobody else writes our refs.
    file.persist(path).map_err(|e| RemoteError::io("rename a new file to", path)(e.error))?;
    Ok(true)
}

/// Makes the names in a folder durable, where that can be done.
pub(super) fn sync_dir(folder: &Path) -> Result<(), RemoteError> {
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder).and_then(|dir| dir.sync_all()) {
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        outcome => outcome.map_err(RemoteError::io("sync", folder)),
    }
}

fn list_into(folder: &Path, prefix: &str, found: &mut Vec<(Key, u64)>) -> Result<(), RemoteError> {
    for (name, len) in entries(folder, false)? {
        found.extend(Key::parse(&format!("{prefix}{name}")).map(|key| (key, len)));
    }
    Ok(())
}

/// Names and lengths of the files, or the folders, in a folder; nothing if
/// there is none. Links are not followed: what lies elsewhere is not ours.
fn entries(folder: &Path, folders: bool) -> Result<Vec<(String, u64)>, RemoteError> {
    let io = || RemoteError::io("read", folder);
    let listed = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        outcome => outcome.map_err(io())?,
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(io())?;
        let meta = match entry.metadata() {
            // It was removed between our two looks.
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            outcome => outcome.map_err(io())?,
        };
        let wanted = if folders { meta.is_dir() } else { meta.is_file() };
        if let (true, Ok(name)) = (wanted, entry.file_name().into_string()) {
            found.push((name, meta.len()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Id;

    #[test]
    fn files_are_made_once_listed_and_read_in_part() {
        let dir = tempfile::tempdir().unwrap();
        let remote = DirRemote::open(dir.path().join("remote")).unwrap();
        assert!(matches!(remote.list(Folder::Packs), Err(RemoteError::NotThere(_))));
        let (pack, table) = (Key::Pack(Id::from_bytes([1; 16])), Key::Table(Id::from_bytes([2; 16]), 7));
        assert!(remote.create(pack, Content::Bytes(b"0123456789"), &|_| ()).unwrap());
        assert!(!remote.create(pack, Content::Bytes(b"other"), &|_| ()).unwrap());
        assert!(remote.create(table, Content::Bytes(b"t"), &|_| ()).unwrap());
        std::fs::write(dir.path().join("remote/packs/README (1).txt"), "x").unwrap();
        assert_eq!(remote.list(Folder::Packs).unwrap(), [(pack, 10)]);
        assert_eq!(remote.list(Folder::Refs).unwrap(), [(table, 1)]);
        assert_eq!(remote.get(pack, 3..6).unwrap(), b"345");
        assert!(remote.get(pack, 3..11).is_err());
        remote.remove(pack).unwrap();
        assert!(remote.list(Folder::Packs).unwrap().is_empty());
    }

    #[test]
    fn a_stick_that_is_not_plugged_in_is_not_an_empty_remote() {
        let dir = tempfile::tempdir().unwrap();
        let remote = DirRemote::open(dir.path().join("stick/remote")).unwrap();
        let key = Key::Table(Id::ZERO, 1);
        assert!(matches!(remote.create(key, Content::Bytes(b"t"), &|_| ()), Err(RemoteError::NotThere(_))));
        assert!(!dir.path().join("stick").exists());
    }
}
