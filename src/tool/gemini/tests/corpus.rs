//! Real sessions, where there are some.

use super::{Gemini, document, flat};
use crate::object::message::Block;
use crate::tool::Step;
use crate::tool::testing::{corpus, messages, steps};

/// How many of each: steps, prompts, calls, results, unknown.
fn counts(steps: &[Step]) -> [usize; 5] {
    let all = flat(steps);
    let blocks: Vec<_> = messages(steps).into_iter().flat_map(|m| m.blocks).collect();
    let count = |is: fn(&Block) -> bool| blocks.iter().filter(|block| is(block)).count();
    [
        all.len(),
        all.iter().filter(|step| step.prompt.is_some()).count(),
        count(|b| matches!(b, Block::Call { .. })),
        count(|b| matches!(b, Block::Result { .. })),
        all.iter().filter(|step| step.unknown).count(),
    ]
}

#[test]
fn real_sessions_are_understood() {
    let folders = ["../samples/gemini", "gemini", "_synthetic/gemini"];
    let is_session = |path: &std::path::Path| {
        let path = path.to_string_lossy();
        path.contains("chats/") || path.contains("/gemini/") && !path.contains("samples")
    };
    let mut all = [0; 5];
    for (path, bytes) in folders.iter().flat_map(|f| [corpus(f, ".json"), corpus(f, ".jsonl")].concat()) {
        if !is_session(&path) {
            continue;
        }
        let steps = match path.extension().and_then(|e| e.to_str()) {
            Some("jsonl") => steps(&Gemini, &bytes),
            _ => document(&serde_json::from_slice(&bytes).unwrap()).0,
        };
        let counts = counts(&steps);
        println!("{counts:?} {}", path.display());
        // What is made up may be anything.
        let real = !path.to_string_lossy().contains("_synthetic");
        assert!(!real || counts[3] <= counts[2] && counts[4] == 0, "{counts:?} {}", path.display());
        all.iter_mut().zip(counts).for_each(|(all, n)| *all += n);
    }
    println!("steps, prompts, calls, results, unknown: {all:?}");
}
