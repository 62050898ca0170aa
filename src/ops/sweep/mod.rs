//! Sweep: files of a remote that nobody needs any more.
//!
//! There is no lock, and others push meanwhile. So nothing goes at once. What
//! is not needed is noted, in this store, and goes when it has not been needed
//! for long: of a pack first the index, since a pack without one counts for
//! nothing and nobody begins to lean on it, and as long again after that the
//! pack. A push that leant on it looks, when its refs are there, whether all
//! is there still, and else sends it again. Where anything can't be read,
//! nothing goes.

mod graph;
mod notes;

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use notes::Notes;

use super::far::{self, Listing};
use super::remote::{self, Opened, SyncError};
use super::{Env, Monitor};
use crate::object::id::Id;
use crate::remote::{Content, Folder, Key, RemoteError};
use crate::store::Store;
use crate::store::exchange::{self, Want};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;

/// What to sweep, and how carefully.
#[derive(Clone, Debug, Default)]
pub struct SweepOptions {
    /// The remote; the usual one if none is named.
    pub remote: Option<String>,
    /// How long something must not have been needed, in milliseconds.
    pub grace: i64,
    /// Only tell what would be removed.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The name of the remote.
    pub remote: String,
    /// Earlier tables of refs of this store that were removed.
    pub tables: u64,
    /// Packs that count no more: their index was removed.
    pub hidden: u64,
    /// Packs that were removed.
    pub packs: u64,
    /// The bytes of all that was removed.
    pub bytes: u64,
    /// Files that nobody needs, not yet for long enough.
    pub waiting: u64,
    /// Whether somebody pushed meanwhile, and the indexes were put back.
    pub disturbed: bool,
}

/// The newest table of each writer, by number.
type Newest = BTreeMap<Id, u64>;

/// Removes from a remote what nobody has needed for long.
pub fn sweep(
    env: &Env,
    store: &mut Store,
    options: &SweepOptions,
    monitor: &dyn Monitor,
) -> Result<Swept, SyncError> {
    store.refresh()?;
    let far = remote::open(env, store, options.remote.as_deref())?;
    let mut report = Swept { remote: far.name.clone(), ..Swept::default() };
    let mut seen = See::look(store, &far)?;
    monitor.begin("Looking at packs", None);
    let outcome = seen.packs(store, &far, options, monitor);
    monitor.end();
    let graph = outcome?;
    let mut notes = Notes::read(store, &far.name)?;
    notes.keep(seen.unneeded(&graph), env.now);
    let due: BTreeSet<Key> = notes.due(env.now, options.grace).collect();
    let hide = graph.to_hide(&|pack| due.contains(&Key::Index(*pack)));
    let rest = due.iter().filter(|key| match key {
        // An index with its pack goes in its turn.
        Key::Index(name) => !graph.has(name),
        _ => true,
    });
    let rest: Vec<Key> = rest.copied().collect();
    let going = rest.len() + hide.len();
    report.waiting = (notes.len() - going) as u64;
    let files = hide.iter().map(|name| Key::Index(*name)).chain(rest.iter().copied());
    for key in files {
        report.bytes += seen.lengths.get(&key).copied().unwrap_or(0);
        match key {
            Key::Table(..) => report.tables += 1,
            Key::Pack(_) => report.packs += 1,
            Key::Index(_) => report.hidden += 1,
            Key::Members(_) => {}
        }
    }
    if options.dry_run {
        return Ok(report);
    }
    notes.write(store)?;
    if !seen.hide(&far, &hide)? {
        return Ok(Swept {
            remote: report.remote,
            waiting: report.waiting,
            disturbed: true,
            ..Swept::default()
        });
    }
    for key in rest {
        seen.remove(&far, key)?;
    }
    Ok(report)
}

/// What there is on a remote.
struct See {
    newest: Newest,
    /// What the newest tables name, and which of them.
    wants: Vec<(Want, Key)>,
    /// Earlier tables of this store that the newest doesn't lean on.
    older: Vec<Key>,
    /// All packs, indexes and tables, with their lengths.
    lengths: BTreeMap<Key, u64>,
}

impl See {
    /// Reads the newest table of each writer, and lists the rest.
    fn look(store: &Store, far: &Opened) -> Result<See, SyncError> {
        let (mut newest, mut wants, mut base) = (Newest::new(), Vec::new(), 0);
        for tables in far::tables(&*far.remote, Folder::Refs)? {
            let read = far::newest(far, &tables).map_err(|e| remote::explained(far, e))?;
            newest.insert(tables.writer, tables.newest());
            if tables.writer == store.writer() {
                base = read.base.table.number;
            }
            let by = Key::Table(tables.writer, tables.newest());
            for (_, value) in &read.table.refs {
                wants.extend(exchange::named(value).into_iter().map(|want| (want, by)));
                if let RefValue::Source(source) = value
                    && let Some(resumed) = &source.about.resumed
                {
                    // It may never have been sent, and then is in no pack.
                    wants.push((Want::Commit(resumed.from), Key::Members(0)));
                }
            }
        }
        let files = [Folder::Refs, Folder::Packs].map(|folder| far.remote.list(folder));
        let [tables, packs] = files;
        let lengths: BTreeMap<Key, u64> = tables?.into_iter().chain(packs?).collect();
        let last = newest.get(&store.writer()).copied().unwrap_or(0);
        let is_older = |key: &&Key| match key {
            Key::Table(writer, number) => *writer == store.writer() && *number < last && *number != base,
            _ => false,
        };
        let older = lengths.keys().filter(is_older).copied().collect();
        Ok(See { newest, wants, older, lengths })
    }

