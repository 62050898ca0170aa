//! What lies on a remote, read: tables of refs, and where each object is.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::parallel::in_parallel;
use super::remote::{Opened, SyncError};
use crate::object::id::{Id, IdMap, checksum};
use crate::remote::{Folder, Key, Remote, RemoteError};
use crate::store::StoreError;
use crate::store::delta::{Base, TableFile};
use crate::store::exchange::Table;
use crate::store::quarantine::{Inside, Quarantine};

/// The longest table or index that is read, in bytes.
const FILE_MAX: u64 = 1 << 30;

/// The tables of a writer that are there: their lengths, by number.
pub(super) struct Tables {
    pub(super) writer: Id,
    lengths: BTreeMap<u64, u64>,
}

impl Tables {
    /// The number of the newest.
    pub(super) fn newest(&self) -> u64 {
        self.lengths.last_key_value().map_or(0, |(number, _)| *number)
    }
}

/// The tables in a folder, writer by writer.
pub(super) fn tables(remote: &dyn Remote, folder: Folder) -> Result<Vec<Tables>, SyncError> {
    let mut found = BTreeMap::<Id, Tables>::new();
    for (key, len) in remote.list(folder)? {
        if let Key::Table(writer, number) = key {
            let new = || Tables { writer, lengths: BTreeMap::new() };
            found.entry(writer).or_insert_with(new).lengths.insert(number, len);
        }
    }
    Ok(found.into_values().collect())
}

/// A table, and the whole one that a later one may lean on.
pub(super) struct Read {
    pub(super) table: Table,
    pub(super) base: Base,
}

/// Reads the newest table of a writer.
pub(super) fn newest(far: &Opened, tables: &Tables) -> Result<Read, SyncError> {
    let (writer, number) = (tables.writer, tables.newest());
    let key = Key::Table(writer, number);
    let remote = &*far.remote;
    let bytes = whole(remote, key, tables.lengths.get(&number).copied().unwrap_or(0))?;
    let path = Path::new("refs");
    let file = TableFile::unseal(&bytes, path).map_err(|e| damaged(remote, key, e))?;
    let (table, base) = match file {
        TableFile::Whole(table) => (table.clone(), Base::new(table, &bytes)),
        TableFile::Delta(delta) => {
            let base = base(far, tables, delta.base, delta.sum)?;
            (delta.apply(&base, path).map_err(|e| damaged(remote, key, e))?, base)
        }
    };
    check_name(remote, key, &table)?;
    keep_base(far, &base, &bytes);
    Ok(Read { table, base })
}

/// Reads a whole table that another leans on, which may be known already.
fn base(far: &Opened, tables: &Tables, number: u64, sum: u64) -> Result<Base, SyncError> {
    let key = Key::Table(tables.writer, number);
    let remote = &*far.remote;
    let missing = || SyncError::Damaged {
        place: remote.place(Key::Table(tables.writer, tables.newest())),
        what: format!("it leans on version {number}, which is not there"),
    };
    let len = tables.lengths.get(&number).copied().ok_or_else(missing)?;
    let known = far.known.get(&key.to_string(), len).filter(|bytes| checksum(bytes) == sum);
    let bytes = match known {
        Some(bytes) => bytes,
        None => whole(remote, key, len)?,
    };
    let table = Table::unseal(&bytes, Path::new("refs")).map_err(|e| damaged(remote, key, e))?;
    check_name(remote, key, &table)?;
    let base = Base::new(table, &bytes);
    keep_base(far, &base, &bytes);
    Ok(base)
}

fn check_name(remote: &dyn Remote, key: Key, table: &Table) -> Result<(), SyncError> {
    match Key::Table(table.writer, table.number) == key {
        true => Ok(()),
        false => Err(SyncError::Damaged { place: remote.place(key), what: "it is another table".to_owned() }),
    }
}

/// Keeps a whole table for the next time, instead of the one before it.
pub(super) fn keep_base(far: &Opened, base: &Base, bytes: &[u8]) {
    let name = Key::Table(base.table.writer, base.table.number).to_string();
    if base.len == bytes.len() as u64 && far.known.get(&name, base.len).is_none() {
        far.known.put(&name, bytes);
        let writer = Folder::Writer(base.table.writer).to_string();
        far.known.drop_others(&writer, |other| other == name);
    }
}

/// Reads a small file whole.
fn whole(remote: &dyn Remote, key: Key, len: u64) -> Result<Vec<u8>, SyncError> {
    if len > FILE_MAX {
        let what = format!("it has {len} bytes, more than it can have");
        return Err(SyncError::Damaged { place: remote.place(key), what });
    }
    Ok(remote.get(key, 0..len)?)
}

/// What a check of a remote's file found, told of that file. What the disk
/// refuses is no fault of the remote's.
pub(super) fn damaged(remote: &dyn Remote, key: Key, error: StoreError) -> SyncError {
    let what = match error {
        StoreError::Damaged { offset: 0, what, .. } => what,
        StoreError::Damaged { offset, what, .. } => format!("at byte {offset}, {what}"),
        StoreError::Newer { found, .. } => format!("it has format {found}, which a newer version reads"),
        e @ (StoreError::Io { .. } | StoreError::Conflict(_)) => return e.into(),
        e => e.to_string(),
    };
    SyncError::Damaged { place: remote.place(key), what }
}

/// The commits and the other objects of a pack.
pub(super) type Halves<'l> = (&'l [Id], &'l [Id]);

