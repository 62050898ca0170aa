//! A shallow fetch: histories now, texts when somebody asks for them.
//!
//! A pack has its commits in blocks of their own, and its index says where. So
//! ranges of packs are asked for, and of what is in them each commit is checked
//! against its name. Bodies and all texts stay where they are, promised: a tip
//! comes only with its history down to the root. Files of a project (snapshots)
//! stay away altogether until texts come.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Monitor;
use super::far::{self, Listing};
use super::fetch::{FetchReport, PIECE};
use super::parallel::in_parallel;
use super::remote::{Opened, SyncError};
use crate::object::id::{Id, IdSet, Kind};
use crate::remote::Key;
use crate::store::exchange::{self, Want};
use crate::store::promised::{Intake, Pieces};
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

/// Gets what is needed of histories, all that they lead to included.
struct Getting<'g> {
    store: &'g Store,
    far: &'g Opened,
    listing: &'g Listing,
    monitor: &'g dyn Monitor,
    report: &'g mut FetchReport,
    intake: Intake,
    /// Tags that came.
    tags: Vec<(Id, Vec<u8>)>,
}

impl<'g> Getting<'g> {
    fn new(
        store: &'g Store,
        far: &'g Opened,
        listing: &'g Listing,
        monitor: &'g dyn Monitor,
        report: &'g mut FetchReport,
    ) -> Result<Getting<'g>, StoreError> {
        Ok(Getting { intake: Intake::new(store)?, store, far, listing, monitor, report, tags: Vec::new() })
    }

    /// Gets in rounds, all packs of a round at once, until nothing is missing.
    fn all(mut self, wants: Vec<(Want, Key)>) -> Result<Got, SyncError> {
        let mut commits = Vec::new();
        for (want, by) in wants {
            match want {
                Want::Commit(id) => commits.push((id, by)),
                Want::Content(id) => {
                    let tag = self.tag(id, by)?;
                    commits.push((tag, by));
                }
            }
        }
        loop {
            let mut missing = Vec::new();
            for (id, by) in commits {
                missing.extend(self.follow(id)?.into_iter().map(|id| (id, by)));
            }
            if missing.is_empty() {
                break;
            }
            let packs = self.packs_of(&missing)?;
            self.round(&packs)?;
            commits = missing;
        }
        self.report.commits = self.intake.len() as u64;
        Ok(Got { intake: self.intake, tags: self.tags })
    }

    /// The packs that hold some commits.
    fn packs_of(&self, commits: &[(Id, Key)]) -> Result<Vec<Id>, SyncError> {
        let mut packs = BTreeSet::new();
        for (id, by) in commits {
            let place = || self.far.remote.place(*by);
            let pack = self.listing.pack_of(id);
            let (name, _) = pack.ok_or_else(|| SyncError::Incomplete { place: place(), id: *id })?;
            if self.intake.has(&name) {
                let what = format!("it lists commit {id:.16}, which its pack does not hold so");
                return Err(SyncError::Damaged { place: self.far.remote.place(Key::Index(name)), what });
            }
            packs.insert(name);
        }
        Ok(packs.into_iter().collect())
    }

    fn follow(&mut self, id: Id) -> Result<Vec<Id>, SyncError> {
        self.intake.follow(self.store, id).map_err(|(pack, e)| match pack {
            Some(name) => far::damaged(&*self.far.remote, Key::Pack(name), e),
            None => e.into(),
        })
    }

    /// Gets the commits of some packs.
    fn round(&mut self, names: &[Id]) -> Result<(), SyncError> {
        let parts = names.iter().map(|name| (*name, self.listing.rows_of(name)));
        let parts: Vec<(Id, Vec<Range<u64>>)> = parts.collect();
        let pieces = self.pieces(&parts)?;
        self.report.packs += pieces.len() as u64;
        for pieces in pieces {
            let taken = self.intake.take(&pieces);
            taken.map_err(|e| far::damaged(&*self.far.remote, Key::Pack(pieces.name), e))?;
        }
        Ok(())
    }

    fn pieces(&mut self, parts: &[(Id, Vec<Range<u64>>)]) -> Result<Vec<Pieces>, SyncError> {
        let lengths = parts.iter().flat_map(|(_, ranges)| ranges).map(|range| range.end - range.start);
        let bytes: u64 = lengths.sum();
        self.report.bytes = self.report.bytes.saturating_add(bytes);
        self.monitor.begin_bytes("Fetching", bytes);
        let got =
            in_parallel(self.far.remote.at_once(), parts, |_, (name, ranges)| -> Result<_, SyncError> {
                let mut parts = Vec::new();
                for range in ranges {
                    let mut at = range.start;
                    while at < range.end {
                        let end = range.end.min(at.saturating_add(PIECE));
                        let piece = self.far.remote.get(Key::Pack(*name), at..end)?;
                        self.monitor.advance(piece.len() as u64);
                        parts.push((at, piece));
                        at = end;
                    }
                }
                Ok(Pieces { name: *name, index: self.listing.index(self.far, name)?, parts })
            });
        self.monitor.end();
        got
    }

    /// Gets a tag; the commit that it names.
    fn tag(&mut self, id: Id, by: Key) -> Result<Id, SyncError> {
        let incomplete = || SyncError::Incomplete { place: self.far.remote.place(by), id };
        let (name, len) = self.listing.pack_of(&id).ok_or_else(incomplete)?;
        let index = self.listing.index(self.far, &name)?;
        let blame = |key, e| far::damaged(&*self.far.remote, key, e);
        let block = self.intake.block_of(name, &index, &id).map_err(|e| blame(Key::Index(name), e))?;
        let block = block.filter(|block| block.end <= len).ok_or_else(incomplete)?;
        let pieces = self.pieces(&[(name, vec![block])])?;
        let mut found = None;
        for pieces in &pieces {
            found = Some(self.intake.content(pieces, &id).map_err(|e| blame(Key::Pack(name), e))?);
        }
        match found {
            Some((Kind::Tag, bytes)) => {
                let tag = crate::object::codec::decode::<crate::object::Tag>(&bytes);
                let tag = tag.map_err(|source| StoreError::Codec { id, source })?;
                self.tags.push((id, bytes));
                Ok(tag.commit)
            }
            _ => Err(SyncError::Damaged {
                place: self.far.remote.place(by),
                what: format!("it takes {id:.16} for a tag, which is something else"),
            }),
        }
    }
}

/// What came.
struct Got {
    intake: Intake,
    tags: Vec<(Id, Vec<u8>)>,
}

impl Got {
    /// Makes promises of it. They count when the batch is applied.
    fn promise(self, store: &mut Store, contents: &IdSet) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        for (id, bytes) in self.tags {
            let _ = batch.put(store, Kind::Tag, id, bytes)?;
        }
        self.intake.promise(store, contents, &mut batch)?;
        Ok(batch)
    }
}

/// Gets what histories need, and makes promises of the rest.
pub(super) fn get(
    store: &mut Store,
    far: &Opened,
    wants: Vec<(Want, Key)>,
    promised: &IdSet,
    monitor: &dyn Monitor,
    report: &mut FetchReport,
) -> Result<Batch, SyncError> {
    let listing = match wants.is_empty() {
        true => Listing::empty(),
        false => Listing::read(far, &Quarantine::new(store)?)?,
    };
    let got = Getting::new(store, far, &listing, monitor, report)?.all(wants)?;
    Ok(got.promise(store, promised)?)
}
