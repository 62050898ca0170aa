//! Where sessions are found, and whose they are.

use std::path::Path;

use super::{Gemini, gemini, head, lines, user};
use crate::tool::{Discovery, Framing, Places, Tool};

fn put(root: &Path, place: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(".gemini").join(place);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn look(root: &Path) -> Discovery {
    let mut places = Places { home: root.join("elsewhere"), ..Places::default() };
    assert!(Gemini.discover(&places).found.is_empty());
    places.vars.insert("GEMINI_CLI_HOME".into(), root.to_str().unwrap().into());
    Gemini.discover(&places)
}

#[test]
fn sessions_their_subagents_and_their_outputs_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let spoken = lines(&[head(), user("u", "hi".into())]);
    put(dir.path(), "tmp/proj/chats/session-2026-01-01T00-00-aaaaaaaa.jsonl", &spoken);
    put(
        dir.path(),
        "tmp/proj/chats/session-2025-01-01T00-00-bbbbbbbb.json",
        "{\n  \"sessionId\": \"s-2\",\n \"messages\": []}",
    );
    put(dir.path(), "tmp/proj/chats/session-broken.json", "{");
    put(dir.path(), "tmp/proj/chats/session-1.jsonl.unreadable-7", &spoken);
    put(dir.path(), "tmp/proj/chats/s-1/sub-1.jsonl", &spoken);
    put(dir.path(), "tmp/proj/tool-outputs/session-s-1/out.txt", "long");
    put(dir.path(), "tmp/proj/s-1/plans/plan.md", "do it");
    put(dir.path(), "tmp/proj/logs.json", "[]");
    // The tool makes such a file at each start, also when it goes on with another session.
    let context = user("c", serde_json::json!([{"text": "<session_context> x"}]));
    let list = serde_json::json!({"$set": {"messages": [context]}});
    let silent = lines(&[head(), list.clone(), head(), list]);
    put(dir.path(), "tmp/proj/chats/session-2026-01-02T00-00-aaaaaaaa.jsonl", &silent);
    let discovery = look(dir.path());
    let found: Vec<_> = discovery
        .found
        .iter()
        .map(|f| {
            (f.native.as_str(), f.part.as_str(), f.framing, f.side.len(), f.place.rsplit('/').next().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("s-2", "", Framing::Document, 0, "session-2025-01-01T00-00-bbbbbbbb.json"),
            ("s-1", "", Framing::Lines, 2, "session-2026-01-01T00-00-aaaaaaaa.jsonl"),
            ("session-broken", "", Framing::Document, 0, "session-broken.json"),
            ("s-1", "sub-1", Framing::Lines, 0, "sub-1.jsonl"),
        ]
    );
    assert!(discovery.trouble.is_empty());
}

#[test]
fn a_session_whose_first_words_stand_in_a_list_is_no_silent_one() {
    let dir = tempfile::tempdir().unwrap();
    let list = serde_json::json!({"$set": {"messages": [user("u", "hi".into()), gemini("g", "ho".into())]}});
    put(dir.path(), "tmp/proj/chats/session-2026-01-01T00-00-aaaaaaaa.jsonl", lines(&[head(), list]));
    assert_eq!(look(dir.path()).found.len(), 1);
}

/// The directory that a session says it worked in.
fn cwd(root: &Path) -> Option<String> {
    let found = look(root).found.remove(0);
    let bytes = std::fs::read(&found.path).unwrap();
    let bytes = bytes.split(|byte| *byte == b'\n').next().unwrap();
    let mut splitter = crate::object::split::Splitter::default();
    let piece = splitter.document(bytes);
    splitter.split(bytes, piece, &[]);
    Gemini.reader(&found, &[]).read(splitter.row(bytes, piece)).facts.cwd
}

#[test]
fn a_session_knows_its_project_by_marker_list_or_hash() {
    let dir = tempfile::tempdir().unwrap();
    put(
        dir.path(),
        "tmp/app-1/chats/session-2026-01-01T00-00-aaaaaaaa.jsonl",
        lines(&[head(), user("u", "hi".into())]),
    );
    assert_eq!(cwd(dir.path()), None);
    put(dir.path(), "projects.json", r#"{"projects":{"/w/listed":"app-1","/w/hashed":"hashed"}}"#);
    assert_eq!(cwd(dir.path()).as_deref(), Some("/w/listed"));
    put(dir.path(), "history/app-1/.project_root", "/w/history\n");
    assert_eq!(cwd(dir.path()).as_deref(), Some("/w/history"));
    put(dir.path(), "tmp/app-1/.project_root", "/w/marked\n");
    assert_eq!(cwd(dir.path()).as_deref(), Some("/w/marked"));

    let old = tempfile::tempdir().unwrap();
    let hash = crate::tool::digest::sha256_hex(b"/w/hashed");
    let place = format!("tmp/{hash}/chats/session-2025-01-01T00-00-aaaaaaaa.json");
    put(old.path(), &place, r#"{"sessionId":"s","messages":[]}"#);
    assert_eq!(cwd(old.path()), None);
    put(old.path(), "trustedFolders.json", r#"{"/w/hashed":"TRUST_FOLDER"}"#);
    assert_eq!(cwd(old.path()).as_deref(), Some("/w/hashed"));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_into_is_told_and_the_rest_is_found() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let spoken = lines(&[head(), user("u", "hi".into())]);
    put(dir.path(), "tmp/a/chats/session-1.jsonl", &spoken);
    put(dir.path(), "tmp/b/chats/session-2.jsonl", &spoken);
    let chats = dir.path().join(".gemini/tmp/a/chats");
    std::fs::set_permissions(&chats, std::fs::Permissions::from_mode(0o000)).unwrap();
    let readable = std::fs::read_dir(&chats).is_ok();
    let discovery = look(dir.path());
    std::fs::set_permissions(&chats, std::fs::Permissions::from_mode(0o700)).unwrap();
    // Nothing is forbidden to root.
    let (found, trouble) = if readable { (2, 0) } else { (1, 1) };
    assert_eq!((discovery.found.len(), discovery.trouble.len()), (found, trouble));
    assert!(discovery.trouble.iter().all(|trouble| trouble.path == chats));
}
