//! Fetch: what other machines pushed, checked before any of it counts.

use std::collections::{BTreeMap, BTreeSet};

use super::delete::is_deleted;
use super::far::{self, Halves, Listing};
use super::parallel::in_parallel;
use super::remote::{self, Opened, SyncError};
use super::secrets::Sent;
use super::selection::Selection;
use super::shallow;
use super::tally::{Share, shares};
use super::{Env, Monitor};
use crate::object::id::{Id, IdMap, IdSet, Kind};
use crate::remote::{Folder, Key};
use crate::store::exchange::{self, Table, Want};
use crate::store::quarantine::{Incoming, Quarantine};
use crate::store::refs::RefValue;
use crate::store::{Batch, Edit, Store, StoreError};

/// So many bytes are asked for at once.
pub(super) const PIECE: u64 = 4 << 20;

/// When texts come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Texts {
    /// As was said of the remote before; at first, with all else.
    #[default]
    AsBefore,
    /// When they are asked for: histories alone come, now and from now on.
    Later,
    /// Now, those too that did not come before; and from now on, if all
    /// sessions are wanted.
    Now,
}

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// Which sessions.
    pub only: Selection,
    /// When their texts come.
    pub texts: Texts,
}

impl FetchOptions {
    /// Some sessions, as was said of the remote before.
    pub fn of(only: &Selection) -> FetchOptions {
        FetchOptions { only: only.clone(), ..FetchOptions::default() }
    }

    fn is_shallow(&self, far: &Opened) -> bool {
        match self.texts {
            Texts::AsBefore => far.shallow,
            Texts::Later => true,
            Texts::Now => false,
        }
    }
}

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
    options: &FetchOptions,
    monitor: &dyn Monitor,
) -> Result<FetchReport, SyncError> {
    store.refresh()?;
    let far = remote::open(env, store, name)?;
    let report = fetch_from(env, store, &far, options, monitor)?;
    match options.texts {
        Texts::Later => remote::set_shallow(store, &far.name, true)?,
        Texts::Now if options.only.is_all() => remote::set_shallow(store, &far.name, false)?,
        Texts::Now | Texts::AsBefore => {}
    }
    Ok(report)
}

/// What a remote's refs are, and what they name that the store lacks.
struct News {
    report: FetchReport,
    refs: BTreeMap<String, RefValue>,
    wants: Vec<(Want, Key)>,
    /// Names below `remote/` that stay what they are.
    left: BTreeSet<String>,
    /// Contents that refs name and that stay there.
    promised: IdSet,
}

/// Reads the tables of a remote.
fn news(store: &Store, far: &Opened, options: &FetchOptions, sent: &Sent) -> Result<News, SyncError> {
    let (only, shallow) = (&options.only, options.is_shallow(far));
    let prefix = format!("remote/{}/", far.name);
    let mut report = FetchReport { remote: far.name.clone(), ..FetchReport::default() };
    let (mut refs, mut wants) = (BTreeMap::new(), Vec::new());
    let (mut left, mut promised) = (BTreeSet::new(), IdSet::default());
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
            let needed = match shallow {
                true => shallow::needs(store, &value, &mut promised)?,
                false => Some(missing(store, &value)?),
            };
            let Some(missing) = needed else {
                left.insert(name);
                continue;
            };
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
    Ok(News { report, refs, wants, left, promised })
}

/// The same, from a remote that is open. The store is as it is on the disk.
pub(super) fn fetch_from(
    env: &Env,
    store: &mut Store,
    far: &Opened,
    options: &FetchOptions,
    monitor: &dyn Monitor,
) -> Result<FetchReport, SyncError> {
    let prefix = format!("remote/{}/", far.name);
    let news = news(store, far, options, &Sent::read(store, &far.name)?)?;
    let News { mut report, refs, wants, left, promised } = news;
    let shallow = options.is_shallow(far);
    let mut quarantine = Quarantine::new(store)?;
    let (mut batch, mut kinds) = (Batch::default(), IdMap::default());
    let more = if shallow { Vec::new() } else { promises(store, &options.only)? };
    if shallow {
        (batch, kinds) = shallow::histories(store, far, wants, &promised, monitor, &mut report)?;
    } else if options.texts == Texts::Now && !options.only.is_all() {
        // Some of it, and nothing else that lies in the same packs.
        (batch, kinds) = shallow::texts(store, far, (wants, more), monitor, &mut report)?;
    } else if !wants.is_empty() || !more.is_empty() {
        let mut download = Download { store, far, quarantine: &mut quarantine, monitor, report: &mut report };
        if let Err(e) = download.all(wants, more) {
            if let SyncError::Remote(_) = e {
                quarantine.leave();
            }
            return Err(e);
        }
    }
    for (name, value) in &refs {
        check_kinds(store, &quarantine, (name, value), &promised, &kinds)?;
    }
    let edits = edits(store, &prefix, refs, (options.only.is_all(), &left));
    report.refs = edits.len() as u64;
    if batch.is_empty() && !shallow {
        batch = quarantine.release(store)?;
    }
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

/// What refs of ours name that was promised and not fetched since.
fn promises(store: &Store, only: &Selection) -> Result<Vec<Want>, StoreError> {
    let mut promises = Vec::new();
    if store.has_promises() {
        let refs = only.of(exchange::shared(store.refs()));
        for want in refs.iter().flat_map(|(_, value)| exchange::named(value)) {
            if store.is_promised(want)? {
                promises.push(want);
            }
        }
    }
    Ok(promises)
}

/// Checks that what a ref names is of the kind that it must be.
fn check_kinds(
    store: &Store,
    quarantine: &Quarantine,
    (name, value): (&str, &RefValue),
    promised: &IdSet,
    came: &IdMap<Kind>,
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
        if promised.contains(&id) {
            continue;
        }
        let found =
            came.get(&id).copied().map_or_else(|| quarantine.kind_of(store, &id), |kind| Ok(Some(kind)))?;
        if found != Some(kind) {
            let what = format!("it stands for {id:.16}, which is something else");
            return Err(SyncError::Damaged { place: name.to_owned(), what });
        }
    }
    Ok(())
}

