//! Captures beside tools that write, beside each other, and cut short.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::sandbox::{Sandbox, chain, contents, lines, noise, rollout, said};

/// Rows of a transcript that is long enough for a capture to meet its writer.
fn rows(sandbox: &Sandbox, turns: usize) -> Vec<Value> {
    chain(&sandbox.project(), turns, &|n| noise(n as u64, 400))
}

/// Runs `write` beside captures until it is done; all of these must succeed.
fn capture_beside(sandbox: &Sandbox, write: impl FnOnce() + Send) -> u32 {
    let done = AtomicBool::new(false);
    let mut captures = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            write();
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let output = sandbox.run(&["capture", "--json"]);
            assert!(output.status.success(), "{}", said(&output));
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["trouble"], 0, "{}", said(&output));
            captures += 1;
        }
    });
    sandbox.ok(&["capture"]);
    captures
}

/// ctxrs/ctx#631: a live transcript fails the whole index with `source_changed`.
#[test]
fn transcripts_that_grow_while_they_are_read_lose_nothing() {
    let sandbox = Sandbox::new();
    let (claude, codex) = (lines(&rows(&sandbox, 300)), lines(&rollout(&sandbox.project(), 300)));
    let captures = capture_beside(&sandbox, || {
        let mut files = [sandbox.transcript("s"), sandbox.rollout()].map(|path| File::create(path).unwrap());
        // Pieces end in the middle of rows, and of characters.
        let pieces = claude.as_bytes().chunks(1733).zip(codex.as_bytes().chunks(397));
        let (mut at, mut other) = (0, 0);
        for (n, (a, b)) in pieces.enumerate() {
            files[0].write_all(a).unwrap();
            files[1].write_all(b).unwrap();
            (at, other) = (at + a.len(), other + b.len());
            if n % 8 == 0 {
                thread::sleep(Duration::from_millis(5));
            }
        }
        files[0].write_all(&claude.as_bytes()[at..]).unwrap();
        files[1].write_all(&codex.as_bytes()[other..]).unwrap();
    });
    assert!(captures > 1, "the writer was never met");
    sandbox.assert_whole("out");
    for session in sandbox.sessions() {
        let questions: Vec<String> = (0..300).map(|n| format!("question {n}")).collect();
        assert_eq!(sandbox.titles(session["id"].as_str().unwrap()), questions);
        assert_eq!(Sandbox::branches(&session), ["main"], "growing is no rewriting");
    }
}

/// ctxrs/ctx#631: the same for files that are replaced whole.
#[test]
fn transcripts_that_are_replaced_while_they_are_read_lose_nothing() {
    let sandbox = Sandbox::new();
    let all = rows(&sandbox, 120);
    let captures = capture_beside(&sandbox, || {
        let aside = sandbox.path("home/aside");
        for end in (2..=all.len()).step_by(2) {
            fs::write(&aside, lines(&all[..end])).unwrap();
            fs::rename(&aside, sandbox.transcript("s")).unwrap();
        }
    });
    assert!(captures > 1, "the writer was never met");
    sandbox.assert_whole("out");
    assert_eq!(sandbox.titles(sandbox.session()["id"].as_str().unwrap()).len(), 120);
}

/// Files that come and go while they are looked for are no trouble.
/// ctxrs/ctx#631
#[test]
fn transcripts_that_come_and_go_stop_no_capture() {
    let sandbox = Sandbox::new();
    let stays = lines(&rows(&sandbox, 20));
    fs::write(sandbox.transcript("stays"), &stays).unwrap();
    capture_beside(&sandbox, || {
        for n in 0..60 {
            let path = sandbox.transcript(&format!("goes-{}", n % 5));
            fs::write(&path, lines(&rows(&sandbox, 3))).unwrap();
            thread::sleep(Duration::from_millis(2));
            fs::remove_file(&path).unwrap();
        }
    });
    sandbox.ok(&["fsck"]);
    let to = sandbox.restore("out").join("claude-code/projects/-work/stays.jsonl");
    assert_eq!(fs::read_to_string(to).unwrap(), stays);
}

/// Sessions enough for a capture that takes a while.
fn many(sandbox: &Sandbox) {
    for n in 0..40 {
        let mut rows = rows(sandbox, 40);
        rows[0]["message"]["content"] = format!("question of session {n}").into();
        fs::write(sandbox.transcript(&format!("session-{n}")), lines(&rows)).unwrap();
    }
}

/// Files that a write left behind, in the store and beside the transcripts.
fn left_behind(sandbox: &Sandbox) -> Vec<String> {
    let files = contents(&sandbox.store()).into_iter().chain(contents(&sandbox.path("home")));
    let names = files.map(|(path, _)| path.to_string_lossy().into_owned());
    names.filter(|name| is_unfinished(name)).collect()
}

fn is_unfinished(name: &str) -> bool {
    name.ends_with("sfs-tmp") || name.rsplit('/').next().is_some_and(|name| name.starts_with("tmp-"))
}

