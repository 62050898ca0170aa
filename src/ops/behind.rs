//! Behind a commit of git's: the turns that made it.
//!
//! Git and the tools know nothing of each other, so this is a judgement, and
//! says how sure it is. A turn counts that was worked on in the repository
//! between the commit's parents and the commit, and that told of its files. A
//! result that prints the commit's id settles it, whenever that was.

use std::collections::BTreeSet;
use std::path::Path;

use super::log::{self, Turn};
use super::session::{self, SessionInfo};
use super::{Env, line};
use crate::object::id::{Id, IdSet};
use crate::object::message::{Block, Part, Text};
use crate::store::{Store, StoreError};
use crate::workspace::git::{self, GitCommit};

/// Clocks differ, and a commit's has seconds only.
const SLACK: i64 = 60_000;
/// A commit without parents, or one that was made before them, is looked for
/// so long before it was made.
const LONG: i64 = 14 * 86_400_000;
/// So much of a commit's id names it.
const NAMED: usize = 7;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum BehindError {
    /// Git knows no such commit here, or isn't there.
    #[error("git knows no commit {name:?} in {}", folder.display())]
    Unknown {
        /// What was looked for.
        name: String,
        /// Where.
        folder: std::path::PathBuf,
    },
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How sure it is that a turn is behind a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// It looked at files of the commit.
    Possible,
    /// It wrote files of the commit.
    Likely,
    /// What a command printed in it names the commit.
    Certain,
}

/// A turn behind a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The session.
    pub session: Id,
    /// What to call it.
    pub label: String,
    /// The turn.
    pub turn: Turn,
    /// How sure that is.
    pub sure: Sure,
    /// The files of the commit that it wrote.
    pub wrote: Vec<String>,
    /// The files of the commit that it only looked at.
    pub read: Vec<String>,
}

/// What is behind a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The commit.
    pub commit: GitCommit,
    /// The turns: the surest first, then the later ones.
    pub found: Vec<Found>,
}

/// Finds the turns behind a commit of the repository that the user is in.
pub fn behind(env: &Env, store: &Store, name: &str) -> Result<Behind, BehindError> {
    let unknown = || BehindError::Unknown { name: name.to_owned(), folder: env.cwd.clone() };
    let commit = git::commit(&env.cwd, name).ok_or_else(unknown)?;
    let found = found(env, store, &commit)?;
    Ok(Behind { commit, found })
}

/// Finds the turns behind a commit, which need not be made yet.
pub(super) fn found(env: &Env, store: &Store, commit: &GitCommit) -> Result<Vec<Found>, StoreError> {
    let (mut found, mut seen) = (Vec::new(), IdSet::default());
    for session in session::sessions(store) {
        let project = session.project.as_deref().map(|dir| env.resolve(Path::new(dir)));
        if !project.is_some_and(|dir| commit.roots.iter().any(|root| dir.starts_with(root))) {
            continue;
        }
        for branch in &session.branches {
            walk(store, &session, branch.tip, commit, &mut seen, &mut found)?;
        }
    }
    found.sort_by(|a: &Found, b: &Found| {
        (b.sure, b.turn.time, b.turn.tip).cmp(&(a.sure, a.turn.time, a.turn.tip))
    });
    Ok(found)
}

/// Looks at the turns of a line, the last one first, until they end before the
/// commit was begun.
fn walk(
    store: &Store,
    session: &SessionInfo,
    tip: Id,
    commit: &GitCommit,
    seen: &mut IdSet,
    found: &mut Vec<Found>,
) -> Result<(), StoreError> {
    let since = commit.since.filter(|since| *since < commit.time);
    let since = since.unwrap_or(commit.time.saturating_sub(LONG)).saturating_sub(SLACK);
    let mut next = Some((tip, store.commit(&tip)?));
    while let Some(end) = next {
        // What several branches share is looked at once.
        if !seen.insert(end.0) || end.1.time.is_some_and(|time| time < since) {
            return Ok(());
        }
        let (turn, before) = log::turn(store, end)?;
        next = before;
        if turn.time.is_none_or(|time| time > commit.time.saturating_add(SLACK)) {
            continue;
        }
        found.extend(judge(store, session, turn, commit, next.as_ref().map(|(id, _)| *id))?);
    }
    Ok(())
}

/// What a turn has to do with a commit, if anything. `before` ends the turn
/// before it.
fn judge(
    store: &Store,
    session: &SessionInfo,
    turn: Turn,
    commit: &GitCommit,
    before: Option<Id>,
) -> Result<Option<Found>, StoreError> {
    let project = session.project.as_deref().unwrap_or_default();
    let (mut wrote, mut read) = (BTreeSet::new(), BTreeSet::new());
    for touched in &turn.files {
        let path = touched.strip_prefix(['r', 'w', 'e']).unwrap_or(touched);
        let Some(file) = commit.files.iter().find(|file| is_file(commit, project, path, file)) else {
            continue;
        };
        let kind = if touched.starts_with('r') { &mut read } else { &mut wrote };
        kind.insert(file.clone());
    }
    read.retain(|file| !wrote.contains(file));
    let sure = match (names(store, turn.tip, before, commit)?, wrote.is_empty(), read.is_empty()) {
        (true, ..) => Sure::Certain,
        (false, false, _) => Sure::Likely,
        (false, true, false) => Sure::Possible,
        (false, true, true) => return Ok(None),
    };
    let (session, label) = (session.id, session.label().to_owned());
    let (wrote, read) = (wrote.into_iter().collect(), read.into_iter().collect());
    Ok(Some(Found { session, label, turn, sure, wrote, read }))
}

