//! Real sessions, where the environment says that there are some: `SFS_CORPUS`
//! is a folder with a folder `copilot-cli`, and `samples/copilot` beside it.

use super::*;
use std::path::Path;

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "jsonl" || e == "json")
            && !path.components().any(|part| part.as_os_str() == "requests")
            && path
                .file_name()
                .is_some_and(|name| name == "events.jsonl" || !path.to_string_lossy().contains("dot-copilot"))
            && path.file_name().is_some_and(|name| name != "script.json")
        {
            out.push(path);
        }
    }
}

#[test]
fn real_sessions_are_understood() {
    let Some(corpus) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("SKIPPED: SFS_CORPUS is not set");
        return;
    };
    let mut all = Vec::new();
    for folder in ["copilot-cli", "_synthetic/copilot-cli", "../samples/copilot"] {
        files(&corpus.join(folder), &mut all);
    }
    all.sort();
    assert!(!all.is_empty());
    for path in all {
        let bytes = std::fs::read(&path).unwrap();
        let steps = if path.extension().is_some_and(|e| e == "json") {
            let place = "history-session-state/session_x_1.json";
            let (steps, again) = document(&Found { path: path.clone(), ..found(place, Framing::Document) });
            assert_eq!(again, bytes, "{}", path.display());
            steps
        } else {
            steps_of(&found("x", Framing::Lines), &[bytes.as_slice(), b"\n"].concat())
        };
        let unknown = steps.iter().filter(|s| s.unknown).count();
        let prompts: Vec<_> = steps.iter().filter_map(|s| s.prompt.as_deref()).collect();
        let side = steps.iter().filter(|s| s.side && s.message.is_some()).count();
        let output: u64 = steps.iter().filter_map(|s| s.usage).map(|c| c.usage.output).sum();
        println!(
            "{}: {} records, {} messages ({side} of subagents), {unknown} unknown, {output} tokens out, prompts {prompts:?}",
            path.display(),
            steps.len(),
            messages(&steps).len(),
        );
        assert_eq!(unknown, 0, "{}", path.display());
        assert!(!messages(&steps).is_empty(), "{}", path.display());
    }
}
