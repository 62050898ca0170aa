//! The user's own names: branches, tags, and names of sessions.
//!
//! Making one is changing a ref; capture never touches them, and the
//! operation log has what they stood for before.

use super::revision::{self, Resolved, RevisionError};
use super::session;
use super::{Env, session::SessionInfo};
use crate::object::{Id, Kind, Tag};
use crate::store::refs::{Edit, RefValue};
use crate::store::{Batch, Store, StoreError};

/// The longest name, in bytes.
const NAME_MAX: usize = 100;

/// Why a name was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// What it should stand for isn't known.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The store refuses.
    #[error("cannot change the store")]
    Store(#[from] StoreError),
    /// It can't be a name.
    #[error("{name:?} can't be a name: {why}")]
    Bad {
        /// The name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// It stands for something else.
    #[error("{name:?} is taken: it stands for {what}")]
    Taken {
        /// The name.
        name: String,
        /// What it stands for.
        what: String,
    },
    /// There is no such name.
    #[error("there is no {what} {name:?}")]
    Missing {
        /// A branch, a tag or a name.
        what: &'static str,
        /// The name.
        name: String,
    },
}

/// A branch that was made or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The session.
    pub session: Id,
    /// The name.
    pub name: String,
    /// The commit that it stands for, or stood for.
    pub commit: Id,
}

/// Makes a branch of the user's at a revision. Without a name it gets one.
pub fn fork(
    env: &Env,
    store: &mut Store,
    rev: &str,
    name: Option<&str>,
    force: bool,
) -> Result<Changed, NameError> {
    let at = revision::resolve(store, env, rev)?;
    fork_at(env, store, &at, name, force)
}

/// The same at a revision that was found before.
pub fn fork_at(
    env: &Env,
    store: &mut Store,
    at: &Resolved,
    name: Option<&str>,
    force: bool,
) -> Result<Changed, NameError> {
    let (made, edit) = forked(store, at, name, force)?;
    store.apply(Batch::default(), vec![edit], &env.actor())?;
    Ok(made)
}

/// The branch that would be made, and the change that makes it.
pub(super) fn forked(
    store: &Store,
    at: &Resolved,
    name: Option<&str>,
    force: bool,
) -> Result<(Changed, Edit), NameError> {
    let info = session::info(store, &at.session).unwrap_or_default();
    let name = match name {
        Some(name) => name.to_owned(),
        None => free_name(&info),
    };
    check(&name)?;
    match info.branches.iter().find(|b| b.name == name) {
        Some(taken) if !taken.own => {
            return Err(NameError::Bad { name, why: "capture keeps a branch of that name" });
        }
        Some(taken) if taken.tip != at.commit && !force => {
            let what = format!("commit {:.12}", taken.tip);
            return Err(NameError::Taken { name, what });
        }
        _ => {}
    }
    let full = format!("branch/{}/{name}", at.session);
    let new = Some(RefValue::Commit(at.commit));
    let edit = Edit { expect: store.refs().get(&full).cloned(), name: full, new };
    Ok((Changed { session: at.session, name, commit: at.commit }, edit))
}

/// Removes a branch of the user's. What it led to stays in the store.
pub fn remove(env: &Env, store: &mut Store, session: Id, name: &str) -> Result<Changed, NameError> {
    let full = format!("branch/{session}/{name}");
    match store.refs().get(&full) {
        Some(RefValue::Commit(commit)) => {
            let commit = *commit;
            set(env, store, &full, None)?;
            Ok(Changed { session, name: name.to_owned(), commit })
        }
        _ if store.refs().contains_key(&format!("head/{session}/{name}")) => Err(NameError::Bad {
            name: name.to_owned(),
            why: "capture keeps that branch, and would only make it again",
        }),
        _ => Err(NameError::Missing { what: "branch of yours called", name: name.to_owned() }),
    }
}

/// What a tag says.
#[derive(Clone, Debug, Default)]
pub struct TagOptions {
    /// Words that go with it.
    pub words: String,
    /// Whether it may stand for something else already.
    pub force: bool,
}

/// Tags a revision.
pub fn tag(
    env: &Env,
    store: &mut Store,
    name: &str,
    rev: &str,
    options: &TagOptions,
) -> Result<Changed, NameError> {
    check(name)?;
    let at = revision::resolve(store, env, rev)?;
    let full = format!("tag/{name}");
    if let Some(RefValue::Tag(id)) = store.refs().get(&full)
        && !options.force
    {
        let what = format!("commit {:.12}", store.tag(id)?.commit);
        return Err(NameError::Taken { name: name.to_owned(), what });
    }
    let tag = Tag {
        commit: at.commit,
        name: name.to_owned(),
        words: options.words.clone(),
        by: env.actor().who,
        time: env.now,
    };
    let mut batch = Batch::default();
    let id = batch.put_value(store, Kind::Tag, &tag)?;
    let edit = Edit { expect: store.refs().get(&full).cloned(), name: full, new: Some(RefValue::Tag(id)) };
    store.apply(batch, vec![edit], &env.actor())?;
    Ok(Changed { session: at.session, name: name.to_owned(), commit: at.commit })
}

/// All tags, by name.
pub fn tags(store: &Store) -> Result<Vec<Tag>, StoreError> {
    let ids = store.refs_below("tag/").filter_map(|(name, value)| match value {
        RefValue::Tag(id) => Some((name.strip_prefix("tag/")?.to_owned(), *id)),
        _ => None,
    });
    // A tag that another machine had too goes by the name of its ref.
    ids.map(|(name, id)| Ok(Tag { name, ..store.tag(&id)? })).collect()
}

