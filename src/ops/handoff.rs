//! Hand-off: a revision told to a tool that can't hold the session itself, or
//! shall not.

use std::path::PathBuf;

use super::briefing::{self, Briefing};
use super::session::sessions;
use super::show;
use super::{Env, source};
use crate::object::Id;
use crate::store::{Store, StoreError};
use crate::tool::Tool;

/// What is handed over, and to whom.
pub struct HandOffOptions {
    /// The session.
    pub session: Id,
    /// The revision.
    pub commit: Id,
    /// The tool that goes on with it.
    pub tool: &'static dyn Tool,
    /// The directory to start it in; the session's own if `None`.
    pub project: Option<PathBuf>,
    /// How long the briefing may be, in tokens.
    pub tokens: usize,
    /// Only tell what would be written.
    pub dry_run: bool,
}

/// What was written, or would be.
#[derive(Clone, Debug)]
pub struct HandOff {
    /// The briefing.
    pub briefing: Briefing,
    /// Where it is.
    pub path: PathBuf,
    /// The command that starts the tool with it, to be run in `cwd`; nothing
    /// if the tool has none.
    pub command: Vec<String>,
    /// The directory to run it in.
    pub cwd: PathBuf,
}

/// Why a briefing can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandOffError {
    /// The store can't give the conversation.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The briefing can't be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes the briefing of a revision beside the store.
pub fn hand_off(env: &Env, store: &Store, options: &HandOffOptions) -> Result<HandOff, HandOffError> {
    let line = show::span(store, None, options.commit)?;
    let info = sessions(store).into_iter().find(|info| info.id == options.session);
    let title = info.map(|info| info.title).unwrap_or_default();
    let from =
        format!("a session of {} at revision {:.12}", store.commit(&options.commit)?.tool, options.commit);
    let briefing = briefing::briefing(show::messages(store, &line), &title, &from, options.tokens)?;
    let path = env.store.join("briefings").join(format!("{:.16}.md", options.commit));
    if !options.dry_run {
        write(&path, briefing.text.as_bytes())
            .map_err(|source| HandOffError::Write { path: path.clone(), source })?;
    }
    let own = source::all(store).filter(|s| s.session == options.session).find_map(|s| s.about.cwd.clone());
    let own = own.map(PathBuf::from).filter(|path| path.is_dir());
    let cwd = options.project.clone().or(own).unwrap_or_else(|| env.cwd.clone());
    Ok(HandOff { briefing, command: options.tool.start_with(&path), path, cwd: env.resolve(&cwd) })
}

/// Writes a file of ours, readable by its user alone.
fn write(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create(true).truncate(true).open(path)?;
    std::io::Write::write_all(&mut file, bytes)
}
