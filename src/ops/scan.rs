//! Scan: the secrets in what the store holds.
//!
//! What was looked at once by the same rules is not looked at again: its ids
//! and findings are kept in the cache folder, which may be deleted.

use super::secrets::{Doorkeeper, Found, Mode, Place, Secrets, SecretsError, Sent};
use super::session::SessionInfo;
use super::{Env, Monitor, owner, session};
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, IdSet, Kind};
use crate::object::{Body, Commit};
use crate::store::exchange::{self, Gate};
use crate::store::refs::RefValue;
use crate::store::{Result, Store};

/// The file of what was looked at.
const CACHE: &str = "scanned";

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// These commits and what led to them; all that refs lead to if empty.
    pub commits: Vec<Id>,
    /// Tell of what may leave, too.
    pub all: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// The findings.
    pub found: Vec<Found>,
    /// How many more there are that may leave.
    pub allowed: u64,
    /// Objects that were looked at just now; the others were before.
    pub objects: u64,
    /// Pictures, archives and the like, of which only what stands in plain
    /// letters is seen.
    pub opaque: u64,
}

/// What was looked at before.
#[derive(Default, Encode, Decode)]
struct Scanned {
    rules: String,
    ids: Vec<Id>,
    found: Vec<Found>,
    opaque: u64,
}

/// Looks for secrets.
pub fn scan(
    env: &Env,
    store: &Store,
    options: &ScanOptions,
    monitor: &dyn Monitor,
) -> Result<ScanReport, SecretsError> {
    let secrets = Secrets::open(env, store)?;
    let before = known(store, &secrets)?;
    let refs = match options.commits.as_slice() {
        [] => exchange::shared(store.refs()),
        commits => commits.iter().map(|id| (id.to_string(), RefValue::Commit(*id))).collect(),
    };
    let known: IdSet = before.ids.iter().copied().collect();
    let mut door = Doorkeeper::new(store, &secrets, Mode::Tell, &[], Sent::default());
    monitor.begin("Looking for secrets", None);
    let mut watched = Watched { door: &mut door, monitor };
    // What stayed on a remote came from there, and is not read here.
    let is_elsewhere = |id: &Id| {
        let is = |want| store.is_promised(want).unwrap_or(false);
        is(exchange::Want::Commit(*id)) || is(exchange::Want::Content(*id))
    };
    let passed = |id: &Id| known.contains(id) || is_elsewhere(id);
    let outcome = store.outgoing(&refs, &passed, false, None, &mut watched);
    monitor.end();
    outcome?;
    let now = Scanned { found: door.found(), opaque: door.opaque, ids: door.seen, ..Scanned::default() };
    let (objects, scanned) = (now.ids.len() as u64, together(before, now));
    if objects > 0 {
        store.keep_cached(CACHE, &codec::encode(&scanned).map_err(crate::store::StoreError::from)?)?;
    }
    let mut found = here(store, options, scanned.found)?;
    // What refs say changes without an object; it is quickly looked at.
    if options.commits.is_empty() {
        let mut door = Doorkeeper::new(store, &secrets, Mode::Tell, &[], Sent::default());
        door.refs(&refs);
        found = together_found(found, door.found());
    }
    let total = found.len();
    if !options.all {
        found.retain(|found| !secrets.is_allowed(&found.id));
    }
    Ok(ScanReport { allowed: (total - found.len()) as u64, found, objects, opaque: scanned.opaque })
}

/// Tells the monitor of what passes.
struct Watched<'w, 'd> {
    door: &'w mut Doorkeeper<'d>,
    monitor: &'w dyn Monitor,
}

impl Gate for Watched<'_, '_> {
    fn below(&mut self, name: &str) {
        self.door.below(name);
    }

    fn known_as(&self, id: &Id) -> Id {
        *id
    }

    fn commit(&mut self, id: Id, commit: &mut Commit, body: &mut Body) -> Result<Id> {
        self.monitor.advance(1);
        self.door.commit(id, commit, body)
    }

    fn content(&mut self, kind: Kind, id: Id, bytes: &mut Vec<u8>) -> Result<Id> {
        self.monitor.advance(1);
        self.door.content(kind, id, bytes)
    }
}

/// What was looked at before by the same rules.
fn known(store: &Store, secrets: &Secrets) -> Result<Scanned> {
    let rules = secrets.version();
    let scanned = store.cached(CACHE)?.and_then(|bytes| codec::decode::<Scanned>(&bytes).ok());
    let same = scanned.filter(|scanned| scanned.rules == rules);
    Ok(same.unwrap_or_else(|| Scanned { rules, ..Scanned::default() }))
}

