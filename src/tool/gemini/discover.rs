//! Finding sessions: `tmp/<project>/chats/session-*.json` and `.jsonl`, those
//! of their subagents in folders of the session's id, and the outputs that
//! were too long for a session.

use std::fs::DirEntry;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::project::MARKER;
use crate::object::escape;
use crate::tool::{Discovery, Found, Framing, SideFile, Stamp, Trouble, stamp};

/// How much of a session is read to learn its id.
const HEAD: u64 = 4 << 10;
/// A longer file was begun by someone.
const SILENT: u64 = 64 << 10;
/// Folders of what belongs to a session, by what stands around its id (0.61).
const BESIDE: [(&str, &str); 4] =
    [("tool-outputs/session-", ""), ("", "/plans"), ("", "/tasks"), ("", "/tracker")];

/// Looks below `root`.
pub(super) fn discover(root: &Path) -> Discovery {
    let mut search = Search { root: root.to_owned(), discovery: Discovery::default(), parts: Vec::new() };
    for project in search.entries("tmp").into_iter().filter(is_folder) {
        let project = format!("tmp/{}", name_of(&project));
        search.project(&project);
    }
    let Search { mut discovery, parts, .. } = search;
    discovery.found.extend(parts);
    discovery
}

struct Search {
    root: PathBuf,
    discovery: Discovery,
    parts: Vec<Found>,
}

impl Search {
    fn project(&mut self, project: &str) {
        let chats = format!("{project}/chats");
        for entry in self.entries(&chats) {
            let name = name_of(&entry);
            let place = format!("{chats}/{name}");
            if is_folder(&entry) {
                for part in self.entries(&place) {
                    self.part(&name, &place, &part);
                }
            } else if name.starts_with("session-") {
                self.session(project, &place, &entry);
            }
        }
    }

    fn session(&mut self, project: &str, place: &str, entry: &DirEntry) {
        let Some(framing) = framing(place) else { return };
        let (path, Some(stamp)) = (entry.path(), stamp(&entry.path())) else { return };
        let native = match head(&path, framing, stamp) {
            Ok(Some(native)) => native,
            Ok(None) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.discovery.trouble.push(Trouble { path, error }),
        };
        let mut side = Vec::new();
        // Without it the tool doesn't find the sessions in the folder.
        let marker = format!("{project}/{MARKER}");
        let at = self.root.join(&marker);
        side.extend(crate::tool::stamp(&at).map(|stamp| SideFile { path: at, place: marker, stamp }));
        if is_name(&native) {
            for (before, after) in BESIDE {
                self.side(&format!("{project}/{before}{native}{after}"), &mut side);
            }
        }
        let place = place.to_owned();
        self.discovery.found.push(Found { native, part: String::new(), path, place, framing, stamp, side });
    }

    fn part(&mut self, native: &str, place: &str, entry: &DirEntry) {
        let name = name_of(entry);
        let (Some(framing), Some(stamp)) = (framing(&name), stamp(&entry.path())) else { return };
        self.parts.push(Found {
            native: native.to_owned(),
            part: Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            path: entry.path(),
            place: format!("{place}/{name}"),
            framing,
            stamp,
            side: Vec::new(),
        });
    }

    /// The files in a folder.
    fn side(&mut self, place: &str, side: &mut Vec<SideFile>) {
        for entry in self.entries(place) {
            let Some(stamp) = stamp(&entry.path()) else { continue };
            side.push(SideFile { path: entry.path(), place: format!("{place}/{}", name_of(&entry)), stamp });
        }
    }

    /// What is in a folder, by name. One that isn't there is empty; one that
    /// can't be read is told. Links are not followed.
    fn entries(&mut self, place: &str) -> Vec<DirEntry> {
        let path = self.root.join(place);
        match std::fs::read_dir(&path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(mut entries) => {
                entries.retain(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
                entries.sort_by_key(DirEntry::file_name);
                entries
            }
            Err(e)
                if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
            {
                Vec::new()
            }
            Err(error) => {
                self.discovery.trouble.push(Trouble { path, error });
                Vec::new()
            }
        }
    }
}

fn name_of(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

fn framing(name: &str) -> Option<Framing> {
    match Path::new(name).extension()?.to_str()? {
        "jsonl" => Some(Framing::Lines),
        "json" => Some(Framing::Document),
        _ => None,
    }
}

/// Tells whether an id from a file names nothing but a file.
fn is_name(native: &str) -> bool {
    native.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The id of a session; `None` for one in which nobody has said anything: the
/// tool makes such a file at each start, also when it goes on with another.
fn head(path: &Path, framing: Framing, stamp: Stamp) -> std::io::Result<Option<String>> {
    let small = framing == Framing::Lines && stamp.len <= SILENT;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(if small { SILENT } else { HEAD }).read_to_end(&mut bytes)?;
    if small && is_silent(&bytes) {
        return Ok(None);
    }
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Some(session_id(head).unwrap_or_else(|| stem.into_owned())))
}

/// The first `"sessionId"` in the beginning of a file.
fn session_id(head: &[u8]) -> Option<String> {
    let key = b"\"sessionId\"";
    let rest = head.get(memchr::memmem::find(head, key)? + key.len()..)?.trim_ascii_start();
    let value = rest.strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let raw = value.get(..memchr::memchr2(b'"', b'\\', value)?)?;
    let id = String::from_utf8(escape::decode(raw).into_owned()).ok()?;
    Some(id).filter(|id| !id.is_empty())
}

/// Tells whether lines hold but what the tool itself says at its start.
fn is_silent(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let own = |line: &[u8]| line.starts_with(b"{\"sessionId\":") || line.starts_with(b"{\"$set\":");
    let holds = |word: &[u8]| memchr::memmem::find_iter(bytes, word).count();
    lines.all(own)
        && holds(b"\"type\":\"gemini\"") == 0
        && holds(b"\"type\":\"user\"") == holds(b"\"text\":\"<session_context>")
}