/// Removes a tag.
pub fn remove_tag(env: &Env, store: &mut Store, name: &str) -> Result<Id, NameError> {
    let full = format!("tag/{name}");
    let Some(RefValue::Tag(id)) = store.refs().get(&full) else {
        return Err(NameError::Missing { what: "tag", name: name.to_owned() });
    };
    let commit = store.tag(id)?.commit;
    set(env, store, &full, None)?;
    Ok(commit)
}

/// Names a session; the name that it had before goes.
pub fn name(env: &Env, store: &mut Store, name: &str, rev: &str, force: bool) -> Result<Id, NameError> {
    check(name)?;
    if name.contains('/') {
        return Err(NameError::Bad { name: name.to_owned(), why: "a slash comes before a branch" });
    }
    let session = revision::session(store, env, rev)?;
    let full = format!("name/{name}");
    let value = RefValue::Session(session);
    match store.refs().get(&full) {
        Some(RefValue::Session(other)) if *other != session && !force => {
            let what = format!("session {other:.12}");
            return Err(NameError::Taken { name: name.to_owned(), what });
        }
        _ => {}
    }
    let old = store.refs_below("name/").filter(|(old, v)| **v == value && *old != full);
    let mut edits: Vec<Edit> =
        old.map(|(old, v)| Edit { name: old.to_owned(), expect: Some(v.clone()), new: None }).collect();
    edits.push(Edit { expect: store.refs().get(&full).cloned(), name: full, new: Some(value) });
    store.apply(Batch::default(), edits, &env.actor())?;
    Ok(session)
}

/// Takes a name of a session away.
pub fn remove_name(env: &Env, store: &mut Store, name: &str) -> Result<(), NameError> {
    let full = format!("name/{name}");
    if !store.refs().contains_key(&full) {
        return Err(NameError::Missing { what: "session named", name: name.to_owned() });
    }
    Ok(set(env, store, &full, None)?)
}

fn set(env: &Env, store: &mut Store, name: &str, new: Option<RefValue>) -> Result<(), StoreError> {
    let edit = Edit { name: name.to_owned(), expect: store.refs().get(name).cloned(), new };
    store.apply(Batch::default(), vec![edit], &env.actor())
}

fn free_name(session: &SessionInfo) -> String {
    let taken = |name: &String| session.branches.iter().any(|b| b.name == *name);
    let mut names = (1u32..).map(|n| format!("branch-{n}"));
    names.find(|name| !taken(name)).unwrap_or_default()
}

/// Tells whether a name can be told from the rest of a revision.
fn check(name: &str) -> Result<(), NameError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_MAX {
        "it is too long"
    } else if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "it has white space or control characters"
    } else if name.contains(['~', ':', '\\']) || name.contains("@{") || name == "@" {
        "`~`, `:`, `\\`, `@` and `@{` mean something in a revision"
    } else if name.starts_with('-') {
        "it looks like an option"
    } else if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "something is missing beside a slash"
    } else {
        return Ok(());
    };
    Err(NameError::Bad { name: name.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;

    fn sample() -> Sample {
        let mut sample = Sample::new();
        let tip = sample.turns(None, &["one", "two"]);
        sample.session("first", sample.env.cwd.clone(), tip);
        sample
    }

    #[test]
    fn branches_are_made_moved_and_removed() {
        let mut sample = sample();
        let (store, env) = (&mut sample.store, &sample.env);
        let made = fork(env, store, "@~", None, false).unwrap();
        assert_eq!(made.name, "branch-1");
        assert_eq!(fork(env, store, "@", None, false).unwrap().name, "branch-2");
        let taken = |r: Result<Changed, NameError>| assert!(matches!(r, Err(NameError::Taken { .. })));
        taken(fork(env, store, "@", Some("branch-1"), false));
        assert!(matches!(fork(env, store, "@", Some("main"), true), Err(NameError::Bad { .. })));
        let moved = fork(env, store, "@", Some("branch-1"), true).unwrap();
        assert_eq!(revision::resolve(store, env, "@/branch-1@{1}").unwrap().commit, made.commit);
        assert_eq!(remove(env, store, moved.session, "branch-1").unwrap().commit, moved.commit);
        assert!(revision::resolve(store, env, "@/branch-1").is_err());
        assert!(matches!(remove(env, store, moved.session, "main"), Err(NameError::Bad { .. })));
        assert!(matches!(remove(env, store, moved.session, "none"), Err(NameError::Missing { .. })));
    }

    #[test]
    fn tags_and_names_lead_back() {
        let mut sample = sample();
        let (store, env) = (&mut sample.store, &sample.env);
        let words = TagOptions { words: "it worked".into(), force: false };
        let made = tag(env, store, "v1", "@~", &words).unwrap();
        assert_eq!(revision::resolve(store, env, "v1").unwrap().commit, made.commit);
        assert_eq!(tags(store).unwrap()[0].words, "it worked");
        assert!(matches!(tag(env, store, "v1", "@", &words), Err(NameError::Taken { .. })));
        remove_tag(env, store, "v1").unwrap();
        assert!(tags(store).unwrap().is_empty());
        let session = name(env, store, "one", "@", false).unwrap();
        name(env, store, "two", "one", false).unwrap();
        assert_eq!(revision::session(store, env, "two").unwrap(), session);
        assert!(revision::session(store, env, "one").is_err());
        remove_name(env, store, "two").unwrap();
        assert!(remove_name(env, store, "two").is_err());
    }

    #[test]
    fn odd_names_are_refused() {
        for odd in ["", "a b", "a~1", "a:2", "@", "a@{1}", "-x", "a//b", "../x", "a\x1b"] {
            assert!(check(odd).is_err(), "{odd:?}");
        }
        for good in ["main", "a/b", "täg", "v1.0", "main@1a2b3c4d"] {
            check(good).unwrap();
        }
    }
}
