//! Real rollouts, where the environment says that there are some: `SFS_CORPUS`
//! is a folder with a folder `codex`, and `samples/codex` beside it.

use super::*;
use std::path::Path;

fn rollouts(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rollouts(&path, out);
        } else if path.extension().is_some_and(|e| e == "jsonl") {
            let name = path.file_name().unwrap().to_string_lossy();
            if !name.contains("history") && !name.starts_with("session_index") {
                out.push(path);
            }
        }
    }
}

#[test]
fn real_rollouts_are_understood() {
    let Some(corpus) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else { return };
    let mut files = Vec::new();
    for folder in ["codex", "_synthetic/codex", "../samples/codex"] {
        rollouts(&corpus.join(folder), &mut files);
    }
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.push(b'\n');
        let steps = steps_of(&found("t", ""), &bytes);
        let unknown = steps.iter().filter(|s| s.unknown).count();
        let prompts: Vec<_> = steps.iter().filter_map(|s| s.prompt.as_deref()).collect();
        let total = steps
            .iter()
            .filter_map(|s| s.usage)
            .map(|c| (c.api, c.usage))
            .collect::<std::collections::HashMap<_, _>>();
        let output: u64 = total.values().map(|u| u.output).sum();
        println!(
            "{}: {} records, {} messages, {unknown} unknown, {} calls counted, {output} tokens out, prompts {prompts:?}",
            path.file_name().unwrap().to_string_lossy(),
            steps.len(),
            messages(&steps).len(),
            total.len(),
        );
        assert!(unknown * 10 <= steps.len(), "{}", path.display());
    }
}
