//! `sfs demo`: every step of its story goes as it is told, and nothing outside
//! of its own folder is read or touched.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the demo for a user whose tools are elsewhere, by their variables.
fn demo(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
    command.env_clear().env("HOME", home).env("TZ", "UTC").env("SFS_DIR", home.join("my-store"));
    command.env("CLAUDE_CONFIG_DIR", home.join("my-claude")).env("CODEX_HOME", home.join("my-codex"));
    command.current_dir(home).arg("demo").args(args).output().unwrap()
}

/// What followed the n-th command that begins so.
#[track_caller]
fn after<'t>(text: &'t str, command: &str, n: usize) -> &'t str {
    let line = format!("$ sfs {command}");
    let from = text.match_indices(&line).nth(n).unwrap_or_else(|| panic!("no {line}: {text}")).0;
    let rest = &text[from + line.len()..];
    rest.find("\n$ sfs ").map_or(rest, |end| &rest[..end])
}

#[test]
fn the_demo_plays_to_its_end() {
    let home = tempfile::tempdir().unwrap();
    let output = demo(home.path(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let told = |command: &str, n: usize, words: &[&str]| {
        let part = after(&text, command, n);
        for words in words {
            assert!(part.contains(words), "{words:?} is not what followed `sfs {command}`: {part}");
        }
    };
    told("capture", 0, &["Captured 17 records in 1 of 1 source (1 new session, 17 messages)."]);
    told("list", 0, &["2026-03-02 09:04  claude-code", "2 turns", "Tea timer rings too early"]);
    told("log @", 0, &["rings a second too early", "63.5k→410", "--quiet option", "README.md"]);
    told("show @~1", 0, &["> Read ", "> Bash python3 -m unittest", "! failed: Exit code 1", "> Edit "]);
    told("resume @ --in codex --dry-run", 0, &["Would write 17 messages"]);
    told("resume @ --in codex", 1, &["Wrote 17 messages", "&& codex resume "]);
    // What was done in the other tool is one more turn of the same session.
    told("capture", 1, &["in 1 of 2 sources (0 new sessions, 4 messages)"]);
    told("log @", 1, &["Yes, a short one.  gpt-5.1-codex  17.4k→96  1 file", "rings a second too early"]);
    told("fork @~1", 0, &["/no-readme"]);
    told(
        "diff no-readme @",
        0,
        &["both   17 messages", "+++ @  1 turn, 4 messages, 1 call", "+ write README.md"],
    );
    told("push", 0, &["Pushed to origin: 23 commits"]);
    told("--store ../second-store clone", 0, &["Fetched from origin", "Took over 2 session files"]);
    told("--store ../second-store fsck", 0, &["Checked 23 commits"]);
    told(
        "--store ../second-store restore",
        0,
        &["Restored 2 files", "# the same, ", "rollout-2026-03-02T09-00-05"],
    );
    told("capture", 2, &["removed by its tool; the store keeps it"]);
    told("restore @ --to ../rescued", 0, &["Restored 2 files", "# the same, "]);
    told("fsck", 0, &["Checked 23 commits"]);
    assert_eq!(text.matches("# the same, ").count(), 3, "{text}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "the user's home was touched");
}

#[test]
fn the_demo_is_kept_where_it_is_wanted_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept");
    let output = demo(home.path(), &["--keep", "kept"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("Kept in "), "{said}");
    for place in ["home/.codex/sessions", "store/current", "second-store/current", "share", "restored"] {
        assert!(kept.join(place).exists(), "{place}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    let again = demo(home.path(), &["--keep", "kept"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not empty"));
}
