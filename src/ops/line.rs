//! A line of a conversation: from a tip back to its beginning.
//!
//! Going back costs a commit a turn, not one a message, because every commit
//! knows where its turn began.

use std::collections::HashSet;
use std::sync::Arc;

use crate::object::id::IdSet;
use crate::object::{Commit, Id};
use crate::store::{Result, Store};

/// A commit and its id.
pub type At = (Id, Arc<Commit>);

/// The commit before `commit` in the conversation.
pub fn before(store: &Store, commit: &Commit) -> Result<Option<At>> {
    commit.parents.first().map(|id| Ok((*id, store.commit(id)?))).transpose()
}

/// The commit that began the turn of `at`, itself perhaps; `None` before the
/// first turn.
pub fn turn_of(store: &Store, at: &At) -> Result<Option<At>> {
    if at.1.begins_turn() {
        return Ok(Some(at.clone()));
    }
    at.1.turn.map(|id| Ok((id, store.commit(&id)?))).transpose()
}

/// The files touched in the turn of `tip`, up to and with it.
pub fn touched(store: &Store, tip: Id) -> Result<HashSet<String>> {
    let mut files = HashSet::new();
    for at in back(store, tip) {
        let commit = at?.1;
        files.extend(commit.files.iter().cloned());
        if commit.begins_turn() {
            break;
        }
    }
    Ok(files)
}

/// The commits from `tip` back to the beginning, newest first.
pub fn back(store: &Store, tip: Id) -> impl Iterator<Item = Result<At>> {
    let mut next = Some(tip);
    std::iter::from_fn(move || {
        let id = next.take()?;
        let commit = match store.commit(&id) {
            Ok(commit) => commit,
            Err(e) => return Some(Err(e)),
        };
        next = commit.parents.first().copied();
        Some(Ok((id, commit)))
    })
}

/// The last commit on the line of `tip` that is not `after` what is looked
/// for. `after` must hold for every commit that follows one for which it
/// holds. Hops over whole turns.
pub fn skip(store: &Store, tip: Id, after: impl Fn(&Commit) -> bool) -> Result<Option<At>> {
    let (mut next, mut inside) = (Some(tip), None);
    while let Some(id) = next {
        let commit = store.commit(&id)?;
        if !after(&commit) {
            return Ok(Some((id, commit)));
        }
        next = commit.parents.first().copied();
        if let Some(turn) = commit.turn.filter(|turn| Some(*turn) != inside) {
            let begin = store.commit(&turn)?;
            if after(&begin) {
                next = begin.parents.first().copied();
            } else {
                inside = Some(turn);
            }
        }
    }
    Ok(None)
}

/// Message `n`, from 1, on the line of `tip`.
pub fn message(store: &Store, tip: Id, n: u64) -> Result<Option<At>> {
    // Commits without a message may follow the one that is meant.
    let Some(mut at) = skip(store, tip, |commit| commit.counts.messages > n)? else { return Ok(None) };
    if at.1.counts.messages != n || n == 0 {
        return Ok(None);
    }
    while let Some(earlier) = before(store, &at.1)? {
        if earlier.1.counts.messages < n {
            break;
        }
        at = earlier;
    }
    Ok(Some(at))
}

/// The tip before the last `turns` turns began; `None` if there were fewer.
pub fn turns_back(store: &Store, tip: Id, turns: u64) -> Result<Option<Id>> {
    let mut at = (tip, store.commit(&tip)?);
    for _ in 0..turns {
        let Some(turn) = turn_of(store, &at)? else { return Ok(None) };
        let Some(earlier) = before(store, &turn.1)? else { return Ok(None) };
        at = earlier;
    }
    Ok(Some(at.0))
}

/// Tells whether `commit` lies on the line of `tip`.
pub fn holds(store: &Store, tip: Id, wanted: Id, commit: &Commit) -> Result<bool> {
    let at = skip(store, tip, |c| c.counts.commits > commit.counts.commits)?;
    Ok(at.is_some_and(|(id, _)| id == wanted))
}

/// Tells whether a conversation went through `old` on its way to `new`, by
/// whichever parents.
pub fn led_through(store: &Store, old: Id, new: Id) -> Result<bool> {
    let least = store.commit(&old)?.counts.commits;
    let (mut seen, mut open) = (IdSet::default(), vec![new]);
    while let Some(id) = open.pop() {
        if id == old {
            return Ok(true);
        }
        let commit = store.commit(&id)?;
        if commit.counts.commits > least {
            open.extend(commit.parents.iter().filter(|id| seen.insert(**id)));
        }
    }
    Ok(false)
}

/// The last commit that the lines of `a` and `b` have in common.
pub fn common(store: &Store, a: Id, b: Id) -> Result<Option<Id>> {
    let (mut a, mut b) = ((a, store.commit(&a)?), (b, store.commit(&b)?));
    while a.0 != b.0 {
        let step = if a.1.counts.commits >= b.1.counts.commits { &mut a } else { &mut b };
        match before(store, &step.1)? {
            Some(earlier) => *step = earlier,
            None => return Ok(None),
        }
    }
    Ok(Some(a.0))
}