fn together(mut before: Scanned, now: Scanned) -> Scanned {
    before.ids.extend(now.ids);
    before.opaque += now.opaque;
    before.found = together_found(before.found, now.found);
    before
}

fn together_found(mut all: Vec<Found>, more: Vec<Found>) -> Vec<Found> {
    for found in more {
        match all.iter_mut().find(|known| known.id == found.id) {
            Some(known) => known.join(found),
            None => all.push(found),
        }
    }
    all
}

/// Those findings that still stand in what is asked for.
fn here(store: &Store, options: &ScanOptions, mut found: Vec<Found>) -> Result<Vec<Found>> {
    let asked = options.commits.as_slice();
    let refs: Vec<RefValue> = match asked {
        [] => exchange::shared(store.refs()).into_iter().map(|(_, value)| value).collect(),
        commits => commits.iter().map(|id| RefValue::Commit(*id)).collect(),
    };
    if found.is_empty() {
        return Ok(found);
    }
    let reached = history(store, &refs)?;
    let is_here = |place: &Place| match (&place.commit, &place.name) {
        (Some(id), _) => reached.contains(id),
        // A tail, say: it is gone as soon as its source goes on.
        (None, Some(name)) => asked.is_empty() && store.refs().contains_key(name),
        (None, None) => false,
    };
    for found in &mut found {
        found.keep(&is_here);
    }
    found.retain(|found| found.count > 0);
    Ok(found)
}

/// All commits that refs lead to.
fn history(store: &Store, refs: &[RefValue]) -> Result<IdSet> {
    let mut seen = IdSet::default();
    let mut open: Vec<Id> = Vec::new();
    for want in refs.iter().flat_map(exchange::named) {
        match want {
            exchange::Want::Commit(id) => open.push(id),
            exchange::Want::Content(_) if store.is_promised(want)? => {}
            exchange::Want::Content(id) => match store.content(&id)?.0 {
                Kind::Tag => open.push(store.tag(&id)?.commit),
                Kind::Snapshot => open.extend(snapshots(store, id)?),
                _ => {}
            },
        }
    }
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            (*store.commit(&id)?).clone().for_each_commit(&mut |id| open.push(*id));
        }
    }
    Ok(seen)
}

/// The commits at which a snapshot and those before it were taken.
fn snapshots(store: &Store, last: Id) -> Result<Vec<Id>> {
    let (mut commits, mut next) = (Vec::new(), Some(last));
    while let Some(id) = next {
        let snapshot = store.snapshot(&id)?;
        commits.push(snapshot.commit);
        next = snapshot.before;
    }
    Ok(commits)
}

/// A place in words that a user can go on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// The session's id.
    pub session: Option<Id>,
    /// Its title.
    pub title: String,
    /// What to `show`: a commit, or the ref that says it.
    pub revision: String,
    /// The number of the message on its line, from 1.
    pub message: Option<u64>,
    /// Whether it stands in the project's files as they were then.
    pub files: bool,
}

/// Says of which sessions places are.
pub struct Locator<'s> {
    store: &'s Store,
    secrets: Secrets,
    all: Vec<SessionInfo>,
}

impl Locator<'_> {
    /// Knows the sessions of a store.
    pub fn new<'s>(env: &Env, store: &'s Store) -> Result<Locator<'s>, SecretsError> {
        Ok(Locator { store, secrets: Secrets::open(env, store)?, all: session::sessions(store) })
    }

    /// Where a place is. A title or a name may hold the very secret: it is
    /// told without.
    pub fn locate(&self, place: &Place) -> Result<Located> {
        let (session, revision, message) = match (&place.commit, &place.name) {
            (Some(id), name) => {
                let commit = self.store.commit(id)?;
                let session = owner::of(self.store, &self.all, *id, &commit)?;
                (
                    session,
                    format!("{id:.12}"),
                    Some(commit.counts.messages).filter(|n| *n > 0 && name.is_none()),
                )
            }
            (None, name) => {
                let name = name.clone().unwrap_or_default();
                let session = match self.store.refs().get(&name) {
                    Some(RefValue::Source(source)) => Some(source.session),
                    _ => None,
                };
                (session, self.secrets.without(&name), None)
            }
        };
        let known = session.and_then(|id| self.all.iter().find(|session| session.id == id));
        let title = known.map(|session| self.secrets.without(session.label())).unwrap_or_default();
        let files = place.commit.is_some() && place.name.is_some();
        Ok(Located { session, title, revision, message, files })
    }
}