/// Where each object of a remote is.
#[derive(Default)]
pub(super) struct Listing {
    packs: Vec<(Id, u64)>,
    /// What is in each.
    inside: Vec<Inside>,
    /// The lengths of their indexes.
    indexes: IdMap<u64>,
    places: IdMap<u32>,
}

impl Listing {
    /// Reads the indexes of all packs that are there with theirs. An index
    /// alone, or a pack alone, is a push under way or one that was cut short.
    /// Those that are known are not read again.
    pub(super) fn read(far: &Opened, quarantine: &Quarantine) -> Result<Listing, SyncError> {
        let remote = &*far.remote;
        let files = remote.list(Folder::Packs)?;
        let lengths: IdMap<u64> = files.iter().filter_map(pack_length).collect();
        let indexes = files.into_iter().filter_map(|(key, len)| match key {
            Key::Index(name) => Some((name, len, *lengths.get(&name)?)),
            _ => None,
        });
        let indexes: Vec<(Id, u64, u64)> = indexes.collect();
        let read = in_parallel(remote.at_once(), &indexes, |_, (name, len, _)| {
            let key = Key::Index(*name);
            match far.known.get(&key.to_string(), *len) {
                Some(bytes) => Ok(Some((bytes, true))),
                None => match whole(remote, key, *len) {
                    // Somebody sweeps just now: the pack counts no more.
                    Err(SyncError::Remote(RemoteError::Missing(_))) => Ok(None),
                    outcome => outcome.map(|bytes| Some((bytes, false))),
                },
            }
        })?;
        let mut listing = Listing::empty();
        for ((name, len, pack_len), found) in indexes.iter().zip(read) {
            let Some((bytes, known)) = found else { continue };
            let key = Key::Index(*name);
            let inside = match quarantine.inside(name, &bytes, *pack_len) {
                // What is known may have suffered; what is there counts.
                Err(_) if known => quarantine.inside(name, &whole(remote, key, *len)?, *pack_len),
                read => read,
            };
            let inside = inside.map_err(|e| damaged(remote, key, e))?;
            if !known {
                far.known.put(&key.to_string(), &bytes);
            }
            listing.add((*name, *pack_len), inside);
            listing.indexes.insert(*name, *len);
        }
        let there: Vec<String> = indexes.iter().map(|(name, ..)| Key::Index(*name).to_string()).collect();
        far.known.drop_others("packs/", |name| there.iter().any(|there| there == name));
        Ok(listing)
    }

    /// The same without packs that hold what is unwanted; those come second.
    pub(super) fn read_without(
        far: &Opened,
        quarantine: &Quarantine,
        unwanted: &dyn Fn(&Id) -> bool,
    ) -> Result<(Listing, Vec<Id>), SyncError> {
        let whole = Listing::read(far, quarantine)?;
        let mut rest = Listing::empty();
        let mut without = Vec::new();
        for (pack, inside) in whole.packs.into_iter().zip(whole.inside) {
            match inside.ids.iter().any(unwanted) {
                true => without.push(pack.0),
                false => rest.add(pack, inside),
            }
        }
        Ok((rest, without))
    }

    fn add(&mut self, pack: (Id, u64), inside: Inside) {
        let number = u32::try_from(self.packs.len()).unwrap_or(u32::MAX);
        self.places.extend(inside.ids.iter().map(|id| (*id, number)));
        self.packs.push(pack);
        self.inside.push(inside);
    }

    /// Nothing.
    pub(super) fn empty() -> Listing {
        Listing::default()
    }

    /// Tells whether an object is on the remote.
    pub(super) fn has(&self, id: &Id) -> bool {
        self.places.contains_key(id)
    }

    /// All packs and their lengths.
    pub(super) fn packs(&self) -> &[(Id, u64)] {
        &self.packs
    }

    /// All packs and their lengths, each with the objects in it.
    pub(super) fn contents(&self) -> impl Iterator<Item = (&(Id, u64), &Vec<Id>)> {
        self.packs.iter().zip(self.inside.iter().map(|inside| &inside.ids))
    }

    /// All packs and their lengths, each with the commits and the other objects
    /// in it.
    pub(super) fn halves(&self) -> impl Iterator<Item = ((Id, u64), Halves<'_>)> {
        let halves =
            self.inside.iter().map(|Inside { commits, ids, .. }| ids.split_at(ids.len().min(*commits)));
        self.packs.iter().copied().zip(halves)
    }

    /// Where the commits of a pack lie in it.
    pub(super) fn rows_of(&self, name: &Id) -> Vec<Range<u64>> {
        let place = self.packs.iter().position(|(pack, _)| pack == name);
        place.and_then(|n| self.inside.get(n)).map(|inside| inside.rows.clone()).unwrap_or_default()
    }

    /// The index of a pack, which was read once already.
    pub(super) fn index(&self, far: &Opened, name: &Id) -> Result<Vec<u8>, SyncError> {
        let (key, len) = (Key::Index(*name), self.indexes.get(name).copied().unwrap_or(0));
        match far.known.get(&key.to_string(), len) {
            Some(bytes) => Ok(bytes),
            None => whole(&*far.remote, key, len),
        }
    }

    /// The pack that holds an object, and its length.
    pub(super) fn pack_of(&self, id: &Id) -> Option<(Id, u64)> {
        self.places.get(id).and_then(|n| self.packs.get(*n as usize)).copied()
    }
}

fn pack_length((key, len): &(Key, u64)) -> Option<(Id, u64)> {
    match key {
        Key::Pack(name) => Some((*name, *len)),
        _ => None,
    }
}
