//! Finding sessions, and what lies beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use crate::object::json::Tape;
use crate::tool::tasks::{beside, document, entries};
use crate::tool::{Discovery, Found, SideFile, hosts, stamp, uri};

/// The sessions of a workspace, below its folder.
const SESSIONS: &str = "chatSessions";
/// What the editor keeps of the files that a session changed, to undo it.
const EDITING: &str = "chatEditingSessions";
/// What the extension keeps: answers of tools that were too long for the
/// session, and a record of its own for hooks (0.37).
const LONG: &str = "GitHub.copilot-chat/chat-session-resources";
const TRANSCRIPTS: &str = "GitHub.copilot-chat/transcripts";
/// What tells the folder that a workspace is of.
const WORKSPACE: &str = "workspace.json";
/// The endings of logs and of documents.
const LOG: &str = ".jsonl";
const DOCUMENT: &str = ".json";
/// How many folders deep the files of a session lie.
const DEPTH: u32 = 3;

/// Whether a source is a log, not a document.
pub(super) fn is_log(found: &Found) -> bool {
    found.place.ends_with(LOG) || found.path.to_string_lossy().ends_with(LOG)
}

/// The folders of an editor's user that are looked into.
pub(super) fn folders(user: &Path) -> [PathBuf; 3] {
    let global = user.join("globalStorage");
    [
        user.join("workspaceStorage"),
        global.join("emptyWindowChatSessions"),
        global.join("transferredChatSessions"),
    ]
}

/// Looks into the folders of these users. Places are told from `root`.
pub(super) fn discover(root: &Path, users: &[PathBuf]) -> Discovery {
    let mut search = Search { root, discovery: Discovery::default() };
    for user in users {
        let [workspaces, lone @ ..] = folders(user);
        for workspace in entries(&workspaces, &mut search.discovery) {
            if is_folder(&workspace) {
                search.workspace(&workspace.path());
            }
        }
        for folder in lone {
            search.sessions(&folder, Vec::new(), BTreeMap::new());
        }
    }
    search.discovery
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

fn name_of(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

struct Search<'r> {
    root: &'r Path,
    discovery: Discovery,
}

impl Search<'_> {
    fn workspace(&mut self, folder: &Path) {
        let sessions = folder.join(SESSIONS);
        if !sessions.is_dir() {
            return;
        }
        let own = entries(folder, &mut self.discovery);
        let own = own.iter().find(|entry| entry.file_name() == WORKSPACE);
        let shared: Vec<SideFile> =
            own.and_then(|entry| beside(self.root, entry, &mut self.discovery)).into_iter().collect();
        let mut side: BTreeMap<String, Vec<SideFile>> = BTreeMap::new();
        for place in [EDITING, LONG, TRANSCRIPTS] {
            for entry in entries(&folder.join(place), &mut self.discovery) {
                let name = name_of(&entry);
                let native = name.strip_suffix(LOG).unwrap_or(&name).to_owned();
                let files = self.below(&entry, DEPTH);
                side.entry(native).or_default().extend(files);
            }
        }
        self.sessions(&sessions, shared, side);
    }

    /// The sessions in a folder. An older form of a session that lies beside
    /// its log is no longer read by the editor: it goes with the log.
    fn sessions(&mut self, folder: &Path, shared: Vec<SideFile>, mut side: BTreeMap<String, Vec<SideFile>>) {
        let mut found = entries(folder, &mut self.discovery);
        let logs: BTreeSet<String> =
            found.iter().filter_map(|entry| Some(name_of(entry).strip_suffix(LOG)?.to_owned())).collect();
        let mut old = BTreeMap::new();
        found.retain(|entry| {
            let name = name_of(entry);
            let native = name.strip_suffix(DOCUMENT).filter(|native| logs.contains(*native));
            old.extend(native.map(|native| (native.to_owned(), entry.path())));
            native.is_none()
        });
        for entry in &found {
            let name = name_of(entry);
            let native = name.strip_suffix(LOG).or_else(|| name.strip_suffix(DOCUMENT));
            let Some(native) = native.filter(|native| !native.is_empty()) else { continue };
            let Some(mut session) = document(self.root, entry, (native, ""), &mut self.discovery) else {
                continue;
            };
            session.side = shared.clone();
            session.side.extend(side.remove(native).unwrap_or_default());
            session.side.extend(old.remove(native).and_then(|path| {
                Some(SideFile { stamp: stamp(&path)?, place: hosts::place(self.root, &path), path })
            }));
            self.discovery.found.push(session);
        }
    }

    /// The files at or below an entry.
    fn below(&mut self, entry: &DirEntry, depth: u32) -> Vec<SideFile> {
        if !is_folder(entry) {
            return beside(self.root, entry, &mut self.discovery).into_iter().collect();
        }
        if depth == 0 {
            return Vec::new();
        }
        let inside = entries(&entry.path(), &mut self.discovery);
        inside.iter().flat_map(|entry| self.below(entry, depth - 1)).collect()
    }
}

/// Where a session worked: the folder of its workspace, or that in which the
/// file of a workspace of several folders stands.
pub(super) fn cwd(found: &Found) -> Option<String> {
    let sessions = found.path.parent().filter(|folder| folder.ends_with(SESSIONS))?;
    let json = std::fs::read(sessions.with_file_name(WORKSPACE)).ok()?;
    let mut tape = Tape::default();
    tape.read(&json)?;
    let workspace = tape.root(&json);
    let folder = || uri::path_anywhere(&workspace.string("folder")?);
    let file = || {
        let file = uri::path_anywhere(&workspace.string("workspace")?)?;
        let (folder, _) = file.rsplit_once('/')?;
        Some(folder.to_owned())
    };
    folder().or_else(file).filter(|folder| !folder.is_empty())
}