    /// What leans on what. What was hidden and turns out to be needed is put
    /// back first.
    fn packs(
        &mut self,
        store: &Store,
        far: &Opened,
        options: &SweepOptions,
        monitor: &dyn Monitor,
    ) -> Result<Graph, SyncError> {
        match Graph::read(store, far, &self.wants, monitor) {
            Err(SyncError::Incomplete { .. })
                if !options.dry_run && self.bring_back(store, far, monitor)? > 0 =>
            {
                Graph::read(store, far, &self.wants, monitor)
            }
            outcome => outcome,
        }
    }

    /// Makes the indexes of packs anew that have none, if all that they name is
    /// there; how many.
    fn bring_back(&mut self, store: &Store, far: &Opened, monitor: &dyn Monitor) -> Result<u64, SyncError> {
        let mut bare: Vec<(Id, u64)> = Vec::new();
        for (key, len) in &self.lengths {
            match key {
                Key::Pack(name) if !self.lengths.contains_key(&Key::Index(*name)) => bare.push((*name, *len)),
                _ => {}
            }
        }
        let mut made = 0;
        loop {
            let listing = Listing::read(far, &Quarantine::new(store)?)?;
            let before = bare.len();
            for pack in std::mem::take(&mut bare) {
                match graph::look_into(far, pack, monitor)? {
                    Some((names, index)) if names.iter().all(|id| listing.has(id)) => {
                        let key = Key::Index(pack.0);
                        self.lengths.insert(key, index.len() as u64);
                        made += u64::from(far.remote.create(key, Content::Bytes(&index), &|_| ())?);
                    }
                    Some(_) => bare.push(pack),
                    None => {}
                }
            }
            if bare.is_empty() || bare.len() == before {
                return Ok(made);
            }
        }
    }

    /// The files that nobody needs.
    fn unneeded(&self, graph: &Graph) -> BTreeSet<Key> {
        let has = |key: Key| self.lengths.contains_key(&key);
        let alone = self.lengths.keys().filter(|key| match key {
            Key::Pack(name) => !has(Key::Index(*name)),
            Key::Index(name) => !has(Key::Pack(*name)),
            _ => false,
        });
        let unneeded = graph.unneeded().map(|name| Key::Index(*name));
        alone.chain(&self.older).copied().chain(unneeded).collect()
    }

    /// Removes the indexes of packs, unless somebody pushes meanwhile: then they
    /// are put back. Tells whether they are gone.
    fn hide(&self, far: &Opened, packs: &[Id]) -> Result<bool, SyncError> {
        let mut hidden = Vec::new();
        for name in packs {
            let key = Key::Index(*name);
            let bytes = far.remote.get(key, 0..self.lengths.get(&key).copied().unwrap_or(0))?;
            far.remote.remove(key)?;
            hidden.push((key, bytes));
        }
        let now = far::tables(&*far.remote, Folder::Refs)?;
        let now: Newest = now.iter().map(|tables| (tables.writer, tables.newest())).collect();
        if hidden.is_empty() || now == self.newest {
            return Ok(true);
        }
        // What is leant on first, as when they came.
        for (key, bytes) in hidden.iter().rev() {
            far.remote.create(*key, Content::Bytes(bytes), &|_| ())?;
        }
        Ok(false)
    }

    /// Removes a file that stands alone or is out of date. A pack is put back
    /// if somebody sent it again just now.
    fn remove(&self, far: &Opened, key: Key) -> Result<(), SyncError> {
        let remote = &*far.remote;
        let Key::Pack(name) = key else {
            return gone(remote.remove(key));
        };
        let bytes = remote.get(key, 0..self.lengths.get(&key).copied().unwrap_or(0))?;
        gone(remote.remove(key))?;
        if remote.list(Folder::Packs)?.iter().any(|(other, _)| *other == Key::Index(name)) {
            remote.create(key, Content::Bytes(&bytes), &|_| ())?;
        }
        Ok(())
    }
}

/// What somebody else removed is gone as well.
fn gone(outcome: Result<(), RemoteError>) -> Result<(), SyncError> {
    match outcome {
        Err(RemoteError::Missing(_)) => Ok(()),
        Err(RemoteError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
        outcome => Ok(outcome?),
    }
}
