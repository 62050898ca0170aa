//! Watching: file events are hints, the scan is the truth.
//!
//! [`Follow`] captures as the tools write; [`run`] is that as a daemon: one for
//! each store, known by a lock, with a log, replaced when its program is. What
//! starts, stops and installs it is beside. Nothing here is needed for the
//! store to be right: with no daemon, commands capture what is new themselves.

mod follow;
mod index;
mod lock;
mod log;
mod pace;
mod process;
mod program;
mod run;
pub mod service;
mod start;
mod watch;

use std::path::{Path, PathBuf};

pub use follow::{Bell, End, Follow, Host};
pub use lock::{Guard, Info, Refused, info, is_running};
pub use log::{Log, log_path, more, tail};
pub use program::Program;
pub use run::{RunOptions, run};
pub use start::{Started, start, stop};
pub use watch::{Signal, Watch};

use crate::store::StoreError;

/// Why a daemon can't do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// A file of the daemon's can't be read or written.
    #[error("cannot {verb} {}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another one is running.
    #[error("a daemon is running already")]
    Running,
    /// The program can't be started.
    #[error("the daemon did not start: {0}")]
    Start(String),
    /// It doesn't end.
    #[error("the daemon (process {0}) did not end within a minute")]
    Stop(u32),
    /// The program's own file can't be told.
    #[error("cannot tell which file this program is")]
    Program(#[source] std::io::Error),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DaemonError {
    fn io(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DaemonError {
        move |source| DaemonError::Io { verb, path: path.to_owned(), source }
    }
}

/// The folder in a store that holds what belongs to its daemon.
fn folder(store: &Path) -> PathBuf {
    store.join("daemon")
}
