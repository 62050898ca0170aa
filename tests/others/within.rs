//! Histories in projects, which may come from anywhere.

use std::fs;
use std::os::unix::fs::symlink;

use crate::sandbox::Sandbox;

/// A project whose files of histories are links to what is its user's alone.
#[test]
fn a_project_cannot_have_its_user_s_files_captured() {
    let sandbox = Sandbox::new();
    let notes = sandbox.put("notes/2026-01-01_00-00-diary.md", "_**User**_\n\nmy diary\n");
    let folder = notes.parent().unwrap();
    fs::write(folder.join("crush.db"), "SQLite format 3\0").unwrap();
    let project = sandbox.project();
    fs::create_dir(project.join(".specstory")).unwrap();
    symlink(folder, project.join(".specstory/history")).unwrap();
    symlink(folder, project.join(".crush")).unwrap();
    symlink(&notes, project.join(".aider.chat.history.md")).unwrap();
    let output = sandbox.run(&["capture"]);
    let said = String::from_utf8_lossy(&output.stderr);
    for name in [".specstory/history", ".crush/crush.db", ".aider.chat.history.md"] {
        let told = format!("{}: a link leads out of the project", project.join(name).display());
        assert!(said.contains(&told), "{name}: {said}");
    }
    assert_eq!(sandbox.json(&["list", "--all"]), serde_json::json!([]));
    // One that leads elsewhere in the project is the project's own affair.
    fs::remove_file(project.join(".specstory/history")).unwrap();
    fs::create_dir(project.join("histories")).unwrap();
    fs::copy(&notes, project.join("histories/2026-01-01_00-00-x.md")).unwrap();
    symlink("../histories", project.join(".specstory/history")).unwrap();
    sandbox.run(&["capture"]);
    assert_eq!(sandbox.json(&["list", "--all"]).as_array().unwrap().len(), 1);
}

/// Nothing waits for a pipe, whoever made it.
#[test]
fn pipes_are_passed_over() {
    let sandbox = Sandbox::new();
    let project = sandbox.project();
    fs::create_dir_all(project.join(".crush")).unwrap();
    fs::create_dir_all(project.join(".specstory/history")).unwrap();
    for name in [".aider.chat.history.md", ".crush/crush.db", ".specstory/history/2026-01-01_00-00-x.md"] {
        let made = std::process::Command::new("mkfifo").arg(project.join(name)).status().unwrap();
        assert!(made.success());
    }
    sandbox.ok(&["capture"]);
    assert_eq!(sandbox.json(&["list", "--all"]), serde_json::json!([]));
}
