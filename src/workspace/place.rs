//! Putting files back: first a plan of what each would do, then the doing.
//!
//! Nothing is written outside of the folder, whatever the stored paths and
//! links say: every folder on the way is looked at and must be one, links are
//! made last and lead nowhere else, and a file gets its name by a rename,
//! which replaces a link and never what it leads to.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::WorkspaceError;
use super::files::above;
use super::rules::{ASIDE, is_guarded};
use super::stamps::Stamp;
use crate::object::id::{Id, Kind};
use crate::object::tree::{LINK, is_safe_path};
use crate::object::{Entry, Sort};
use crate::store::{Batch, Store};

/// The longest file that is overwritten, since it is kept first.
const KEEP_MAX: u64 = 512 << 20;

/// A file to put in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is; its path is the whole one.
    pub entry: Entry,
    /// Its bytes, if the store may not have them.
    pub bytes: Option<Vec<u8>>,
}

/// What putting a file in place does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing: it is there as it is wanted.
    Same,
    /// It is made.
    Create,
    /// It is overwritten.
    Replace(Now),
    /// Nothing may be done.
    Refuse(Refusal),
}

/// What is in a file's place, so that it is overwritten only if it still is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    stamp: Stamp,
    is_link: bool,
}

/// Why a file is not put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It would lie among the files of version control or of keys, or be a
    /// file of secrets.
    Guarded,
    /// Its path is none that every system can have.
    Path,
    /// It is a link that leads out of the folder.
    LeadsOut,
    /// Something that is no folder stands where one must be.
    NoFolder,
    /// A folder stands in its place.
    IsFolder,
    /// What stands in its place can't be kept first.
    CantKeep,
    /// The system makes no links.
    NoLinks,
}

impl Refusal {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Refusal::Guarded => "is for version control or secrets, where nothing is written",
            Refusal::Path => "is no path that can be written",
            Refusal::LeadsOut => "is a link that leads out of the folder",
            Refusal::NoFolder => "would lie below a link or a file",
            Refusal::IsFolder => "is a folder now",
            Refusal::CantKeep => "can't be kept before it is overwritten",
            Refusal::NoLinks => "is a link, which this system doesn't make",
        }
    }
}

/// What is to be done for each file, by path.
pub type Plan = BTreeMap<String, (Wanted, Deed)>;

/// Finds out what putting the files into the folder at `root` would do.
pub fn plan(store: &Store, root: &Path, wanted: BTreeMap<String, Wanted>) -> Result<Plan, WorkspaceError> {
    let mut plan = Plan::new();
    for (path, file) in wanted {
        let deed = match refuse(store, &path, &file)? {
            Some(why) => Deed::Refuse(why),
            None => deed(root, &path, &file)?,
        };
        plan.insert(path, (file, deed));
    }
    Ok(plan)
}

/// Why a file may be put nowhere at all.
fn refuse(store: &Store, path: &str, wanted: &Wanted) -> Result<Option<Refusal>, WorkspaceError> {
    if !is_safe_path(path) || path.chars().any(char::is_control) {
        return Ok(Some(Refusal::Path));
    }
    if is_guarded(path) {
        return Ok(Some(Refusal::Guarded));
    }
    if wanted.entry.sort() != Sort::Link {
        return Ok(None);
    }
    let bytes = wanted.bytes.clone().map_or_else(|| store.blob(&wanted.entry.blob), Ok)?;
    Ok(match std::str::from_utf8(&bytes) {
        _ if cfg!(not(unix)) => Some(Refusal::NoLinks),
        Ok(target) if !leads_out(path, target) => None,
        _ => Some(Refusal::LeadsOut),
    })
}

/// Tells whether a link at `path` could lead out of the folder, or among files
/// that are guarded. Whatever goes back up after it went down does: what it
/// went down through may be a link.
fn leads_out(path: &str, target: &str) -> bool {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    let (mut down, mut end) = (false, names);
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." if down || end.pop().is_none() => return true,
            ".." => {}
            name => {
                down = true;
                end.push(name);
            }
        }
    }
    target.starts_with('/') || target.contains(['\\', ':', '\0']) || is_guarded(&end.join("/"))
}

fn deed(root: &Path, path: &str, wanted: &Wanted) -> Result<Deed, WorkspaceError> {
    for folder in above(path) {
        match look(&root.join(folder))? {
            None => break,
            Some(meta) if meta.is_dir() => {}
            Some(_) => return Ok(Deed::Refuse(Refusal::NoFolder)),
        }
    }
    let at = root.join(path);
    let Some(meta) = look(&at)? else { return Ok(Deed::Create) };
    let now = Now { stamp: Stamp::of(&meta), is_link: meta.is_symlink() };
    if meta.is_dir() {
        return Ok(Deed::Refuse(Refusal::IsFolder));
    }
    if meta.len() > KEEP_MAX || !meta.is_file() && !now.is_link {
        return Ok(Deed::Refuse(Refusal::CantKeep));
    }
    let same_sort = now.is_link == (wanted.entry.sort() == Sort::Link);
    if same_sort && meta.len() == wanted.entry.len && same_mode(&now, &wanted.entry) {
        let bytes = read(&at, &now)?;
        if Id::of(Kind::Blob, &bytes) == wanted.entry.blob {
            return Ok(Deed::Same);
        }
    }
    Ok(Deed::Replace(now))
}

