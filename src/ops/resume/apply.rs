//! Plans carried out: written aside, then given their names, all or nothing.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::ResumeError;
use super::scratch::{ASIDE, Asides};
use crate::object::id::{Checksum, checksum};
use crate::tool::{Plan, Planned, Sink, ToolError};

/// Files that are written aside; in a dry run, nowhere.
pub(super) struct Written {
    /// Those that are aside; none in a dry run.
    asides: Option<Asides>,
    files: Vec<Aside>,
}

struct Aside {
    path: PathBuf,
    aside: PathBuf,
    out: BufWriter<Output>,
}

/// Counts what is written.
struct Output {
    file: Option<File>,
    len: u64,
    sum: Checksum,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = match &mut self.file {
            Some(file) => file.write(bytes)?,
            None => bytes.len(),
        };
        let taken = bytes.get(..n).unwrap_or_default();
        self.len += n as u64;
        self.sum.update(taken);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Written {
    /// Begins with nothing written; without a scratch folder, as a dry run.
    pub(super) fn new(scratch: Option<&Path>) -> Written {
        Written { asides: scratch.map(Asides::new), files: Vec::new() }
    }
}

impl Sink for Written {
    fn create(&mut self, path: &Path, mode: u32) -> Result<&mut dyn Write, ToolError> {
        let failed = |source| ToolError::Write { path: path.to_owned(), source };
        let aside = path.with_extension(ASIDE);
        let file = match &mut self.asides {
            None => None,
            Some(asides) => {
                asides.add(&aside).map_err(failed)?;
                Some(open(path, &aside, mode).map_err(failed)?)
            }
        };
        let output = Output { file, len: 0, sum: Checksum::default() };
        self.files.push(Aside {
            path: path.to_owned(),
            aside,
            out: BufWriter::with_capacity(256 << 10, output),
        });
        let last = self.files.last_mut().map(|file| &mut file.out as &mut dyn Write);
        last.ok_or_else(|| failed(std::io::ErrorKind::Other.into()))
    }
}

/// A new file beside `path`, which must not exist.
fn open(path: &Path, aside: &Path, mode: u32) -> std::io::Result<File> {
    if path.exists() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.write(true).create(true).truncate(true).open(aside)
}

/// Gives what was written its names, and adds to the files that are added to.
/// Copies of what is written anew go to `backups`. Returns the length and
/// checksum of the transcript.
pub(super) fn apply(plan: &Plan, mut written: Written, backups: &Path) -> Result<(u64, u64), ResumeError> {
    let mut mark = (0, 0);
    // What can't be done in the end is found out before anything has a name.
    for file in &plan.files {
        if let Planned::Rewrite { path, was, .. } = file {
            unchanged(path, was)?;
        }
    }
    for file in &mut written.files {
        let failed = |source| ResumeError::Write { path: file.path.clone(), source };
        file.out.flush().map_err(failed)?;
        let output = file.out.get_ref();
        if let Some(file) = &output.file {
            file.sync_data().map_err(failed)?;
        }
        if file.path == plan.path {
            mark = (output.len, output.sum.finish());
        }
        // A link, unlike a rename, never replaces what is there.
        let named = std::fs::hard_link(&file.aside, &file.path);
        named.or_else(|_| rename_new(&file.aside, &file.path)).map_err(failed)?;
    }
    for file in &plan.files {
        let path = file.path();
        let done = match file {
            Planned::Create(_) => Ok(()),
            Planned::Append(_, bytes) => append(path, bytes),
            Planned::Rewrite { was, now, .. } => {
                unchanged(path, was)?;
                Foreign { path, backups }.rewrite(was, now)
            }
        };
        done.map_err(|source| ResumeError::Write { path: path.to_owned(), source })?;
    }
    Ok(mark)
}

/// Refuses to go on if a file is no longer what it was.
fn unchanged(path: &Path, was: &[u8]) -> Result<(), ResumeError> {
    let now = std::fs::read(path).map_err(|source| ResumeError::Write { path: path.to_owned(), source })?;
    if now == was { Ok(()) } else { Err(ResumeError::Changed(path.to_owned())) }
}

/// A file of a tool's.
pub(in crate::ops) struct Foreign<'p> {
    /// Where it is.
    pub(in crate::ops) path: &'p Path,
    /// Where copies of what it held go.
    pub(in crate::ops) backups: &'p Path,
}

impl Foreign<'_> {
    /// Writes it anew, all or nothing; a copy is kept.
    pub(in crate::ops) fn rewrite(&self, was: &[u8], now: &[u8]) -> std::io::Result<()> {
        let Foreign { path, backups } = self;
        std::fs::create_dir_all(backups)?;
        let copy =
            format!("{:016x}-{}", checksum(was), path.file_name().unwrap_or_default().to_string_lossy());
        write_private(&backups.join(copy), was)?;
        let aside = path.with_extension(ASIDE);
        write_private(&aside, now)?;
        let named = std::fs::metadata(path)
            .and_then(|meta| std::fs::set_permissions(&aside, meta.permissions()))
            .and_then(|()| std::fs::rename(&aside, path));
        named.inspect_err(|_| drop(std::fs::remove_file(&aside)))
    }

    /// Makes it, if it isn't there.
    pub(in crate::ops) fn create(&self, bytes: &[u8]) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = private().write(true).create_new(true).open(self.path)?;
        file.write_all(bytes)?;
        file.sync_data()
    }
}

/// Writes a file that only its user may read, durably.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// How files are opened that, when they are new, only their user may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// For file systems without links.
fn rename_new(aside: &Path, path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(aside, path)
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    private().append(true).create(true).open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(path: &Path, was: &str, new: &Path) -> Plan {
        let rewrite = Planned::Rewrite { path: path.to_owned(), was: was.into(), now: b"new".to_vec() };
        Plan {
            native: "n".into(),
            path: new.to_owned(),
            files: vec![Planned::Create(new.to_owned()), rewrite],
            losses: Vec::new(),
            messages: 1,
            imports: Vec::new(),
        }
    }

    fn written(new: &Path) -> Written {
        let mut written = Written::new(Some(&new.with_extension("scratch")));
        written.create(new, 0o600).unwrap().write_all(b"session").unwrap();
        written
    }

    #[test]
    fn a_file_written_anew_keeps_its_mode_and_leaves_a_copy() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (index, new, backups) =
            (dir.path().join("index.json"), dir.path().join("s"), dir.path().join("b"));
        std::fs::write(&index, "old").unwrap();
        std::fs::set_permissions(&index, std::fs::Permissions::from_mode(0o640)).unwrap();
        apply(&plan(&index, "old", &new), written(&new), &backups).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((std::fs::read(&index).unwrap(), mode(&index)), (b"new".to_vec(), 0o640));
        let copy = std::fs::read_dir(&backups).unwrap().next().unwrap().unwrap().path();
        assert_eq!((std::fs::read(&copy).unwrap(), mode(&copy)), (b"old".to_vec(), 0o600));
    }

    #[test]
    fn nothing_is_made_when_a_file_changed_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let (index, new) = (dir.path().join("index.json"), dir.path().join("s"));
        std::fs::write(&index, "another's").unwrap();
        let error = apply(&plan(&index, "old", &new), written(&new), &dir.path().join("b")).unwrap_err();
        assert!(matches!(error, ResumeError::Changed(_)), "{error}");
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(
            (left, std::fs::read(&index).unwrap()),
            (vec!["index.json".into()], b"another's".to_vec())
        );
    }
}
