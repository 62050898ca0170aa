//! Fetching by parts: histories now, and the texts of a session later.
//!
//! A pack has its commits, bodies and contents in blocks apart, and its index says
//! where each is. So ranges of packs are asked for, and of what is in them each
//! object is checked against its name. A shallow fetch gets commits, a tip only with
//! its history down to the root; bodies and all texts stay where they are, promised.
//! When the texts of a session are asked for, the blocks come that hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Monitor;
use super::far::{self, Listing};
use super::fetch::{FetchReport, PIECE};
use super::parallel::in_parallel;
use super::remote::{Opened, SyncError};
use crate::object::id::{Id, IdMap, IdSet, Kind};
use crate::object::{Body, Commit};
use crate::remote::Key;
use crate::store::exchange::{self, Want, named_by};
use crate::store::intake::{Came, Intake, Part};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;
use crate::store::{Batch, Store, StoreError};

/// What a ref names that a history needs and that isn't known here, and what is
/// promised with it; `None` if it stays away.
pub(super) fn needs(
    store: &Store,
    value: &RefValue,
    promised: &mut IdSet,
) -> Result<Option<Vec<Want>>, StoreError> {
    let mut needs = Vec::new();
    for want in exchange::named(value) {
        match (value, want) {
            (_, Want::Commit(_)) if !store.knows(want)? => needs.push(want),
            (RefValue::Tag(_), Want::Content(_)) if !store.has(want)? => needs.push(want),
            (RefValue::Snapshot(_), Want::Content(_)) if !store.has(want)? => return Ok(None),
            (RefValue::Source(_), Want::Content(id)) if !store.has(want)? => drop(promised.insert(id)),
            _ => {}
        }
    }
    Ok(Some(needs))
}

/// Gets what histories need, and makes promises of the rest. Returns what is to
/// be applied, and of which kind what came is, commits apart.
pub(super) fn histories(
    store: &mut Store,
    far: &Opened,
    wants: Vec<(Want, Key)>,
    promised: &IdSet,
    monitor: &dyn Monitor,
    report: &mut FetchReport,
) -> Result<(Batch, IdMap<Kind>), SyncError> {
    let listing = match wants.is_empty() {
        true => Listing::empty(),
        false => Listing::read(far, &Quarantine::new(store)?)?,
    };
    let (mut batch, mut kinds) = (Batch::default(), IdMap::default());
    let mut getting = Getting::new(store, far, &listing, monitor, report)?;
    // What is wanted besides commits are tags.
    let mut tags = Vec::new();
    let mut commits = Vec::new();
    for (want, by) in wants {
        match want {
            Want::Commit(id) => commits.push((id, by)),
            Want::Content(id) => tags.push((id, by)),
        }
    }
    commits.extend(getting.contents(tags, &mut batch, &mut kinds)?);
    getting.commits(commits)?;
    getting.report.commits = getting.intake.len() as u64;
    let intake = getting.intake;
    store.promise(&intake, promised, &mut batch)?;
    Ok((batch, kinds))
}

/// Gets objects with all that they lead to, texts too, and nothing else. Returns what is to be
/// applied, and of which kind what was wanted is, commits apart.
pub(super) fn texts(
    store: &Store,
    far: &Opened,
    (wants, promised): (Vec<(Want, Key)>, Vec<Want>),
    monitor: &dyn Monitor,
    report: &mut FetchReport,
) -> Result<(Batch, IdMap<Kind>), SyncError> {
    let listing = Listing::read(far, &Quarantine::new(store)?)?;
    let there = |want: &Want| listing.pack_of(&want.id()).map(|(name, _)| (*want, Key::Pack(name)));
    let wants: Vec<(Want, Key)> = wants.into_iter().chain(promised.iter().filter_map(there)).collect();
    let mut getting = Getting::new(store, far, &listing, monitor, report)?;
    let mut found = Found::default();
    let (mut commits, mut contents) = (Vec::new(), Vec::new());
    for (want, by) in wants {
        match want {
            Want::Commit(id) => commits.push((id, by)),
            Want::Content(id) => contents.push((id, by)),
        }
    }
    while !commits.is_empty() || !contents.is_empty() {
        getting.commits(commits.clone())?;
        let new = getting.without_bodies(&commits, &found)?;
        contents.extend(getting.bodies(new, &mut found)?);
        contents.retain(|(id, _)| !found.kinds.contains_key(id));
        let named = std::mem::take(&mut contents);
        let mut left = Vec::new();
        for (id, by) in getting.contents(named, &mut found.batch, &mut found.kinds)? {
            if !found.bodies.contains_key(&id) && !store.has_commit(&id)? {
                left.push((id, by));
            }
        }
        commits = left;
    }
    getting.report.commits = found.order.len() as u64;
    getting.report.contents = found.kinds.len() as u64;
    let Found { mut batch, kinds, order, mut bodies } = found;
    for id in order {
        if let Some((commit, body)) = bodies.remove(&id)
            && batch.put_commit(store, commit, body)?.0 != id
        {
            return Err(StoreError::WrongId { id }.into());
        }
    }
    Ok((batch, kinds))
}