/// Tells whether a file may be run as it is wanted; all else of a mode is the
/// user's own.
fn same_mode(now: &Now, wanted: &Entry) -> bool {
    cfg!(not(unix)) || now.is_link || (now.stamp.mode() & 0o100 != 0) == (wanted.mode & 0o100 != 0)
}

fn look(path: &Path) -> Result<Option<std::fs::Metadata>, WorkspaceError> {
    match path.symlink_metadata() {
        Ok(meta) => Ok(Some(meta)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(WorkspaceError::io("look at", path)(e)),
    }
}

/// The bytes of what is in a file's place: of a link, what it leads to.
fn read(path: &Path, now: &Now) -> Result<Vec<u8>, WorkspaceError> {
    let bytes = match now.is_link {
        true => std::fs::read_link(path).map(|to| to.into_os_string().into_encoded_bytes()),
        false => std::fs::read(path),
    };
    bytes.map_err(WorkspaceError::io("read", path))
}

/// Puts into a batch what the plan overwrites. What changed since the plan was
/// made is an error.
pub fn keep(
    store: &Store,
    batch: &mut Batch,
    root: &Path,
    plan: &Plan,
) -> Result<BTreeMap<String, Entry>, WorkspaceError> {
    let mut kept = BTreeMap::new();
    for (path, (_, deed)) in plan {
        let Deed::Replace(now) = deed else { continue };
        let bytes = read(&root.join(path), now)?;
        unchanged(&root.join(path), now)?;
        let (len, blob) = (bytes.len() as u64, batch.put_blob(store, bytes)?);
        let mode = if now.is_link { LINK } else { now.stamp.mode() & 0o7777 };
        kept.insert(path.clone(), Entry { path: path.clone(), mode, blob, len });
    }
    Ok(kept)
}

fn unchanged(path: &Path, now: &Now) -> Result<(), WorkspaceError> {
    let still = look(path)?.is_some_and(|meta| Stamp::of(&meta) == now.stamp);
    let changed = || std::io::Error::other("it was changed just now; nothing more is written");
    if still { Ok(()) } else { Err(WorkspaceError::io("overwrite", path)(changed())) }
}

/// Does what the plan says, in the folder at `root`, which is made if need be.
/// What is cut short is gone on with by doing the same again.
pub fn place(store: &Store, root: &Path, plan: &Plan, done: &mut dyn FnMut()) -> Result<(), WorkspaceError> {
    std::fs::create_dir_all(root).map_err(WorkspaceError::io("create", root))?;
    let is_link = |wanted: &Wanted| wanted.entry.sort() == Sort::Link;
    // Links last: while files are put in place there are no new ones.
    for links in [false, true] {
        for (path, (wanted, deed)) in plan.iter().filter(|(_, (wanted, _))| is_link(wanted) == links) {
            let at = root.join(path);
            match deed {
                Deed::Same | Deed::Refuse(_) => continue,
                Deed::Create if look(&at)?.is_some() => {
                    let there = std::io::Error::from(ErrorKind::AlreadyExists);
                    return Err(WorkspaceError::io("create", &at)(there));
                }
                Deed::Create => folders(root, path)?,
                Deed::Replace(now) => unchanged(&at, now)?,
            }
            let bytes = match &wanted.bytes {
                Some(bytes) => bytes.clone(),
                None => store.blob(&wanted.entry.blob)?,
            };
            write(&at, wanted, &bytes)?;
            done();
        }
    }
    Ok(())
}

/// Makes the folders above a path, one after another: each must be a folder.
fn folders(root: &Path, path: &str) -> Result<(), WorkspaceError> {
    for folder in above(path) {
        let dir = root.join(folder);
        match std::fs::create_dir(&dir) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(WorkspaceError::io("create", &dir)(e)),
        }
        if !look(&dir)?.is_some_and(|meta| meta.is_dir()) {
            return Err(WorkspaceError::io("write into", &dir)(ErrorKind::NotADirectory.into()));
        }
    }
    Ok(())
}

/// Writes a file aside and gives it its name.
fn write(at: &Path, wanted: &Wanted, bytes: &[u8]) -> Result<(), WorkspaceError> {
    let mut name = at.file_name().unwrap_or_default().to_owned();
    name.push(ASIDE);
    let aside = at.with_file_name(name);
    match std::fs::remove_file(&aside) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(WorkspaceError::io("remove", &aside)(e)),
        _ => {}
    }
    let made = match wanted.entry.sort() {
        Sort::Link => make_link(bytes, &aside),
        _ => make_file(bytes, &aside, wanted.entry.mode),
    };
    let named = made.and_then(|()| std::fs::rename(&aside, at));
    named.map_err(|e| {
        drop(std::fs::remove_file(&aside));
        WorkspaceError::io("write", at)(e)
    })
}

fn make_file(bytes: &[u8], path: &Path, mode: u32) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode & 0o777);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file: File = options.write(true).create_new(true).open(path)?;
    file.write_all(bytes)
}

#[cfg(unix)]
fn make_link(target: &[u8], path: &Path) -> std::io::Result<()> {
    let target = PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(target));
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn make_link(_: &[u8], _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests;
