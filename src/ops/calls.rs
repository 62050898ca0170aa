//! Calls: which of a conversation's calls were done, and what they do to files.
//!
//! A call counts when its result says that it was done. Calls are numbered by
//! the totals that commits carry, so that one may go through some of the
//! commits only: those with calls that matter, and what follows them.

use std::collections::{BTreeMap, HashMap};
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
    /// What it did to files, each with what the records of the result show of
    /// a file of that name.
    pub(super) changes: Vec<(Change, Option<Shown>)>,
    /// The file that it read whole, and what came of that.
    pub(super) reads: Option<(String, Vec<Part>)>,
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
        let (mut all, mut is_shown) = (Vec::new(), false);
        for block in &message.blocks {
            let Block::Result { call: Some(back), status, parts } = block else { continue };
            let number = before.checked_sub(1 + u64::from(*back));
            let call = number.and_then(|number| self.pending.remove(&number));
            let Some(call) = call.filter(|_| *status == Status::Ok) else { continue };
            is_shown |= call.changes.iter().any(|change| match change.what {
                What::Write(_) => self.shows_writes,
                What::Delete => false,
                _ => true,
            });
            all.push(Done {
                commit: call.commit,
                changes: call.changes.iter().map(|change| (change.clone(), None)).collect(),
                reads: call.reads.clone().map(|path| (path, parts.clone())),
            });
        }
        if is_shown {
            pair(&mut all, shown_by(store, commit, body)?);
        }
        Ok(all)
    }
}

/// Gives each change what is shown of its file. Some tools show only the name
/// of a file, and some none of what is written whole; records that are carried
/// along come first. So what is shown under a name is that of the last changes
/// of files of that name, in order, if it is enough for them.
fn pair(done: &mut [Done], shown: Vec<Shown>) {
    let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let mut by_name: HashMap<String, Vec<Shown>> = HashMap::new();
    for one in shown {
        by_name.entry(name(&one.path)).or_default().push(one);
    }
    for (file, mut shown) in by_name {
        let changes = done.iter_mut().flat_map(|done| &mut done.changes);
        let mut changes: Vec<_> = changes
            .filter(|(change, _)| !matches!(change.what, What::Delete | What::Move(_)))
            .filter(|(change, _)| name(&change.path) == file)
            .collect();
        if changes.len() > shown.len() {
            changes.retain(|(change, _)| !matches!(change.what, What::Write(_)));
        }
        if changes.len() <= shown.len() {
            changes.into_iter().rev().for_each(|(_, place)| *place = shown.pop());
        }
    }
}

/// What the records of a commit show of files. A record that holds a call and
/// its result is two messages, and stands with the first.
fn shown_by(store: &Store, commit: &Commit, body: &Body) -> Result<Vec<Shown>> {
    let mut shown = Vec::new();
    let mut look = |record: &[u8]| {
        shown.extend(change::shown(record));
        Ok(())
    };
    let mut rebuilder = Rebuilder::new(store);
    match commit.after.filter(|_| body.records.is_empty()) {
        None => rebuilder.records(&commit.copies, body, &mut look)?,
        Some(before) => {
            let commit = store.commit(&before)?;
            rebuilder.records(&commit.copies, &store.body(&before, &commit)?, &mut look)?;
        }
    }
    Ok(shown)
}
