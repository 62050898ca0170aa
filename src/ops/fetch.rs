//! Fetch: what other machines pushed, checked before any of it counts.

use std::collections::BTreeMap;

use super::delete::is_deleted;
use super::far::{self, Halves, Listing};
use super::parallel::in_parallel;
use super::remote::{self, Opened, SyncError};
use super::secrets::Sent;
use super::selection::Selection;
use super::tally::{Share, shares};
use super::{Env, Monitor};
use crate::object::id::{Id, Kind};
use crate::remote::{Folder, Key};
use crate::store::exchange::{self, Table, Want};
use crate::store::quarantine::{Incoming, Quarantine};
use crate::store::refs::RefValue;
use crate::store::{Edit, Store, StoreError};

/// So many bytes are asked for at once.
const PIECE: u64 = 4 << 20;

/// What was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchReport {
    /// The name of the remote.
    pub remote: String,
    /// Stores that pushed to it, this one not counted.
    pub writers: u64,
    /// Packs that came.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Commits in those packs that were not here.
    pub commits: u64,
    /// Other objects in them that were not here.
    pub contents: u64,
    /// Refs below `remote/` that changed.
    pub refs: u64,
    /// What is new of each session.
    pub sessions: Vec<Share>,
}

/// Fetches what a remote has and the store lacks. The refs of each writer are
/// kept as `remote/<remote>/<writer>/<ref>`.
pub fn fetch(
    env: &Env,
    store: &mut Store,
    name: Option<&str>,
    only: &Selection,
    monitor: &dyn Monitor,
) -> Result<FetchReport, SyncError> {
    store.refresh()?;
    let far = remote::open(env, store, name)?;
    fetch_from(env, store, &far, only, monitor)
}

/// What a remote's refs are, and what they name that the store lacks.
struct News {
    report: FetchReport,
    refs: BTreeMap<String, RefValue>,
    wants: Vec<(Want, Key)>,
}

/// Reads the tables of a remote.
fn news(store: &Store, far: &Opened, only: &Selection, sent: &Sent) -> Result<News, SyncError> {
    let prefix = format!("remote/{}/", far.name);
    let mut report = FetchReport { remote: far.name.clone(), ..FetchReport::default() };
    let (mut refs, mut wants) = (BTreeMap::new(), Vec::new());
    let tables = far::tables(&*far.remote, Folder::Refs)?;
    let read = in_parallel(far.remote.at_once(), &tables, |_, tables| far::newest(far, tables));
    let read = read.map_err(|e| remote::explained(far, e))?;
    for Table { writer, number, refs: theirs } in read.into_iter().map(|read| read.table) {
        report.writers += u64::from(writer != store.writer());
        for (name, value) in only.of(theirs) {
            if is_left(store, &name, &value) {
                continue;
            }
            let name = format!("{prefix}{writer}/{name}");
            let value = sent.as_we_know(value);
            let missing = missing(store, &value)?;
            // What we pushed ourselves is no news, unless by a copy of this store.
            if writer == store.writer() && missing.is_empty() && !store.refs().contains_key(&name) {
                continue;
            }
            wants.extend(missing.into_iter().map(|want| (want, Key::Table(writer, number))));
            refs.insert(name, exchange::travelled(value));
        }
    }
    let here = store.refs().iter().filter(|(name, _)| name.starts_with("source/"));
    let fetched = store.refs_below(&prefix).map(|(_, value)| value);
    report.sessions = shares(here.map(|(_, value)| value).chain(fetched), refs.values());
    Ok(News { report, refs, wants })
}

/// The same, from a remote that is open. The store is as it is on the disk.
pub(super) fn fetch_from(
    env: &Env,
    store: &mut Store,
    far: &Opened,
    only: &Selection,
    monitor: &dyn Monitor,
) -> Result<FetchReport, SyncError> {
    let prefix = format!("remote/{}/", far.name);
    let News { mut report, refs, wants } = news(store, far, only, &Sent::read(store, &far.name)?)?;
    let mut quarantine = Quarantine::new(store)?;
    if !wants.is_empty() {
        let mut download = Download { store, far, quarantine: &mut quarantine, monitor, report: &mut report };
        if let Err(e) = download.all(wants) {
            if let SyncError::Remote(_) = e {
                quarantine.leave();
            }
            return Err(e);
        }
    }
    for (name, value) in &refs {
        check_kinds(store, &quarantine, name, value)?;
    }
    let edits = edits(store, &prefix, refs, only.is_all());
    report.refs = edits.len() as u64;
    let batch = quarantine.release(store)?;
    store.apply(batch, edits, &env.actor())?;
    Ok(report)
}

