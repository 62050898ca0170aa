//! Finding sessions in the newer layout: `sessions/<id>/<id>.messages.json`,
//! with the manifest beside it, subagents' runs under names of their own, and
//! what is sent instead of the whole once it was compacted.

use std::path::Path;

use crate::tool::{Discovery, Found, tasks};

/// How the file of a conversation ends.
const MESSAGES: &str = ".messages.json";
/// How the file of its compacted form ends.
const COMPACTION: &str = ".compaction.json";
/// The part that the compacted form is.
pub(super) const COMPACTED: &str = "compaction";

/// Finds the sessions in a folder. Places are told from `root`.
pub(super) fn discover(root: &Path, sessions: &Path) -> Discovery {
    let mut discovery = Discovery::default();
    for session in tasks::entries(sessions, &mut discovery) {
        let Some(native) = session.file_name().to_str().map(str::to_owned) else { continue };
        if session.file_type().is_ok_and(|kind| kind.is_dir()) {
            folder(root, &session.path(), &native, &mut discovery);
        }
    }
    discovery.found.sort_by(|a, b| (!a.part.is_empty(), &a.path).cmp(&(!b.part.is_empty(), &b.path)));
    discovery
}

fn folder(root: &Path, folder: &Path, native: &str, discovery: &mut Discovery) {
    let (mut sources, mut side) = (Vec::new(), Vec::new());
    for entry in tasks::entries(folder, discovery) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let part = match (name.strip_suffix(MESSAGES), name.strip_suffix(COMPACTION)) {
            (Some(stem), _) if stem == native => "",
            (Some(stem), _) if !stem.is_empty() && stem != COMPACTED => stem,
            (None, Some(stem)) if stem == native => COMPACTED,
            _ => {
                side.extend(tasks::beside(root, &entry, discovery));
                continue;
            }
        };
        sources.extend(tasks::document(root, &entry, (native, part), discovery));
    }
    tasks::note(sources, side, discovery);
}

/// Whether a source is that of a task folder.
pub(super) fn is_task(found: &Found) -> bool {
    !found.place.ends_with(MESSAGES) && !found.place.ends_with(COMPACTION)
}
