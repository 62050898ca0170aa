//! Moved: what a file was called before, and what was done to it then.
//!
//! A file has come from another path if a patch or a command of a session's
//! says so, if a snapshot has its content at its path for the first time where
//! the one before had it at another that is gone, or if it was written with the
//! content of a file that the same turn deleted.

use super::history::{self, Deed, Event, Until};
use super::target::Target;
use super::track::{Track, normal};
use crate::object::Id;
use crate::object::id::IdMap;
use crate::ops::calls::{Calls, Done};
use crate::ops::session::SessionInfo;
use crate::ops::stats::walk::Walk;
use crate::ops::{Env, Monitor, line};
use crate::store::{Result, Store};
use crate::tool::change::What;

/// More moves than this are not followed.
const MOVES_MAX: usize = 16;

/// What is looked through.
pub(super) struct Past<'a> {
    pub(super) env: &'a Env,
    pub(super) store: &'a Store,
    pub(super) sessions: &'a [SessionInfo],
    /// Folders that are the project elsewhere.
    pub(super) elsewhere: &'a [String],
    pub(super) monitor: &'a dyn Monitor,
}

/// What was done to a file, whatever it was called.
#[derive(Default)]
pub(super) struct Lineage {
    /// The first first.
    pub(super) events: Vec<Event>,
    /// What it was called before, the first first.
    pub(super) was: Vec<String>,
}

/// Where a file came from.
struct Origin {
    from: String,
    /// What was done to it there counts until then.
    until: i64,
    /// How many events at its new path are older than the move.
    before: usize,
}

