//! Tells when something may have changed below the tools' folders.
//!
//! Systems drop events, and folders appear later than we look. So an event
//! only says that it is time to look, and without one we look now and then
//! all the same.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};

/// Events come in bursts; what follows within this time is one.
const BURST: Duration = Duration::from_millis(40);
/// So many events end a burst, even if more follow.
const BURST_MAX: u32 = 64;
/// How long we wait for an event before we look without one.
const AT_LEAST: Duration = Duration::from_secs(10);
/// How often we look whether we should stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// Why nothing can be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The system refuses.
    #[error("cannot watch for changes")]
    System(#[from] notify::Error),
}

/// Calls `look` at once, and then whenever something may have changed below
/// the `folders`, until `stop` is set. Folders that can't be watched are
/// looked into every ten seconds only; `told` hears which, and why.
pub fn watch(
    folders: &[PathBuf],
    stop: &AtomicBool,
    told: &mut dyn FnMut(&str),
    look: &mut dyn FnMut(),
) -> Result<(), WatchError> {
    let (sender, events) = channel();
    let mut watcher = notify::recommended_watcher(move |event| drop(sender.send(event)))?;
    let mut left: Vec<&PathBuf> = folders.iter().collect();
    while !stop.load(Ordering::Relaxed) {
        // A tool that is used for the first time makes its folder then.
        left.retain(|folder| {
            let watched = folder.is_dir()
                && match watcher.watch(folder, RecursiveMode::Recursive) {
                    Ok(()) => true,
                    Err(e) => {
                        told(&format!("{} is looked into every ten seconds only: {e}", folder.display()));
                        true
                    }
                };
            !watched
        });
        look();
        let mut waited = Duration::ZERO;
        while waited < AT_LEAST && !stop.load(Ordering::Relaxed) {
            match events.recv_timeout(PATIENCE) {
                Ok(_) => break,
                Err(RecvTimeoutError::Timeout) => waited += PATIENCE,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        // A tool that writes without a pause is not waited for long.
        let mut more = 0;
        while more < BURST_MAX && events.recv_timeout(BURST).is_ok() {
            more += 1;
        }
    }
    Ok(())
}
