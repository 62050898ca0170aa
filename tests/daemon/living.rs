//! What a daemon is: one, gentle, awake, and as new as its program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::sandbox::{A_WHILE, Sandbox};

#[test]
fn it_captures_as_tools_write_and_ends_when_asked() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.status()["running"], false);
    assert!(sandbox.ok(&["daemon", "stop"]).contains("No daemon"));
    assert!(sandbox.ok(&["daemon", "start"]).contains("is running"));
    let pid = sandbox.pid();
    assert!(sandbox.ok(&["daemon", "start"]).contains("running already"));
    assert_eq!(sandbox.pid(), pid);
    let second = sandbox.run(&["daemon", "run"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("running already"));

    // The folders of the tool aren't there yet.
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..2);
    sandbox.captures(&session, 2);
    for n in 2..20 {
        sandbox.append(&session, n..n + 1);
    }
    sandbox.captures(&session, 20);

    // With a daemon, a command that reads captures nothing itself.
    let operations = || sandbox.ok(&["reflog", "--json"]).matches("\"operation\"").count();
    let before = operations();
    sandbox.ok(&["list", "--all"]);
    assert_eq!(operations(), before);

    sandbox.ok(&["daemon", "restart"]);
    assert_ne!(sandbox.pid(), pid);
    assert!(sandbox.ok(&["daemon", "stop"]).contains("has ended"));
    assert_eq!(sandbox.status()["running"], false);
    sandbox.append(&session, 20..21);
    std::thread::sleep(A_WHILE);
    assert_eq!(sandbox.turns(&session), 20);
    // What was missed is captured at the next start.
    sandbox.ok(&["daemon", "start"]);
    sandbox.captures(&session, 21);
    sandbox.is_sound();
}

#[test]
fn many_at_once_start_one() {
    let sandbox = Sandbox::new();
    let starts: Vec<_> = (0..6).map(|_| sandbox.command(&["daemon", "start"]).spawn().unwrap()).collect();
    for mut start in starts {
        assert!(start.wait().unwrap().success(), "{}", sandbox.log());
    }
    let pid = sandbox.pid();
    let daemons = Command::new("pgrep").args(["-f", sandbox.path("store").to_str().unwrap()]).output();
    if let Ok(output) = daemons {
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), pid.to_string());
    }
}

#[test]
fn folders_come_go_and_come_back() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["daemon", "start"]);
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    sandbox.captures(&session, 1);
    // Another tool, deep below folders that aren't there, made step by step.
    let mut folder = sandbox.path("home");
    for name in [".codex", "sessions", "2026", "01", "02"] {
        folder = folder.join(name);
        fs::create_dir(&folder).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    let id = "019b0000-0000-7000-8000-000000000001";
    let rows = [
        json!({"timestamp": "2026-01-02T00:00:00.000Z", "type": "session_meta",
            "payload": {"id": id, "timestamp": "2026-01-02T00:00:00.000Z", "cwd": "/p", "cli_version": "0.1.0"}}),
        json!({"timestamp": "2026-01-02T00:00:01.000Z", "type": "response_item",
            "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": format!("of rollout-2026-01-02T00-00-00-{id}")}]}}),
    ];
    let rollout = folder.join(format!("rollout-2026-01-02T00-00-00-{id}.jsonl"));
    fs::write(&rollout, rows.map(|row| format!("{row}\n")).concat()).unwrap();
    sandbox.captures(&rollout, 1);

    // Moved away with all above it, and made anew.
    fs::rename(sandbox.path("home/.claude"), sandbox.path("home/away")).unwrap();
    let other = sandbox.transcript("9999");
    sandbox.append(&other, 0..1);
    sandbox.captures(&other, 1);
    sandbox.append(&other, 1..2);
    sandbox.captures(&other, 2);
    sandbox.eventually("the session that is gone is known to be", || {
        sandbox.ok(&["list", "--all", "--no-capture"]).contains("only here")
    });
    // Moved back: both are there again.
    fs::remove_dir_all(sandbox.path("home/.claude")).unwrap();
    fs::rename(sandbox.path("home/away"), sandbox.path("home/.claude")).unwrap();
    sandbox.append(&session, 1..2);
    sandbox.captures(&session, 2);
    sandbox.is_sound();
}

