//! Real stores, where the environment says that there are some: `SFS_CORPUS`
//! is a folder with folders `cursor`, and `samples/cursor` beside it.

use super::*;
use crate::tool::rows::{Line, Writer};
use crate::tool::{Framing, Stamp};
use std::path::Path;

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

fn sources(path: &Path) -> Vec<(Cursor, Found)> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let found = |native: &str, framing| Found {
        native: native.to_owned(),
        part: String::new(),
        path: path.to_owned(),
        place: "x".to_owned(),
        framing,
        stamp: Stamp::default(),
        side: Vec::new(),
    };
    if name.ends_with("store.db") {
        return vec![(Cursor::Agent, found("n", Framing::Rows))];
    }
    if name.ends_with(".vscdb") {
        let home = tempfile::tempdir().unwrap();
        let places = Places { home: home.path().to_owned(), ..Places::default() };
        let copy = places::database(&places);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(path, copy).unwrap();
        let all = Cursor::Ide.discover(&places);
        assert!(all.trouble.is_empty());
        return all.found.iter().map(|f| (Cursor::Ide, found(&f.native, Framing::Rows))).collect();
    }
    Vec::new()
}

#[test]
fn real_stores_are_understood_and_come_back() {
    let Some(corpus) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("SKIPPED: SFS_CORPUS names no corpus");
        return;
    };
    let mut all = Vec::new();
    for folder in ["cursor", "_synthetic/cursor", "../samples/cursor"] {
        files(&corpus.join(folder), &mut all);
    }
    all.sort();
    let mut seen = 0;
    for (tool, found) in all.iter().flat_map(|path| sources(path)) {
        seen += 1;
        let (steps, records, frame) = read(&tool, &found);
        let unknown = steps.iter().filter(|step| step.unknown).count();
        let rest = frame.trail.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        let rest: Vec<Vec<u8>> = rest.map(<[u8]>::to_vec).collect();
        println!(
            "{}: {} records, {} in the frame, {} messages, {unknown} unknown, {:?}",
            found.path.display(),
            records.len(),
            rest.len(),
            messages(&steps).len(),
            frame.facts
        );
        println!("   {:?}", words(&messages(&steps)));
        let lead = frame.lead.split(|b| *b == b'\n').map(<[u8]>::to_vec);
        let lines: Vec<Vec<u8>> = lead.chain(records).chain(rest).collect();
        assert!(lines.iter().all(|line| Line::parse(line).is_some()));
        let added = Writer::in_memory().unwrap().add(&lines).unwrap();
        assert!(added.differing.is_empty());
        assert!(unknown * 10 <= steps.len());
    }
    assert!(seen > 0);
}
