//! What may stand where sessions are said to be: anything.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfs::tool::form;

use crate::put;
use crate::sandbox::Throwaway;

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let home = Throwaway::new(&["home", "in"]);
    for name in ["pipe.jsonl", "pipe.md"] {
        let made = std::process::Command::new("mkfifo").arg(home.path("in").join(name)).status().unwrap();
        assert!(made.success());
    }
    put(&home.path("in"), "ok.jsonl", "{\"role\":\"user\",\"content\":\"hi\"}\n");
    for (path, code) in [("../in/pipe.jsonl", 1), ("/dev/null", 1), ("../in", 0)] {
        let mut command = home.command(&["import", path]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
                panic!("{path}: it waits");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(code), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere() {
    let home = Throwaway::new(&["home", "in/a.sfs", "in/b.sfs", "outside"]);
    let secret = "{\"msg_id\":\"1\",\"role\":\"user\",\"content\":\"outside\"}\n";
    put(&home.path("outside"), "messages.jsonl", secret);
    put(&home.path("outside"), "notes.jsonl", "{\"role\":\"user\",\"content\":\"outside\"}\n");
    let link = |from: &str, to: &str| std::os::unix::fs::symlink(home.path(from), home.path(to)).unwrap();
    // A session whose messages are elsewhere is none; what is beside it and a
    // link is left out.
    put(&home.path("in"), "a.sfs/manifest.json", "{\"session_id\":\"a\"}");
    link("outside/messages.jsonl", "in/a.sfs/messages.jsonl");
    put(&home.path("in"), "b.sfs/manifest.json", "{\"session_id\":\"b\"}");
    put(
        &home.path("in"),
        "b.sfs/messages.jsonl",
        "{\"msg_id\":\"1\",\"role\":\"user\",\"content\":\"within\"}\n",
    );
    link("outside/notes.jsonl", "in/b.sfs/workspace.json");
    link("outside", "in/b.sfs/checkpoints");
    link("outside/notes.jsonl", "in/notes.jsonl");
    link("outside", "in/folder");
    link("in", "in/again");
    let found = home.json(&["import", "../in", "--json"]);
    assert_eq!(found["sources"].as_array().unwrap().len(), 1, "{found}");
    home.ok(&["restore", "--all", "--to", "out"]);
    let kept: Vec<String> = walkdir::WalkDir::new(home.path("project/out"))
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(!home.ok(&["list", "--all"]).contains("outside"));
    // What the user names himself may be a link.
    home.ok(&["import", "../in/notes.jsonl"]);
}

#[test]
fn what_is_odd_is_kept_and_read_as_far_as_it_goes() {
    let home = Throwaway::new(&["home", "in"]);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows = [
        "{\"role\":\"user\",\"content\":\"first\"}".to_owned(),
        format!("{{\"role\":\"user\",\"content\":{deep}}}"),
        "{\"role\":7,\"content\":\"x\"}".to_owned(),
        "{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":7}}".to_owned(),
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":\"none\"}".to_owned(),
        "{\"role\":\"assistant\",\"tool_calls\":[null,{},{\"function\":[]},{\"id\":3,\"function\":{\"name\":null,\"arguments\":{\"a\":1}}}]}".to_owned(),
        "{\"role\":\"tool\",\"content\":[{\"type\":\"image\"},null]}".to_owned(),
        "{\"role\":\"user\",\"content\":\"at the end\",\"timestamp\":\"never\",\"time\":1e400}".to_owned(),
        "not JSON".to_owned(),
    ];
    let mut bytes = [b"\xEF\xBB\xBF", rows.join("\r\n").as_bytes()].concat();
    bytes
        .extend_from_slice(b"\n{\"role\":\"user\",\"content\":\"not \xff UTF-8\"}\n{\"role\":\"user\",\"con");
    put(&home.path("in"), "odd.jsonl", &bytes);
    let long = "x".repeat(8 << 20);
    put(
        &home.path("in"),
        "long.jsonl",
        format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"{long}\"}}]}}"),
    );
    put(&home.path("in"), "deep.json", &deep);
    put(&home.path("in"), "empty.jsonl", "");
    put(&home.path("in"), "blank.md", "\n\n");
    put(
        &home.path("in"),
        "broken.sfs/messages.jsonl",
        "\0\0{}\n[1]\n{\"role\":\"user\"}\n{\"role\":\"user\",\"content\":\"hm\",\"usage\":[],\"parent_msg_id\":\"none\",\"metadata\":3}\n",
    );
    put(&home.path("in"), "broken.sfs/manifest.json", "[\"no manifest\"");
    let found = home.json(&["import", "../in", "--json"]);
    assert_eq!((found["sources"].as_array().unwrap().len(), &found["trouble"]), (3, &0.into()), "{found}");
    home.ok(&["restore", "--all", "--to", "out"]);
    for place in ["odd.jsonl", "long.jsonl"] {
        let path = home.path("in").join(place);
        let there = home.path("project/out/jsonl").join(path.strip_prefix("/").unwrap());
        assert!(fs::read(there).unwrap() == fs::read(path).unwrap(), "{place}");
    }
    let told = home.ok(&["search", "\"at the end\""]);
    assert!(told.contains("at the end"), "{told}");
    home.ok(&["fsck"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Looking at a file, whatever it is, ends, and finds sources whose bytes
    /// are in it.
    #[test]
    fn any_file_is_looked_at(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "(\\{\"(messages|role|files|version|conversations)\":(\\[|\"user\"|\\{|null|1)[\\],}\n \"]{0,4}){0,6}".prop_map(String::into_bytes),
            "(_\\*\\*User\\*\\*_\n|---\n|<!-- Generated by SpecStory -->\n|x\n){0,8}".prop_map(String::into_bytes),
        ],
        ending in prop_oneof![Just("jsonl"), Just("json"), Just("md")],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("f.{ending}"));
        fs::write(&path, &bytes).unwrap();
        for (tool, form) in form::all() {
            if !form.is_in(&path).unwrap() {
                continue;
            }
            for found in form.sources(&path).unwrap() {
                if found.framing.is_opened() {
                    let mut pieces = tool.open(&found).unwrap();
                    let mut all = Vec::new();
                    while let Some(record) = pieces.next().unwrap() {
                        all.extend_from_slice(&record);
                    }
                    let frame = pieces.frame().unwrap();
                    let all = [frame.lead, all, frame.trail].concat();
                    prop_assert!(bytes.windows(all.len().max(1)).any(|window| window == all) || all.is_empty());
                }
            }
        }
    }
}