/// anomalyco/opencode#9290: 284 GB of temporary packs that were never removed.
/// And a capture that is killed goes on the next time.
#[test]
fn a_killed_capture_goes_on_and_leaves_no_temporary_files() {
    let sandbox = Sandbox::new();
    many(&sandbox);
    let kill_after = |delay: Duration| {
        let mut command = sandbox.command(&["capture"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    for run in 0..15 {
        kill_after(Duration::from_millis(run * 12));
    }
    // Builds with debug assertions end themselves at the n-th step of a write.
    for step in 1..12 {
        let grown = sandbox.transcript("session-0");
        let more = format!("{{\"type\":\"user\",\"uuid\":\"k{step}\",\"message\":{{\"content\":\"x\"}}}}\n");
        OpenOptions::new().append(true).open(grown).unwrap().write_all(more.as_bytes()).unwrap();
        sandbox.command(&["capture"]).env("SFS_TEST_CRASH", step.to_string()).output().unwrap();
    }
    sandbox.ok(&["capture"]);
    assert_eq!(sandbox.sessions().len(), 40);
    sandbox.assert_whole("out");
    // What is left belongs to nobody when it is old; the next big write removes it.
    for name in left_behind(&sandbox) {
        let file = OpenOptions::new().write(true).open(sandbox.store().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    }
    fs::write(
        sandbox.transcript("big"),
        lines(&chain(&sandbox.project(), 300, &|n| noise(n as u64, 20_000))),
    )
    .unwrap();
    sandbox.ok(&["capture"]);
    let left = left_behind(&sandbox);
    assert!(left.is_empty(), "{left:?}");
}

/// A resume that can't be written leaves nothing behind either.
/// anomalyco/opencode#9290
#[test]
fn what_resume_pushes_and_restores_leaves_no_temporary_files() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.transcript("s"), lines(&rows(&sandbox, 5))).unwrap();
    sandbox.ok(&["capture"]);
    let id = sandbox.session()["id"].as_str().unwrap().to_owned();
    sandbox.resume(&[&id, "--in", "codex"]);
    sandbox.resume(&[&id, "--in", "claude-code"]);
    sandbox.ok(&["resume", &id, "--in", "codex", "--dry-run"]);
    let remote = sandbox.path("remote");
    sandbox.ok(&["remote", "add", "origin", remote.to_str().unwrap()]);
    sandbox.ok(&["push"]);
    sandbox.ok(&["pull"]);
    sandbox.restore("out");
    let pushed = contents(&remote).into_iter().map(|(path, _)| path.to_string_lossy().into_owned());
    let left: Vec<_> = pushed.filter(|name| is_unfinished(name)).chain(left_behind(&sandbox)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Two captures at once, as of a timer and a person: both succeed, and what
/// they make is what one makes.
#[test]
fn captures_at_once_make_what_one_makes() {
    let (sandbox, alone) = (Sandbox::new(), Sandbox::new());
    many(&sandbox);
    for round in 0..3 {
        let mut children: Vec<_> = (0..3)
            .map(|_| {
                let mut command = sandbox.command(&["capture"]);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children.drain(..) {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", said(&output));
        }
        let more = lines(&rows(&sandbox, 41 + round)[80 + round * 2..]);
        for n in 0..40 {
            let file = OpenOptions::new().append(true).open(sandbox.transcript(&format!("session-{n}")));
            file.unwrap().write_all(more.as_bytes()).unwrap();
        }
    }
    sandbox.ok(&["capture"]);
    sandbox.assert_whole("out");
    for (path, bytes) in contents(&sandbox.claude()) {
        let path = alone.claude().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    alone.ok(&["capture"]);
    assert_eq!(sandbox.heads(), alone.heads());
}

/// One file that can't be read is told, and stops none of the others.
/// anthropics/claude-code#21610: one bad file, and the rest are missing too.
#[test]
fn a_file_that_cannot_be_read_stops_none_of_the_others() {
    let sandbox = Sandbox::new();
    for name in ["a", "m", "z"] {
        let mut rows = rows(&sandbox, 3);
        rows[0]["message"]["content"] = format!("question of {name}").into();
        fs::write(sandbox.transcript(name), lines(&rows)).unwrap();
    }
    // Compressed, its name says; it isn't.
    let broken = sandbox.rollout().with_extension("jsonl.zst");
    fs::write(&broken, "no compressor wrote this").unwrap();
    let mut unreadable = vec![broken];
    #[cfg(unix)]
    {
        let locked = sandbox.transcript("m");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
        fs::set_permissions(&locked, mode).unwrap();
        // The superuser reads it all the same.
        if File::open(&locked).is_err() {
            unreadable.push(locked);
        }
    }
    for _ in 0..2 {
        let output = sandbox.run(&["capture", "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["trouble"], unreadable.len(), "{}", said(&output));
        for path in &unreadable {
            assert!(said(&output).contains(&*path.to_string_lossy()), "{}", said(&output));
        }
    }
    let listed = sandbox.ok(&["list", "--all"]);
    assert!(listed.contains("question of a") && listed.contains("question of z"), "{listed}");
    // When it can be read it is captured.
    fs::write(
        &unreadable[0],
        zstd::encode_all(lines(&rollout(&sandbox.project(), 2)).as_bytes(), 3).unwrap(),
    )
    .unwrap();
    #[cfg(unix)]
    fs::set_permissions(sandbox.transcript("m"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    assert_eq!(sandbox.json(&["capture"])["trouble"], 0);
    assert_eq!(sandbox.sessions().len(), 4);
}
