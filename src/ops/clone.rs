//! Clone: a new store with all that is on a remote.

use super::pull::{PullReport, pull};
use super::remote::{self, ORIGIN, SyncError};
use super::selection::Selection;
use super::{Env, Monitor};
use crate::remote::Folder;
use crate::store::Store;
use crate::store::exchange::shared;

/// Makes the store of `env` and pulls all that is at `address` into it. A
/// clone that was cut short goes on where it was.
pub fn clone(
    env: &Env,
    address: &str,
    only: &Selection,
    monitor: &dyn Monitor,
) -> Result<(Store, PullReport), SyncError> {
    let place = remote::resolved(env, address)?;
    // Without a remote there shall be no store.
    crate::remote::open(&place, remote::around(env))?.list(Folder::Refs)?;
    let path = place.to_string();
    let mut store = Store::open_or_create(&env.store, env.new_writer())?;
    let remotes = remote::list(&store)?;
    let begun = remotes.get(ORIGIN) == Some(&path);
    if !shared(store.refs()).is_empty() || !remotes.is_empty() && !begun {
        return Err(SyncError::NotEmpty(store.dir().display().to_string()));
    }
    if !begun {
        remote::add(env, &store, ORIGIN, address)?;
    }
    let report = pull(env, &mut store, Some(ORIGIN), only, monitor)?;
    Ok((store, report))
}
