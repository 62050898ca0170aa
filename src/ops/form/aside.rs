//! What is written stands aside until it may have its name.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::FormError;
use crate::tool::{Sink, ToolError};

/// How many bytes are written at once.
const AT_ONCE: usize = 256 << 10;

/// Files that have no names yet.
pub(super) enum Aside {
    /// One that will be printed.
    Printed(BufWriter<File>),
    /// One.
    File(Box<BufWriter<NamedTempFile>>, PathBuf),
    /// Several in a folder.
    Folder(TempDir, Vec<(String, BufWriter<File>)>, PathBuf),
}

impl Aside {
    /// One that will be printed. It lies in a folder of ours, without a name.
    pub(super) fn printed(folder: &Path) -> Result<Aside, FormError> {
        let file = tempfile::tempfile_in(folder).map_err(|e| FormError::write(folder, e))?;
        Ok(Aside::Printed(BufWriter::with_capacity(AT_ONCE, file)))
    }

    /// One that will be called `path`.
    pub(super) fn file(path: &Path) -> Result<Aside, FormError> {
        let folder = folder_of(path)?;
        let file = NamedTempFile::new_in(folder).map_err(|e| FormError::write(path, e))?;
        Ok(Aside::File(Box::new(BufWriter::with_capacity(AT_ONCE, file)), path.to_owned()))
    }

    /// A folder that will be called `path`.
    pub(super) fn folder(path: &Path) -> Result<Aside, FormError> {
        let dir = TempDir::new_in(folder_of(path)?).map_err(|e| FormError::write(path, e))?;
        Ok(Aside::Folder(dir, Vec::new(), path.to_owned()))
    }

    /// Gives it its name. Returns the file that is to be printed, if there is
    /// one, and how many bytes there are in all. What is there is only written
    /// over if that is wanted, file by file; others in the folder stay.
    pub(super) fn name(self, force: bool) -> Result<(Option<File>, u64), FormError> {
        match self {
            Aside::Printed(file) => {
                let rewound =
                    file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|mut file| {
                        let len = file.stream_position()?;
                        file.rewind()?;
                        Ok((Some(file), len))
                    });
                rewound.map_err(|e| FormError::write(Path::new("-"), e))
            }
            Aside::File(file, path) => {
                let named = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
                    file.as_file().sync_data()?;
                    let len = file.as_file().metadata()?.len();
                    let named = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
                    named.map_err(|e| e.error).map(|_| len)
                });
                Ok((None, named.map_err(|e| FormError::write(&path, e))?))
            }
            Aside::Folder(dir, files, path) => {
                let named = name_all(&dir, files, &path, force);
                Ok((None, named.map_err(|e| FormError::write(&path, e))?))
            }
        }
    }
}

/// Gives a folder its name; how many bytes are in it.
fn name_all(
    dir: &TempDir,
    files: Vec<(String, BufWriter<File>)>,
    path: &Path,
    force: bool,
) -> io::Result<u64> {
    let mut len = 0;
    let mut names = Vec::new();
    for (name, file) in files {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_data()?;
        len += file.metadata()?.len();
        names.push(name);
    }
    match fs::create_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists || !force => return Err(e),
        Err(_) | Ok(()) => {}
    }
    names.iter().try_for_each(|name| fs::rename(dir.path().join(name), path.join(name)))?;
    Ok(len)
}

/// The folder that a path is in, made if it isn't there.
fn folder_of(path: &Path) -> Result<&Path, FormError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|e| FormError::write(folder, e))?;
    Ok(folder)
}

impl Sink for Aside {
    fn create(&mut self, path: &Path, mode: u32) -> Result<&mut dyn Write, ToolError> {
        match self {
            Aside::Printed(file) => Ok(file),
            Aside::File(file, _) => Ok(file.as_mut()),
            Aside::Folder(dir, files, _) => {
                let failed = |source| ToolError::Write { path: path.to_owned(), source };
                let file = create(&dir.path().join(path), mode).map_err(failed)?;
                let name = path.to_string_lossy().into_owned();
                files.push((name, BufWriter::with_capacity(AT_ONCE, file)));
                let last = files.last_mut().map(|(_, file)| file as &mut dyn Write);
                last.ok_or_else(|| failed(io::ErrorKind::Other.into()))
            }
        }
    }
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.write(true).create_new(true).open(path)
}
