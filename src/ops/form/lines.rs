//! The files that a session wrote, and whose their lines are now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::object::Id;
use crate::ops::blame::{BlameError, BlameOptions, BlameOutcome, blame};
use crate::ops::{Env, Monitor, line, session};
use crate::store::Store;

/// Files of the project in which lines are left that a session wrote up to a
/// commit: as they are now, or as they were at that commit if `then`.
pub fn lines(
    env: &Env,
    store: &Store,
    (session, commit): (Id, Id),
    then: bool,
    monitor: &dyn Monitor,
) -> Result<Vec<BlameOutcome>, BlameError> {
    let project = session::info(store, &session).and_then(|info| info.project);
    let project = project.map(PathBuf::from).unwrap_or_else(|| env.cwd.clone());
    let mut paths = BTreeSet::new();
    for at in line::back(store, commit) {
        let (_, commit) = at?;
        let written = commit.files.iter().filter_map(|file| file.strip_prefix(['w', 'e']));
        paths.extend(written.map(|path| project.join(path)));
    }
    let mut found = Vec::new();
    monitor.begin("looking whose lines are left", Some(paths.len() as u64));
    for path in paths {
        monitor.advance(1);
        let at = then.then_some((session, commit));
        if let Some(one) = of_file(env, store, &path, at)?
            && one.origins.iter().any(|origin| origin.session == Some(session))
        {
            found.push(one);
        }
    }
    monitor.end();
    Ok(found)
}

/// Whose the lines of a file are; nothing of one that is gone, or has none.
fn of_file(
    env: &Env,
    store: &Store,
    path: &Path,
    at: Option<(Id, Id)>,
) -> Result<Option<BlameOutcome>, BlameError> {
    let options = BlameOptions { path: path.to_owned(), at, ..BlameOptions::default() };
    match blame(env, store, &options, &crate::ops::Quiet) {
        Ok(found) => Ok(Some(found)),
        Err(BlameError::Store(e)) => Err(BlameError::Store(e)),
        Err(_) => Ok(None),
    }
}
