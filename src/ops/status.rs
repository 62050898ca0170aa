//! Status: what the store has, and what the tools have that it has not.

use std::path::PathBuf;

use super::pushed::{self, Behind};
use super::remote::SyncError;
use super::{Env, session, source};
use crate::store::Store;
use crate::store::refs::Op;
use crate::tool::{self, Tool};

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Where the store is.
    pub store: PathBuf,
    /// Its bytes on disk.
    pub bytes: u64,
    /// Sessions in it.
    pub sessions: u64,
    /// Those of them that came without their texts.
    pub shallow: u64,
    /// Messages on their longest branches.
    pub messages: u64,
    /// The session that `@` means, and its title.
    pub here: Option<(crate::object::Id, String)>,
    /// Sessions with branches on which machines went on apart: such branches.
    pub parted: Vec<(crate::object::Id, Vec<String>)>,
    /// The remotes.
    pub remotes: Vec<Behind>,
    /// The tools.
    pub tools: Vec<ToolStatus>,
    /// The last operation.
    pub last: Option<Op>,
}

/// How things stand with a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolStatus {
    /// Its name.
    pub name: String,
    /// Where it keeps its sessions.
    pub root: PathBuf,
    /// Whether that is there.
    pub present: bool,
    /// Files of sessions that it has.
    pub files: u64,
    /// Those that the store has none of.
    pub new: u64,
    /// Those that changed since they were captured.
    pub changed: u64,
    /// Files that the store has and the tool no longer.
    pub gone: u64,
    /// Places that can't be read, and why.
    pub trouble: Vec<(PathBuf, String)>,
}

impl Status {
    /// Files with something to capture.
    pub fn pending(&self) -> u64 {
        self.tools.iter().map(|tool| tool.new + tool.changed).sum()
    }
}

/// Tells how things stand, without opening a transcript.
pub fn status(env: &Env, store: &Store) -> Result<Status, SyncError> {
    let sessions = session::sessions(store);
    let parted = sessions.iter().filter_map(|session| {
        let apart = session.branches.iter().map(|branch| &branch.name).filter(|name| name.contains('@'));
        let apart: Vec<String> = apart.cloned().collect();
        (!apart.is_empty()).then_some((session.id, apart))
    });
    Ok(Status {
        store: store.dir().to_owned(),
        bytes: store.size()?,
        sessions: sessions.len() as u64,
        shallow: sessions.iter().filter(|s| s.shallow).count() as u64,
        messages: sessions.iter().map(|s| s.messages).sum(),
        parted: parted.collect(),
        remotes: pushed::behind(store)?,
        here: session::newest_here(env, &sessions).map(|s| (s.id, s.label().to_owned())),
        tools: tool::TOOLS.iter().map(|tool| of_tool(env, store, *tool)).collect(),
        last: store.ops()?.pop(),
    })
}

fn of_tool(env: &Env, store: &Store, tool: &dyn Tool) -> ToolStatus {
    let root = tool.root(&env.places);
    let found = tool.discover(&source::places(env, store));
    let gone = source::all(store).filter(|s| s.tool == tool.name() && s.about.gone).count();
    let mut status = ToolStatus {
        name: tool.name().to_owned(),
        present: root.is_dir(),
        root,
        files: found.found.len() as u64,
        gone: gone as u64,
        trouble: found.trouble.into_iter().map(|t| (t.path, t.error.to_string())).collect(),
        ..ToolStatus::default()
    };
    for file in &found.found {
        let stamp = (file.stamp.len, file.stamp.mtime, file.stamp.inode);
        match source::find(store, tool.name(), &file.native, &file.part) {
            _ if source::is_left(store, tool.name(), &file.native, &file.part) => {}
            None => status.new += 1,
            Some(known) if known.mark.stamp != stamp && known.place == file.place => status.changed += 1,
            Some(_) => {}
        }
    }
    status
}
