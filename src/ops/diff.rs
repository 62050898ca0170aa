//! Diff: what two revisions have in common, and what each did besides.
//!
//! Up to the last commit that both lines share nothing is read. From there on
//! messages are compared by their ids, which hold neither times nor tools: so
//! sessions that share no commit are compared too.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::revision::Resolved;
use super::{line, show};
use crate::object::id::IdSet;
use crate::object::{Commit, Id, Usage};
use crate::store::{Result, Store};

/// What two revisions have and have not in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The last commit that both lines share.
    pub base: Option<Id>,
    /// How many messages both have.
    pub common: u64,
    /// What only the first has.
    pub left: Side,
    /// What only the second has.
    pub right: Side,
}

impl Diff {
    /// Tells whether both say the same.
    pub fn is_same(&self) -> bool {
        self.left.only.is_empty() && self.right.only.is_empty()
    }
}

/// What only one of them has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The revision.
    pub at: Resolved,
    /// The commits of its messages, oldest first.
    pub only: Vec<Id>,
    /// How many turns begin in them.
    pub turns: u64,
    /// How many calls they make.
    pub calls: u64,
    /// Tokens counted for them.
    pub usage: Usage,
    /// Files they touch, each once: a letter (`r`, `w`, `e`) and the path.
    pub files: Vec<String>,
}

/// Compares two revisions.
pub fn diff(store: &Store, left: Resolved, right: Resolved) -> Result<Diff> {
    let base = line::common(store, left.commit, right.commit)?;
    let shared = base.map(|id| store.commit(&id)).transpose()?.map_or(0, |c| c.counts.messages);
    let (a, b) = (Steps::after(store, base, left.commit)?, Steps::after(store, base, right.commit)?);
    let (in_a, in_b) = align(&a.ids(), &b.ids());
    let common = shared + in_a.iter().filter(|both| **both).count() as u64;
    Ok(Diff { base, common, left: a.side(left, &in_a), right: b.side(right, &in_b) })
}

/// For each id of each side, whether it is matched on the other. What only
/// one side has is set aside first, so that the cost doesn't follow it.
fn align(a: &[Id], b: &[Id]) -> (Vec<bool>, Vec<bool>) {
    let (set_a, set_b): (IdSet, IdSet) = (a.iter().copied().collect(), b.iter().copied().collect());
    let places = |ids: &[Id], other: &IdSet| -> Vec<usize> {
        ids.iter().enumerate().filter(|(_, id)| other.contains(id)).map(|(n, _)| n).collect()
    };
    let (at_a, at_b) = (places(a, &set_b), places(b, &set_a));
    let pick =
        |ids: &[Id], at: &[usize]| -> Vec<Id> { at.iter().filter_map(|n| ids.get(*n)).copied().collect() };
    let (mut in_a, mut in_b) = (vec![false; a.len()], vec![false; b.len()]);
    let mark = |places: &[usize], matched: &mut Vec<bool>, from: usize, len: usize| {
        for at in places.iter().skip(from).take(len) {
            if let Some(seen) = matched.get_mut(*at) {
                *seen = true;
            }
        }
    };
    for op in capture_diff_slices(Algorithm::Patience, &pick(a, &at_a), &pick(b, &at_b)) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            mark(&at_a, &mut in_a, old_index, len);
            mark(&at_b, &mut in_b, new_index, len);
        }
    }
    (in_a, in_b)
}

/// A commit with a message, and the commits without one that follow it.
struct Step {
    commit: Id,
    message: Id,
    turns: u64,
    calls: u64,
    usage: Usage,
    files: Vec<String>,
}

struct Steps(Vec<Step>);

impl Steps {
    /// The steps after `base` on the line of `tip`.
    fn after(store: &Store, base: Option<Id>, tip: Id) -> Result<Steps> {
        let mut steps: Vec<Step> = Vec::new();
        for id in show::span(store, base, tip)? {
            let commit: &Commit = &*store.commit(&id)?;
            match (store.body(&id, commit)?.message, steps.last_mut()) {
                (Some(message), _) => steps.push(Step {
                    commit: id,
                    message: message.id()?,
                    turns: u64::from(commit.begins_turn()),
                    calls: message.calls(),
                    usage: commit.usage,
                    files: commit.files.clone(),
                }),
                (None, Some(last)) => {
                    last.usage = last.usage.plus(&commit.usage);
                    last.files.extend(commit.files.iter().cloned());
                }
                (None, None) => {}
            }
        }
        Ok(Steps(steps))
    }

    fn ids(&self) -> Vec<Id> {
        self.0.iter().map(|step| step.message).collect()
    }

    /// The sum of the steps that are not matched.
    fn side(self, at: Resolved, matched: &[bool]) -> Side {
        let mut side =
            Side { at, only: Vec::new(), turns: 0, calls: 0, usage: Usage::default(), files: Vec::new() };
        let mut seen = std::collections::HashSet::new();
        let steps = self.0.into_iter().zip(matched);
        for (step, _) in steps.filter(|(_, matched)| !**matched) {
            side.only.push(step.commit);
            side.turns += step.turns;
            side.calls += step.calls;
            side.usage = side.usage.plus(&step.usage);
            side.files.extend(step.files.into_iter().filter(|file| seen.insert(file.clone())));
        }
        side
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Role;
    use crate::ops::sample::{Sample, calls, says};

    fn at(commit: Id) -> Resolved {
        Resolved { session: Id::ZERO, commit, branch: None }
    }

    #[test]
    fn two_branches_are_compared_from_where_they_part() {
        let mut sample = Sample::new();
        let fork = sample.turns(None, &["one", "two"]);
        let left = sample.turns(Some(fork), &["three"]);
        let mut right = sample.turns(Some(fork), &["four", "five"]);
        right = sample.commit(Some(right), None, Some(calls("ls")), &["e/x", "e/x", "r/y"]);
        right = sample.commit(Some(right), None, None, &["r/y"]);
        let found = diff(&sample.store, at(left), at(right)).unwrap();
        assert_eq!((found.base, found.common), (Some(fork), 4));
        let (l, r) = (&found.left, &found.right);
        assert_eq!((l.only.len(), l.turns, l.calls, l.usage.output), (2, 1, 0, 5));
        assert_eq!((r.only.len(), r.turns, r.calls, r.usage.output), (5, 2, 1, 15));
        assert_eq!(r.files, ["e/x", "r/y"]);
        assert!(diff(&sample.store, at(left), at(left)).unwrap().is_same());
        let ahead = diff(&sample.store, at(fork), at(left)).unwrap();
        assert!(ahead.left.only.is_empty() && ahead.right.only.len() == 2);
    }

    #[test]
    fn two_sessions_are_aligned_by_what_they_say() {
        let mut sample = Sample::new();
        let left = sample.turns(None, &["one", "two", "three"]);
        let mut right = sample.turns(None, &["one", "odd", "two"]);
        right = sample.commit(Some(right), Some("end"), Some(says(Role::User, "end")), &[]);
        let found = diff(&sample.store, at(left), at(right)).unwrap();
        assert_eq!((found.base, found.common), (None, 4));
        assert_eq!((found.left.only.len(), found.right.only.len()), (2, 3));
        assert_eq!(found.right.turns, 2);
    }
}
