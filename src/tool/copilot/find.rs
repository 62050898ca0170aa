//! Where sessions lie.
//!
//! `$COPILOT_HOME` (else `~/.copilot`) holds `session-state/<id>/events.jsonl`
//! with all that belongs to the session beside it (since 0.0.380),
//! `session-state/<id>.jsonl` (0.0.343 to 0.0.376), and
//! `history-session-state/session_<id>_<ms>.json` (up to 0.0.342). Nothing
//! else in that folder is looked at: settings, tokens and logs are no sessions.

use std::path::{Path, PathBuf};

use crate::tool::look::{Entry, Look};
use crate::tool::{Discovery, Found, Framing, Places, SideFile};

/// The folders of sessions: of now, and of old versions.
pub(super) const STATES: &str = "session-state";
pub(super) const HISTORY: &str = "history-session-state";

/// The transcript in a session's folder.
pub(super) const EVENTS: &str = "events.jsonl";
/// What the tool knows of a session besides: its name, where it works.
pub(super) const WORKSPACE: &str = "workspace.yaml";
/// How deep a session's folder is looked into.
const DEPTH: u32 = 8;

/// The tool's folder.
pub(super) fn root(places: &Places) -> PathBuf {
    places.var("COPILOT_HOME").unwrap_or_else(|| places.home.join(".copilot"))
}

/// The folder of a session.
pub(super) fn folder(places: &Places, native: &str) -> PathBuf {
    root(places).join(STATES).join(native)
}

/// Finds all sessions.
pub(super) fn discover(places: &Places) -> Discovery {
    let (mut look, mut found) = (Look::below(root(places)), Vec::new());
    for entry in look.entries(STATES) {
        found.extend(match entry.stamp {
            None => session(&mut look, &entry),
            Some(_) => {
                let native = entry.name.strip_suffix(".jsonl").map(str::to_owned);
                native.and_then(|native| look.source(&native, entry, Framing::Lines))
            }
        });
    }
    for entry in look.entries(HISTORY) {
        let native = parse_name(&entry.name).map(|(native, _)| native.to_owned());
        found.extend(native.and_then(|native| look.source(&native, entry, Framing::Document)));
    }
    Discovery { found, trouble: look.trouble }
}

/// The session and the time of its start, in milliseconds since 1970, that the
/// name of an old session's file tells.
pub(super) fn parse_name(name: &str) -> Option<(&str, Option<i64>)> {
    let stem = name.strip_prefix("session_")?.strip_suffix(".json")?;
    let (native, time) = stem.rsplit_once('_').unwrap_or((stem, ""));
    Some((native, time.parse().ok())).filter(|_| !native.is_empty())
}

/// A session's folder. Files that only say who has it open don't go with it.
fn session(look: &mut Look, folder: &Entry) -> Option<Found> {
    let mut side = look.files(&folder.place, DEPTH, is_passing);
    let events = format!("{}/{EVENTS}", folder.place);
    let SideFile { path, place, stamp } = side.remove(side.iter().position(|file| file.place == events)?);
    let (native, part) = (folder.name.clone(), String::new());
    Some(Found { native, part, path, place, framing: Framing::Lines, stamp, side })
}

/// Locks, and the journals of a database that is in use.
fn is_passing(name: &str) -> bool {
    let ends = [".lock", ".hold", ".tmp", "-wal", "-shm", "-journal"];
    ends.iter().any(|end| name.ends_with(end))
}

/// The name of a session and whether the user gave it, out of its
/// `workspace.yaml`, which is a flat list of members.
pub(super) fn name_in(path: &Path) -> Option<(String, bool)> {
    let text = std::fs::read_to_string(path).ok()?;
    let member = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        scalar(line.trim())
    };
    let name = member("name").or_else(|| member("summary")).filter(|name| !name.is_empty())?;
    Some((name, member("user_named").is_some_and(|named| named == "true")))
}

/// A YAML scalar in one line; `None` for other values.
fn scalar(text: &str) -> Option<String> {
    match text.chars().next()? {
        '"' => serde_json::from_str(text).ok(),
        '\'' => Some(text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'")),
        '|' | '>' | '[' | '{' | '&' | '*' | '!' | '#' => None,
        _ => Some(text.split(" #").next().unwrap_or_default().trim_end().to_owned()),
    }
}

/// A YAML scalar in double quotes, which takes any text.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(files: &[&str]) -> (tempfile::TempDir, Places) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(".copilot").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let places = Places { home: dir.path().to_owned(), ..Places::default() };
        (dir, places)
    }

    #[test]
    fn finds_every_layout_and_no_more() {
        let (_dir, places) = home(&[
            "config.json",
            "mcp-oauth-config/tokens.json",
            "session-store.db",
            "session-state/b.jsonl",
            "session-state/a/events.jsonl",
            "session-state/a/workspace.yaml",
            "session-state/a/inuse.42.lock",
            "session-state/a/session.db",
            "session-state/a/session.db-wal",
            "session-state/a/checkpoints/index.md",
            "session-state/a/rewind-file-snapshots/x/1",
            "session-state/empty/workspace.yaml",
            "session-state/.session-operation-locks/a.lock",
            "history-session-state/session_c_1760182820882.json",
            "history-session-state/notes.json",
        ]);
        let Discovery { found, trouble } = discover(&places);
        assert!(trouble.is_empty(), "{trouble:?}");
        let names: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.framing)).collect();
        assert_eq!(names, [("a", Framing::Lines), ("b", Framing::Lines), ("c", Framing::Document)]);
        let side: Vec<_> = found[0].side.iter().map(|file| file.place.as_str()).collect();
        let beside = ["checkpoints/index.md", "rewind-file-snapshots/x/1", "session.db", "workspace.yaml"];
        assert_eq!(side, beside.map(|file| format!("session-state/a/{file}")));
        assert_eq!(found[0].place, "session-state/a/events.jsonl");
    }

    #[test]
    fn the_environment_moves_it() {
        let (dir, mut places) = home(&["session-state/a/events.jsonl"]);
        places.vars.insert("COPILOT_HOME".into(), dir.path().join("none").display().to_string());
        assert!(discover(&places).found.is_empty() && discover(&places).trouble.is_empty());
        places.vars.insert("COPILOT_HOME".into(), dir.path().join(".copilot").display().to_string());
        assert_eq!(discover(&places).found.len(), 1);
    }

    #[test]
    fn a_file_where_a_folder_should_be_is_trouble() {
        let (_dir, places) = home(&["session-state"]);
        assert_eq!(discover(&places).trouble.len(), 1);
    }

    #[test]
    fn names_are_read_as_yaml_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(WORKSPACE);
        let name = |yaml: &str| {
            std::fs::write(&path, yaml).unwrap();
            name_in(&path)
        };
        assert_eq!(
            name("id: x\nname: Fix it: now\nuser_named: false\n"),
            Some(("Fix it: now".into(), false))
        );
        assert_eq!(name("name: 'it''s'\nuser_named: true\n"), Some(("it's".into(), true)));
        let any = "a \"b\" # ✓\n\\";
        assert_eq!(name(&format!("name: {}\n", quoted(any))), Some((any.into(), false)));
        assert_eq!(name("summary: old\n"), Some(("old".into(), false)));
        assert_eq!(name("name: |-\n  two\n  lines\n"), None);
        assert_eq!(name("cwd: /x\n"), None);
    }
}
