//! Between writing a session for a tool and taking note of that, a capture by
//! another process would take it for a session of the tool's own. So whoever
//! writes one holds a lock for that moment, and whoever has found sessions
//! waits for its end before they are captured.
//!
//! Nobody holds the lock while capturing: what was found before it was taken
//! can't be what is written under it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::store::{Store, StoreError};

fn path(store: &Path) -> PathBuf {
    store.join("writing")
}

/// The moment in which a session is written. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    _file: File,
}

impl Hold {
    /// Begins it, when nobody else is at it.
    pub(super) fn begin(store: &Path) -> Result<Hold, StoreError> {
        let path = path(store);
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match file.lock() {
            // Where files can't be locked, nobody waits.
            Err(e) if e.kind() == std::io::ErrorKind::Unsupported => {}
            outcome => outcome.map_err(StoreError::io("lock", &path))?,
        }
        Ok(Hold { _file: file })
    }
}

/// Waits until no session is being written, and sees what was noted of those
/// that were.
pub(super) fn settle(store: &mut Store) -> Result<(), StoreError> {
    let Ok(file) = File::open(path(store.dir())) else { return Ok(()) };
    if file.try_lock_shared().is_err() {
        drop(file.lock_shared());
    }
    store.refresh().map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;
    use crate::object::Id;
    use crate::store::refs::{Edit, RefValue};
    use crate::store::{Actor, Batch};

    #[test]
    fn what_was_noted_meanwhile_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("store");
        let mut ours = Store::open_or_create(&dir, Id::ZERO).unwrap();
        let mut theirs = Store::open(&dir).unwrap();
        settle(&mut theirs).unwrap();
        let hold = Hold::begin(&dir).unwrap();
        let (sender, done) = channel();
        let thread = std::thread::spawn(move || {
            settle(&mut theirs).unwrap();
            sender.send(()).unwrap();
            theirs.refs().contains_key("tag/x")
        });
        assert!(done.recv_timeout(Duration::from_millis(200)).is_err(), "it did not wait");
        let new = Some(RefValue::Commit(Id::ZERO));
        let edit = Edit { name: "tag/x".into(), expect: None, new };
        ours.apply(Batch::default(), vec![edit], &Actor::default()).unwrap();
        drop(hold);
        assert!(thread.join().unwrap());
    }
}
