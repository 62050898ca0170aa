//! Verify: a remote, looked through from end to end.

use super::far::{self, Listing};
use super::fetch::get;
use super::remote::{self, Opened, SyncError};
use super::{Env, Monitor};
use crate::object::id::{Id, IdSet};
use crate::remote::{Folder, Key};
use crate::store::exchange::{self, Want};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;
use crate::store::{Store, StoreError};

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// The name of the remote.
    pub remote: String,
    /// Stores that pushed to it.
    pub writers: u64,
    /// Sessions that their refs name.
    pub sessions: u64,
    /// Packs.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong.
    pub faults: Vec<SyncError>,
}

/// Checks a remote of this store.
pub fn remote(
    env: &Env,
    store: &Store,
    name: Option<&str>,
    monitor: &dyn Monitor,
) -> Result<Verified, SyncError> {
    verify(|_| remote::open(env, store, name), monitor)
}

/// Checks each pack as a fetch does, and that all that refs and packs name is
/// there. Nothing of it is kept, and nothing that a store has stands in.
pub(super) fn verify(
    open: impl FnOnce(&Store) -> Result<Opened, SyncError>,
    monitor: &dyn Monitor,
) -> Result<Verified, SyncError> {
    let dir = tempfile::tempdir().map_err(StoreError::io("create a folder in", &std::env::temp_dir()))?;
    let scratch = Store::open_or_create(&dir.path().join("store"), Id::ZERO)?;
    let far = open(&scratch)?;
    let mut quarantine = Quarantine::new(&scratch)?;
    let mut found = Verified { remote: far.name.clone(), ..Verified::default() };
    let (mut wants, mut sessions) = (Vec::new(), IdSet::default());
    for tables in far::tables(&*far.remote, Folder::Refs)? {
        found.writers += 1;
        let table = match far::newest(&far, &tables) {
            Ok(read) => read.table,
            Err(e) => {
                found.faults.push(fault(remote::explained(&far, e))?);
                continue;
            }
        };
        for (_, value) in &table.refs {
            let by = Key::Table(table.writer, table.number);
            wants.extend(exchange::named(value).into_iter().map(|want| (want, by)));
            if let RefValue::Source(source) = value {
                sessions.insert(source.session);
            }
        }
    }
    found.sessions = sessions.len() as u64;
    let packs = Listing::read(&far, &quarantine)?.packs().to_vec();
    // One after another, since each needs room on the disk only for a while.
    for (name, len) in packs {
        (found.packs, found.bytes) = (found.packs + 1, found.bytes.saturating_add(len));
        match pack(&scratch, &far, &mut quarantine, (name, len), monitor) {
            Ok(more) => wants.extend(more.into_iter().map(|want| (want, Key::Pack(name)))),
            Err(e) => found.faults.push(fault(e)?),
        }
    }
    let mut told = IdSet::default();
    for (want, by) in wants {
        if !quarantine.has(want)? && told.insert(want.id()) {
            found.faults.push(SyncError::Incomplete { place: far.remote.place(by), id: want.id() });
        }
    }
    Ok(found)
}

fn pack(
    scratch: &Store,
    far: &Opened,
    quarantine: &mut Quarantine,
    pack: (Id, u64),
    monitor: &dyn Monitor,
) -> Result<Vec<Want>, SyncError> {
    let mut wants = Vec::new();
    for incoming in get(far, quarantine, &[pack], monitor)? {
        let checked = quarantine.check(scratch, incoming, &mut |_| ());
        wants.extend(checked.map_err(|e| far::damaged(&*far.remote, Key::Pack(pack.0), e))?);
    }
    Ok(wants)
}

/// An error that is the remote's fault; others end it all.
fn fault(error: SyncError) -> Result<SyncError, SyncError> {
    match error {
        SyncError::Damaged { .. } | SyncError::Incomplete { .. } => Ok(error),
        SyncError::Remote(crate::remote::RemoteError::Sealed { .. }) => Ok(error),
        error => Err(error),
    }
}
