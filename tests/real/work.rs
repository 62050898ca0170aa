//! The tools at work while the daemon watches. Each turn's files are noted as
//! they are on the disk at its end; then every byte of the transcripts is in
//! the store, a checkout of each turn gives what was noted, and each line of a
//! file is put down to the turn of the script that it is from.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::real::resume::{Resumed, Tool, only_session};
use crate::real::sandbox::{Sandbox, files};
use crate::real::scenario::codex_id;
use crate::real::script::{Part, Rule, call, custom, on, text};
use crate::real::tools::{Age, eventually};

/// The file whose lines are followed.
const POEM: &str = "poem.txt";
/// The turn before which someone adds a line by hand.
const BY_HAND: usize = 4;
/// The last turn in the first tool. The next is in the other.
const LAST: usize = 6;

/// How long a person reads.
const READING: Duration = Duration::from_secs(3);

/// What is asked in a turn.
fn prompt(turn: usize) -> String {
    format!("SFS-{turn} go on with the poem")
}

/// The poem at the end of each turn: its lines, each with the turn that it is
/// from, with `?` where it came by a command, `-` where by no session.
const LINES: [&[(&str, &str)]; 7] = [
    &[("one", "1"), ("two", "1"), ("three", "1"), ("four", "1"), ("five", "1")],
    &[("one", "1"), ("two ✓", "2"), ("two and more", "2"), ("three", "1"), ("four", "1"), ("five", "1")],
    &[("one", "1"), ("two ✓", "2"), ("two and more", "2"), ("three", "1"), ("fourth", "3?"), ("five", "1")],
    &[
        ("one", "1"),
        ("two ✓", "2"),
        ("two and more", "2"),
        ("three", "1"),
        ("fourth", "3?"),
        ("fifth", "4"),
        ("by hand", "-"),
    ],
    AT_FIVE,
    AT_FIVE,
    &[
        ("ONE", "5"),
        ("two ✓", "2"),
        ("two and more", "2"),
        ("THREE", "7"),
        ("fourth", "3?"),
        ("fifth", "4"),
        ("by hand", "-"),
    ],
];
const AT_FIVE: &[(&str, &str)] = &[
    ("ONE", "5"),
    ("two ✓", "2"),
    ("two and more", "2"),
    ("three", "1"),
    ("fourth", "3?"),
    ("fifth", "4"),
    ("by hand", "-"),
];

/// The poem's text at the end of a turn.
fn poem(turn: usize) -> String {
    LINES[turn - 1].iter().map(|(line, _)| format!("{line}\n")).collect()
}

/// The same after someone has added a line.
fn by_hand(turn: usize) -> String {
    poem(turn) + "by hand\n"
}

/// A command that changes, makes, links and removes files, and what is run.
const COMMAND: &str = "sed -i s/four/fourth/ poem.txt && rm README.md && ln -s poem.txt link && chmod +x src/tool.py \
     && head -c 5000 /dev/zero | tr '\\0' '\\377' > blob.bin && printf 'made\\n' > made.txt";
const MOVE: &str = "mkdir -p 'old things' && mv made.txt 'old things/'";
const TOOL: &str = "def a():\n    return 1\n\n\ndef b():\n    return 2\n";

