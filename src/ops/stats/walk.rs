//! Every commit of the user's own refs, each once, with what it adds.

use std::collections::HashMap;
use std::sync::Arc;

use super::PAUSE;
use crate::object::id::{IdMap, checksum};
use crate::object::{Commit, Id, Usage};
use crate::ops::delete::is_deleted;
use crate::ops::session::SessionInfo;
use crate::ops::{line, source};
use crate::store::refs::RefValue;
use crate::store::{Result, Store};

/// A commit and what it adds to those before it.
pub(in crate::ops) struct Step {
    pub(in crate::ops) id: Id,
    pub(in crate::ops) commit: Arc<Commit>,
    /// The session that it counts for, as its place in the list.
    pub(in crate::ops) session: Option<usize>,
    /// Its time, or that of the commit before it.
    pub(in crate::ops) time: Option<i64>,
    /// The model that spoke, or that spoke last before it; before any has, the
    /// one that the session named last.
    pub(in crate::ops) model: Option<String>,
    pub(in crate::ops) turns: u64,
    pub(in crate::ops) messages: u64,
    pub(in crate::ops) calls: u64,
    pub(in crate::ops) usage: Usage,
    /// Milliseconds since the commit before it, if it was no pause.
    pub(in crate::ops) active: u64,
    /// Fingerprints of the paths of its files.
    pub(in crate::ops) files: Vec<u64>,
}

/// What the commits after it need to know of a commit.
#[derive(Clone, Default)]
struct Known {
    time: Option<i64>,
    model: Option<Arc<str>>,
}

/// Goes through all commits: those of a line from its beginning, lines of
/// sessions that began first before the others.
pub(in crate::ops) struct Walk<'s> {
    store: &'s Store,
    /// Tips that are still to be looked at, the next one last.
    tips: Vec<(Id, Option<usize>)>,
    /// Commits that are to be told, the next one last.
    found: Vec<(Id, Arc<Commit>)>,
    session: Option<usize>,
    /// The model that the session named last.
    model: Option<Arc<str>>,
    sessions: &'s [SessionInfo],
    known: IdMap<Option<Known>>,
    /// The commits whose tokens have been counted, by what names an answer:
    /// its time, in milliseconds, its tokens and its model.
    counted: HashMap<(i64, [u64; 4], Option<String>), Id>,
}

