//! Sending: packs at once, their indexes one after another.
//!
//! A pack counts when its index is there, and leans on those before it. So an
//! index goes only after all packs up to its own have arrived: whatever is cut
//! short leaves packs with all that they name, and the next push goes on
//! behind them.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::Monitor;
use super::far::keep_base;
use super::parallel::in_parallel;
use super::remote::{Opened, SyncError};
use crate::object::id::Id;
use crate::remote::{Content, Folder, Key};
use crate::store::delta::{Base, Delta};
use crate::store::exchange::Table;
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;
use crate::store::{Store, StoreError};

/// How often a number is looked for that no other push took.
const TRIES: u64 = 16;
/// A table is written whole again when what changed since takes more than so
/// many bytes, and …
const DELTA: u64 = 8 << 10;
/// … more than this part of it.
const PART: u64 = 32;

/// How many bytes packs and their indexes have.
pub(super) fn size(quarantine: &Quarantine, packs: &[Id]) -> Result<u64, SyncError> {
    let mut all = 0;
    for name in packs {
        for (_, path) in files(quarantine, name) {
            all += length(&path)?;
        }
    }
    Ok(all)
}

/// Sends packs and their indexes, `bytes` in all.
pub(super) fn packs(
    far: &Opened,
    quarantine: &Quarantine,
    packs: &[Id],
    bytes: u64,
    monitor: &dyn Monitor,
) -> Result<(), SyncError> {
    if packs.is_empty() {
        return Ok(());
    }
    monitor.begin_bytes("Sending", bytes);
    let outcome = all(far, quarantine, packs, monitor);
    monitor.end();
    outcome
}

fn all(far: &Opened, quarantine: &Quarantine, packs: &[Id], monitor: &dyn Monitor) -> Result<(), SyncError> {
    let sent = |n| monitor.advance(n);
    // Which packs have arrived, and how many indexes.
    let arrived = Mutex::new((vec![false; packs.len()], 0));
    in_parallel(far.remote.at_once(), packs, |n, name| {
        let [pack, _] = files(quarantine, name);
        file(far, pack, &sent)?;
        let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let (there, next) = &mut *arrived;
        there.get_mut(n).into_iter().for_each(|there| *there = true);
        while let (Some(true), Some(name)) = (there.get(*next), packs.get(*next)) {
            let [_, (key, path)] = files(quarantine, name);
            let bytes = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
            file(far, (key, path), &sent)?;
            far.known.put(&key.to_string(), &bytes);
            *next += 1;
        }
        Ok(())
    })
    .map(drop)
}

fn files(quarantine: &Quarantine, name: &Id) -> [(Key, PathBuf); 2] {
    let path = quarantine.path(name);
    [(Key::Pack(*name), path.clone()), (Key::Index(*name), path.with_extension("idx"))]
}

fn length(path: &PathBuf) -> Result<u64, SyncError> {
    Ok(std::fs::metadata(path).map_err(StoreError::io("read", path))?.len())
}

fn file(far: &Opened, (key, path): (Key, PathBuf), sent: &(dyn Fn(u64) + Sync)) -> Result<(), SyncError> {
    let remote = &*far.remote;
    if remote.create(key, Content::File(&path), sent)? {
        return Ok(());
    }
    // A push that was cut short may have left it: the same name is the same
    // bytes, if it is whole.
    let len = length(&path)?;
    let there = remote.list(Folder::Packs)?.into_iter().find(|(other, _)| *other == key);
    if there.is_some_and(|(_, there)| there != len) {
        let what = format!("it does not have the {len} bytes of its name");
        return Err(SyncError::Damaged { place: remote.place(key), what });
    }
    Ok(())
}

/// Writes the next version of the refs, after `last`: what changed since
/// `base`, if that is little.
pub(super) fn table(
    far: &Opened,
    store: &Store,
    (last, base): (u64, Option<&Base>),
    refs: Vec<(String, RefValue)>,
) -> Result<(), SyncError> {
    let writer = store.writer();
    let mut table = Table { writer, number: last, refs };
    for _ in 0..TRIES {
        table.number = table.number.saturating_add(1);
        let (bytes, whole) = match base.map(|base| Ok((base, Delta::since(base, &table).seal()?))) {
            None => (table.seal()?, true),
            Some(sealed) => {
                let (base, delta): (&Base, Vec<u8>) = sealed.map_err(|e: StoreError| e)?;
                let little = delta.len() as u64 <= DELTA.max(base.len / PART);
                if little { (delta, false) } else { (table.seal()?, true) }
            }
        };
        let key = Key::Table(writer, table.number);
        if far.remote.create(key, Content::Bytes(&bytes), &|_| ())? {
            if whole {
                keep_base(far, &Base::new(table, &bytes), &bytes);
            }
            return Ok(());
        }
    }
    Err(StoreError::Conflict(Key::Table(writer, table.number).to_string()).into())
}