/// What came with its texts.
#[derive(Default)]
struct Found {
    batch: Batch,
    kinds: IdMap<Kind>,
    /// Commits, each after those that it leads to.
    order: Vec<Id>,
    bodies: IdMap<(Commit, Body)>,
}

/// Gets parts of packs.
struct Getting<'g> {
    store: &'g Store,
    far: &'g Opened,
    listing: &'g Listing,
    monitor: &'g dyn Monitor,
    report: &'g mut FetchReport,
    intake: Intake,
}

impl<'g> Getting<'g> {
    fn new(
        store: &'g Store,
        far: &'g Opened,
        listing: &'g Listing,
        monitor: &'g dyn Monitor,
        report: &'g mut FetchReport,
    ) -> Result<Getting<'g>, StoreError> {
        Ok(Getting { intake: Intake::new(store)?, store, far, listing, monitor, report })
    }

    /// Gets commits in rounds, all packs of a round at once, until nothing is
    /// missing that they lead to.
    fn commits(&mut self, mut commits: Vec<(Id, Key)>) -> Result<(), SyncError> {
        loop {
            let mut missing = Vec::new();
            for (id, by) in commits {
                let more = self.intake.follow(self.store, id).map_err(|e| self.blamed(e))?;
                missing.extend(more.into_iter().map(|id| (id, by)));
            }
            if missing.is_empty() {
                return Ok(());
            }
            let mut ranges = BTreeMap::new();
            for (id, by) in &missing {
                let name = self.pack_of(*id, *by)?;
                let lacking = self.intake.lacking_rows(&name);
                if lacking.is_empty() {
                    return Err(self.lies(name, *id));
                }
                ranges.insert(name, lacking);
            }
            self.get(ranges)?;
            commits = missing;
        }
    }

    /// The commits that these lead to and whose bodies aren't here, each after
    /// those that it leads to.
    fn without_bodies(
        &self,
        roots: &[(Id, Key)],
        found: &Found,
    ) -> Result<Vec<(Id, Commit, Key)>, SyncError> {
        let (mut seen, mut new) = (IdSet::default(), Vec::new());
        for (root, by) in roots {
            let mut open = vec![(*root, false)];
            while let Some((id, done)) = open.pop() {
                if !done
                    && (found.bodies.contains_key(&id) || self.store.has_commit(&id)? || !seen.insert(id))
                {
                    continue;
                }
                let came = self.intake.commit(&id).map_err(|e| self.blamed(e))?;
                let commit = came.map_or_else(|| self.store.commit(&id), Ok)?;
                if done {
                    new.push((id, (*commit).clone(), *by));
                    continue;
                }
                open.push((id, true));
                (*commit).clone().for_each_commit(&mut |id| open.push((*id, false)));
            }
        }
        Ok(new)
    }

    /// Gets the bodies of commits; what they name that isn't here.
    fn bodies(
        &mut self,
        commits: Vec<(Id, Commit, Key)>,
        found: &mut Found,
    ) -> Result<Vec<(Id, Key)>, SyncError> {
        let parts = commits.iter().map(|(id, _, by)| (Part::Body(*id), *id, *by));
        self.parts(parts.collect())?;
        let mut named = Vec::new();
        for (id, mut commit, by) in commits {
            let body = self.intake.body(&id, &commit).map_err(|e| self.blamed(e))?;
            let mut body = body.ok_or_else(|| self.incomplete(id, by))?;
            body.for_each_id(&mut |id| named.push((*id, by)));
            commit.for_each_object(&mut |id| named.push((*id, by)));
            found.order.push(id);
            found.bodies.insert(id, (commit, body));
        }
        Ok(named)
    }

    /// Gets contents with all contents that they lead to; the commits that they
    /// name.
    fn contents(
        &mut self,
        mut open: Vec<(Id, Key)>,
        batch: &mut Batch,
        kinds: &mut IdMap<Kind>,
    ) -> Result<Vec<(Id, Key)>, SyncError> {
        let (mut commits, mut seen) = (Vec::new(), IdSet::default());
        while !open.is_empty() {
            let mut new = Vec::new();
            for (id, by) in open {
                if seen.insert(id) && !batch.has_content(self.store, id)? {
                    new.push((id, by));
                }
            }
            open = Vec::new();
            self.parts(new.iter().map(|(id, by)| (Part::Content(*id), *id, *by)).collect())?;
            for (id, by) in new {
                let (kind, bytes) = self.whole(id, by)?;
                for want in named_by(kind, &id, &bytes)? {
                    match want {
                        Want::Commit(id) => commits.push((id, by)),
                        Want::Content(id) => open.push((id, by)),
                    }
                }
                kinds.insert(id, kind);
                let _ = batch.put(self.store, kind, id, bytes)?;
            }
        }
        Ok(commits)
    }

    /// A content, its parts joined if it lies in parts.
    fn whole(&mut self, id: Id, by: Key) -> Result<(Kind, Vec<u8>), SyncError> {
        let chunks = match self.content(id, by)? {
            Came::Whole(kind, bytes) => return Ok((kind, bytes)),
            Came::Chunks(chunks) => chunks,
        };
        self.parts(chunks.iter().map(|id| (Part::Content(*id), *id, by)).collect())?;
        let mut bytes = Vec::new();
        for chunk in chunks {
            match self.content(chunk, by)? {
                Came::Whole(Kind::Blob, part) => bytes.extend(part),
                _ => return Err(StoreError::WrongId { id: chunk }.into()),
            }
        }
        match Id::of(Kind::Blob, &bytes) == id {
            true => Ok((Kind::Blob, bytes)),
            false => Err(StoreError::WrongId { id }.into()),
        }
    }

    fn content(&self, id: Id, by: Key) -> Result<Came, SyncError> {
        let came = self.intake.content(&id).map_err(|e| self.blamed(e))?;
        came.ok_or_else(|| self.incomplete(id, by))
    }

    /// Gets the blocks that hold some parts.
    fn parts(&mut self, parts: Vec<(Part, Id, Key)>) -> Result<(), SyncError> {
        let mut wanted = BTreeMap::<Id, Vec<Part>>::new();
        for (part, id, by) in parts {
            wanted.entry(self.pack_of(id, by)?).or_default().push(part);
        }
        let mut ranges = BTreeMap::new();
        for (name, parts) in wanted {
            ranges.insert(name, self.intake.lacking(&name, &parts)?);
        }
        self.get(ranges)
    }

    /// The pack that holds an object, known to the intake.
    fn pack_of(&mut self, id: Id, by: Key) -> Result<Id, SyncError> {
        let (name, len) = self.listing.pack_of(&id).ok_or_else(|| self.incomplete(id, by))?;
        if !self.intake.knows(&name) {
            let index = self.listing.index(self.far, &name)?;
            let added = self.intake.add(name, &index, len);
            added.map_err(|e| far::damaged(&*self.far.remote, Key::Index(name), e))?;
            self.report.packs += 1;
        }
        Ok(name)
    }

    /// Gets ranges of packs, each a block.
    fn get(&mut self, ranges: BTreeMap<Id, Vec<Range<u64>>>) -> Result<(), SyncError> {
        let blocks =
            ranges.into_iter().flat_map(|(name, ranges)| ranges.into_iter().map(move |range| (name, range)));
        let blocks: Vec<(Id, Range<u64>)> = blocks.collect();
        if blocks.is_empty() {
            return Ok(());
        }
        let bytes: u64 = blocks.iter().map(|(_, range)| range.end.saturating_sub(range.start)).sum();
        self.report.bytes = self.report.bytes.saturating_add(bytes);
        self.monitor.begin_bytes("Fetching", bytes);
        let remote = &*self.far.remote;
        let got = in_parallel(remote.at_once(), &runs(&blocks), |_, run| -> Result<_, SyncError> {
            let (name, range) = (run.name, run.range.clone());
            let (mut at, mut bytes) = (range.start, Vec::new());
            while at < range.end {
                let end = range.end.min(at.saturating_add(PIECE));
                bytes.extend(remote.get(Key::Pack(name), at..end)?);
                self.monitor.advance(end - at);
                at = end;
            }
            Ok((name, range.start, bytes))
        });
        self.monitor.end();
        let got = got?;
        for (name, range) in blocks {
            let run = got.iter().find(|(of, start, bytes)| {
                *of == name && range.start >= *start && range.end <= start.saturating_add(bytes.len() as u64)
            });
            let part = run.and_then(|(_, start, bytes)| {
                let (from, to) = (range.start.checked_sub(*start)?, range.end.checked_sub(*start)?);
                bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
            });
            if let Some(part) = part {
                self.intake.lay(&name, range.start, part)?;
            }
        }
        Ok(())
    }

    fn incomplete(&self, id: Id, by: Key) -> SyncError {
        SyncError::Incomplete { place: self.far.remote.place(by), id }
    }

    fn lies(&self, name: Id, id: Id) -> SyncError {
        let what = format!("it lists object {id:.16}, which its pack does not hold so");
        SyncError::Damaged { place: self.far.remote.place(Key::Index(name)), what }
    }

    fn blamed(&self, (pack, error): (Option<Id>, StoreError)) -> SyncError {
        match pack {
            Some(name) => far::damaged(&*self.far.remote, Key::Pack(name), error),
            None => error.into(),
        }
    }
}

/// Blocks of a pack that lie side by side.
struct Run {
    name: Id,
    range: Range<u64>,
}

/// Joins what lies side by side: one request for each.
fn runs(blocks: &[(Id, Range<u64>)]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut sorted: BTreeSet<(Id, u64, u64)> = BTreeSet::new();
    sorted.extend(blocks.iter().map(|(name, range)| (*name, range.start, range.end)));
    for (name, start, end) in sorted {
        match runs.last_mut().filter(|run| run.name == name && run.range.end == start) {
            Some(run) => run.range.end = end,
            None => runs.push(Run { name, range: start..end }),
        }
    }
    runs
}
