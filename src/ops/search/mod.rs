//! Search: what was ever said, run, read and written, wherever it was.
//!
//! [`crate::search`] says which messages may have what is looked for, the best
//! first. Here their texts are read, one after another as they are asked for,
//! and it is told where each stands: session, branch, number.

mod owners;
mod snippet;

use std::collections::{HashSet, VecDeque};

use super::delete::DELETED;
use crate::object::id::IdSet;
use crate::object::{Commit, Id, Role};
use crate::search::{self, Index, Order, Query, QueryError, Ranked, SearchError};
use crate::store::{Store, StoreError};

use super::list::moment;
use super::secrets::Secrets;
use super::session::{self, SessionInfo};
use super::{Env, Monitor};
use owners::Owners;
pub use snippet::Snippet;

/// How hits are chosen.
#[derive(Clone, Debug, Default)]
pub struct SearchOptions {
    /// What is looked for.
    pub query: Query,
    /// In which order.
    pub order: Order,
    /// Whether messages that say the same are all told, not only the first.
    pub copies: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The revision under which `show`, `fork` and `resume` find it.
    pub revision: String,
    /// The commit.
    pub commit: Id,
    /// The session.
    pub session: Id,
    /// The name of the session.
    pub name: Option<String>,
    /// The title of the session.
    pub title: String,
    /// The directory that the session worked in.
    pub project: Option<String>,
    /// The branch.
    pub branch: String,
    /// Its number on the branch, from 1.
    pub n: u64,
    /// The number of its turn, from 1; 0 before the first.
    pub turn: u64,
    /// Who speaks.
    pub role: Role,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The tool that recorded it.
    pub tool: String,
    /// The model that spoke.
    pub model: Option<String>,
    /// Its weight among the hits.
    pub score: f32,
    /// What stands around the places that were found.
    pub snippets: Vec<Snippet>,
}

/// Hits, as they are found.
pub struct Search<'s> {
    store: &'s Store,
    hidden: Option<&'s Secrets>,
    query: Query,
    copies: bool,
    ranked: Ranked,
    owners: Owners,
    seen: HashSet<u64>,
    unreadable: u64,
    /// Hits that were read and not yet told, with what they say.
    ready: VecDeque<(u64, Hit)>,
    /// How many candidates are read next.
    next: usize,
}

/// Reads what a user looks for; days and hours in it end now.
pub fn query(env: &Env, text: &str) -> Result<Query, QueryError> {
    Query::parse(text, &|when| moment(env.now, when))
}

/// The most candidates that are read at once.
const AT_ONCE: usize = 4096;

/// Begins a search. What the store has beyond the index is indexed first; an
/// index that is damaged is made again.
pub fn search<'s>(
    env: &Env,
    store: &'s Store,
    options: &SearchOptions,
    monitor: &dyn Monitor,
) -> Result<Search<'s>, SearchError> {
    let sessions = session::sessions(store);
    let begin = || -> Result<Search<'s>, SearchError> {
        let index = Index::open(store, &Told(monitor))?;
        let unreadable = index.unreadable();
        let owners = Owners::new(&index, wanted(&sessions, &options.query))?;
        let narrow = !options.query.projects.is_empty()
            || !options.query.sessions.is_empty()
            || store.refs_below(DELETED).next().is_some();
        let roots: IdSet = owners.roots().collect();
        let ranked = index.rank(&options.query, narrow.then_some(&roots), options.order, env.now)?;
        Ok(Search {
            store,
            hidden: None,
            query: options.query.clone(),
            copies: options.copies,
            ranked,
            owners,
            seen: HashSet::new(),
            unreadable,
            ready: VecDeque::new(),
            next: 1,
        })
    };
    match begin() {
        Err(e) if e.is_of_index() => {
            monitor.warn(&format!("the search index is made again: {e}"));
            Index::discard(store)?;
            begin()
        }
        outcome => outcome,
    }
}

/// Brings the index of a store up to date, or with `again` makes it anew.
pub fn update(store: &Store, again: bool, monitor: &dyn Monitor) -> Result<search::Index, SearchError> {
    if again {
        Index::discard(store)?;
    }
    Index::open(store, &Told(monitor))
}

/// The sessions that are looked into.
fn wanted(all: &[SessionInfo], query: &Query) -> Vec<SessionInfo> {
    let within = |text: &str, part: &String| text.to_lowercase().contains(&part.to_lowercase());
    let of_project = |session: &SessionInfo| {
        let project = session.project.as_deref().unwrap_or_default();
        query.projects.is_empty() || query.projects.iter().any(|part| within(project, part))
    };
    let named = |session: &SessionInfo| {
        let id = session.id.to_string();
        let is = |text: &String| {
            id.starts_with(text.as_str())
                || session.native_id.starts_with(text.as_str())
                || session.name.as_ref() == Some(text)
        };
        query.sessions.is_empty() || query.sessions.iter().any(is)
    };
    all.iter().filter(|session| of_project(session) && named(session)).cloned().collect()
}

