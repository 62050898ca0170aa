//! Fetch: what other machines pushed, checked before any of it counts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;

use super::remote::{self, Listing, Opened, SyncError};
use super::{Env, Monitor};
use crate::object::id::{Id, Kind};
use crate::remote::{Key, Remote};
use crate::store::exchange::{self, Want};
use crate::store::quarantine::Quarantine;
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
    /// Refs below `remote/` that changed.
    pub refs: u64,
}

/// Fetches what a remote has and the store lacks. The refs of each writer are
/// kept as `remote/<remote>/<writer>/<ref>`.
pub fn fetch(
    env: &Env,
    store: &mut Store,
    name: Option<&str>,
    monitor: &dyn Monitor,
) -> Result<FetchReport, SyncError> {
    store.refresh()?;
    let Opened { name, remote } = remote::open(env, store, name)?;
    let remote = &*remote;
    let prefix = format!("remote/{name}/");
    let mut report = FetchReport { remote: name, ..FetchReport::default() };
    let (mut refs, mut wants) = (BTreeMap::new(), Vec::new());
    for (writer, number, len) in remote::newest_tables(remote)? {
        let table = remote::table(remote, writer, number, len)?;
        report.writers += u64::from(writer != store.writer());
        for (name, value) in table.refs {
            let name = format!("{prefix}{writer}/{name}");
            let missing = missing(store, &value)?;
            // What we pushed ourselves is no news, unless by a copy of this store.
            if writer == store.writer() && missing.is_empty() && !store.refs().contains_key(&name) {
                continue;
            }
            wants.extend(missing.into_iter().map(|want| (want, Key::Table(writer, number))));
            refs.insert(name, exchange::travelled(value));
        }
    }
    let mut quarantine = Quarantine::new(store)?;
    if !wants.is_empty() {
        let mut download =
            Download { store, remote, quarantine: &mut quarantine, monitor, report: &mut report };
        monitor.begin("Fetching", None);
        let outcome = download.all(wants);
        monitor.end();
        outcome?;
    }
    for (name, value) in &refs {
        check_kinds(store, &quarantine, name, value)?;
    }
    let edits = edits(store, &prefix, refs);
    report.refs = edits.len() as u64;
    let batch = quarantine.release(store)?;
    store.apply(batch, edits, &env.actor())?;
    Ok(report)
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
fn edits(store: &Store, prefix: &str, mut refs: BTreeMap<String, RefValue>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, old) in store.refs_below(prefix) {
        let new = refs.remove(name);
        if new.as_ref() != Some(old) {
            edits.push(Edit { name: name.to_owned(), expect: Some(old.clone()), new });
        }
    }
    edits.extend(refs.into_iter().map(|(name, value)| Edit { name, expect: None, new: Some(value) }));
    edits
}

struct Download<'d> {
    store: &'d Store,
    remote: &'d dyn Remote,
    quarantine: &'d mut Quarantine,
    monitor: &'d dyn Monitor,
    report: &'d mut FetchReport,
}

impl Download<'_> {
    /// Gets packs until nothing is wanted that isn't here. Each want comes
    /// with the file that it is named in.
    fn all(&mut self, mut wants: Vec<(Want, Key)>) -> Result<(), SyncError> {
        let listing = Listing::read(self.remote, self.quarantine)?;
        while let Some((want, by)) = wants.pop() {
            if self.quarantine.has(want)? {
                continue;
            }
            let id = want.id();
            let Some((name, len)) = listing.pack_of(&id) else {
                return Err(SyncError::Incomplete { place: self.remote.place(by), id });
            };
            if self.quarantine.is_good(&name) {
                let what = format!("it lists object {id:.16}, which its pack does not hold so");
                return Err(SyncError::Damaged { place: self.remote.place(Key::Index(name)), what });
            }
            let more = self.pack(name, len)?;
            wants.push((want, by));
            wants.extend(more.into_iter().map(|want| (want, Key::Pack(name))));
        }
        Ok(())
    }

    /// Gets a pack and checks it; what it names and lacks.
    fn pack(&mut self, name: Id, len: u64) -> Result<Vec<Want>, SyncError> {
        let key = Key::Pack(name);
        let path = self.quarantine.path(&name);
        let mut file = File::create(&path).map_err(StoreError::io("create", &path))?;
        let mut at = 0;
        while at < len {
            let end = len.min(at + PIECE);
            let piece = self.remote.get(key, at..end)?;
            file.write_all(&piece).map_err(StoreError::io("write", &path))?;
            at = end;
        }
        drop(file);
        let monitor = self.monitor;
        let checked = self.quarantine.check(self.store, name, &mut |n| monitor.advance(n));
        let missing = checked.map_err(|e| remote::damaged(self.remote, key, e))?;
        self.report.packs += 1;
        self.report.bytes += len;
        Ok(missing)
    }
}
