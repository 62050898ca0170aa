//! What the screen asks, answered by the verbs.

use crate::cli::{CommandError, env};
use crate::object::Id;
use crate::ops::capture::{CaptureOptions, capture};
use crate::ops::checkout::{CheckoutOptions, checkout};
use crate::ops::diff::{Side, diff};
use crate::ops::graph::graph;
use crate::ops::hunks::Changed;
use crate::ops::log::log;
use crate::ops::revision::Resolved;
use crate::ops::search::{SearchOptions, query, search};
use crate::ops::show::{self, Shown};
use crate::ops::{Env, Quiet, branch, line, session};
use crate::search::SearchError;
use crate::store::Store;
use crate::view::tui::{Answer, Ask, Difference, Point};

/// So many turns are read at once.
const TURNS: usize = 200;
/// So many turns are shown of a session that isn't open.
const PREVIEW: usize = 8;
/// So many commits of a turn are read at once.
const COMMITS: usize = 64;
/// So many messages are read to find sessions that say something.
const SAID: usize = 500;
/// So many messages of each side of a comparison are read.
const DIFFERENT: usize = 300;

/// The store, and who asks it.
pub(super) struct Answers {
    env: Env,
    pub(super) store: Store,
}

impl Answers {
    pub(super) fn new(env: Env, store: Store) -> Answers {
        Answers { env, store }
    }

    /// What time it is.
    pub(super) fn now(&self) -> i64 {
        env::now(&self.env.places)
    }

    /// All sessions.
    pub(super) fn sessions(&self) -> Answer {
        let all = session::sessions(&self.store);
        let here =
            session::of_directory(&self.env, &all, &self.env.cwd).iter().map(|session| session.id).collect();
        Answer::Sessions(all, here)
    }

    /// The sessions again if another process has changed the store.
    pub(super) fn news(&mut self) -> Option<Answer> {
        // One that can't be read just now is looked at again later.
        self.store.refresh().unwrap_or(false).then(|| self.sessions())
    }

    /// Answers; what goes wrong is an answer too.
    pub(super) fn to(&mut self, ask: Ask) -> Vec<Answer> {
        self.env.now = self.now();
        self.try_to(ask).unwrap_or_else(|e| {
            let words = e.chain().join(": ");
            let hints = e.hints().iter().map(|hint| format!(" ({hint})")).collect::<String>();
            vec![Answer::Failed(words + &hints)]
        })
    }

    fn try_to(&mut self, ask: Ask) -> Result<Vec<Answer>, CommandError> {
        let store = &self.store;
        Ok(vec![match ask {
            Ask::Reload => {
                let report = capture(&self.env, &mut self.store, &CaptureOptions::default(), &Quiet)?;
                let new = format!("{} new messages, {} new sessions", report.messages, report.new_sessions);
                return Ok(vec![self.sessions(), Answer::Done(new)]);
            }
            Ask::Preview { session, tip } => {
                let turns = log(store, tip, PREVIEW, false)?;
                Answer::Preview { session, turns, last: last(store, tip)?.map(Box::new) }
            }
            Ask::Search(text) => self.said(text)?,
            Ask::Turns { tip, before } => {
                let from = match before {
                    None => Some(tip),
                    Some(last) => line::turns_back(store, last, 1)?,
                };
                let turns = from.map(|from| log(store, from, TURNS, false)).transpose()?.unwrap_or_default();
                Answer::Turns { tip, before, more: turns.len() == TURNS, turns }
            }
            Ask::Graph { session } => {
                let info = session::info(store, &session).unwrap_or_default();
                Answer::Graph { session, nodes: graph(store, &info)? }
            }
            Ask::Messages { tip, from } => messages(store, tip, from)?,
            Ask::Diff { left, right } => Answer::Diff(Box::new(difference(store, [left, right])?)),
            Ask::Fork { at, name } => {
                let made =
                    branch::fork_at(&self.env, &mut self.store, &resolved(&at), name.as_deref(), false)?;
                return Ok(vec![self.sessions(), Answer::Forked(made.name)]);
            }
            Ask::Checkout { at, to, write } => self.files(at, to, write)?,
            // These are the terminal's.
            Ask::Copy(_) | Ask::Leave(_) => return Ok(Vec::new()),
        }])
    }

    /// The sessions that say what is looked for.
    fn said(&self, text: String) -> Result<Answer, CommandError> {
        let query = query(&self.env, &text)?;
        if query.is_empty() {
            return Ok(Answer::Said(text, Vec::new()));
        }
        // A session that says what another said says it, too.
        let options = SearchOptions { query, copies: true, ..SearchOptions::default() };
        let found = search(&self.env, &self.store, &options, &Quiet)?;
        let sessions = found.take(SAID).map(|hit| Ok(hit?.session)).collect::<Result<_, SearchError>>()?;
        Ok(Answer::Said(text, sessions))
    }

    /// The files of a revision. The user saw what would be overwritten before
    /// it is written.
    fn files(&mut self, at: Point, to: String, write: bool) -> Result<Answer, CommandError> {
        let options = CheckoutOptions {
            session: at.session,
            commit: at.commit,
            snapshot: None,
            to: Some(to.trim()).filter(|to| !to.is_empty()).map(Into::into),
            fresh: false,
            paths: Vec::new(),
            force: write,
            partial: false,
            dry_run: !write,
        };
        let outcome = checkout(&self.env, &mut self.store, &options, &Quiet)?;
        Ok(Answer::Files { at, to, outcome: Box::new(outcome) })
    }
}

fn resolved(at: &Point) -> Resolved {
    Resolved { session: at.session, commit: at.commit, branch: None }
}

/// The last message of a line, if one of its last commits has one.
fn last(store: &Store, tip: Id) -> Result<Option<Shown>, CommandError> {
    for at in line::back(store, tip).take(PREVIEW) {
        if let Some(message) = show::message(store, at?.0)? {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

fn messages(store: &Store, tip: Id, from: usize) -> Result<Answer, CommandError> {
    let ids = show::turn(store, tip)?;
    let part: Vec<Id> = ids.iter().skip(from).take(COMMITS).copied().collect();
    let mut messages = Vec::new();
    for id in &part {
        messages.extend(show::message(store, *id)?);
    }
    Ok(Answer::Messages { tip, from, to: from + part.len(), of: ids.len(), messages })
}

fn difference(store: &Store, points: [Point; 2]) -> Result<Difference, CommandError> {
    let [left, right] = &points;
    let found = diff(store, resolved(left), resolved(right))?;
    let read = |side: &Side| -> Result<Vec<Shown>, CommandError> {
        let mut messages = Vec::new();
        for id in side.only.iter().take(DIFFERENT) {
            messages.extend(show::message(store, *id)?);
        }
        Ok(messages)
    };
    let messages = [read(&found.left)?, read(&found.right)?];
    let files = Changed::find(store, &found)?.between;
    Ok(Difference { points, found, messages, files })
}
