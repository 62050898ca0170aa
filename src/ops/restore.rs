//! Restore: what a tool wrote, written out again byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::delete::is_deleted;
use super::source::{self, Rebuilder, RestoreError};
use crate::object::id::Id;
use crate::object::json::Tape;
use crate::object::tree::is_safe_path;
use crate::store::refs::{Form, Source};
use crate::store::{Store, StoreError};
use crate::tool::{self, EARLY, Tool, folder, rows};

/// How many bytes are written at once.
const AT_ONCE: usize = 256 << 10;

/// What a restore wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Files written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that could not be written, and why. None is ever overwritten.
    pub refused: Vec<(PathBuf, String)>,
}

/// Writes out all sources of a session, or of all sessions, with the files
/// that go with them, below `to`: a folder a tool.
pub fn restore(store: &Store, session: Option<Id>, to: &Path) -> Result<RestoreReport, StoreError> {
    let (mut report, mut databases) = (RestoreReport::default(), BTreeMap::new());
    let wanted = |s: &&Source| {
        session.map_or_else(|| !is_deleted(store, &s.session), |id| id == s.session) && !is_only_written(s)
    };
    let mut sources: Vec<_> =
        source::all(store).filter(wanted).map(|s| (s, (s.about.gone, (0, 0)))).collect();
    for (known, (_, place)) in &mut sources {
        // Rows of one database are written in an order that no packing changes.
        if let (Some(last), Form::File | Form::Folder) = (&known.file, known.form) {
            *place = store.place_of(last)?;
        }
    }
    // What is still there comes before what once stood in the same place.
    sources.sort_by_key(|(_, order)| *order);
    let (mut files, mut beside) = (shared_files(&sources), BTreeSet::new());
    for (known, _) in &sources {
        let root = to.join(&known.tool);
        match known.form {
            Form::File => {
                let file = (known.tool.as_str(), known.place.as_str());
                match files.get_mut(&file).map(std::mem::take) {
                    None => {
                        put(&root, &known.place, &mut report, &mut |out| write_source(store, known, out))?
                    }
                    Some(together) if together.is_empty() => {}
                    Some(together) => put(&root, &known.place, &mut report, &mut |out| {
                        together.iter().map(|known| write_source(store, known, out)).sum()
                    })?,
                }
            }
            Form::Folder => put_folder(store, known, &root, &mut report)?,
            Form::Rows => put_rows(store, known, &root, &mut databases, &mut report)?,
        }
        let Some(side) = known.side else { continue };
        for entry in store.tree(&side)?.entries {
            // A file may lie beside several sources: one of a project's, say.
            if !beside.insert((&known.tool, entry.path.clone(), entry.blob)) {
                continue;
            }
            put(&root, &entry.path, &mut report, &mut |out| {
                let bytes = store.blob(&entry.blob)?;
                out.write_all(&bytes).map_err(RestoreError::Write)?;
                Ok(bytes.len() as u64)
            })?;
        }
    }
    Ok(report)
}

/// What is written together, of tools whose files hold several sources: those
/// that are still there or, where none is, all; in the order of their native ids.
fn shared_files<'s, O>(sources: &[(&'s Source, O)]) -> BTreeMap<(&'s str, &'s str), Vec<&'s Source>> {
    let shares = |name: &str| tool::by_name(name).is_some_and(Tool::shares_files);
    let mut files: BTreeMap<_, Vec<&Source>> = BTreeMap::new();
    for (known, _) in sources.iter().filter(|(known, _)| known.form == Form::File && shares(&known.tool)) {
        files.entry((known.tool.as_str(), known.place.as_str())).or_default().push(known);
    }
    for together in files.values_mut() {
        if together.iter().any(|known| !known.about.gone) {
            together.retain(|known| !known.about.gone);
        }
        together.sort_by(|a, b| a.native.cmp(&b.native));
    }
    files
}

/// Tells whether a source was only written to be resumed: nothing of it has
/// been captured, so there is nothing to restore.
fn is_only_written(source: &Source) -> bool {
    source.about.resumed.is_some() && source.file.is_none() && source.tail.is_none()
}

/// Writes a source as it was captured last.
pub fn write_source(store: &Store, known: &Source, out: &mut dyn Write) -> Result<u64, RestoreError> {
    let blob = |id: Option<Id>, out: &mut dyn Write| -> Result<u64, RestoreError> {
        let Some(id) = id else { return Ok(0) };
        let bytes = store.blob(&id)?;
        out.write_all(&bytes).map_err(RestoreError::Write)?;
        Ok(bytes.len() as u64)
    };
    let lead = blob(known.lead, out)?;
    let records = Rebuilder::new(store).write(known.file, out)?;
    Ok(lead + records + blob(known.tail, out)?)
}

