//! A file that somebody wants to import: whatever it is, the forms say whether
//! it is theirs, and what they find in it is a part of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sfs::tool::form;

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let ending = ["jsonl", "json", "md"][usize::from(*first) % 3];
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(format!("f.{ending}"));
    std::fs::write(&path, data).expect("a file");
    for (tool, form) in form::all() {
        if !form.is_in(&path).expect("a file is read") {
            continue;
        }
        for found in form.sources(&path).expect("a file is read") {
            if !found.framing.is_opened() {
                continue;
            }
            let mut pieces = tool.open(&found).expect("a file is read");
            let mut records = Vec::new();
            while let Some(record) = pieces.next().expect("it is in memory") {
                records.extend_from_slice(&record);
            }
            let frame = pieces.frame().expect("it is in memory");
            let all = [frame.lead, records, frame.trail].concat();
            assert!(data.windows(all.len().max(1)).any(|part| part == all) || all.is_empty());
        }
    }
});