#[test]
fn it_goes_on_as_the_program_that_replaces_its_own() {
    let mut sandbox = Sandbox::new();
    let program = sandbox.path("sfs");
    let put = |bytes: &[u8]| {
        let new = program.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, &program).unwrap();
    };
    let bytes = fs::read(&sandbox.program).unwrap();
    put(&bytes);
    sandbox.program = program.clone();
    let started = |sandbox: &Sandbox| sandbox.log().matches(" started: ").count();
    sandbox.ok(&["daemon", "start"]);
    let pid = sandbox.pid();

    // Another build: the same with a few bytes more.
    put(&[bytes.as_slice(), b"\n"].concat());
    sandbox.eventually("it goes on as the new one", || started(&sandbox) == 2);
    assert_eq!(sandbox.pid(), pid);
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    sandbox.captures(&session, 1);

    // One that doesn't run is no reason to end.
    put(b"\x7fELF and no more");
    sandbox.program = env!("CARGO_BIN_EXE_sfs").into();
    std::thread::sleep(A_WHILE * 4);
    sandbox.append(&session, 1..2);
    sandbox.captures(&session, 2);
    assert_eq!((sandbox.pid(), started(&sandbox)), (pid, 2));

    // Of two versions, each with processes of its own, both capture the same.
    sandbox.append(&session, 2..3);
    sandbox.ok(&["capture"]);
    sandbox.captures(&session, 3);
    assert!(sandbox.ok(&["daemon", "start"]).contains("running already"));
    sandbox.is_sound();
}

/// What is resumed in another tool is a session that we wrote, however fast
/// the daemon sees it.
#[test]
fn what_is_resumed_stays_the_same_session() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["daemon", "start"]);
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..3);
    sandbox.captures(&session, 3);
    for _ in 0..4 {
        sandbox.ok(&["resume", "1111", "--in", "codex"]);
        sandbox.ok(&["resume", "1111", "--in", "claude-code"]);
    }
    sandbox.eventually("all are captured", || {
        let status = sandbox.ok(&["status", "--json"]);
        status.contains("\"pending\":0")
    });
    let list: serde_json::Value = serde_json::from_str(&sandbox.ok(&["list", "--all", "--json"])).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    sandbox.is_sound();
}

#[test]
fn another_version_is_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["daemon", "start"]);
    let info = sandbox.path("store/daemon/info.json");
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    // The daemon itself may write it once more when it has looked around.
    sandbox.eventually("another version is told", || {
        let text = fs::read_to_string(&info).unwrap();
        fs::write(&info, text.replace(&version, "\"version\":\"0.0.1\\u001b[2J\"")).unwrap();
        let said = sandbox.ok(&["daemon", "start"]);
        assert!(!said.contains('\u{1b}'));
        said.contains("0.0.1") && said.contains("sfs daemon restart")
    });
    assert!(sandbox.ok(&["daemon", "status"]).contains("0.0.1"));
    // What can't be read at all is no reason to fail either.
    fs::write(&info, "{").unwrap();
    sandbox.ok(&["daemon", "status"]);
    sandbox.ok(&["daemon", "restart"]);
    assert_eq!(sandbox.status()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_service_is_described_installed_and_removed() {
    let sandbox = Sandbox::new();
    let unit = sandbox.path("home/.config/systemd/user/sfs.service");
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let shown = sandbox.ok(&["daemon", "install", "--dry-run"]);
    assert!(shown.contains("ExecStart=") && shown.contains("enable --now") && !unit.exists());
    let without = sandbox.ok(&["daemon", "install"]);
    assert!(without.contains("there is no systemctl here") && unit.exists());
    // A service manager that only takes note.
    let bin = sandbox.path("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("systemctl"), format!("#!/bin/sh\necho \"$*\" >> {}\n", bin.join("said").display()))
        .unwrap();
    fs::set_permissions(bin.join("systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let ours = fs::read_to_string(&unit).unwrap();
    fs::write(&unit, ours.replace("Nice=10", "Nice=1")).unwrap();
    sandbox.ok(&["daemon", "install"]);
    assert_eq!(fs::read_to_string(&unit).unwrap(), ours);
    assert!(fs::read_to_string(&unit).unwrap().contains(sandbox.path("store").to_str().unwrap()));
    assert!(sandbox.ok(&["daemon", "uninstall", "--dry-run"]).contains("Would remove") && unit.exists());
    sandbox.ok(&["daemon", "uninstall"]);
    assert!(!unit.exists());
    let said = fs::read_to_string(bin.join("said")).unwrap();
    let expected =
        "--user daemon-reload\n--user enable --now sfs.service\n--user disable --now sfs.service\n";
    assert_eq!(said, expected);
    fs::write(&unit, "[Unit]\n").unwrap();
    for command in ["install", "uninstall"] {
        let output = sandbox.run(&["daemon", command]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("was not made by sfs"));
    }
    assert_eq!(fs::read_to_string(&unit).unwrap(), "[Unit]\n");
}
