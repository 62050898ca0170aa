//! The shape of the code, checked: which layer uses which, where each
//! dependency lives, and what every file must and may not hold.
//!
//! The rules are in `tidy/rules.rs`. They read the text of `src`, not what the
//! compiler makes of it, so they hold on every platform and for every feature.

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/self_test.rs"]
mod self_test;
#[path = "tidy/source.rs"]
mod source;

use std::fs;
use std::path::Path;

use source::Source;

/// What is let be: the rule, the file, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("names", "src/cli/screen.rs", "a terminal's cursor, as crossterm calls it"),
    ("names", "src/mcp/answer.rs", "where to go on in a list, as the protocol calls it"),
    ("names", "src/mcp/page.rs", "where to go on in a list, as the protocol calls it"),
    ("names", "src/mcp/tools/mod.rs", "where to go on in a list, as the protocol calls it"),
];

#[test]
fn the_code_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read(root, &root.join("src"), &mut sources).unwrap();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.iter().any(|source| source.path == "src/object/id.rs"), "src was not read");
    let faults = rules::check(&sources);
    let excepted = |fault: &rules::Fault, (rule, path, _): &(&str, &str, &str)| {
        fault.rule == *rule && fault.path == *path
    };
    let idle: Vec<_> = EXCEPTIONS.iter().filter(|e| !faults.iter().any(|fault| excepted(fault, e))).collect();
    assert!(idle.is_empty(), "exceptions that nothing needs: {idle:?}");
    let left: Vec<String> = faults
        .iter()
        .filter(|fault| !EXCEPTIONS.iter().any(|e| excepted(fault, e)))
        .map(ToString::to_string)
        .collect();
    assert!(left.is_empty(), "{} faults:\n{}", left.len(), left.join("\n"));
}

/// Reads all Rust files below a folder.
fn read(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(root, &path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let names = path.strip_prefix(root).unwrap_or(&path).iter();
            let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
            sources.push(Source::new(&names.join("/"), &fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
