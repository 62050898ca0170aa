//! The operation log: what happened to the refs, and taking it back.

use super::Env;
use crate::object::Id;
use crate::store::refs::{Edit, Op, RefValue};
use crate::store::{Batch, Store, StoreError};

/// What begins the command of an operation that takes another back.
const UNDO: &str = "undo ";
/// The refs that users change; others follow from what tools write.
const OWN: &[&str] = &["branch/", "deleted/", "tag/", "name/"];

/// Why an operation can't be taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// The store refuses.
    #[error("cannot change the store")]
    Store(#[from] StoreError),
    /// There is nothing to take back.
    #[error("there is nothing to undo")]
    Nothing,
    /// There is no such operation.
    #[error("there is no operation {0}")]
    Missing(u64),
    /// What it changed was changed again.
    #[error("{name} was changed again by operation {by}")]
    Later {
        /// The ref.
        name: String,
        /// The operation.
        by: u64,
    },
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The operation.
    pub op: Op,
    /// What each of its refs stood for before it, and does again.
    pub restored: Vec<(String, Option<RefValue>)>,
}

/// Takes an operation back: the last one that changed branches, tags or
/// names and isn't taken back already, unless a number is given. The log
/// only grows: this is one more operation, which can be taken back too.
pub fn undo(env: &Env, store: &mut Store, number: Option<u64>, dry_run: bool) -> Result<Undone, UndoError> {
    let ops = store.ops()?;
    let op = match number {
        Some(n) => ops.iter().find(|op| op.number == n).ok_or(UndoError::Missing(n))?,
        None => last(&ops).ok_or(UndoError::Nothing)?,
    };
    let (before, then) = (store.refs_after(op.number.saturating_sub(1))?, store.refs_after(op.number)?);
    let (mut edits, mut restored) = (Vec::new(), Vec::new());
    for (name, _) in &op.changes {
        let after = then.get(name);
        if store.refs().get(name) != after {
            let by = ops.iter().rev().find(|later| later.changes.iter().any(|(n, _)| n == name));
            return Err(UndoError::Later { name: name.clone(), by: by.map_or(0, |op| op.number) });
        }
        let (expect, new) = (after.cloned(), before.get(name).cloned());
        restored.push((name.clone(), new.clone()));
        edits.push(Edit { name: name.clone(), expect, new });
    }
    if !dry_run {
        let mut actor = env.actor();
        actor.command = format!("{UNDO}{}", op.number);
        store.apply(Batch::default(), edits, &actor)?;
    }
    Ok(Undone { op: op.clone(), restored })
}

/// The last operation of the user's that isn't taken back.
fn last(ops: &[Op]) -> Option<&Op> {
    let mut undone = Vec::new();
    for op in ops.iter().rev().filter(|op| !op.changes.is_empty()) {
        if undone.contains(&op.number) {
            continue;
        }
        match op.command.strip_prefix(UNDO).and_then(|n| n.parse().ok()) {
            Some(number) => undone.push(number),
            None if op.changes.iter().any(|(name, _)| OWN.iter().any(|own| name.starts_with(own))) => {
                return Some(op);
            }
            None => {}
        }
    }
    None
}

/// One move of a branch or tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// How many moves ago it stood here: the n of `@{n}`.
    pub ago: u64,
    /// Where it stood; `None` if it was removed.
    pub commit: Option<Id>,
    /// The number of the operation.
    pub op: u64,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// Who.
    pub who: String,
    /// The command.
    pub command: String,
}

/// How a ref moved, the last move first.
pub fn moves(store: &Store, name: &str) -> Result<Vec<Move>, StoreError> {
    let mut moves = Vec::new();
    for op in store.ops()?.iter().rev() {
        let Some((_, value)) = op.changes.iter().find(|(changed, _)| changed == name) else { continue };
        let commit = match value {
            Some(RefValue::Commit(id)) => Some(*id),
            Some(RefValue::Tag(id)) => Some(store.tag(id)?.commit),
            _ => None,
        };
        let ago = moves.iter().filter(|m: &&Move| m.commit.is_some()).count() as u64;
        let (who, command) = (op.who.clone(), op.command.clone());
        moves.push(Move { ago, commit, op: op.number, time: op.time, who, command });
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::branch;
    use crate::ops::sample::Sample;

    #[test]
    fn operations_are_taken_back_one_by_one_and_so_is_that() {
        let mut sample = Sample::new();
        let tip = sample.turns(None, &["one", "two"]);
        sample.session("first", sample.env.cwd.clone(), tip);
        let Sample { mut store, env, .. } = sample;
        assert!(matches!(undo(&env, &mut store, None, false), Err(UndoError::Nothing)));
        let made = branch::fork(&env, &mut store, "@~", Some("try"), false).unwrap();
        branch::name(&env, &mut store, "mine", "@", false).unwrap();
        branch::remove(&env, &mut store, made.session, "try").unwrap();
        let full = format!("branch/{}/try", made.session);
        let has = |store: &Store| (store.refs().contains_key(&full), store.refs().contains_key("name/mine"));
        assert_eq!(undo(&env, &mut store, None, true).unwrap().op.command, "");
        assert_eq!(has(&store), (false, true));
        undo(&env, &mut store, None, false).unwrap();
        assert_eq!(has(&store), (true, true));
        undo(&env, &mut store, None, false).unwrap();
        assert_eq!(has(&store), (true, false));
        let last = store.last_op();
        undo(&env, &mut store, Some(last), false).unwrap();
        assert_eq!(has(&store), (true, true));
        let moved = moves(&store, &full).unwrap();
        let ago: Vec<_> = moved.iter().map(|m| (m.ago, m.commit.is_some())).collect();
        assert_eq!(ago, [(0, true), (1, false), (1, true)]);
        assert!(matches!(undo(&env, &mut store, Some(999), false), Err(UndoError::Missing(999))));
    }
}