/// Whether a path that a tool names is a file of the commit: in one of the
/// repository's folders, or below where the session worked.
fn is_file(commit: &GitCommit, project: &str, path: &str, file: &str) -> bool {
    let whole = Path::new(project).join(path);
    commit.roots.iter().any(|root| whole == root.join(file))
}

/// Whether a result in the turn names the commit.
fn names(store: &Store, tip: Id, before: Option<Id>, commit: &GitCommit) -> Result<bool, StoreError> {
    let Some(short) = commit.id.get(..NAMED) else { return Ok(false) };
    for at in line::back(store, tip) {
        let (id, at) = at?;
        if Some(id) == before {
            break;
        }
        let message = match store.body(&id, &at) {
            Ok(body) => body.message,
            // Its words stayed on a remote, and can't tell.
            Err(StoreError::Promised { .. }) => None,
            Err(e) => return Err(e),
        };
        let Some(message) = message else { continue };
        for block in &message.blocks {
            let Block::Result { parts, .. } = block else { continue };
            for part in parts {
                let Part::Text(text) = part else { continue };
                let bytes = match text {
                    Text::Inline(bytes) => bytes.clone(),
                    Text::Blob(id, _) => match store.blob(id) {
                        Err(StoreError::Promised { .. }) => continue,
                        bytes => bytes?,
                    },
                    Text::Base64(..) | Text::Base64Url(..) => continue,
                };
                if is_named(&String::from_utf8_lossy(&bytes), short, &commit.id) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Whether a word of the text begins the id, and is long enough to mean it.
fn is_named(text: &str, short: &str, id: &str) -> bool {
    text.match_indices(short).any(|(at, _)| {
        let is_hex = |c: char| c.is_ascii_hexdigit();
        let word = text.get(at..).unwrap_or_default();
        let word = word.split(|c: char| !is_hex(c)).next().unwrap_or_default();
        id.starts_with(word) && !text.get(..at).is_some_and(|before| before.ends_with(is_hex))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Role, Status};
    use crate::ops::sample::{Sample, gives, says};

    #[test]
    fn a_word_names_a_commit_if_it_begins_its_id() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        for (text, named) in [
            ("[main 0123456] title", true),
            ("commit 0123456789abcdef0123456789abcdef01234567\n", true),
            ("[main 0123457]", false),
            ("x 01234567ff y", false),
            ("f0123456", false),
            ("", false),
        ] {
            assert_eq!(is_named(text, &id[..7], id), named, "{text}");
        }
    }

    #[test]
    fn turns_are_judged_by_time_files_and_what_was_printed() {
        let mut sample = Sample::new();
        let root = sample.env.cwd.clone();
        let commit = GitCommit {
            id: "0123456789abcdef0123456789abcdef01234567".into(),
            time: 100_000,
            since: Some(70_000),
            files: vec!["src/a".into(), "b".into()],
            roots: vec![root.clone()],
            ..GitCommit::default()
        };
        let whole = |how: &str, file: &str| format!("{how}{}", root.join(file).display());
        let (read, wrote) = (whole("r", "src/a"), whole("e", "b"));
        let mut tip = sample.commit(None, Some("early"), Some(says(Role::User, "early")), &[&wrote]);
        sample.pass(75_000);
        tip = sample.commit(Some(tip), Some("look"), Some(says(Role::User, "look")), &["rb", &read]);
        tip = sample.commit(Some(tip), Some("other"), Some(says(Role::User, "other")), &["e/elsewhere/b"]);
        tip = sample.commit(Some(tip), Some("write"), Some(says(Role::User, "write")), &[&read, &wrote]);
        tip = sample.commit(Some(tip), Some("commit"), Some(says(Role::User, "commit")), &[]);
        tip = sample.commit(Some(tip), None, Some(gives("[main 0123456] x", Status::Ok)), &[]);
        sample.pass(400_000);
        tip = sample.commit(Some(tip), Some("late"), Some(says(Role::User, "late")), &[&wrote]);
        let id = sample.session("s", root, tip);
        let session = session::info(&sample.store, &id).unwrap();
        let (mut found, mut seen) = (Vec::new(), IdSet::default());
        walk(&sample.store, &session, tip, &commit, &mut seen, &mut found).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|f| (f.turn.title.as_deref().unwrap(), f.sure, f.wrote.join(","), f.read.join(",")))
            .collect();
        let empty = String::new;
        assert_eq!(
            told,
            [
                ("commit", Sure::Certain, empty(), empty()),
                ("write", Sure::Likely, "b".to_owned(), "src/a".to_owned()),
                ("look", Sure::Possible, empty(), "b,src/a".to_owned()),
            ]
        );
        let mut again = Vec::new();
        walk(&sample.store, &session, tip, &commit, &mut seen, &mut again).unwrap();
        assert!(again.is_empty(), "a line is looked at once");
    }
}
