//! Clone: a new store with all that is on a remote.

use std::path::PathBuf;

use super::fetch::FetchOptions;
use super::members::Sealing;
use super::pull::{PullReport, pull};
use super::remote::{self, ORIGIN, Place, SyncError};
use super::{Env, Monitor};
use crate::remote::Folder;
use crate::store::Store;
use crate::store::exchange::shared;

/// Makes the store of `env` and pulls all that is at `address` into it. A
/// clone that was cut short goes on where it was.
pub fn clone(
    env: &Env,
    address: &str,
    identity: Option<PathBuf>,
    options: &FetchOptions,
    monitor: &dyn Monitor,
) -> Result<(Store, PullReport), SyncError> {
    let sealing = Sealing { identity, ..Sealing::default() };
    let identity = sealing.identity.as_ref().map(|path| env.resolve(path));
    let place = Place { address: remote::resolved(env, address)?.to_string(), identity, shallow: false };
    // Without a remote there shall be no store.
    remote::open_place(env, &place)?.list(Folder::Refs)?;
    let mut store = Store::open_or_create(&env.store, env.new_writer())?;
    let remotes = remote::list(&store)?;
    let same = |begun: &Place| (&begun.address, &begun.identity) == (&place.address, &place.identity);
    let begun = remotes.get(ORIGIN).is_some_and(same);
    if !shared(store.refs()).is_empty() || !remotes.is_empty() && !begun {
        return Err(SyncError::NotEmpty(store.dir().display().to_string()));
    }
    if !begun {
        remote::add(env, &store, ORIGIN, address, &sealing)?;
    }
    let report = pull(env, &mut store, Some(ORIGIN), options, monitor)?;
    Ok((store, report))
}
