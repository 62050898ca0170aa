//! History: what sessions did to a file, and what it was seen to be, by time.
//!
//! Which commits touched the file is known from the commits alone; only of
//! these, and of those with their results, is read what was said.

use super::moved::from_snapshot;
use super::target::Target;
use crate::object::id::{Id, IdMap};
use crate::object::snapshot::Reason;
use crate::object::{Action, Block, Sort};
use crate::ops::calls::{Calls, Done};
use crate::ops::session::SessionInfo;
use crate::ops::stats::walk::Walk;
use crate::ops::{Env, Monitor, line, snapshot};
use crate::store::{Result, Store};
use crate::tool::change::What;
use crate::workspace::files::find;

/// Something that was done to the file, or the file as it was seen.
pub(super) struct Event {
    /// When, in milliseconds since 1970: when its result came.
    pub(super) time: i64,
    /// When it was begun.
    pub(super) begun: i64,
    /// The commit with the call.
    pub(super) commit: Id,
    /// Its session.
    pub(super) session: Option<Id>,
    /// The model that spoke.
    pub(super) model: Option<String>,
    /// The file's path before that, if it came from another.
    pub(super) from: Option<String>,
    /// What happened.
    pub(super) deed: Deed,
}

/// What happened.
pub(super) enum Deed {
    /// A call was done. A record may show the whole text before and after it.
    Told { what: What, before: Option<String>, after: Option<String> },
    /// A snapshot has this text. A snapshot before it had another.
    Seen { text: String, since: Option<Id> },
}

/// Until when something counts.
#[derive(Clone, Copy)]
pub(super) struct Until {
    /// In milliseconds since 1970.
    pub(super) time: i64,
    /// A session whose files of that moment were looked at a little after it.
    pub(super) of: Option<Id>,
}

impl Until {
    /// Until a time.
    pub(super) fn time(time: i64) -> Until {
        Until { time, of: None }
    }

    /// Until a commit of a session.
    pub(super) fn commit(store: &Store, (session, commit): (Id, Id)) -> Result<Until> {
        Ok(Until { time: store.commit(&commit)?.time.unwrap_or(i64::MAX), of: Some(session) })
    }

    fn has(self, store: &Store, event: &Event) -> Result<bool> {
        let of_then =
            matches!(event.deed, Deed::Seen { .. }) && event.session == self.of && self.of.is_some();
        Ok(event.time <= self.time
            || of_then && store.commit(&event.commit)?.time.unwrap_or(i64::MAX) <= self.time)
    }
}

/// All that is known of the file, the first first.
pub(super) fn events(
    env: &Env,
    store: &Store,
    sessions: &[SessionInfo],
    target: &Target,
    until: Until,
    monitor: &dyn Monitor,
) -> Result<Vec<Event>> {
    let mut known = told(store, sessions, target, monitor)?;
    for session in sessions.iter().filter(|session| target.is_within(&session.id)) {
        known.extend(seen(env, store, session.id, target)?);
    }
    let mut events = Vec::with_capacity(known.len());
    for event in known {
        if until.has(store, &event)? {
            events.push(event);
        }
    }
    // What was seen at the same time was seen after it was done.
    events.sort_by_key(|event| (event.time, matches!(event.deed, Deed::Seen { .. })));
    // A tool that writes a conversation anew tells the same once more.
    events.dedup_by(|b, a| match (&a.deed, &b.deed) {
        (Deed::Told { what: x, .. }, Deed::Told { what: y, .. }) => {
            (a.time, a.begun) == (b.time, b.begun) && a.commit != b.commit && x == y
        }
        _ => false,
    });
    Ok(events)
}