/// What the model does in a turn, one call after the other.
fn steps(tool: Tool, project: &Path, turn: usize) -> Vec<Part> {
    let file = |name: &str| project.join(name);
    match tool {
        Tool::Claude => {
            let read = |name: &str| call("Read", json!({"file_path": file(name)}));
            let write =
                |name: &str, text: &str| call("Write", json!({"file_path": file(name), "content": text}));
            let edit = |name: &str, old: &str, new: &str, all: bool| {
                let input = json!({"file_path": file(name), "old_string": old, "new_string": new, "replace_all": all});
                call("Edit", input)
            };
            let bash = |command: &str| call("Bash", json!({"command": command, "description": "Run it"}));
            match turn {
                1 => vec![write(POEM, &poem(1)), write("src/tool.py", TOOL)],
                2 => vec![
                    read(POEM),
                    edit(POEM, "two", "two ✓\ntwo and more", false),
                    read("src/tool.py"),
                    edit("src/tool.py", "return", "yield", true),
                ],
                3 => vec![bash(COMMAND)],
                4 => vec![read(POEM), write(POEM, &poem(4))],
                5 => vec![bash(MOVE), read(POEM), edit(POEM, "one", "ONE", false)],
                7 => vec![read(POEM), edit(POEM, "three", "THREE", false), bash("printf 7 > seven.txt")],
                _ => Vec::new(),
            }
        }
        Tool::Codex => {
            let exec = |command: &str| call("exec_command", json!({"cmd": command, "yield_time_ms": 5000}));
            let patch =
                |lines: &str| custom("apply_patch", format!("*** Begin Patch\n{lines}\n*** End Patch\n"));
            let change = |lines: &str| patch(&format!("*** Update File: {POEM}\n@@\n{lines}"));
            let added = |text: &str| text.lines().map(|line| format!("\n+{line}")).collect::<String>();
            match turn {
                1 => vec![patch(&format!(
                    "*** Add File: {POEM}{}\n*** Add File: src/tool.py{}",
                    added(&poem(1)),
                    added(TOOL)
                ))],
                2 => vec![
                    change(" one\n-two\n+two ✓\n+two and more\n three"),
                    patch("*** Update File: src/tool.py\n@@ def a():\n-    return 1\n+    yield 1"),
                ],
                3 => vec![exec(COMMAND)],
                4 => vec![
                    change(" fourth\n-five\n+fifth\n by hand"),
                    patch(
                        "*** Update File: src/tool.py\n*** Move to: src/moved.py\n@@ def b():\n-    return 2\n+    yield 2",
                    ),
                ],
                5 => vec![exec(MOVE), patch("*** Delete File: blob.bin"), change("-one\n+ONE\n two ✓")],
                7 => vec![change(" two and more\n-three\n+THREE"), exec("printf 7 > seven.txt")],
                _ => Vec::new(),
            }
        }
    }
}

/// A script in which each call follows the result of the one before.
fn rules(tool: Tool, project: &Path, turn: usize) -> Vec<Rule> {
    let result = match tool {
        Tool::Claude => "tool_result",
        Tool::Codex => "call_output",
    };
    let asked = prompt(turn);
    let parts = steps(tool, project, turn).into_iter().chain([text(format!("Turn {turn} is done."))]);
    parts.enumerate().map(|(n, part)| on(if n == 0 { &asked } else { result }, [part])).collect()
}

/// A file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    File { bytes: Vec<u8>, is_program: bool },
    Link(PathBuf),
}

/// All files of a folder but those of git.
fn image(folder: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut all = BTreeMap::new();
    let walk = walkdir::WalkDir::new(folder).into_iter().filter_entry(|entry| entry.file_name() != ".git");
    for entry in walk.map(|entry| entry.expect("an entry")).filter(|entry| !entry.file_type().is_dir()) {
        let path = entry.path();
        let found = if entry.file_type().is_symlink() {
            Entry::Link(fs::read_link(path).expect("a link"))
        } else {
            let mode = entry.metadata().expect("a file").permissions().mode();
            Entry::File { bytes: fs::read(path).expect("a file"), is_program: mode & 0o100 != 0 }
        };
        all.insert(path.strip_prefix(folder).expect("a path below").to_owned(), found);
    }
    all
}

/// The session, turn by turn.
struct Work<'s> {
    sandbox: &'s Sandbox,
    /// The project's files at the end of each turn.
    images: Vec<BTreeMap<PathBuf, Entry>>,
}

