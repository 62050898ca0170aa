//! What happens to a daemon, and what it makes of it.

use std::fs;
use std::process::Command;

use crate::sandbox::{A_WHILE, Sandbox};

/// A daemon killed in the middle of writing leaves a store that the next one
/// goes on with.
#[test]
fn killed_while_it_captures_it_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["init"]);
    let session = sandbox.transcript("2222");
    let mut written = 0;
    // At the n-th step of its writing, in builds that can.
    for step in 1..=12 {
        let mut command = sandbox.command(&["daemon", "run"]);
        command.env("SFS_TEST_CRASH", step.to_string());
        let mut daemon = sandbox.spawn(command);
        for n in 0.. {
            sandbox.append(&session, written..written + 1);
            written += 1;
            std::thread::sleep(std::time::Duration::from_millis(25));
            if daemon.has_ended() || n == 12 && cfg!(not(debug_assertions)) {
                break;
            }
            assert!(n < 2000, "it captures nothing\n{}", sandbox.log());
        }
        daemon.kill();
        sandbox.is_sound();
    }
    sandbox.ok(&["daemon", "start"]);
    sandbox.captures(&session, written as u64);
    let restored = sandbox.path("restored");
    sandbox.ok(&["restore", "--all", "--to", restored.to_str().unwrap()]);
    let place = session.strip_prefix(sandbox.path("home/.claude")).unwrap();
    let tool = fs::read_dir(&restored).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read(tool.join(place)).unwrap(), fs::read(&session).unwrap());
    sandbox.is_sound();
}

/// Killed at once, it leaves nothing that keeps the next from starting.
#[test]
fn after_a_kill_another_starts() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.child(sandbox.command(&["daemon", "run"]));
    let pid = daemon.pid();
    daemon.kill();
    assert_eq!(sandbox.status()["running"], false);
    sandbox.ok(&["daemon", "start"]);
    assert_ne!(sandbox.pid(), pid);
}

#[test]
fn signals_end_it_well() {
    for signal in ["TERM", "INT", "HUP"] {
        let sandbox = Sandbox::new();
        let daemon = sandbox.child(sandbox.command(&["daemon", "run"]));
        sandbox.signal(signal, daemon.pid());
        assert!(daemon.wait(), "{signal}");
        assert!(sandbox.log().contains("stopped"));
    }
}

/// Stopped and continued, as a laptop that sleeps: what was written meanwhile
/// is captured, and the store still works for others meanwhile.
#[test]
fn what_happens_while_it_sleeps_is_captured() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.child(sandbox.command(&["daemon", "run"]));
    let (session, other) = (sandbox.transcript("2222"), sandbox.transcript("9999"));
    sandbox.append(&session, 0..1);
    sandbox.captures(&session, 1);
    sandbox.signal("STOP", daemon.pid());
    sandbox.append(&session, 1..2);
    sandbox.append(&other, 0..3);
    std::thread::sleep(A_WHILE);
    assert_eq!(sandbox.turns(&session), 1);
    sandbox.ok(&["capture"]);
    assert_eq!((sandbox.turns(&session), sandbox.turns(&other)), (2, 3));
    sandbox.append(&session, 2..3);
    sandbox.signal("CONT", daemon.pid());
    sandbox.captures(&session, 3);
    sandbox.is_sound();
}

/// Clocks that are far off, or stand still.
#[test]
fn any_clock_will_do() {
    for time in ["0", "-62135596800000", "253402300799999", "9223372036854775807"] {
        let mut sandbox = Sandbox::new();
        sandbox.var("SFS_TEST_TIME", time);
        sandbox.ok(&["daemon", "start"]);
        let session = sandbox.transcript("2222");
        sandbox.append(&session, 0..1);
        sandbox.captures(&session, 1);
        sandbox.append(&session, 1..2);
        sandbox.captures(&session, 2);
        sandbox.ok(&["daemon", "status"]);
    }
}

/// With too few watches allowed it says so, with the remedy, and looks instead.
#[test]
fn what_cannot_be_watched_is_polled() {
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let mut sandbox = Sandbox::new();
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    sandbox.var("SFS_TEST_WATCHES", "1");
    let said = sandbox.ok(&["daemon", "start"]);
    assert!(said.contains("max_user_watches"), "{said}");
    let status = sandbox.status();
    assert!(status["polled"][0]["why"].as_str().unwrap().contains("sysctl"), "{status}");
    sandbox.captures(&session, 1);
    sandbox.append(&session, 1..2);
    sandbox.captures(&session, 2);
    assert!(sandbox.log().contains("max_user_watches"));
}

/// A full disk, played by a limit on the length of files: what can't be
/// captured is said once, and captured when there is room.
#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_it_waits_for_room() {
    let sandbox = Sandbox::new();
    let session = sandbox.transcript("2222");
    sandbox.append(&session, 0..1);
    sandbox.ok(&["capture"]);
    let mut command = Command::new("/bin/sh");
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" daemon run";
    let inner = sandbox.command(&[]);
    command.args(["-c", script]).arg(&sandbox.program).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(sandbox.path("project"));
    let daemon = sandbox.child(command);
    sandbox.append(&session, 1..600);
    sandbox.eventually("the log says so", || sandbox.log().contains("cannot capture"));
    sandbox.is_sound();
    assert_eq!(sandbox.turns(&session), 1);
    // Whoever has room captures it; the daemon notices.
    sandbox.ok(&["capture"]);
    assert_eq!(sandbox.turns(&session), 600);
    sandbox.eventually("it works again", || sandbox.log().contains("works again"));
    assert_eq!(sandbox.log().matches("cannot capture").count(), 1, "{}", sandbox.log());
    sandbox.ok(&["daemon", "stop"]);
    assert!(daemon.wait());
    sandbox.is_sound();
}

/// A store that is taken away takes its daemon with it.
#[test]
fn without_its_store_it_ends() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.child(sandbox.command(&["daemon", "run"]));
    fs::rename(sandbox.path("store/daemon"), sandbox.path("gone")).unwrap();
    assert!(daemon.wait());
}

/// A store of a version to come is left alone, by the daemon and by commands.
#[test]
fn a_newer_store_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["init"]);
    for entry in fs::read_dir(sandbox.path("store/journal")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes[8] = 99;
        fs::write(&path, bytes).unwrap();
    }
    let output = sandbox.run(&["daemon", "start"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("newer"), "{said}");
    assert_eq!(sandbox.status()["running"], false);
}