/// Tells whether a ref is of a session that was deleted or purged here: it stays
/// away.
fn is_left(store: &Store, name: &str, value: &RefValue) -> bool {
    exchange::session_of(name, value).is_some_and(|id| store.is_purged(&id) || is_deleted(store, &id))
}

/// What a ref names that the store lacks.
fn missing(store: &Store, value: &RefValue) -> Result<Vec<Want>, StoreError> {
    let mut missing = Vec::new();
    for want in exchange::named(value) {
        if !store.has(want)? {
            missing.push(want);
        }
    }
    Ok(missing)
}

/// Checks that what a ref names is of the kind that it must be.
fn check_kinds(
    store: &Store,
    quarantine: &Quarantine,
    name: &str,
    value: &RefValue,
) -> Result<(), SyncError> {
    let named = match value {
        RefValue::Tag(id) => vec![(*id, Kind::Tag)],
        RefValue::Snapshot(id) => vec![(*id, Kind::Snapshot)],
        RefValue::Source(source) => {
            let contents = source.contents().map(|id| (id, Kind::Blob));
            contents.chain(source.side.map(|id| (id, Kind::Tree))).collect()
        }
        RefValue::Commit(_) | RefValue::Session(_) => Vec::new(),
    };
    for (id, kind) in named {
        if quarantine.kind_of(store, &id)? != Some(kind) {
            let what = format!("it stands for {id:.16}, which is something else");
            return Err(SyncError::Damaged { place: name.to_owned(), what });
        }
    }
    Ok(())
}

/// The changes that make the refs of a remote what they are there.
/// If not all were asked for, others stay as they were.
fn edits(store: &Store, prefix: &str, mut refs: BTreeMap<String, RefValue>, all: bool) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, old) in store.refs_below(prefix) {
        let new = refs.remove(name);
        if new.as_ref() != Some(old) && (all || new.is_some()) {
            edits.push(Edit { name: name.to_owned(), expect: Some(old.clone()), new });
        }
    }
    edits.extend(refs.into_iter().map(|(name, value)| Edit { name, expect: None, new: Some(value) }));
    edits
}

/// What a fetch would do, as far as that can be told before anything came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// What it would report, were all packs needed that hold something new.
    pub most: FetchReport,
    /// Packs that it would get in any case, and their bytes. What those lean on
    /// is not known before they are here.
    pub least: (u64, u64),
}

/// Tells what a fetch would get; nothing comes but tables and indexes.
pub fn ahead(env: &Env, store: &mut Store, name: Option<&str>, only: &Selection) -> Result<Ahead, SyncError> {
    store.refresh()?;
    let far = remote::open(env, store, name)?;
    look(store, &far, only).map(|(ahead, _)| ahead)
}

/// What a fetch would get, and the refs that the remote would have then.
pub(super) fn look(
    store: &Store,
    far: &Opened,
    only: &Selection,
) -> Result<(Ahead, BTreeMap<String, RefValue>), SyncError> {
    let sent = Sent::read(store, &far.name)?;
    let News { mut report, refs, wants } = news(store, far, only, &sent)?;
    report.refs = edits(store, &format!("remote/{}/", far.name), refs.clone(), only.is_all()).len() as u64;
    let mut ahead = Ahead { most: report, ..Ahead::default() };
    if wants.is_empty() {
        return Ok((ahead, refs));
    }
    let listing = Listing::read(far, &Quarantine::new(store)?)?;
    let mut sure = BTreeMap::new();
    for (want, by) in &wants {
        let id = want.id();
        let missing = || SyncError::Incomplete { place: far.remote.place(*by), id };
        sure.extend([listing.pack_of(&id).ok_or_else(missing)?]);
    }
    ahead.least = (sure.len() as u64, sure.values().sum());
    for ((name, len), halves) in listing.halves() {
        let (commits, contents) = new_of(store, halves, &|id| sent.as_ours(id).is_some())?;
        if commits + contents > 0 || sure.contains_key(&name) {
            let most = &mut ahead.most;
            (most.packs, most.bytes) = (most.packs + 1, most.bytes.saturating_add(len));
            (most.commits, most.contents) = (most.commits + commits, most.contents + contents);
        }
    }
    Ok((ahead, refs))
}

