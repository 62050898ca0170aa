//! Drives `sfs search` on the real binary: nothing that stands in a session is
//! missed, whatever happened to the index.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

mod sandbox;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use sandbox::Throwaway;
use serde_json::{Value, json};

const NATIVE: &str = "11112222-3333-4444-5555-666677778888";

struct Sandbox {
    dir: Throwaway,
    rows: usize,
}

impl std::ops::Deref for Sandbox {
    type Target = Throwaway;

    fn deref(&self) -> &Throwaway {
        &self.dir
    }
}

impl Sandbox {
    fn new() -> Sandbox {
        Sandbox { dir: Throwaway::new(&["home/.claude/projects/-p"]), rows: 0 }
    }

    /// Adds messages to the session and captures them.
    fn say(&mut self, texts: &[impl AsRef<str>]) {
        self.write(texts);
        self.ok(&["capture"]);
    }

    fn write(&mut self, texts: &[impl AsRef<str>]) {
        let path = self.path(&format!("home/.claude/projects/-p/{NATIVE}.jsonl"));
        let mut rows = fs::read_to_string(&path).unwrap_or_default();
        for text in texts {
            let n = self.rows;
            let (kind, parent) = (if n.is_multiple_of(2) { "user" } else { "assistant" }, n.checked_sub(1));
            let row = json!({
                "parentUuid": parent.map(|n| format!("u{n}")), "isSidechain": false, "type": kind,
                "sessionId": NATIVE, "uuid": format!("u{n}"), "version": "2.0.0",
                "cwd": self.path("project"),
                "timestamp": format!("2026-01-01T{:02}:{:02}:{:02}.000Z", n / 3600, n / 60 % 60, n % 60),
                "message": {"role": kind, "content": [{"type": "text", "text": text.as_ref()}]},
            });
            rows.push_str(&format!("{row}\n"));
            self.rows += 1;
        }
        fs::write(path, rows).unwrap();
    }

    /// The numbers of the messages that are found, in order.
    #[track_caller]
    fn numbers(&self, query: &str) -> Vec<u64> {
        let output = self.run(&["search", "--json", "--copies", "-n", "0", "--", query]);
        let said = String::from_utf8_lossy(&output.stderr);
        let hits: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{query:?}: {said}"));
        let numbers = hits.as_array().unwrap().iter().map(|hit| hit["n"].as_u64().unwrap());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        assert_eq!(output.status.code(), Some(i32::from(numbers.is_empty())), "{query:?}: {said}");
        numbers
    }

    fn index(&self) -> PathBuf {
        self.path("store/cache/search")
    }

    /// The segments on disk.
    fn segments(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.index()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.file_name().unwrap().len() == 16).collect()
    }
}

/// Text of about that many bytes, all of it words of their own.
fn filler(seed: u32, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut text = String::new();
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        text.push_str(&format!("w{state:08x} "));
    }
    text
}

#[test]
fn hits_are_told_with_context_and_a_revision_and_are_harmless() {
    let mut sandbox = Sandbox::new();
    sandbox
        .say(&["look for the \u{1b}[31mneedle\u{202e} please", "Here it is: a haystack\n\n\twith a Needle."]);
    let told = sandbox.ok(&["search", "needle", "--sort", "oldest"]);
    assert!(told.contains("a haystack with a Needle.") && !told.contains("…"), "{told}");
    assert!(!told.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{told:?}");
    let revision = told.lines().find(|line| line.contains("assistant")).unwrap().split(' ').next().unwrap();
    assert!(sandbox.ok(&["show", revision]).contains("haystack"));
    assert!(sandbox.ok(&["--color", "always", "search", "needle"]).contains("\u{1b}[1m\u{1b}[31mNeedle"));
    let hit = &sandbox.json(&["search", "--json", "haystack"])[0];
    assert_eq!(
        (&hit["n"], &hit["role"], &hit["tool"]),
        (&json!(2), &json!("assistant"), &json!("claude-code"))
    );
    let part = json!({"text": "haystack", "match": true});
    assert_eq!(hit["snippets"][0]["parts"][1], part);
    let nothing = sandbox.run(&["search", "absent"]);
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(1), 0));
    for wrong in [&["search"] as &[&str], &["search", "kind:x"], &["search", "-n", "x", "y"], &["search", ""]]
    {
        sandbox.fails(2, wrong);
    }
}

#[test]
fn what_was_captured_is_found_at_once() {
    let mut sandbox = Sandbox::new();
    // Small and large captures, so that it is kept in memory, written, merged.
    for round in 0..16u32 {
        let big = filler(round, if round % 2 == 0 { 300 << 10 } else { 100 });
        sandbox.say(&[format!("round{round} begins {big}"), format!("round{round} ends")]);
        for known in 0..=round {
            let found = sandbox.numbers(&format!("round{known}"));
            assert_eq!(found, [u64::from(known) * 2 + 1, u64::from(known) * 2 + 2], "{round}");
        }
    }
    assert!((1..8).contains(&sandbox.segments().len()), "{:?}", sandbox.segments());
    // A gc writes all objects anew and changes nothing that is found.
    sandbox.ok(&["gc", "--grace", "0"]);
    assert_eq!(sandbox.numbers("round* ends").len(), 16);
    sandbox.say(&["after the gc"]);
    assert_eq!(sandbox.numbers("\"after the gc\""), [33]);
}

