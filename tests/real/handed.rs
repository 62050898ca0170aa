//! A session of Claude Code, handed to another tool by `sfs`, and what must
//! arrive there. Needs none of the tools but the one that it is handed to.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::chat::Item;
use super::script::serial;
use super::tools::{Run, clean, run_guarded};

#[path = "../matrix/master.rs"]
mod master;

/// A home, a project and a store with one session in it.
pub(crate) struct Handed {
    root: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) project: PathBuf,
    path: String,
    runs: Cell<u32>,
}

impl Handed {
    /// The session, captured. `path` is the `PATH` of all that is run.
    pub(crate) fn new(name: &str, path: &str) -> Handed {
        let folder = format!("handed-{name}-{}-{}", std::process::id(), serial());
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&root).expect("a folder");
        let root = root.canonicalize().expect("the folder");
        let (home, project) = (root.join("home"), root.join("work").join("my project"));
        let handed = Handed { root, home, project, path: path.to_owned(), runs: Cell::new(0) };
        let folder = handed.home.join(".claude/projects/-work");
        fs::create_dir_all(&folder).expect("a home");
        fs::create_dir_all(&handed.project).expect("a project");
        let file = folder.join("01a20212-a86f-4d30-8a34-f1999c4bbe7a.jsonl");
        fs::write(file, master::transcript(&handed.project)).expect("a transcript");
        handed.sfs(&["capture"]).ok();
        handed
    }

    /// A command in the project, with nothing but the sandbox around it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        clean(program, &self.path, &self.home, &self.project)
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, command: Command) -> Run {
        self.runs.set(self.runs.get() + 1);
        run_guarded(command, &self.root.join(format!("run-{}", self.runs.get())))
    }

    /// Where the store is.
    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Runs `sfs`.
    pub(crate) fn sfs(&self, args: &[&str]) -> Run {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_sfs")));
        command.env("SFS_DIR", self.store()).env("SFS_CAPTURE", "off").args(args);
        self.run(command)
    }

    /// Writes a revision for a tool; the session's id there.
    #[track_caller]
    pub(crate) fn resume(&self, rev: &str, tool: &str) -> String {
        let printed = self.sfs(&["resume", rev, "--in", tool, "--json"]).json();
        printed["native_id"].as_str().expect("an id").to_owned()
    }

    /// The next capture puts what was said since onto the same session: `turns`
    /// prompts on the branch that was worked on last, the newest being `prompt`.
    #[track_caller]
    pub(crate) fn assert_goes_on(&self, turns: usize, prompt: &str) {
        self.sfs(&["capture"]).ok();
        let list = self.sfs(&["list", "--all", "--json"]).json();
        assert_eq!(list.as_array().map(Vec::len), Some(1), "one session: {list:#}");
        let log = self.sfs(&["log", "@", "--json"]).json();
        let log = log.as_array().expect("turns");
        assert_eq!(log.len(), turns, "{log:#?}");
        assert_eq!(log[0]["title"], prompt, "{log:#?}");
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(fs::remove_dir_all(&self.root));
        }
    }
}

/// What must stand in a request that goes on with the session, in this order.
pub(crate) fn expected(next: &str) -> Vec<Item> {
    let said = |role: &str, text: &str| Item::Said(role.to_owned(), text.to_owned());
    let call = |name: &str, input: Value| Item::Call(name.to_owned(), String::new(), input);
    let result = |text: &str| Item::Result(String::new(), text.to_owned());
    vec![
        said("user", "Grüße, 世界 👋\nsecond line\n\ttabbed, with \"quotes\" and a \\ backslash"),
        said("assistant", "I look at both."),
        call("Read", json!({"file_path": "/w/a.rs"})),
        call("Bash", json!({"command": "cargo test", "description": "Run"})),
        result("fn main() {}\n"),
        result("error[E0308]: größer"),
        said("assistant", "I mend it."),
        call(
            "Edit",
            json!({"file_path": "/w/a.rs", "old_string": "fn main() {}", "new_string": "fn main() {\n    go();\n}"}),
        ),
        result("The file was changed."),
        said("assistant", "Done."),
        said("user", "And what is in this picture?"),
        call(
            "Task",
            json!({"description": "look", "prompt": "Look at the picture", "subagent_type": "general-purpose"}),
        ),
        result("The subagent says: a red square."),
        said("assistant", "A red square.\n\nThat is all."),
        said("user", "/not a command, and ends with a space "),
        said("assistant", "Understood."),
        said("user", next),
    ]
}

/// The items that don't stand in a request, in order, each call with its result.
pub(crate) fn missing(expected: &[Item], request: &[Item]) -> Vec<Item> {
    let (mut at, mut missing, mut open) = (0, Vec::new(), Vec::new());
    for item in expected {
        let found = request.iter().skip(at).position(|there| same(item, there, &open));
        let Some(found) = found else {
            missing.push(item.clone());
            continue;
        };
        // Results of calls that are made at once may come in any order.
        let there = &request[at + found];
        match there {
            Item::Call(_, id, _) => open.push(id.clone()),
            Item::Result(id, _) => open.retain(|open| open != id),
            Item::Said(..) => {}
        }
        at += found + 1;
    }
    missing
}

fn same(expected: &Item, there: &Item, open: &[String]) -> bool {
    match (expected, there) {
        (Item::Said(role, text), Item::Said(there, words)) => role == there && words.contains(text.trim()),
        (Item::Call(name, _, input), Item::Call(there, id, given)) => {
            name == there && input == given && !open.contains(id)
        }
        (Item::Result(_, text), Item::Result(id, words)) => open.contains(id) && words.contains(text.trim()),
        _ => false,
    }
}