impl<'s> Walk<'s> {
    pub(in crate::ops) fn new(store: &'s Store, sessions: &'s [SessionInfo]) -> Walk<'s> {
        let mut tips = tips(store, sessions);
        tips.reverse();
        Walk {
            store,
            tips,
            found: Vec::new(),
            session: None,
            model: None,
            sessions,
            known: IdMap::default(),
            counted: HashMap::new(),
        }
    }

    /// Finds the commits of a tip that haven't been told.
    fn find(&mut self, tip: Id) -> Result<()> {
        let mut open = vec![tip];
        while let Some(id) = open.pop() {
            if self.known.contains_key(&id) {
                continue;
            }
            self.known.insert(id, None);
            let commit = self.store.commit(&id)?;
            // The conversation last, so that it is followed first.
            open.extend(commit.after);
            open.extend(commit.parents.iter().rev());
            self.found.push((id, commit));
        }
        Ok(())
    }

    fn step(&mut self, id: Id, commit: Arc<Commit>) -> Result<Step> {
        let before = match commit.parents.first().or(commit.after.as_ref()) {
            Some(before) => self.known(*before)?,
            None => Known::default(),
        };
        let parent = commit.parents.first().map(|id| self.store.commit(id)).transpose()?;
        // Records without a message are counted by nobody.
        let counts = commit.counts.since(&parent.map(|parent| parent.counts).unwrap_or_default());
        let model = commit.model.as_deref().map(Arc::from).or(before.model).or_else(|| self.model.clone());
        let time = commit.time.or(before.time);
        let gap = commit.time.zip(before.time).map(|(now, before)| now.saturating_sub(before));
        let active = gap.filter(|gap| (0..=PAUSE).contains(gap)).unwrap_or(0);
        self.known.insert(id, Some(Known { time, model: model.clone() }));
        let files = commit.files.iter().filter_map(|file| file.get(1..)).filter(|path| !path.is_empty());
        Ok(Step {
            id,
            session: self.session,
            time,
            model: model.as_deref().map(str::to_owned),
            turns: counts.turns,
            messages: counts.messages,
            calls: counts.calls,
            usage: self.usage(id, &commit)?,
            active: u64::try_from(active).unwrap_or(0),
            files: files.map(|path| checksum(path.as_bytes())).collect(),
            commit,
        })
    }

    /// The tokens of a commit, unless they are those of an answer that was
    /// written anew: then it stands in two lines, of which neither leads to the
    /// other.
    fn usage(&mut self, id: Id, commit: &Commit) -> Result<Usage> {
        let Usage { input, cache_write, cache_read, output } = commit.usage;
        let Some(time) = commit.time.filter(|_| !commit.usage.is_zero()) else { return Ok(commit.usage) };
        let answer = (time, [input, cache_write, cache_read, output], commit.model.clone());
        let Some(known) = self.counted.insert(answer, id) else { return Ok(commit.usage) };
        let earlier = self.store.commit(&known)?;
        let same_line = line::holds(self.store, id, known, &earlier)?;
        Ok(if same_line { commit.usage } else { Usage::default() })
    }

    /// What is known of a commit; of one that is told later, from its own line.
    fn known(&self, id: Id) -> Result<Known> {
        let mut known = Known::default();
        let mut next = Some(id);
        while let Some(id) = next {
            if let Some(Some(told)) = self.known.get(&id) {
                known.time = known.time.or(told.time);
                known.model = known.model.or_else(|| told.model.clone());
                break;
            }
            let commit = self.store.commit(&id)?;
            known.time = known.time.or(commit.time);
            known.model = known.model.or_else(|| commit.model.as_deref().map(Arc::from));
            if known.time.is_some() && known.model.is_some() {
                break;
            }
            next = commit.parents.first().copied().or(commit.after);
        }
        Ok(known)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Result<Step>> {
        while self.found.is_empty() {
            let (tip, session) = self.tips.pop()?;
            self.session = session;
            let info = session.and_then(|n| self.sessions.get(n));
            self.model = info.and_then(|info| info.model.as_deref()).map(Arc::from);
            if let Err(e) = self.find(tip) {
                self.tips.clear();
                self.found.clear();
                return Some(Err(e));
            }
        }
        let (id, commit) = self.found.pop()?;
        Some(self.step(id, commit))
    }
}

/// The tips of all refs but those of other machines, each with the place of
/// its session: what tools have written before what only branches lead to,
/// sessions that began first before the others, their own files before those
/// of subagents and forks.
fn tips(store: &Store, sessions: &[SessionInfo]) -> Vec<(Id, Option<usize>)> {
    let places: IdMap<usize> = sessions.iter().enumerate().map(|(n, session)| (session.id, n)).collect();
    let began = |place: &Option<usize>| place.and_then(|n| sessions.get(n)).and_then(|s| s.created_at);
    let mut tips = Vec::new();
    for source in source::all(store).filter(|source| !is_deleted(store, &source.session)) {
        let place = places.get(&source.session).copied();
        for tip in source.head.into_iter().chain(source.file) {
            tips.push((0, began(&place), place, source.about.created, source.part.as_str(), tip));
        }
    }
    for (rank, prefix) in [(1, "head/"), (2, "branch/")] {
        for (name, value) in store.refs_below(prefix) {
            let RefValue::Commit(tip) = value else { continue };
            let session = name.get(prefix.len()..).and_then(|rest| rest.split('/').next());
            let session = session.and_then(Id::from_hex);
            if session.is_some_and(|id| is_deleted(store, &id)) {
                continue;
            }
            let place = session.and_then(|id| places.get(&id)).copied();
            tips.push((rank, began(&place), place, None, name, *tip));
        }
    }
    tips.sort_by(|a, b| (a.0, a.1.is_none(), a).cmp(&(b.0, b.1.is_none(), b)));
    let mut tips: Vec<_> = tips.into_iter().map(|(_, _, place, _, _, tip)| (tip, place)).collect();
    // A tag is nobody's: what only it leads to comes last.
    tips.extend(store.refs_below("tag/").filter_map(|(_, value)| match value {
        RefValue::Commit(tip) => Some((*tip, None)),
        RefValue::Tag(tag) => store.tag(tag).ok().map(|tag| (tag.commit, None)),
        _ => None,
    }));
    tips
}
