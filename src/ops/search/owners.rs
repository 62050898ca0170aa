//! On which branch of which session a message stands.
//!
//! A commit knows its conversation's first commit (the index does), and so
//! only the branches of that conversation are walked.

use crate::object::id::{IdMap, IdSet};
use crate::object::{Commit, Id};
use crate::ops::line;
use crate::ops::session::SessionInfo;
use crate::search::{self, Index};
use crate::store::{Result, Store};

/// The branches of sessions, by the beginnings of their conversations.
pub(super) struct Owners {
    sessions: Vec<SessionInfo>,
    /// Places of sessions and of branches in them.
    by_root: IdMap<Vec<(usize, usize)>>,
}

/// Where a commit stands.
pub(super) struct Owner<'o> {
    pub(super) session: &'o SessionInfo,
    pub(super) branch: &'o str,
}

impl Owner<'_> {
    /// What `show` is given to show message `n`.
    pub(super) fn revision(&self, n: u64) -> String {
        let default = self.session.default_branch().map(|branch| branch.name.as_str());
        if default == Some(self.branch) {
            format!("{:.12}:{n}", self.session.id)
        } else {
            format!("{:.12}/{}:{n}", self.session.id, self.branch)
        }
    }
}

impl Owners {
    /// Sorts out the branches of these sessions.
    pub(super) fn new(index: &Index, mut sessions: Vec<SessionInfo>) -> search::Result<Owners> {
        // What a fork shares with its original is told of the original.
        sessions.sort_by_key(|session| (session.created_at, session.id));
        let tips: IdSet = sessions.iter().flat_map(|s| &s.branches).map(|branch| branch.tip).collect();
        let roots = index.roots_of(&tips)?;
        let mut by_root: IdMap<Vec<(usize, usize)>> = IdMap::default();
        for (n, session) in sessions.iter().enumerate() {
            let first = session.default_branch();
            let mut branches: Vec<_> = session.branches.iter().enumerate().collect();
            branches.sort_by_key(|(_, branch)| Some(*branch) != first);
            for (k, branch) in branches {
                if let Some(root) = roots.get(&branch.tip) {
                    by_root.entry(*root).or_default().push((n, k));
                }
            }
        }
        Ok(Owners { sessions, by_root })
    }

    /// The beginnings of all conversations.
    pub(super) fn roots(&self) -> impl Iterator<Item = Id> + '_ {
        self.by_root.keys().copied()
    }

    /// Where a commit stands; `None` if no branch leads to it any more.
    pub(super) fn of(&self, store: &Store, root: Id, id: Id, commit: &Commit) -> Result<Option<Owner<'_>>> {
        for (n, k) in self.by_root.get(&root).into_iter().flatten() {
            let Some(session) = self.sessions.get(*n) else { continue };
            let Some(branch) = session.branches.get(*k) else { continue };
            if branch.tip == id || line::holds(store, branch.tip, id, commit)? {
                return Ok(Some(Owner { session, branch: &branch.name }));
            }
        }
        Ok(None)
    }
}