/// The records of a source of rows or files, one by one, those of lead and
/// tail among them.
fn for_each_record(
    store: &Store,
    known: &Source,
    f: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut tape = Tape::default();
    let f: &mut dyn FnMut(&[u8]) -> Result<(), StoreError> =
        &mut |record| if record.starts_with(EARLY) { Ok(()) } else { f(record) };
    let mut values = |id: Option<Id>, f: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>| {
        let bytes = id.map(|id| store.blob(&id)).transpose()?.unwrap_or_default();
        let mut rest = bytes.trim_ascii();
        while let Some(len) = tape.read(rest) {
            let (value, after) = rest.split_at(len);
            f(value)?;
            rest = after.trim_ascii_start();
        }
        Ok::<(), StoreError>(())
    };
    values(known.lead, f)?;
    let mut rebuilder = Rebuilder::new(store);
    for id in source::chain(store, known.file)? {
        let commit = store.commit(&id)?;
        rebuilder.records(&commit.copies, &store.body(&id, &commit)?, f)?;
    }
    values(known.tail, f)
}

/// Writes the files of a source that is a folder.
fn put_folder(
    store: &Store,
    known: &Source,
    root: &Path,
    report: &mut RestoreReport,
) -> Result<(), StoreError> {
    for_each_record(store, known, &mut |record| {
        let Some((place, bytes)) = folder::file(record) else {
            return Err(StoreError::damaged(store.dir(), 0, "a record of a folder is no file"));
        };
        put(root, &place, report, &mut |out| {
            out.write_all(&bytes).map_err(RestoreError::Write)?;
            Ok(bytes.len() as u64)
        })
    })
}

/// Writes the rows of a source into the database of its place, which this
/// restore makes: it holds those of other sources as well.
fn put_rows(
    store: &Store,
    known: &Source,
    root: &Path,
    databases: &mut BTreeMap<PathBuf, Option<rows::Writer>>,
    report: &mut RestoreReport,
) -> Result<(), StoreError> {
    let path = root.join(&known.place);
    if !databases.contains_key(&path) {
        let made = new_database(&path, &known.place);
        let made = made.map_err(|why| report.refused.push((path.clone(), why))).ok();
        report.files += u64::from(made.is_some());
        databases.insert(path.clone(), made);
    }
    let Some(Some(database)) = databases.get_mut(&path) else { return Ok(()) };
    let mut lines = Vec::new();
    for_each_record(store, known, &mut |record| {
        lines.push(record.to_vec());
        Ok(())
    })?;
    report.bytes += lines.iter().map(|line| line.len() as u64).sum::<u64>();
    match database.add(lines) {
        Ok(added) => report.refused.extend(added.differing.into_iter().map(|line| (path.clone(), line.why))),
        Err(e) => report.refused.push((path, e.to_string())),
    }
    Ok(())
}

fn new_database(path: &Path, place: &str) -> Result<rows::Writer, String> {
    if !is_safe_path(place) {
        return Err("its path leaves the folder".to_owned());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    }
    rows::Writer::create(path).map_err(|e| e.to_string())
}

type Fill<'f> = &'f mut dyn FnMut(&mut dyn Write) -> Result<u64, RestoreError>;

/// Writes one file that must not exist. What the store can't give stops the
/// restore; what the disk refuses is reported, and the others go on.
fn put(root: &Path, place: &str, report: &mut RestoreReport, fill: Fill<'_>) -> Result<(), StoreError> {
    let path = root.join(place);
    if !is_safe_path(place) {
        report.refused.push((path, "its path leaves the folder".to_owned()));
        return Ok(());
    }
    match create(&path) {
        Err(e) => report.refused.push((path, e.to_string())),
        Ok(file) => {
            let mut out = BufWriter::with_capacity(AT_ONCE, file);
            match fill(&mut out).and_then(|n| out.flush().map(|()| n).map_err(RestoreError::Write)) {
                Ok(bytes) => {
                    report.files += 1;
                    report.bytes += bytes;
                }
                Err(RestoreError::Store(e)) => {
                    // Half a file must not be taken for the whole.
                    drop(std::fs::remove_file(&path));
                    return Err(e);
                }
                Err(RestoreError::Write(e)) => {
                    drop(std::fs::remove_file(&path));
                    report.refused.push((path, e.to_string()));
                }
            }
        }
    }
    Ok(())
}

fn create(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}
