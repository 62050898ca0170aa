//! What lies in a session's folder.

use std::io;
use std::path::Path;

use crate::object::json::Tape;
use crate::tool::form::stem;
use crate::tool::{Found, Framing, SideFile, absolute_place, stamp_of};

pub(super) const MESSAGES: &str = "messages.jsonl";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const WORKSPACE: &str = "workspace.json";
pub(super) const TOOLS: &str = "tools.json";

/// How deep a session's folder is looked into: checkpoints are two below.
const DEPTH: usize = 4;
/// The longest file that is read or kept beside the messages, in bytes.
const LEN_MAX: u64 = 256 << 20;

/// Whether a folder is a session. Its files must be its own: a link leads
/// elsewhere.
pub(super) fn is_session(path: &Path) -> bool {
    let is_own = |name| path.join(name).symlink_metadata().is_ok_and(|meta| meta.is_file());
    path.is_dir() && is_own(MESSAGES) && is_own(MANIFEST)
}

/// The session in a folder.
pub(super) fn sources(folder: &Path) -> io::Result<Vec<Found>> {
    let path = folder.join(MESSAGES);
    let Some(stamp) = stamp_of(&path.symlink_metadata()?) else { return Ok(Vec::new()) };
    let id = read(&folder.join(MANIFEST), |tape, bytes| tape.root(bytes).string("session_id"));
    let mut side = Vec::new();
    for entry in walkdir::WalkDir::new(folder).max_depth(DEPTH).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_file() || entry.path() == path {
            continue;
        }
        let Some(stamp) = stamp_of(&entry.metadata()?).filter(|stamp| stamp.len <= LEN_MAX) else { continue };
        side.push(SideFile { path: entry.path().to_owned(), place: absolute_place(entry.path()), stamp });
    }
    Ok(vec![Found {
        native: id.filter(|id| !id.is_empty()).unwrap_or_else(|| stem(folder)),
        part: String::new(),
        place: absolute_place(&path),
        path,
        framing: Framing::Lines,
        stamp,
        side,
    }])
}

/// What a document of a session says; nothing if it can't be read.
pub(super) fn read<T>(path: &Path, say: impl FnOnce(&Tape, &[u8]) -> Option<T>) -> Option<T> {
    let meta = path.symlink_metadata().ok()?;
    let bytes = (meta.is_file() && meta.len() <= LEN_MAX).then(|| std::fs::read(path).ok())??;
    let mut tape = Tape::default();
    tape.read(&bytes)?;
    say(&tape, &bytes)
}
