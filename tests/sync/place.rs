//! A session that was pulled goes on where its project lies on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Machine, World};

fn git(dir: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]);
    command.args(args).current_dir(dir).env("HOME", dir);
    assert!(command.output().unwrap().status.success(), "{args:?}");
}

/// Resumes the session from a folder: where, and what is said of it.
fn resumed(machine: &Machine, from: &Path) -> (String, String) {
    let run = |more: &[&str]| {
        let mut command = machine.command(&["resume", "5e55105e", "--dry-run"]);
        command.args(more).env("PATH", std::env::var_os("PATH").unwrap());
        let output = command.current_dir(from).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    };
    let outcome: serde_json::Value = serde_json::from_slice(&run(&["--json"]).stdout).unwrap();
    (outcome["cwd"].as_str().unwrap().to_owned(), String::from_utf8(run(&[]).stderr).unwrap())
}

#[test]
fn the_same_project_is_known_by_its_address_or_a_commit() {
    let world = World::new();
    let (a, b) = (world.machine("a"), world.machine("b"));
    let tea = a.dir.join("work/tea");
    fs::create_dir_all(&tea).unwrap();
    fs::write(tea.join("kettle"), "on").unwrap();
    git(&tea, &["init", "-q", "-b", "main"]);
    git(&tea, &["add", "."]);
    git(&tea, &["commit", "-q", "-m", "kettle"]);
    git(&tea, &["remote", "add", "origin", "git@example.com:ada/tea.git"]);
    let tea = tea.canonicalize().unwrap();
    let row = format!(
        "{{\"parentUuid\":null,\"isSidechain\":false,\"type\":\"user\",\"cwd\":{tea:?},\"sessionId\":\"5e55105e\",\
         \"uuid\":\"u0\",\"timestamp\":\"2026-01-01T00:00:00.000Z\",\
         \"message\":{{\"role\":\"user\",\"content\":\"look at {}/kettle\"}}}}\n",
        tea.display()
    );
    fs::write(a.claude().join("projects/-p/5e55105e.jsonl"), row).unwrap();
    a.ok(&["capture"]);
    let mut snapshot = a.command(&["snapshot", "5e55105e"]);
    snapshot.env("PATH", std::env::var_os("PATH").unwrap());
    assert!(snapshot.current_dir(&tea).status().unwrap().success());
    // A folder that is here is used, whatever else is.
    let (folder, said) = resumed(&a, &a.dir);
    assert!(folder == tea.to_str().unwrap() && !said.contains("isn't here"), "{folder} {said}");
    a.ok(&["remote", "add", "origin", a.remote.to_str().unwrap()]);
    a.ok(&["push"]);
    b.ok(&["clone", b.remote.to_str().unwrap()]);

    // A copy of it by another name, in which the user is somewhere below.
    let copy = b.dir.join("cup");
    git(&b.dir, &["clone", "-q", tea.to_str().unwrap(), copy.to_str().unwrap()]);
    fs::rename(&tea, a.dir.join("work/gone")).unwrap();
    let (copy, below) = (copy.canonicalize().unwrap(), copy.join("a/b"));
    fs::create_dir_all(&below).unwrap();
    let (folder, said) = resumed(&b, &below);
    assert_eq!(folder, copy.to_str().unwrap());
    assert!(said.contains("is the same project: it has commit"), "{said}");
    git(&copy, &["remote", "set-url", "origin", "https://me:secret@Example.com/ada/tea"]);
    let (folder, said) = resumed(&b, &below);
    assert_eq!(folder, copy.to_str().unwrap());
    assert!(said.contains("is the same project: it comes from example.com/ada/tea"), "{said}");

    // Something else is not taken for it.
    let other = b.dir.join("other");
    fs::create_dir(&other).unwrap();
    git(&other, &["init", "-q"]);
    let (folder, said) = resumed(&b, &other);
    assert_eq!(folder, other.canonicalize().unwrap().to_str().unwrap());
    assert!(said.contains("nothing tells that"), "{said}");
}
