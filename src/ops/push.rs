//! Push: what a remote lacks, as one pack, and then the refs.
//!
//! First the pack, then its index, then the table of refs: whatever is cut
//! short leaves a remote on which all that is named is there. A push never
//! fails because someone else pushed, since no two write the same file.

use super::remote::{self, Listing, Opened, SyncError};
use super::{Env, Monitor};
use crate::object::id::Id;
use crate::remote::{Content, Folder, Key, Remote, RemoteError};
use crate::store::exchange::{self, Outgoing, Table};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;
use crate::store::{Store, StoreError};

/// How often a number is looked for that no other push took.
const TRIES: u64 = 16;

/// What to push, and where to.
#[derive(Clone, Debug, Default)]
pub struct PushOptions {
    /// The remote; the usual one if none is named.
    pub remote: Option<String>,
    /// Only tell what would be sent.
    pub dry_run: bool,
    /// Go through all that the refs lead to, as after a loss on the remote.
    pub full: bool,
}

/// What was sent, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushReport {
    /// The name of the remote.
    pub remote: String,
    /// Commits that it lacked.
    pub commits: u64,
    /// Other objects that it lacked.
    pub contents: u64,
    /// Bytes of the pack; 0 if there is none.
    pub bytes: u64,
    /// Refs that are new there or stand for something else.
    pub refs: u64,
    /// Refs that are there no more.
    pub removed: u64,
}

impl PushReport {
    /// Tells whether the remote has all.
    pub fn is_nothing(&self) -> bool {
        self.commits == 0 && self.contents == 0 && self.refs == 0 && self.removed == 0
    }
}

/// Sends what a remote lacks.
pub fn push(
    env: &Env,
    store: &mut Store,
    options: &PushOptions,
    monitor: &dyn Monitor,
) -> Result<PushReport, SyncError> {
    store.refresh()?;
    let Opened { name, remote } = remote::open(env, store, options.remote.as_deref())?;
    let remote = &*remote;
    let own = own_table(store, remote, monitor)?;
    let refs = exchange::shared(store.refs());
    let mut report = PushReport { remote: name, ..PushReport::default() };
    let before = own.as_ref().map_or(&[][..], |table| table.refs.as_slice());
    report.refs = refs.iter().filter(|new| !before.contains_ref(new)).count() as u64;
    report.removed = before.iter().filter(|(name, _)| find(&refs, name).is_none()).count() as u64;
    let changed = report.refs > 0 || report.removed > 0;
    if !changed && !options.full {
        return Ok(report);
    }
    let quarantine = Quarantine::new(store)?;
    let listing = match Listing::read(remote, &quarantine) {
        Err(SyncError::Remote(RemoteError::NotThere(_))) => Listing::empty(),
        outcome => outcome?,
    };
    monitor.begin("Looking for what is new", None);
    let dir = (!options.dry_run).then(|| quarantine.dir());
    let outgoing = store.outgoing(&refs, &|id| listing.has(id), options.full, dir);
    monitor.end();
    let Outgoing { commits, contents, pack } = outgoing?;
    (report.commits, report.contents) = (commits, contents);
    if options.dry_run {
        return Ok(report);
    }
    if let Some(pack) = pack {
        report.bytes = send(remote, &quarantine, pack)?;
    }
    if changed {
        publish(store, remote, refs)?;
    }
    Ok(report)
}

/// The refs that this store pushed last. If they name what isn't here, the
/// store was copied, and pushing would drop what the copy did.
fn own_table(store: &Store, remote: &dyn Remote, monitor: &dyn Monitor) -> Result<Option<Table>, SyncError> {
    let newest = match remote::newest_tables(remote) {
        Err(SyncError::Remote(RemoteError::NotThere(_))) => return Ok(None),
        outcome => outcome?,
    };
    let own = newest.into_iter().find(|(writer, ..)| *writer == store.writer());
    let Some((writer, number, len)) = own else { return Ok(None) };
    let table = match remote::table(remote, writer, number, len) {
        Err(e @ SyncError::Damaged { .. }) => {
            // All that it said is said again.
            monitor.warn(&e.to_string());
            return Ok(None);
        }
        outcome => outcome?,
    };
    for want in table.refs.iter().flat_map(|(_, value)| exchange::named(value)) {
        if !store.has(want)? {
            return Err(SyncError::Behind);
        }
    }
    Ok(Some(table))
}

/// Refs as a sorted list.
trait SortedRefs {
    fn contains_ref(&self, wanted: &(String, RefValue)) -> bool;
}

impl SortedRefs for [(String, RefValue)] {
    fn contains_ref(&self, (name, value): &(String, RefValue)) -> bool {
        find(self, name) == Some(value)
    }
}

fn find<'r>(refs: &'r [(String, RefValue)], name: &str) -> Option<&'r RefValue> {
    let at = refs.binary_search_by(|(other, _)| other.as_str().cmp(name)).ok()?;
    refs.get(at).map(|(_, value)| value)
}

/// Sends a pack and then its index; the length of the pack.
fn send(remote: &dyn Remote, quarantine: &Quarantine, name: Id) -> Result<u64, SyncError> {
    let path = quarantine.path(&name);
    for (key, path) in [(Key::Pack(name), path.clone()), (Key::Index(name), path.with_extension("idx"))] {
        let len = std::fs::metadata(&path).map_err(StoreError::io("read", &path))?.len();
        if !remote.create(key, Content::File(&path), &|_| ())? {
            // A push that was cut short may have left it: the same name is
            // the same bytes, if it is whole.
            let there = remote.list(Folder::Packs)?.into_iter().find(|(other, _)| *other == key);
            if there.is_some_and(|(_, there)| there != len) {
                let what = format!("it does not have the {len} bytes of its name");
                return Err(SyncError::Damaged { place: remote.place(key), what });
            }
        }
    }
    Ok(std::fs::metadata(&path).map_err(StoreError::io("read", &path))?.len())
}

/// Writes the next version of the refs.
fn publish(store: &Store, remote: &dyn Remote, refs: Vec<(String, RefValue)>) -> Result<(), SyncError> {
    let writer = store.writer();
    let mut table = Table { writer, number: 0, refs };
    let mut last = match remote::newest_tables(remote) {
        Err(SyncError::Remote(RemoteError::NotThere(_))) => 0,
        outcome => outcome?.into_iter().find(|(other, ..)| *other == writer).map_or(0, |(_, n, _)| n),
    };
    for _ in 0..TRIES {
        last = last.saturating_add(1);
        table.number = last;
        if remote.create(Key::Table(writer, last), Content::Bytes(&table.seal()?), &|_| ())? {
            return Ok(());
        }
    }
    Err(StoreError::Conflict(Key::Table(writer, last).to_string()).into())
}
