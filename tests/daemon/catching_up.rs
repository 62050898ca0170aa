//! With no daemon, commands that read capture what is new first.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn commands_that_read_see_what_was_just_written() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["init"]);
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    assert_eq!(sandbox.ok(&["list"]).matches("prompt 0").count(), 1);
    let seen: [&[&str]; 7] = [
        &["log"],
        &["show"],
        &["diff", "@~1", "@"],
        &["tag", "t", "@"],
        &["fork", "@"],
        &["name", "n", "@"],
        &["list"],
    ];
    for (n, command) in (1..).zip(seen) {
        sandbox.append(&session, n..n + 1);
        sandbox.ok(command);
        assert_eq!(sandbox.turns(&session), n as u64 + 1, "{command:?}");
    }
}

#[test]
fn it_can_be_turned_off_and_others_never_do() {
    let mut sandbox = Sandbox::new();
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    sandbox.ok(&["capture"]);
    sandbox.append(&session, 1..2);
    for command in ["fsck", "gc", "reflog", "status", "doctor"] {
        sandbox.ok(&[command]);
    }
    sandbox.ok(&["--no-capture", "log"]);
    assert_eq!(sandbox.turns(&session), 1);
    sandbox.var("SFS_CAPTURE", "off");
    sandbox.ok(&["log"]);
    assert_eq!(sandbox.turns(&session), 1);
    assert!(sandbox.ok(&["status"]).contains("1 changed"));
}

#[test]
fn what_tools_took_away_is_told_once() {
    let sandbox = Sandbox::new();
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..2);
    sandbox.ok(&["capture"]);
    fs::remove_file(&session).unwrap();
    assert!(sandbox.ok(&["log"]).contains("the store keeps"));
    assert!(!sandbox.ok(&["log"]).contains("the store keeps"));
}

/// A store that can't be written to can be read all the same.
#[cfg(target_os = "linux")]
#[test]
fn that_nothing_can_be_captured_stops_no_reader() {
    let sandbox = Sandbox::new();
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    sandbox.ok(&["capture"]);
    sandbox.append(&session, 1..200);
    let mut command = std::process::Command::new("/bin/sh");
    let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" log --oneline";
    command.args(["-c", script]).arg(&sandbox.program).env_clear();
    command.envs(sandbox.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.current_dir(sandbox.path("project")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("not captured") && said.lines().count() == 1, "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("prompt 0"));
}