impl<'s> Search<'s> {
    /// The same without secrets: they are taken out before a text is cut to what
    /// is shown of it, and what stands nowhere but in one isn't found.
    #[must_use]
    pub fn without(self, secrets: &'s Secrets) -> Search<'s> {
        Search { hidden: Some(secrets), ..self }
    }

    /// How many messages could not be read and so not be searched.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many messages have not been looked at yet.
    pub fn left(&self) -> usize {
        self.ranked.left() + self.ready.len()
    }

    /// Reads the next candidates: few at first, so that the first hit comes at
    /// once; then more, in the order in which they lie in the store, so that
    /// what is asked for in thousands isn't unpacked as often. `false` when
    /// there are none.
    fn read_on(&mut self) -> Result<bool, SearchError> {
        let mut batch = Vec::new();
        for (rank, candidate) in self.ranked.by_ref().take(self.next).enumerate() {
            let candidate = candidate?;
            if self.copies || !self.seen.contains(&candidate.print) {
                let place = self.store.place_of(&candidate.commit).unwrap_or_default();
                batch.push((place, rank, candidate));
            }
        }
        let more = !batch.is_empty() || self.ranked.left() > 0;
        self.next = (self.next * 2).min(AT_ONCE);
        batch.sort_unstable_by_key(|(place, rank, _)| (*place, *rank));
        let mut hits = Vec::new();
        for (_, rank, candidate) in &batch {
            match self.look(candidate) {
                Ok(hit) => hits.extend(hit.map(|hit| (*rank, candidate.print, hit))),
                // One damaged message doesn't hide the others.
                Err(_) => self.unreadable += 1,
            }
        }
        hits.sort_unstable_by_key(|(rank, ..)| *rank);
        self.ready.extend(hits.into_iter().map(|(_, print, hit)| (print, hit)));
        Ok(more)
    }

    fn look(&self, candidate: &search::Candidate) -> Result<Option<Hit>, StoreError> {
        let id = candidate.commit;
        if !self.store.has_commit(&id)? {
            // A gc took it since it was indexed.
            return Ok(None);
        }
        let commit = self.store.commit(&id)?;
        if !admits(&self.query, &commit) {
            return Ok(None);
        }
        let Some(message) = self.store.body(&id, &commit)?.message else { return Ok(None) };
        let mut pieces = search::text::pieces(self.store, &message)?;
        let Some(mut found) = self.query.find(&pieces) else { return Ok(None) };
        if let Some(secrets) = self.hidden {
            pieces.iter_mut().for_each(|piece| piece.text = secrets.without(&piece.text));
            match self.query.find(&pieces) {
                Some(again) => found = again,
                None => return Ok(None),
            }
        }
        let Some(owner) = self.owners.of(self.store, candidate.root, id, &commit)? else { return Ok(None) };
        Ok(Some(Hit {
            revision: owner.revision(commit.counts.messages),
            commit: id,
            session: owner.session.id,
            name: owner.session.name.clone(),
            title: owner.session.title.clone(),
            project: owner.session.project.clone(),
            branch: owner.branch.to_owned(),
            n: commit.counts.messages,
            turn: commit.counts.turns,
            role: message.role,
            time: commit.time,
            tool: commit.tool.clone(),
            model: commit.model.clone(),
            score: candidate.score,
            snippets: snippet::all(&pieces, &found),
        }))
    }
}

impl Iterator for Search<'_> {
    type Item = Result<Hit, SearchError>;

    fn next(&mut self) -> Option<Result<Hit, SearchError>> {
        loop {
            while let Some((print, hit)) = self.ready.pop_front() {
                if self.seen.insert(print) || self.copies {
                    return Some(Ok(hit));
                }
            }
            match self.read_on() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => return Some(Err(e)),
            }
        }
    }
}

/// Whether a commit passes the filters that the index may only narrow.
fn admits(query: &Query, commit: &Commit) -> bool {
    let within = |text: &str, parts: &[String]| {
        let text = text.to_lowercase();
        parts.is_empty() || parts.iter().any(|part| text.contains(&part.to_lowercase()))
    };
    let touched = |file: &String| within(file.get(1..).unwrap_or_default(), &query.files);
    within(&commit.tool, &query.tools)
        && within(commit.model.as_deref().unwrap_or_default(), &query.models)
        && (query.files.is_empty() || commit.files.iter().any(touched))
}

/// Tells a monitor of the index's progress.
struct Told<'m>(&'m dyn Monitor);

impl search::Progress for Told<'_> {
    fn begin(&self, commits: u64) {
        self.0.begin("indexing", Some(commits));
    }

    fn advance(&self, commits: u64) {
        self.0.advance(commits);
    }

    fn end(&self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests;