/// The calls that changed the file.
fn told(
    store: &Store,
    sessions: &[SessionInfo],
    target: &Target,
    monitor: &dyn Monitor,
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    // The calls whose results are to come after a commit.
    let mut open: IdMap<Calls> = IdMap::default();
    monitor.begin("looking for the file", None);
    for step in Walk::new(store, sessions) {
        let step = step?;
        monitor.advance(1);
        let session = step.session.and_then(|n| sessions.get(n)).map(|session| session.id);
        let is_changed = |file: &String| {
            file.strip_prefix(['w', 'e']).is_some_and(|path| target.is(session.as_ref(), path))
        };
        let before = step.commit.parents.first().and_then(|id| open.get(id));
        let before = before.filter(|_| !step.commit.begins_turn());
        if before.is_none() && !step.commit.files.iter().any(is_changed) {
            continue;
        }
        let mut calls = before.cloned().unwrap_or_else(Calls::with_writes);
        let time = step.time.unwrap_or_default();
        for Done { commit, changes, .. } in calls.step(store, step.id, &step.commit)? {
            let begun = store.commit(&commit)?.time.unwrap_or(time);
            for (change, shown) in changes {
                let mut from = None;
                let what = match change.what {
                    What::Move(to) if target.is(session.as_ref(), &to) => {
                        from = target.here_of(session.as_ref(), &change.path);
                        What::Unknown
                    }
                    what if target.is(session.as_ref(), &change.path) => what,
                    _ => continue,
                };
                let shown = shown.filter(|one| target.is_shown(session.as_ref(), &one.path));
                let (before, after) = shown.map(|one| (one.before, one.after)).unwrap_or_default();
                let deed = Deed::Told { what, before, after };
                events.push(Event { time, begun, commit, session, model: step.model.clone(), from, deed });
            }
        }
        calls.retain(|change| {
            let moved = matches!(&change.what, What::Move(to) if target.is(session.as_ref(), to));
            moved || target.has_name(&change.path)
        });
        if calls.is_open() {
            open.insert(step.id, calls);
        }
    }
    monitor.end();
    Ok(events)
}

/// What snapshots of a session saw of the file, each time that it changed.
fn seen(env: &Env, store: &Store, session: Id, target: &Target) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let (mut tree, mut blob, mut last) = (None, None, None);
    for (_, one) in snapshot::all(store, &session)?.into_iter().rev() {
        if one.reason == Reason::Replaced || tree == Some(one.tree) {
            if one.reason != Reason::Replaced {
                last = Some(one.commit);
            }
            continue;
        }
        let before = tree.replace(one.tree);
        let since = last.replace(one.commit);
        let Some(path) = target.in_snapshot(env, &one.root) else { continue };
        let entry = find(store, one.tree, &path)?.filter(|entry| entry.sort() == Sort::File);
        let Some(entry) = entry.filter(|entry| blob != Some(entry.blob)) else { continue };
        let is_new = blob.replace(entry.blob).is_none();
        let before = before.filter(|_| is_new);
        let from =
            before.map(|before| from_snapshot(store, (before, one.tree), &path)).transpose()?.flatten();
        let Ok(text) = String::from_utf8(store.blob(&entry.blob)?) else { continue };
        events.push(Event {
            time: one.time,
            begun: one.time,
            commit: one.commit,
            session: Some(session),
            model: None,
            from: from.and_then(|from| target.of_snapshot(env, &one.root, &from)),
            deed: Deed::Seen { text, since },
        });
    }
    Ok(events)
}

/// The last call of something that may change any file, after one commit of a
/// line and up to another.
pub(super) fn command(store: &Store, from: Id, to: Id) -> Result<Option<(Id, Option<String>)>> {
    let first = store.commit(&from)?.counts;
    for at in line::back(store, to) {
        let (id, commit) = at?;
        if id == from || commit.counts.calls <= first.calls {
            break;
        }
        let message = store.body(&id, &commit)?.message;
        let mut blocks = message.iter().flat_map(|message| &message.blocks);
        let may = |block: &Block| {
            matches!(block, Block::Call { action: Action::Shell | Action::Other | Action::Task, .. })
        };
        if blocks.any(may) {
            return Ok(Some((id, commit.model.clone())));
        }
    }
    Ok(None)
}