impl Work<'_> {
    /// Plays a turn in a tool, in its session `id` if it has one; the session's id.
    fn turn(&mut self, tool: Tool, id: Option<String>) -> String {
        let (turn, sandbox) = (self.images.len() + 1, self.sandbox);
        if turn == BY_HAND {
            fs::write(sandbox.project.join(POEM), by_hand(turn - 1)).expect("the poem");
        }
        let server = tool.server(rules(tool, &sandbox.project, turn));
        let (asked, before) = (prompt(turn), self.snapshots());
        let id = match (tool, id) {
            (_, Some(id)) => {
                tool.go_on(sandbox, &sandbox.project, &server, &id, &asked);
                id
            }
            (Tool::Claude, None) => {
                let id = "5f5a0002-0000-4000-8000-00000000c0de".to_owned();
                sandbox.claude(&server, &["--session-id", &id, &asked]).ok();
                id
            }
            (Tool::Codex, None) => {
                sandbox.codex(&server, &[&asked]).ok();
                codex_id(&sandbox.codex_transcripts().pop().expect("a transcript"))
            }
        };
        server.assert_played();
        self.images.push(image(&sandbox.project));
        let said = fs::read_to_string(sandbox.project.join(POEM)).expect("the poem");
        assert_eq!(said, poem(turn), "the tool did in turn {turn} what the script says");
        eventually(&format!("turn {turn} is captured"), || self.is_captured(turn, before));
        // A person reads what was done before they go on, and the daemon looks once more
        // if the tool's last rows came after the snapshot.
        std::thread::sleep(READING);
        id
    }

    /// How many snapshots the session has.
    fn snapshots(&self) -> usize {
        let list = self.sandbox.sfs(&["snapshot", "--list", "--json"]).stdout;
        let list = serde_json::from_str::<Value>(&list).unwrap_or_default();
        list.as_array().map_or(0, Vec::len)
    }

    /// Whether the daemon has taken what the newest turn said and did.
    fn is_captured(&self, turn: usize, before: usize) -> Result<(), String> {
        if self.snapshots() <= before {
            return Err("no snapshot was taken".to_owned());
        }
        self.restores()?;
        self.checks_out(turn, turn)
    }

    /// Whether every transcript comes back byte for byte.
    fn restores(&self) -> Result<(), String> {
        let to = self.sandbox.folder("restored");
        fs::remove_dir_all(&to).expect("the folder is ours");
        // Old versions of Claude Code make sessions that hold but a subagent.
        let list = self.sandbox.sfs(&["list", "--all", "--json"]).json();
        for id in list.as_array().into_iter().flatten().filter_map(|session| session["id"].as_str()) {
            let run = self.sandbox.sfs(&["restore", id, "--to", &to.join(id).to_string_lossy()]);
            if !run.succeeded() {
                return Err(run.stderr);
            }
        }
        let restored: Vec<Vec<u8>> = files(&to).iter().map(|file| fs::read(file).expect("a file")).collect();
        let transcripts = [self.sandbox.claude_transcripts(), self.sandbox.codex_transcripts()].concat();
        assert!(!transcripts.is_empty());
        for path in transcripts {
            if !restored.contains(&fs::read(&path).expect("a transcript")) {
                return Err(format!("{} isn't restored byte for byte", path.display()));
            }
        }
        Ok(())
    }

    /// Whether a checkout of a turn, the newest being `newest`, is what was there.
    fn checks_out(&self, turn: usize, newest: usize) -> Result<(), String> {
        let to = self.sandbox.folder("then");
        fs::remove_dir_all(&to).expect("the folder is ours");
        let rev = format!("@~{}", newest - turn);
        let run = self.sandbox.sfs(&["checkout", &rev, "--to", &to.to_string_lossy(), "--json"]);
        if !run.succeeded() {
            return Err(run.stderr);
        }
        let (mut there, wanted) = (image(&to), &self.images[turn - 1]);
        if turn == BY_HAND - 1 {
            // What is done by hand before the next prompt may count for this turn.
            let untouched = |entry: &mut Entry| match entry {
                Entry::File { bytes, .. } if *bytes == by_hand(turn).as_bytes() => {
                    *bytes = poem(turn).into_bytes()
                }
                _ => {}
            };
            there.get_mut(Path::new(POEM)).map(untouched);
        }
        let paths = there.keys().chain(wanted.keys());
        let differ: Vec<&PathBuf> = paths.filter(|path| there.get(*path) != wanted.get(*path)).collect();
        if differ.is_empty() { Ok(()) } else { Err(format!("turn {turn} differs in {differ:?}")) }
    }

    /// Whose the poem's lines are at a turn.
    #[track_caller]
    fn blames(&self, turn: usize) {
        let rev = format!("@~{}", self.images.len() - turn);
        let found = self.sandbox.sfs(&["blame", &rev, POEM, "--json"]).json();
        let mut found = whose(&found);
        found.pop_if(|last| turn == BY_HAND - 1 && last.0 == "by hand" && last.1 == "-");
        assert_eq!(found, LINES[turn - 1].iter().map(owned).collect::<Vec<_>>(), "at turn {turn}");
    }
}