impl Past<'_> {
    /// All that is known of a file until a time.
    pub(super) fn of(&self, target: &Target, until: Until) -> Result<Lineage> {
        self.lineage(target, until, MOVES_MAX)
    }

    fn lineage(&self, target: &Target, until: Until, moves: usize) -> Result<Lineage> {
        let (env, store, sessions) = (self.env, self.store, self.sessions);
        let mut events = history::events(env, store, sessions, target, until, self.monitor)?;
        let Some(moves) = moves.checked_sub(1) else { return Ok(Lineage { events, ..Lineage::default() }) };
        let told = self.told(&events);
        let origin = match told {
            Some(origin) => Some(origin),
            None => self.commanded(target, events.first().map_or(until.time, |event| event.time))?,
        };
        let found = match origin {
            Some(origin) => Some((self.before(&origin.from, origin.until, moves)?, origin)),
            None => self.deleted(target, &events, moves)?,
        };
        let Some((mut found, origin)) = found.filter(|(found, _)| !found.events.is_empty()) else {
            return Ok(Lineage { events, ..Lineage::default() });
        };
        found.was.push(origin.from);
        found.events.extend(events.drain(origin.before..));
        Ok(found)
    }

    /// What was done to a file at its old path, but that it went away.
    fn before(&self, from: &str, until: i64, moves: usize) -> Result<Lineage> {
        let target = Target::new(self.env, self.store, from.as_ref(), self.elsewhere);
        let mut found = self.lineage(&target, Until::time(until), moves)?;
        let is_removal =
            |event: &mut Event| matches!(&event.deed, Deed::Told { what: What::Delete | What::Move(_), .. });
        while found.events.pop_if(is_removal).is_some() {}
        Ok(found)
    }

    /// The last time that a call or a snapshot says that it came from elsewhere.
    fn told(&self, events: &[Event]) -> Option<Origin> {
        let at = events.iter().rposition(|event| event.from.is_some())?;
        let event = events.get(at)?;
        Some(Origin { from: event.from.clone()?, until: event.time, before: at + 1 })
    }

    /// The last command that moved it, until a time.
    fn commanded(&self, target: &Target, until: i64) -> Result<Option<Origin>> {
        let mut found: Option<Origin> = None;
        let may =
            |one: &SessionInfo| one.created_at.is_none_or(|time| time < until) && target.is_within(&one.id);
        if !self.sessions.iter().any(may) {
            return Ok(None);
        }
        let mut open: IdMap<Calls> = IdMap::default();
        self.monitor.begin("looking for where the file was", None);
        for step in Walk::new(self.store, self.sessions) {
            let step = step?;
            self.monitor.advance(1);
            let session = step.session.and_then(|n| self.sessions.get(n)).map(|session| session.id);
            let time = step.time.unwrap_or_default();
            let before = step.commit.parents.first().and_then(|id| open.get(id));
            let before = before.filter(|_| !step.commit.begins_turn());
            let is_within = session.as_ref().is_some_and(|id| target.is_within(id));
            if time > until || before.is_none() && (step.calls == 0 || !is_within) {
                continue;
            }
            let mut calls = before.cloned().unwrap_or_else(Calls::with_moves);
            for Done { changes, .. } in calls.step(self.store, step.id, &step.commit)? {
                for (change, _) in changes {
                    let What::Move(to) = &change.what else { continue };
                    let from = target.came_from(session.as_ref(), &change.path, to);
                    if let Some(from) = from.filter(|_| found.as_ref().is_none_or(|one| one.until <= time)) {
                        found = Some(Origin { from, until: time, before: 0 });
                    }
                }
            }
            calls.retain(|change| matches!(change.what, What::Move(_)));
            if calls.is_open() {
                open.insert(step.id, calls);
            }
        }
        self.monitor.end();
        Ok(found)
    }

    /// The file that the turn deleted in which this one was first written, if
    /// that had this content.
    fn deleted(&self, target: &Target, events: &[Event], moves: usize) -> Result<Option<(Lineage, Origin)>> {
        let Some((first, Deed::Told { what: What::Write(text), .. })) =
            events.first().map(|event| (event, &event.deed))
        else {
            return Ok(None);
        };
        let session = first.session.and_then(|id| self.sessions.iter().find(|one| one.id == id));
        let (Some(session), Some(begin)) = (session, self.store.commit(&first.commit)?.turn) else {
            return Ok(None);
        };
        let mut calls = Calls::default();
        for id in self.turn(session, begin, first.commit)? {
            let commit = self.store.commit(&id)?;
            for Done { changes, .. } in calls.step(self.store, id, &commit)? {
                let gone = changes.iter().filter(|(change, _)| change.what == What::Delete);
                let paths = gone.filter_map(|(change, _)| target.here_of(Some(&session.id), &change.path));
                for from in paths.filter(|from| !target.is(None, from)) {
                    let until = commit.time.unwrap_or(first.time);
                    let found = self.before(&from, until, moves)?;
                    if text_of(&found.events) == normal(text) {
                        return Ok(Some((found, Origin { from, until, before: 0 })));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The commits of a turn on the first line that has one of them.
    fn turn(&self, session: &SessionInfo, begin: Id, one: Id) -> Result<Vec<Id>> {
        for branch in &session.branches {
            let mut way = Vec::new();
            for at in line::back(self.store, branch.tip) {
                let (id, commit) = at?;
                match id == begin || commit.turn == Some(begin) {
                    true => way.push(id),
                    false if way.is_empty() => {}
                    false => break,
                }
            }
            if way.contains(&one) {
                way.reverse();
                return Ok(way);
            }
        }
        Ok(Vec::new())
    }
}

/// What a file is after all that is known of it.
fn text_of(events: &[Event]) -> String {
    let mut track = Track::default();
    for (n, event) in events.iter().enumerate() {
        match &event.deed {
            Deed::Told { what, before, after } => {
                super::tell(&mut track, what, before.as_deref(), after.as_deref(), n);
            }
            Deed::Seen { text, .. } => track.see(text, super::By::NOBODY),
        }
    }
    track.text().to_owned()
}

/// The path that a file of a snapshot had in the one before it, if that is gone.
pub(super) fn from_snapshot(store: &Store, (before, tree): (Id, Id), path: &str) -> Result<Option<String>> {
    use crate::workspace::{WorkspaceError, compare::compare};
    let changes = match compare(store, Some(before), Some(tree)) {
        Ok(changes) => changes,
        Err(WorkspaceError::Store(e)) => return Err(e),
        // What can't be put anywhere tells nothing.
        Err(_) => return Ok(None),
    };
    let now = changes.iter().find(|change| change.path == path && change.old.is_none());
    let Some(blob) = now.and_then(|change| change.new.as_ref()).map(|entry| entry.blob) else {
        return Ok(None);
    };
    let had = |change: &&crate::workspace::compare::Change| {
        change.new.is_none() && change.old.as_ref().is_some_and(|entry| entry.blob == blob && entry.len > 0)
    };
    let mut gone = changes.iter().filter(had).map(|change| change.path.clone());
    // Of several that were alike, none can be said to be it.
    Ok(gone.next().filter(|_| gone.next().is_none()))
}
