//! Real sessions, where the environment says that there are some.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::*;
use super::world::{ID, Session, World};
use crate::tool::rows::{Database, Line};
use crate::tool::testing::{corpus, messages, opened};
use crate::tool::{EARLY, folder};

/// Databases, and the roots of storages of files.
fn stores() -> Vec<PathBuf> {
    let folders =
        ["opencode", "_synthetic/opencode", "_synthetic/kilo", "../samples/opencode", "../samples/kilo"];
    let mut found: Vec<PathBuf> =
        folders.iter().flat_map(|folder| corpus(folder, ".db")).map(|(path, _)| path).collect();
    for (path, _) in folders.iter().flat_map(|folder| corpus(folder, ".json")) {
        let storage = path.ancestors().find(|dir| dir.ends_with("storage") && dir.join("session").is_dir());
        found.extend(storage.map(Path::to_owned));
    }
    found.sort();
    found.dedup();
    found
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().flatten().filter(|e| e.file_type().is_file()) {
        let path = to.join(entry.path().strip_prefix(from).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, fs::read(entry.path()).unwrap()).unwrap();
    }
}

#[test]
fn real_sessions_are_understood() {
    let (stores, mut sessions) = (stores(), 0);
    if stores.is_empty() {
        return println!("SKIPPED: SFS_CORPUS names no corpus");
    }
    for store in stores {
        let world = World::new();
        fs::create_dir_all(world.data()).unwrap();
        let is_file = store.is_file();
        let to = world.data().join(if is_file { "opencode.db" } else { "storage" });
        if is_file {
            fs::write(&to, fs::read(&store).unwrap()).unwrap();
        } else {
            copy(&store, &to);
        }
        let discovery = OpenCode.discover(&world.places());
        assert!(discovery.trouble.is_empty(), "{:?}", discovery.trouble);
        for found in discovery.found {
            let (steps, all, _) = opened(&OpenCode, &found);
            let unknown = steps.iter().filter(|step| step.unknown).count();
            let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
            println!(
                "{} {}: {} records, {} messages, {unknown} unknown, prompts {prompts:?}",
                store.display(),
                found.native,
                steps.len(),
                messages(&steps).len(),
            );
            assert!(unknown * 20 <= steps.len(), "{}", store.display());
            sessions += 1;
            if !is_file {
                each_file_is_there(&world, &found.native, &all);
            }
        }
        if is_file {
            each_row_is_there(&world, &to);
        }
    }
    assert!(sessions > 0);
}

/// What the tool itself exports of sessions, as rows.
#[test]
fn real_exports_are_understood() {
    for (path, bytes) in corpus("opencode", "full.jsonl") {
        let export: Value = serde_json::from_slice(&bytes).unwrap();
        let messages = export["messages"].as_array().unwrap().iter();
        let messages: Vec<_> =
            messages.map(|m| (m["info"].clone(), m["parts"].as_array().unwrap().clone())).collect();
        let (prompts, world) =
            (messages.iter().filter(|(info, _)| info["role"] == "user").count(), World::new());
        world.database("opencode.db", &[(ID, &Session { messages, ..Session::default() })]);
        let (steps, ..) = world.read();
        let begun = steps.iter().filter(|step| step.prompt.is_some()).count();
        println!("{}: {} records, {prompts} prompts", path.display(), steps.len());
        assert!(steps.iter().all(|step| !step.unknown));
        assert!(begun > 0 && begun <= prompts);
    }
}

/// Every file of a session is in its records, byte for byte.
fn each_file_is_there(world: &World, session: &str, all: &[u8]) {
    let mut kept = 0;
    let storage = world.data().join("storage");
    for (path, bytes) in corpus_below(&storage) {
        let place = format!("storage/{}", path.strip_prefix(&storage).unwrap().display());
        let record = folder::record(&place, &bytes);
        let ours = place.contains(session) || String::from_utf8_lossy(&bytes).contains(session);
        if ours && !place.contains("session_diff") {
            assert!(memchr::memmem::find(all, &record).is_some(), "{place}");
            kept += 1;
        }
    }
    assert!(kept > 1);
}

fn corpus_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|e| e.file_type().is_file());
    files.map(|entry| (entry.path().to_owned(), fs::read(entry.path()).unwrap())).collect()
}

/// Every row of a table that holds sessions is in one of its sources, exactly.
fn each_row_is_there(world: &World, path: &Path) {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for found in OpenCode.discover(&world.places()).found {
        let mut pieces = OpenCode.open(&found).unwrap();
        while let Some(record) = pieces.next().unwrap() {
            lines.push(record.into_owned());
        }
        let frame = pieces.frame().unwrap();
        for part in [frame.lead, frame.trail] {
            lines.extend(part.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
        }
    }
    assert!(lines.iter().all(|line| line.starts_with(EARLY) || Line::parse(line).is_some()));
    let database = Database::open(path).unwrap();
    for table in ["session", "message", "part", "todo"] {
        if lines.is_empty() || database.columns(table).unwrap().is_empty() {
            continue;
        }
        let select = crate::tool::rows::Select { table, ..Default::default() };
        database.lines(&select, &mut |line| assert!(lines.contains(&line), "{table}")).unwrap();
    }
}
