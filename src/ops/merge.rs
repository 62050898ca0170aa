//! Merge: one branch that knows of another.
//!
//! Two conversations can't be woven into one, since an answer is one to what
//! came before it. So the thread of one goes on, and what was said in the other
//! is told in it: a commit with both as parents and a briefing as its message.

use super::branch::{self, Changed, NameError};
use super::briefing::briefing;
use super::revision::{self, Resolved, RevisionError};
use super::{Env, line, session, show};
use crate::object::commit::Counts;
use crate::object::id::Id;
use crate::object::message::{Block, Message, Role, Text};
use crate::object::{Body, Commit, TEXT_MIN};
use crate::store::exchange::Want;
use crate::store::{Batch, Store, StoreError};

/// How long the telling may be, in tokens, if nothing is said.
pub const TOKENS: usize = 4000;

/// Why nothing was merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// What should be merged isn't known.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The branch can't be called so.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The one has all of the other.
    #[error("{0} has all of it already")]
    Has(String),
    /// The other goes on from the one.
    #[error("{theirs} only goes on from {ours}")]
    GoesOn {
        /// The one.
        ours: String,
        /// The other.
        theirs: String,
    },
}

/// What to merge.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// The revision whose thread goes on.
    pub into: String,
    /// The revision that is told of.
    pub other: String,
    /// What to call the branch; that of `into` if it is the user's, else one
    /// that is made.
    pub name: Option<String>,
    /// How long the telling may be, in tokens.
    pub tokens: usize,
}

/// What was merged, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The branch and its commit.
    pub branch: Changed,
    /// Where the two parted; none if they have no commit in common.
    pub parted: Option<Id>,
    /// How many turns of the other are told of.
    pub turns: u64,
    /// The words of it.
    pub text: String,
}

/// Merges one revision into the branch of another.
pub fn merge(
    env: &Env,
    store: &mut Store,
    options: &MergeOptions,
    dry_run: bool,
) -> Result<Merged, MergeError> {
    store.refresh()?;
    let ours = revision::resolve(store, env, &options.into)?;
    let theirs = revision::resolve(store, env, &options.other)?;
    for id in [ours.commit, theirs.commit] {
        if store.is_promised(Want::Commit(id))? {
            return Err(StoreError::Promised { id }.into());
        }
    }
    if line::led_through(store, theirs.commit, ours.commit)? {
        return Err(MergeError::Has(options.into.clone()));
    }
    if line::led_through(store, ours.commit, theirs.commit)? {
        return Err(MergeError::GoesOn { ours: options.into.clone(), theirs: options.other.clone() });
    }
    let parted = line::common(store, ours.commit, theirs.commit)?;
    let title = session::info(store, &theirs.session).map(|info| info.label().to_owned()).unwrap_or_default();
    let from = format!("{}, which went on apart from this", options.other);
    let told = briefing(
        show::messages(store, &since(store, theirs.commit, parted)?),
        &title,
        &from,
        options.tokens,
    )?;
    let mut batch = Batch::default();
    let commit = put(env, store, &mut batch, (ours.commit, theirs.commit), options, &told.text)?;
    let at = Resolved { commit, ..ours };
    let own = |name: &String| store.refs().contains_key(&format!("branch/{}/{name}", at.session));
    let moves = at.branch.clone().filter(|name| options.name.is_none() && own(name));
    let name = moves.as_deref().or(options.name.as_deref());
    let (branch, edit) = branch::forked(store, &at, name, moves.is_some())?;
    if !dry_run {
        store.apply(batch, vec![edit], &env.actor())?;
    }
    Ok(Merged { branch, parted, turns: told.turns, text: told.text })
}

/// The commits of a line after one of them, in their order.
fn since(store: &Store, tip: Id, parted: Option<Id>) -> Result<Vec<Id>, StoreError> {
    let mut commits = Vec::new();
    for at in line::back(store, tip) {
        let (id, _) = at?;
        if Some(id) == parted {
            break;
        }
        commits.push(id);
    }
    commits.reverse();
    Ok(commits)
}

