//! Real sessions, where the environment says that there are some: `SFS_CORPUS`
//! is a folder with a folder `copilot-cli`, and `samples/copilot` beside it.

use super::*;
#[test]
fn real_sessions_are_understood() {
    let mut all = testing::corpus("../samples/copilot", "/events.jsonl");
    all.extend(testing::corpus("copilot-cli", ".jsonl"));
    all.extend(testing::corpus("copilot-cli", ".json"));
    all.extend(testing::corpus("_synthetic/copilot-cli", ".jsonl"));
    if all.is_empty() {
        println!("SKIPPED: SFS_CORPUS names no folder with sessions");
    }
    for (path, bytes) in all {
        let steps = if path.extension().is_some_and(|e| e == "json") {
            let (steps, again) = document(&found(path.clone(), "session_x_1.json"));
            assert_eq!(again, bytes, "{}", path.display());
            steps
        } else {
            testing::steps(&Copilot, &[bytes.as_slice(), b"\n"].concat())
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