/// The changes that make the refs of a remote what they are there.
/// If not all were asked for, others stay as they were, and so do those that
/// were left.
fn edits(
    store: &Store,
    prefix: &str,
    mut refs: BTreeMap<String, RefValue>,
    (all, left): (bool, &BTreeSet<String>),
) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, old) in store.refs_below(prefix) {
        let new = refs.remove(name);
        if new.as_ref() != Some(old) && (all && !left.contains(name) || new.is_some()) {
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
pub fn ahead(
    env: &Env,
    store: &mut Store,
    name: Option<&str>,
    options: &FetchOptions,
) -> Result<Ahead, SyncError> {
    store.refresh()?;
    let far = remote::open(env, store, name)?;
    look(store, &far, options).map(|(ahead, _)| ahead)
}

/// What a fetch would get, and the refs that the remote would have then.
pub(super) fn look(
    store: &Store,
    far: &Opened,
    options: &FetchOptions,
) -> Result<(Ahead, BTreeMap<String, RefValue>), SyncError> {
    let sent = Sent::read(store, &far.name)?;
    let News { mut report, refs, wants, left, .. } = news(store, far, options, &sent)?;
    let (all, shallow) = (options.only.is_all(), options.is_shallow(far));
    let more = if shallow { Vec::new() } else { promises(store, &options.only)? };
    report.refs = edits(store, &format!("remote/{}/", far.name), refs.clone(), (all, &left)).len() as u64;
    let mut ahead = Ahead { most: report, ..Ahead::default() };
    if wants.is_empty() && more.is_empty() {
        return Ok((ahead, refs));
    }
    let listing = Listing::read(far, &Quarantine::new(store)?)?;
    let mut sure = BTreeMap::new();
    for (want, by) in &wants {
        let id = want.id();
        let missing = || SyncError::Incomplete { place: far.remote.place(*by), id };
        sure.extend([listing.pack_of(&id).ok_or_else(missing)?]);
    }
    sure.extend(more.iter().filter_map(|want| listing.pack_of(&want.id())));
    let size = |name: &Id, len: u64| match shallow {
        true => listing.rows_of(name).iter().map(|range| range.end - range.start).sum(),
        false => len,
    };
    ahead.least = (sure.len() as u64, sure.iter().map(|(name, len)| size(name, *len)).sum());
    for ((name, len), halves) in listing.halves() {
        let halves = if shallow { (halves.0, [].as_slice()) } else { halves };
        let (commits, contents) = new_of(store, halves, &|id| sent.as_ours(id).is_some(), shallow)?;
        if commits + contents > 0 || sure.contains_key(&name) {
            let most = &mut ahead.most;
            (most.packs, most.bytes) = (most.packs + 1, most.bytes.saturating_add(size(&name, len)));
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
    shallow: bool,
) -> Result<(u64, u64), StoreError> {
    let mut new = (0, 0);
    for id in commits.iter().filter(|id| !is_ours(id)) {
        let want = Want::Commit(*id);
        new.0 += u64::from(!if shallow { store.knows(want)? } else { store.has(want)? });
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
    /// of a round at once. Each want comes with the file that it is named in;
    /// of what was promised, what is there comes.
    fn all(&mut self, mut wants: Vec<(Want, Key)>, promised: Vec<Want>) -> Result<(), SyncError> {
        let listing = Listing::read(self.far, self.quarantine)?;
        for want in promised {
            if let Some((name, _)) = listing.pack_of(&want.id()) {
                wants.push((want, Key::Pack(name)));
            }
        }
        while !wants.is_empty() {
            let packs = self.packs_of(&listing, &wants)?;
            let arrived = get(self.far, self.quarantine, &packs, self.monitor)?;
            self.report.packs += packs.len() as u64;
            self.report.bytes += packs.iter().map(|(_, len)| len).sum::<u64>();
            for (_, halves) in listing.halves().filter(|(pack, _)| packs.contains(pack)) {
                let (commits, contents) = new_of(self.store, halves, &|_| false, false)?;
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