/// Puts the commit of a merge into a batch.
fn put(
    env: &Env,
    store: &Store,
    batch: &mut Batch,
    (ours, theirs): (Id, Id),
    options: &MergeOptions,
    words: &str,
) -> Result<Id, StoreError> {
    let before = store.commit(&ours)?;
    let bytes = words.as_bytes().to_vec();
    let text = match bytes.len() {
        len if len < TEXT_MIN => Text::Inline(bytes),
        len => Text::Blob(batch.put_blob(store, bytes)?, len as u64),
    };
    let message = Message { role: Role::User, blocks: vec![Block::Text(text)] };
    let counts = before.counts;
    // More than any commit on the way here, by either parent.
    let commits = counts.commits.max(store.commit(&theirs)?.counts.commits) + 1;
    let commit = Commit {
        parents: vec![ours, theirs],
        time: Some(env.now),
        tool: before.tool.clone(),
        title: Some(format!("Merge {}", options.other)),
        counts: Counts { commits, messages: counts.messages + 1, turns: counts.turns + 1, ..counts },
        ..Commit::default()
    };
    let body = Body { message: Some(message), ..Body::default() };
    Ok(batch.put_commit(store, commit, body)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;
    use crate::store::RefValue;

    fn options(into: &str, other: &str) -> MergeOptions {
        MergeOptions { into: into.into(), other: other.into(), name: None, tokens: TOKENS }
    }

    #[test]
    fn the_thread_of_one_goes_on_and_knows_of_the_other() {
        let mut sample = Sample::new();
        let fork = sample.turns(None, &["one"]);
        let side = sample.turns(Some(fork), &["aside", "further aside", "and on"]);
        let main = sample.turns(Some(fork), &["two"]);
        let id = sample.session("first", sample.env.cwd.clone(), main);
        sample.set(&format!("branch/{id}/side"), RefValue::Commit(side));
        let env = sample.env.clone();
        let would = merge(&env, &mut sample.store, &options("@", "@/side"), true).unwrap();
        assert!(!sample.store.has_commit(&would.branch.commit).unwrap());
        let merged = merge(&env, &mut sample.store, &options("@", "@/side"), false).unwrap();
        assert_eq!(merged, would);
        assert_eq!((merged.parted, merged.turns), (Some(fork), 3));
        let commit = sample.store.commit(&merged.branch.commit).unwrap();
        let before = sample.store.commit(&main).unwrap();
        assert_eq!(commit.parents, [main, side]);
        assert_eq!(commit.counts.turns, before.counts.turns + 1);
        assert_eq!(commit.counts.messages, before.counts.messages + 1);
        let said = show::message(&sample.store, merged.branch.commit).unwrap().unwrap();
        let show::Piece::Text(text) = &said.pieces[0] else { panic!("{said:?}") };
        assert!(
            text.contains("further aside") && !text.contains("> two") && !text.contains("> one"),
            "{text}"
        );
        assert!(sample.store.fsck(&mut |_| ()).unwrap().faults.is_empty());

        // Merged once, it has it; and the branch, being the user's, moves on.
        let name = format!("@/{}", merged.branch.name);
        let again = merge(&env, &mut sample.store, &options(&name, "@/side"), false);
        assert!(matches!(again, Err(MergeError::Has(_))), "{again:?}");
        let on = sample.turns(Some(side), &["later"]);
        sample.set(&format!("branch/{id}/side"), RefValue::Commit(on));
        let again = merge(&env, &mut sample.store, &options(&name, "@/side"), false).unwrap();
        assert_eq!(again.branch.name, merged.branch.name);
        assert_ne!(again.branch.commit, merged.branch.commit);
        let ahead = merge(&env, &mut sample.store, &options("@", &name), false);
        assert!(matches!(ahead, Err(MergeError::GoesOn { .. })), "{ahead:?}");
    }
}