fn owned((line, turn): &(&str, &str)) -> (String, String) {
    ((*line).to_owned(), (*turn).to_owned())
}

/// The lines of a file, each with its turn, as in [`LINES`].
fn whose(found: &Value) -> Vec<(String, String)> {
    let lines = found["lines"].as_array().expect("lines");
    let origin = |line: &Value| {
        let Some(n) = line["origin"].as_u64() else { return "-".to_owned() };
        let origin = &found["origins"][usize::try_from(n).expect("a number")];
        let prompt = origin["prompt"].as_str().expect("a prompt");
        let turn = prompt.strip_prefix("SFS-").and_then(|rest| rest.split(' ').next());
        let mark = match origin["how"].as_str() {
            Some("told") => "",
            Some("seen") => "?",
            _ => "~",
        };
        format!("{}{mark}", turn.unwrap_or(prompt))
    };
    lines.iter().map(|line| (line["text"].as_str().expect("text").to_owned(), origin(line))).collect()
}

/// Six turns in one tool and one in another, and what the store has of them.
fn is_kept_whole(age: Age, here: Tool, there: Tool) {
    let Some(sandbox) = Sandbox::of(age) else { return };
    let daemon = sandbox.daemon();
    let mut work = Work { sandbox: &sandbox, images: Vec::new() };
    let mut id = None;
    for _ in 1..=LAST {
        id = Some(work.turn(here, id));
    }
    let resumed = Resumed::new(&sandbox, "@", there);
    work.turn(there, Some(resumed.id));
    daemon.stop();

    let missed = sandbox.sfs(&["capture", "--json"]).json();
    assert_eq!((&missed["commits"], &missed["bytes"]), (&json!(0), &json!(0)), "{missed}");
    let session = only_session(&sandbox);
    assert_eq!((&session["turns"], &session["broken_records"]), (&json!(LAST + 1), &json!(0)), "{session:#}");
    sandbox.sfs(&["fsck"]).ok();
    let newest = work.images.len();
    for turn in 1..=newest {
        work.checks_out(turn, newest).unwrap_or_else(|why| panic!("{why}"));
        work.blames(turn);
        let changed = turn > 1 && work.images[turn - 1] != work.images[turn - 2];
        assert_eq!(changed, turn > 1 && turn != LAST, "turn {turn} changes files as the script says");
    }
    let now = sandbox.sfs(&["blame", POEM, "--json"]).json();
    assert_eq!(whose(&now), LINES[newest - 1].iter().map(owned).collect::<Vec<_>>());
    let tools: Vec<&str> =
        now["origins"].as_array().expect("origins").iter().filter_map(|o| o["tool"].as_str()).collect();
    assert!(tools.contains(&here.name()) && tools.contains(&there.name()), "{tools:?}");
}

#[test]
fn work_of_claude_code_is_kept_whole_by_the_daemon() {
    is_kept_whole(Age::New, Tool::Claude, Tool::Codex);
}

#[test]
fn work_of_codex_is_kept_whole_by_the_daemon() {
    is_kept_whole(Age::New, Tool::Codex, Tool::Claude);
}

#[test]
fn work_of_an_old_claude_code_is_kept_whole_by_the_daemon() {
    is_kept_whole(Age::Old, Tool::Claude, Tool::Codex);
}

#[test]
fn work_of_an_old_codex_is_kept_whole_by_the_daemon() {
    is_kept_whole(Age::Old, Tool::Codex, Tool::Claude);
}