/// How many commits and other objects of a pack are new here.
fn new_of(
    store: &Store,
    (commits, contents): Halves<'_>,
    is_ours: &dyn Fn(&Id) -> bool,
) -> Result<(u64, u64), StoreError> {
    let mut new = (0, 0);
    for id in commits.iter().filter(|id| !is_ours(id)) {
        new.0 += u64::from(!store.has_commit(id)?);
    }
    for id in contents.iter().filter(|id| !is_ours(id)) {
        new.1 += u64::from(!store.has_content(id)?);
    }
    Ok(new)
}

struct Download<'d> {
    store: &'d Store,
    far: &'d Opened,
    quarantine: &'d mut Quarantine,
    monitor: &'d dyn Monitor,
    report: &'d mut FetchReport,
}

impl Download<'_> {
    /// Gets packs until nothing is wanted that isn't here: in rounds, all packs
    /// of a round at once. Each want comes with the file that it is named in.
    fn all(&mut self, mut wants: Vec<(Want, Key)>) -> Result<(), SyncError> {
        let listing = Listing::read(self.far, self.quarantine)?;
        while !wants.is_empty() {
            let packs = self.packs_of(&listing, &wants)?;
            let arrived = get(self.far, self.quarantine, &packs, self.monitor)?;
            self.report.packs += packs.len() as u64;
            self.report.bytes += packs.iter().map(|(_, len)| len).sum::<u64>();
            for (_, halves) in listing.halves().filter(|(pack, _)| packs.contains(pack)) {
                let (commits, contents) = new_of(self.store, halves, &|_| false)?;
                (self.report.commits, self.report.contents) =
                    (self.report.commits + commits, self.report.contents + contents);
            }
            for incoming in arrived {
                let name = incoming.name();
                let checked = self.quarantine.check(self.store, incoming, &mut |_| ());
                let more = checked.map_err(|e| far::damaged(&*self.far.remote, Key::Pack(name), e))?;
                wants.extend(more.into_iter().map(|want| (want, Key::Pack(name))));
            }
            let mut left = Vec::new();
            for (want, by) in wants {
                if !self.quarantine.has(want)? {
                    left.push((want, by));
                }
            }
            wants = left;
        }
        Ok(())
    }

    /// The packs that hold what is wanted.
    fn packs_of(&self, listing: &Listing, wants: &[(Want, Key)]) -> Result<Vec<(Id, u64)>, SyncError> {
        let place = |key| self.far.remote.place(key);
        let mut packs = BTreeMap::new();
        for (want, by) in wants {
            let id = want.id();
            let Some((name, len)) = listing.pack_of(&id) else {
                return Err(SyncError::Incomplete { place: place(*by), id });
            };
            if self.quarantine.is_good(&name) {
                let what = format!("it lists object {id:.16}, which its pack does not hold so");
                return Err(SyncError::Damaged { place: place(Key::Index(name)), what });
            }
            packs.insert(name, len);
        }
        Ok(packs.into_iter().collect())
    }
}

/// Gets packs whole; what an earlier fetch got of them is gone on with.
pub(super) fn get(
    far: &Opened,
    quarantine: &Quarantine,
    packs: &[(Id, u64)],
    monitor: &dyn Monitor,
) -> Result<Vec<Incoming>, SyncError> {
    let bytes = packs.iter().fold(0u64, |all, (_, len)| all.saturating_add(*len));
    monitor.begin_bytes("Fetching", bytes);
    let got = in_parallel(far.remote.at_once(), packs, |_, (name, len)| -> Result<Incoming, SyncError> {
        let mut incoming = quarantine.incoming(*name)?;
        if incoming.have() > *len {
            incoming.restart()?;
        }
        monitor.advance(incoming.have());
        while incoming.have() < *len {
            let from = incoming.have();
            let piece = far.remote.get(Key::Pack(*name), from..(*len).min(from.saturating_add(PIECE)))?;
            incoming.append(&piece)?;
            monitor.advance(piece.len() as u64);
        }
        Ok(incoming)
    });
    monitor.end();
    got
}
