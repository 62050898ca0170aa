//! Where sessions lie.
//!
//! `$PI_CODING_AGENT_DIR` (else `~/.pi/agent`) holds `sessions`, with a folder
//! for each working directory: `--home-me-project--`. A session is called
//! `<time>_<id>.jsonl`. `$PI_CODING_AGENT_SESSION_DIR`, or `sessionDir` in
//! `settings.json`, names another folder, which holds the files themselves.

use std::path::{Path, PathBuf};

use crate::object::json::Tape;
use crate::tool::look::Look;
use crate::tool::{Discovery, Framing, Places, Target, time};

/// Length of a UUID in its usual form.
const UUID: usize = 36;

/// The folder of all sessions.
pub(super) fn root(places: &Places) -> PathBuf {
    moved(places).unwrap_or_else(|| agent(places).join("sessions"))
}

/// The tool's folder.
fn agent(places: &Places) -> PathBuf {
    let var = places.vars.get("PI_CODING_AGENT_DIR").and_then(|dir| expand(dir, places));
    var.unwrap_or_else(|| places.home.join(".pi").join("agent"))
}

/// The folder of all sessions if it was moved: then there is none for each
/// working directory.
fn moved(places: &Places) -> Option<PathBuf> {
    let var = places.vars.get("PI_CODING_AGENT_SESSION_DIR").and_then(|dir| expand(dir, places));
    var.or_else(|| {
        let settings = std::fs::read(agent(places).join("settings.json")).ok()?;
        let mut tape = Tape::default();
        tape.read(&settings)?;
        let dir = expand(&tape.root(&settings).string("sessionDir")?, places)?;
        // Any other is another one in each project.
        Some(dir).filter(|dir| dir.is_absolute())
    })
}

/// A folder as the tool reads its name.
fn expand(dir: &str, places: &Places) -> Option<PathBuf> {
    match dir {
        "" => None,
        "~" => Some(places.home.clone()),
        _ => Some(dir.strip_prefix("~/").map_or_else(|| dir.into(), |below| places.home.join(below))),
    }
}

/// Where a new session goes.
pub(super) fn path_for(target: &Target) -> PathBuf {
    let folder = moved(&target.places).unwrap_or_else(|| root(&target.places).join(slug(&target.cwd)));
    let time = time::format(target.started).replace([':', '.'], "-");
    folder.join(format!("{time}_{}.jsonl", target.native))
}

/// The name of the folder for a working directory.
fn slug(cwd: &Path) -> String {
    let cwd = cwd.to_string_lossy();
    let below = cwd.strip_prefix(['/', '\\']).unwrap_or(&cwd);
    format!("--{}--", below.replace(['/', '\\', ':'], "-"))
}

/// The session that a file's name tells; any name will do.
pub(super) fn native(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".jsonl").filter(|stem| !stem.is_empty())?;
    let id = stem.rsplit_once('_').map(|(_, id)| id).filter(|id| id.len() == UUID);
    Some(id.unwrap_or(stem))
}

/// Finds all sessions: in the root, and in the folders in it.
pub(super) fn discover(places: &Places) -> Discovery {
    let (mut look, mut found) = (Look::below(root(places)), Vec::new());
    let mut files = look.entries("");
    for folder in files.extract_if(.., |entry| entry.stamp.is_none()).collect::<Vec<_>>() {
        files.append(&mut look.entries(&folder.place));
    }
    for entry in files {
        let native = native(&entry.name).map(str::to_owned);
        found.extend(native.and_then(|native| look.source(&native, entry, Framing::Lines)));
    }
    found.sort_by(|a, b| a.place.cmp(&b.place));
    Discovery { found, trouble: look.trouble }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::testing::target;

    const ID: &str = "01a20212-a86f-7d30-ba34-f1999c4bbe7a";

    fn home(files: &[&str]) -> (tempfile::TempDir, Places) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        let places = Places { home: dir.path().to_owned(), ..Places::default() };
        (dir, places)
    }

    #[test]
    fn finds_sessions_in_the_folders_of_projects() {
        let session = format!(".pi/agent/sessions/--p--/2026-11-22T07-05-06-945Z_{ID}.jsonl");
        let (_dir, places) = home(&[
            &session,
            ".pi/agent/sessions/--p--/mine.jsonl",
            ".pi/agent/sessions/--p--/notes.txt",
            ".pi/agent/sessions/--p--/deep/er.jsonl",
            ".pi/agent/auth.json",
        ]);
        let Discovery { found, trouble } = discover(&places);
        let names: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.place.as_str())).collect();
        assert_eq!(names, [(ID, &session[".pi/agent/sessions/".len()..]), ("mine", "--p--/mine.jsonl")]);
        assert!(trouble.is_empty());
    }

    #[test]
    fn the_environment_and_the_settings_move_it() {
        let (dir, mut places) =
            home(&["a/sessions/--p--/x.jsonl", "s/y.jsonl", ".pi/agent/sessions/z.jsonl"]);
        let mut only = |var: &str, value: &str| {
            places.vars = [(var.to_owned(), value.to_owned())].into();
            let found = discover(&places).found;
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].native.clone()
        };
        assert_eq!(only("PI_CODING_AGENT_DIR", "~/a"), "x");
        assert_eq!(only("PI_CODING_AGENT_SESSION_DIR", "~/s"), "y");
        assert_eq!(only("PI_CODING_AGENT_SESSION_DIR", ""), "z");
        std::fs::write(dir.path().join(".pi/agent/settings.json"), r#"{"sessionDir":"~/s"}"#).unwrap();
        assert_eq!(only("NONE", ""), "y");
    }

    #[test]
    fn new_sessions_go_where_the_tool_looks() {
        let mut target = target();
        let name = "2026-11-22T07-05-06-945Z_01a20212-a86f-7d30-ba34-f1999c4bbe7a.jsonl";
        assert_eq!(path_for(&target), Path::new("/h/.pi/agent/sessions/--w-my proj--").join(name));
        target.places.vars.insert("PI_CODING_AGENT_SESSION_DIR".into(), "/flat".into());
        assert_eq!(path_for(&target), Path::new("/flat").join(name));
        assert_eq!(slug(Path::new("C:\\a\\b")), "--C--a-b--");
    }

    #[test]
    fn a_file_where_a_folder_should_be_is_trouble() {
        let (_dir, places) = home(&[".pi/agent/sessions"]);
        assert_eq!(discover(&places).trouble.len(), 1);
    }
}
