//! Where a session is resumed.

use std::path::{Path, PathBuf};

use super::project_of;
use crate::object::id::Id;
use crate::ops::{Env, snapshot};
use crate::store::{Store, StoreError};
use crate::workspace::project::{self, Same};

/// A session whose own folder isn't on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// That folder.
    pub folder: String,
    /// Why the folder that is used instead is of the same project; none if
    /// nothing tells that it is.
    pub same: Option<Same>,
}

/// The directory to resume a session in: the one that was named, its own, that
/// of the same project around the current one, or the current one.
pub(super) fn place(
    env: &Env,
    store: &Store,
    session: Id,
    wanted: Option<&Path>,
) -> Result<(PathBuf, Option<Elsewhere>), StoreError> {
    if let Some(named) = wanted {
        return Ok((env.resolve(named), None));
    }
    let Some(folder) = project_of(store, session) else { return Ok((env.cwd.clone(), None)) };
    if Path::new(&folder).is_dir() {
        return Ok((env.resolve(Path::new(&folder)), None));
    }
    let snapshots = snapshot::all(store, &session)?;
    let mut facts = snapshots.into_iter().filter_map(|(_, snapshot)| snapshot.git);
    let found = facts.next().and_then(|git| project::same(&env.cwd, &git));
    Ok(match found {
        Some((top, same)) => {
            (within(&env.cwd, &env.resolve(&top), &folder), Some(Elsewhere { folder, same: Some(same) }))
        }
        None => (env.cwd.clone(), Some(Elsewhere { folder, same: None })),
    })
}

/// The directory alone. What can't be read is told by the resume itself.
pub fn directory(env: &Env, store: &Store, session: Id, wanted: Option<&Path>) -> PathBuf {
    place(env, store, session, wanted).map_or_else(|_| env.cwd.clone(), |(folder, _)| folder)
}

/// The folder of the repository that corresponds: one around the current that is
/// called as the session's own was, else the topmost.
fn within(cwd: &Path, top: &Path, folder: &str) -> PathBuf {
    // It may be written as another system does.
    let name = folder.rsplit(['/', '\\']).find(|name| !name.is_empty());
    let called = |dir: &&Path| dir.file_name().and_then(|name| name.to_str()) == name;
    let mut around = cwd.ancestors().take_while(|dir| dir.starts_with(top));
    around.find(called).unwrap_or(top).to_owned()
}