#[test]
fn an_index_that_is_lost_or_damaged_is_made_again() {
    let mut sandbox = Sandbox::new();
    let texts: Vec<String> = (0..8).map(|n| format!("text{n} {}", filler(n, 200 << 10))).collect();
    sandbox.say(&texts);
    let all = (1..=8).collect::<Vec<u64>>();
    assert_eq!(sandbox.numbers("text*"), all);
    fs::remove_dir_all(sandbox.index()).unwrap();
    assert_eq!(sandbox.numbers("text*"), all);
    fs::remove_file(&sandbox.segments()[0]).unwrap();
    assert_eq!(sandbox.numbers("text*"), all);
    let table = sandbox.index().join("table");
    for cut in [0, 3, 20] {
        let bytes = fs::read(&table).unwrap();
        fs::write(&table, &bytes[..cut.min(bytes.len())]).unwrap();
        assert_eq!(sandbox.numbers("text*"), all, "{cut}");
    }
    // A byte anywhere: the words, the columns, the head, the end.
    let segment = sandbox.segments()[0].clone();
    let whole = fs::read(&segment).unwrap();
    for place in (0..whole.len()).step_by(whole.len() / 6).chain([9, 20, 300].map(|n| whole.len() - n)) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x41;
        fs::write(&segment, &bytes).unwrap();
        assert_eq!(sandbox.numbers("text3"), [4], "{place}");
        assert_eq!(sandbox.numbers("role:assistant").len(), 4, "{place}");
        if !segment.exists() || fs::read(&segment).unwrap() == bytes {
            // What is damaged was not needed, or stands under another name now.
            fs::write(&segment, &whole).unwrap();
        }
    }
    fs::write(&segment, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(sandbox.numbers("text*"), all);
}

#[test]
fn many_may_search_and_capture_at_once() {
    let mut sandbox = Sandbox::new();
    let texts: Vec<String> = (0..20).map(|n| format!("first{n} {}", filler(n, 60 << 10))).collect();
    sandbox.say(&texts);
    let more: Vec<String> = (0..20).map(|n| format!("second{n} {}", filler(n + 50, 60 << 10))).collect();
    sandbox.write(&more);
    let search = || {
        let mut command = sandbox.command(&["search", "--json", "-n", "0", "first*"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut running: Vec<_> = (0..4).map(|_| search()).collect();
    let capture = sandbox.command(&["capture"]).stdout(Stdio::null()).spawn().unwrap();
    running.extend((0..4).map(|_| search()));
    for search in running {
        let output = search.wait_with_output().unwrap();
        let hits: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(hits.as_array().unwrap().len(), 20, "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(capture.wait_with_output().unwrap().status.success());
    assert_eq!(sandbox.numbers("second*").len(), 20);
}

#[test]
fn a_search_that_is_killed_while_it_indexes_loses_nothing() {
    let mut sandbox = Sandbox::new();
    let texts: Vec<String> = (0..40).map(|n| format!("text{n} {}", filler(n, 100 << 10))).collect();
    sandbox.say(&texts);
    for wait in [5, 20, 60, 150] {
        let _ = fs::remove_dir_all(sandbox.index());
        let mut search =
            sandbox.command(&["search", "--json", "text1"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        search.kill().unwrap();
        search.wait().unwrap();
        assert_eq!(sandbox.numbers("text*").len(), 40, "{wait}");
        // What the killed one left goes.
        assert!(
            fs::read_dir(sandbox.index())
                .unwrap()
                .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with("tmp-") })
        );
    }
}

/// A searcher that can't write finds what is there all the same.
#[test]
fn a_store_that_can_only_be_read_is_searched() {
    let mut sandbox = Sandbox::new();
    sandbox.say(&[format!("needle {}", filler(1, 400 << 10))]);
    fs::write(sandbox.path("store/cache"), "a file where the folder should be").unwrap();
    assert_eq!(sandbox.numbers("needle"), [1]);
}

#[test]
fn no_query_is_too_odd() {
    let mut sandbox = Sandbox::new();
    let text = r#"x => [\"a b\"] {日本} -- é*(?:^$ 'q' \u{0} %s <b>"#;
    sandbox.say(&[text]);
    for odd in
        ["\"", "*", "\\", "-\"", "\"\"*", "--", "tool:\"x", "(((", "a:b:c", "\u{202e}", "é*", "\n\t", "%s"]
    {
        let output = sandbox.run(&["search", "--json", "--", odd]);
        assert!(matches!(output.status.code(), Some(0..=2)), "{odd:?}");
    }
    for part in text.split(' ').filter(|part| *part != "--") {
        let quoted = format!("\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\""));
        assert_eq!(sandbox.numbers(&quoted), [1], "{quoted}");
    }
    assert_eq!(sandbox.numbers(&"word ".repeat(5000)), [0u64; 0]);
}
