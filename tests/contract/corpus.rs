//! Sessions of others: real ones, and odd ones made by hand, put where their
//! tool would look for them.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sfs::tool::by_name;

use crate::damage::{self, Effort};
use crate::world::{World, files_below};
use crate::{kept, reading, written};

/// Where a file goes that lies in a folder of a tool's sessions: the tool, the
/// folders, what its path ends with, and its place, in which `N` is a number.
const PLACES: &[(&str, &[&str], &str, &str)] = &[
    ("claude-code", &["claude-code"], ".jsonl", "home/.claude/projects/-w/00000000-0000-4000-8000-N.jsonl"),
    (
        "codex",
        &["codex"],
        ".jsonl",
        "home/.codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-00000000-0000-4000-8000-N.jsonl",
    ),
    (
        "copilot",
        &["copilot", "copilot-cli"],
        ".jsonl",
        "home/.copilot/session-state/00000000-0000-4000-8000-N/events.jsonl",
    ),
    (
        "copilot",
        &["copilot-cli"],
        ".json",
        "home/.copilot/history-session-state/session_00000000-0000-4000-8000-N_1.json",
    ),
    ("gemini", &["gemini"], ".jsonl", "home/.gemini/tmp/p/chats/session-2026-01-02T03-04-N.jsonl"),
    ("gemini", &["gemini"], ".json", "home/.gemini/tmp/p/chats/session-2026-01-02T03-04-N.json"),
    ("qwen", &["qwen"], ".jsonl", "home/.qwen/projects/-w/chats/00000000-0000-4000-8000-N.jsonl"),
    (
        "pi",
        &["pi"],
        ".jsonl",
        "home/.pi/agent/sessions/--w--/2026-01-02T03-04-05-000Z_00000000-0000-4000-8000-N.jsonl",
    ),
    ("amp", &["amp"], ".json", "home/.local/share/amp/threads/T-00000000-0000-4000-8000-N.json"),
    ("aider", &["aider"], ".md", "work/.aider.chat.history.md"),
    ("opencode", &["opencode"], ".db", "home/.local/share/opencode/opencode.db"),
    ("kilo", &["kilo"], ".db", "home/.local/share/kilo/kilo.db"),
    ("goose", &["goose"], ".db", "home/.local/share/goose/sessions/sessions.db"),
    ("goose", &["goose"], ".jsonl", "home/.local/share/goose/sessions/N.jsonl"),
    ("crush", &["crush"], ".db", "work/.crush/crush.db"),
    ("cline", &["cline"], ".messages.json", "home/.cline/data/sessions/N/N.messages.json"),
    (
        "cline",
        &["cline"],
        "api_conversation_history.json",
        "home/.cline/data/tasks/N/api_conversation_history.json",
    ),
    ("cline", &["cline"], "ui_messages.json", "home/.cline/data/tasks/N/ui_messages.json"),
    (
        "roo",
        &["roo"],
        "api_conversation_history.json",
        "home/.vscode-mock/global-storage/tasks/N/api_conversation_history.json",
    ),
    ("roo", &["roo"], "ui_messages.json", "home/.vscode-mock/global-storage/tasks/N/ui_messages.json"),
    (
        "kimi",
        &["kimi"],
        "wire.jsonl",
        "home/.kimi-code/sessions/wd_w_0123456789ab/session_N/agents/main/wire.jsonl",
    ),
    (
        "kimi-cli",
        &["kimi"],
        "context.jsonl",
        "home/.kimi/sessions/0123456789abcdef0123456789abcdef/00000000-0000-4000-8000-N/context.jsonl",
    ),
    ("droid", &["droid"], ".jsonl", "home/.factory/sessions/-w/00000000-0000-4000-8000-N.jsonl"),
    (
        "vscode-copilot",
        &["vscode-copilot"],
        ".json",
        "home/.config/Code/User/workspaceStorage/0/chatSessions/00000000-0000-4000-8000-N.json",
    ),
    (
        "vscode-copilot",
        &["vscode-copilot"],
        ".jsonl",
        "home/.config/Code/User/workspaceStorage/0/chatSessions/00000000-0000-4000-8000-N.jsonl",
    ),
    ("specstory", &["specstory-md"], ".md", "work/.specstory/history/2026-01-02_03-04-05Z-N.md"),
    (
        "cursor",
        &["cursor"],
        "store.db",
        "home/.cursor/chats/0123456789abcdef0123456789abcdef/00000000-0000-4000-8000-N/store.db",
    ),
    ("cursor-acp", &["cursor"], "store.db", "home/.cursor/acp-sessions/00000000-0000-4000-8000-N/store.db"),
    ("cursor", &["cursor"], ".jsonl", "home/.cursor/projects/w/agent-transcripts/N/N.jsonl"),
    ("cursor-ide", &["cursor"], ".vscdb", "home/.config/Cursor/User/globalStorage/state.vscdb"),
];

