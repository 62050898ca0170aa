//! Calls: which of a conversation's calls were done, and what they do to files.
//!
//! A call counts when its result says that it was done. Calls are numbered by
//! the totals that commits carry, so that one may go through some of the
//! commits only: those with calls that matter, and what follows them.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::show;
use super::source::Rebuilder;
use crate::object::id::Id;
use crate::object::{Action, Block, Body, Commit, Input, Message, Part, Status};
use crate::store::{Result, Store};
use crate::tool::change::{self, Change, Shown, What};

/// A call that does something to files.
struct Call {
    commit: Id,
    changes: Vec<Change>,
    reads: Option<String>,
}

/// A call that was done.
pub(super) struct Done {
    /// The commit with the call.
    pub(super) commit: Id,
    /// What it did to files.
    pub(super) changes: Vec<Change>,
    /// The file that it read whole, and what came of that.
    pub(super) reads: Option<(String, Vec<Part>)>,
    /// What the records with the result show of files.
    pub(super) shown: Rc<Vec<Shown>>,
}

/// Calls whose results haven't come, by their numbers.
#[derive(Clone, Default)]
pub(super) struct Calls {
    pending: BTreeMap<u64, Rc<Call>>,
    shows_writes: bool,
}

impl Calls {
    /// With what is shown of files that were written whole, too.
    pub(super) fn with_writes() -> Calls {
        Calls { shows_writes: true, ..Calls::default() }
    }

    /// Tells whether results are still to come.
    pub(super) fn is_open(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Forgets all calls but those that change one of the files that matter.
    pub(super) fn retain(&mut self, matters: impl Fn(&Change) -> bool) {
        self.pending.retain(|_, call| call.changes.iter().any(&matters));
    }

    /// Takes the next commit in. Returns what was done by its results.
    pub(super) fn step(&mut self, store: &Store, id: Id, commit: &Commit) -> Result<Vec<Done>> {
        let body = store.body(&id, commit)?;
        let Some(message) = &body.message else { return Ok(Vec::new()) };
        // Results of one message count from its beginning.
        let before = commit.counts.calls.saturating_sub(message.calls());
        self.results(store, commit, &body, message, before)
            .and_then(|done| self.calls(store, id, message, before).map(|()| done))
    }

    fn calls(&mut self, store: &Store, id: Id, message: &Message, before: u64) -> Result<()> {
        let calls = message.blocks.iter().filter_map(|block| match block {
            Block::Call { name, action, input } => Some((name, *action, input)),
            _ => None,
        });
        for (number, (name, action, input)) in (before..).zip(calls) {
            if !matches!(action, Action::Write | Action::Edit | Action::Shell | Action::Read) {
                continue;
            }
            let input = match input {
                Input::Json(value) => show::json(store, value)?,
                Input::Text(text) => show::string(store, text)?,
            };
            let (changes, reads) =
                (change::changes(name, action, &input), change::reads_whole(action, &input));
            if !changes.is_empty() || reads.is_some() {
                self.pending.insert(number, Rc::new(Call { commit: id, changes, reads }));
            }
        }
        Ok(())
    }

    fn results(
        &mut self,
        store: &Store,
        commit: &Commit,
        body: &Body,
        message: &Message,
        before: u64,
    ) -> Result<Vec<Done>> {
        let (mut all, mut shown) = (Vec::new(), None);
        for block in &message.blocks {
            let Block::Result { call: Some(back), status, parts } = block else { continue };
            let number = before.checked_sub(1 + u64::from(*back));
            let call = number.and_then(|number| self.pending.remove(&number));
            let Some(call) = call.filter(|_| *status == Status::Ok) else { continue };
            let is_shown = |change: &Change| match change.what {
                What::Write(_) => self.shows_writes,
                What::Delete => false,
                _ => true,
            };
            if shown.is_none() && call.changes.iter().any(is_shown) {
                shown = Some(Rc::new(shown_by(store, commit, body)?));
            }
            all.push(Done {
                commit: call.commit,
                changes: call.changes.clone(),
                reads: call.reads.clone().map(|path| (path, parts.clone())),
                shown: shown.clone().unwrap_or_default(),
            });
        }
        Ok(all)
    }
}

/// What the records of a commit show of files.
fn shown_by(store: &Store, commit: &Commit, body: &Body) -> Result<Vec<Shown>> {
    let mut shown = Vec::new();
    Rebuilder::new(store).records(&commit.copies, body, &mut |record| {
        shown.extend(change::shown(record));
        Ok(())
    })?;
    Ok(shown)
}
