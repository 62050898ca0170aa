//! Which pack of a remote leans on which.
//!
//! A pack is needed if it holds what a ref names, or what a needed pack names
//! anywhere in it: a push takes whatever is in a pack that counts to be there
//! with all that it leads to.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::id::{Id, IdMap, IdSet};
use crate::ops::Monitor;
use crate::ops::far::{self, Listing};
use crate::ops::fetch::get;
use crate::ops::remote::{Opened, SyncError};
use crate::remote::Key;
use crate::store::exchange::Want;
use crate::store::quarantine::Quarantine;
use crate::store::{Store, StoreError};

/// What a pack names that isn't in it, and the bytes of its index.
type Looked = (Vec<Id>, Vec<u8>);

/// The packs of a remote that count.
pub(super) struct Graph {
    /// The packs that each leans on.
    leans: BTreeMap<Id, BTreeSet<Id>>,
    needed: BTreeSet<Id>,
}

impl Graph {
    /// Finds out what leans on what. Fails if anything that is named isn't
    /// there.
    pub(super) fn read(
        store: &Store,
        far: &Opened,
        wants: &[(Want, Key)],
        monitor: &dyn Monitor,
    ) -> Result<Graph, SyncError> {
        let listing = Listing::read(far, &Quarantine::new(store)?)?;
        let mut holders = IdMap::<Vec<Id>>::default();
        for ((name, _), ids) in listing.contents() {
            ids.iter().for_each(|id| holders.entry(*id).or_default().push(*name));
        }
        let mut named = Vec::new();
        for (want, by) in wants {
            match (holders.get(&want.id()), by) {
                (Some(packs), _) => named.extend(packs),
                // See where wants are made.
                (None, Key::Members(_)) => {}
                (None, by) => return Err(missing(far, *by, want.id())),
            }
        }
        let mut outside = BTreeMap::new();
        for (pack, ids) in listing.contents() {
            outside.insert(pack.0, outside_of(store, far, *pack, ids, monitor)?);
            monitor.advance(1);
        }
        let mut graph = Graph { leans: BTreeMap::new(), needed: BTreeSet::new() };
        let mut gaps = BTreeMap::new();
        for (pack, names) in outside {
            let mut leans = BTreeSet::new();
            for id in names {
                match holders.get(&id) {
                    Some(packs) => leans.extend(packs.iter().filter(|other| **other != pack)),
                    None => drop(gaps.insert(pack, id)),
                }
            }
            graph.leans.insert(pack, leans);
        }
        graph.needed = graph.below(named);
        match gaps.iter().find(|(pack, _)| graph.needed.contains(pack)) {
            Some((pack, id)) => Err(missing(far, Key::Pack(*pack), *id)),
            None => Ok(graph),
        }
    }

    /// These packs and all that they lean on.
    fn below(&self, packs: Vec<Id>) -> BTreeSet<Id> {
        let (mut open, mut found) = (packs, BTreeSet::new());
        while let Some(pack) = open.pop() {
            if found.insert(pack) {
                open.extend(self.leans.get(&pack).into_iter().flatten());
            }
        }
        found
    }

    /// Tells whether a pack is there with its index.
    pub(super) fn has(&self, pack: &Id) -> bool {
        self.leans.contains_key(pack)
    }

    /// The packs that nothing needs.
    pub(super) fn unneeded(&self) -> impl Iterator<Item = &Id> {
        self.leans.keys().filter(|pack| !self.needed.contains(pack))
    }

    /// Of these packs those on which no other leans that stays, what leans on
    /// others before those: at any moment all that counts is there whole.
    pub(super) fn to_hide(&self, due: &dyn Fn(&Id) -> bool) -> Vec<Id> {
        let stay = self.below(self.unneeded().filter(|pack| !due(pack)).copied().collect());
        let mut left: BTreeSet<Id> = self.unneeded().filter(|pack| !stay.contains(pack)).copied().collect();
        let mut order = Vec::new();
        loop {
            let leant_on: BTreeSet<&Id> =
                left.iter().filter_map(|pack| self.leans.get(pack)).flatten().collect();
            let free: Vec<Id> = left.iter().filter(|pack| !leant_on.contains(pack)).copied().collect();
            // Those that lean on each other stay: there is no order for them.
            if free.is_empty() {
                return order;
            }
            left.retain(|pack| !free.contains(pack));
            order.extend(free);
        }
    }
}

fn missing(far: &Opened, by: Key, id: Id) -> SyncError {
    SyncError::Incomplete { place: far.remote.place(by), id }
}

/// What the objects of a pack name that isn't in it: told by what the store has
/// of the same, or by the pack itself.
fn outside_of(
    store: &Store,
    far: &Opened,
    pack: (Id, u64),
    ids: &[Id],
    monitor: &dyn Monitor,
) -> Result<Vec<Id>, SyncError> {
    let own: IdSet = ids.iter().copied().collect();
    let mut outside = IdSet::default();
    for id in ids {
        match store.names(id)? {
            Some(names) => outside.extend(names.into_iter().filter(|id| !own.contains(id))),
            None => return checked(far, pack, monitor).map(|(wants, _)| wants),
        }
    }
    Ok(outside.into_iter().collect())
}

/// Gets a pack and looks into it.
fn checked(far: &Opened, pack: (Id, u64), monitor: &dyn Monitor) -> Result<Looked, SyncError> {
    let dir = tempfile::tempdir().map_err(StoreError::io("create a folder in", &std::env::temp_dir()))?;
    let scratch = Store::open_or_create(&dir.path().join("store"), Id::ZERO)?;
    let mut quarantine = Quarantine::new(&scratch)?;
    let mut wants = Vec::new();
    for incoming in get(far, &quarantine, &[pack], monitor)? {
        let checked = quarantine.check(&scratch, incoming, &mut |_| ());
        let checked = checked.map_err(|e| far::damaged(&*far.remote, Key::Pack(pack.0), e))?;
        wants.extend(checked.iter().map(Want::id));
    }
    let path = quarantine.path(&pack.0).with_extension("idx");
    let index = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
    Ok((wants, index))
}

/// Gets a pack and looks into it; none if it isn't whole.
pub(super) fn look_into(
    far: &Opened,
    pack: (Id, u64),
    monitor: &dyn Monitor,
) -> Result<Option<Looked>, SyncError> {
    match checked(far, pack, monitor) {
        Ok(found) => Ok(Some(found)),
        Err(SyncError::Damaged { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}