/// What lies beside sessions and is none: what was sent to a model, what a
/// command printed, histories of prompts.
const OTHERS: &[&str] = &[
    "request",
    "run1",
    "run2",
    "history.jsonl",
    "/history~",
    "session_index",
    "usage_record",
    "logs",
    "script.json",
    "config",
    "settings",
];

/// Tools in whose published sessions stand kinds of records that nobody has
/// described: their bytes are kept, their number is small.
const UNDESCRIBED: &[&str] = &["claude-code"];

/// What was found of a tool.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) files: usize,
    sources: usize,
    records: usize,
    unknown: usize,
    /// Sessions written anew, and read.
    written: usize,
}

impl Count {
    pub(crate) fn add(&mut self, more: &Count) {
        self.files += more.files;
        self.sources += more.sources;
        self.records += more.records;
        self.unknown += more.unknown;
        self.written += more.written;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { files, sources, records, unknown, written } = self;
        write!(
            f,
            "{files} files, {sources} sources, {records} records ({unknown} of unknown kinds), {written} written anew"
        )
    }
}

/// A world for each file that is a session's; none if there are no files.
pub(crate) fn worlds() -> Vec<World> {
    let Some(root) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else { return Vec::new() };
    let mut worlds = Vec::new();
    for (tool, folders, ending, place) in PLACES {
        for folder in folders.iter().flat_map(|name| places_of(&root, name)) {
            for path in files_below(&folder) {
                let told = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
                if told.ends_with(ending) && !OTHERS.iter().any(|other| told.contains(other)) {
                    let world = World::new(by_name(tool).unwrap(), &told);
                    let place = place.replace('N', &format!("{:012}", worlds.len()));
                    world.put(&place, &fs::read(&path).unwrap());
                    worlds.push(world);
                }
            }
        }
    }
    for (tool, home) in [("opencode", "home/.local/share/opencode"), ("kilo", "home/.local/share/kilo")] {
        worlds.extend(places_of(&root, tool).iter().flat_map(|folder| storages(folder)).map(|storage| {
            let world = World::new(by_name(tool).unwrap(), &storage.to_string_lossy());
            for path in files_below(&storage) {
                let place = path.strip_prefix(&storage).unwrap().to_string_lossy().into_owned();
                world.put(&format!("{home}/storage/{place}"), &fs::read(&path).unwrap());
            }
            world
        }));
    }
    worlds
}

/// The folders of that name: published, made by hand, and the samples beside.
fn places_of(root: &Path, name: &str) -> Vec<PathBuf> {
    [root.join(name), root.join("_synthetic").join(name), root.join("../samples").join(name)].into()
}

/// Folders of small files, each a part of a session.
fn storages(folder: &Path) -> BTreeSet<PathBuf> {
    let is_storage = |dir: &&Path| dir.ends_with("storage") && dir.join("session").is_dir();
    let of = |path: PathBuf| path.ancestors().find(is_storage).map(Path::to_owned);
    files_below(folder).into_iter().filter_map(of).collect()
}

/// Holds one of them to the contract.
pub(crate) fn check(world: &World) -> Count {
    let read = reading::twice(world);
    let (records, unknown) = read
        .iter()
        .fold((0, 0), |(all, unknown), (_, read)| (all + read.records.len(), unknown + read.unknown()));
    // What was made by hand may be anything.
    let made = world.name.contains("_synthetic");
    assert!(
        made || unknown == 0 || UNDESCRIBED.contains(&world.tool.name()),
        "{}: {unknown} unknown",
        world.name
    );
    assert!(made || unknown * 4 <= records, "{}: {unknown} of {records} unknown", world.name);
    kept::comes_back(world);
    damage::read_anywhere(world, Effort::Sampled);
    let written = written::understood(world, written::Strict::No);
    Count { files: world.files().len(), sources: read.len(), records, unknown, written }
}
