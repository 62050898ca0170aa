//! Push: what a remote lacks, as packs, and then the refs.
//!
//! First the packs, then their indexes, then the table of refs: whatever is cut
//! short leaves a remote on which all that is named is there. A push never
//! fails because someone else pushed, since no two write the same file.

use std::collections::BTreeMap;

use super::far::{self, Listing, Read};
use super::remote::{self, Opened, SyncError};
use super::selection::Selection;
use super::{Env, Monitor, send};
use crate::remote::{Folder, RemoteError};
use crate::store::Store;
use crate::store::exchange::{self, Outgoing};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;

/// What to push, and where to.
#[derive(Clone, Debug, Default)]
pub struct PushOptions {
    /// The remote; the usual one if none is named.
    pub remote: Option<String>,
    /// Only tell what would be sent.
    pub dry_run: bool,
    /// Go through all that the refs lead to, as after a loss on the remote.
    pub full: bool,
    /// Which sessions; of others, what is there stays.
    pub only: Selection,
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
    /// Bytes of the packs and their indexes; 0 if there are none.
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
    let far = remote::open(env, store, options.remote.as_deref())?;
    let Own { last, read } = own(&far, store, monitor)?;
    let before = read.as_ref().map_or(&[][..], |read| read.table.refs.as_slice());
    let refs = selected(&options.only, exchange::shared(store.refs()), before);
    let mut report = PushReport { remote: far.name.clone(), ..PushReport::default() };
    report.refs = refs.iter().filter(|new| !before.contains_ref(new)).count() as u64;
    report.removed = before.iter().filter(|(name, _)| find(&refs, name).is_none()).count() as u64;
    let changed = report.refs > 0 || report.removed > 0;
    if !changed && !options.full {
        return Ok(report);
    }
    let quarantine = Quarantine::new(store)?;
    let listing = match Listing::read(&far, &quarantine) {
        Err(SyncError::Remote(RemoteError::NotThere(_))) => Listing::empty(),
        outcome => outcome?,
    };
    monitor.begin("Looking for what is new", None);
    let dir = Some(quarantine.dir());
    let outgoing = store.outgoing(&refs, &|id| listing.has(id), options.full, dir);
    monitor.end();
    let Outgoing { commits, contents, packs } = outgoing?;
    (report.commits, report.contents) = (commits, contents);
    report.bytes = send::size(&quarantine, &packs)?;
    if options.dry_run {
        return Ok(report);
    }
    monitor.begin_bytes("Sending", report.bytes);
    let sent = send::packs(&far, &quarantine, &packs, monitor);
    monitor.end();
    sent?;
    if changed {
        send::table(&far, store, (last, read.as_ref().map(|read| &read.base)), refs)?;
    }
    Ok(report)
}

/// The refs that shall be there: those selected as they are here, others as
/// they are there.
fn selected(
    only: &Selection,
    refs: Vec<(String, RefValue)>,
    before: &[(String, RefValue)],
) -> Vec<(String, RefValue)> {
    if only.is_all() {
        return refs;
    }
    let mut all: BTreeMap<String, RefValue> = before.iter().cloned().collect();
    all.extend(only.of(refs));
    all.into_iter().collect()
}

/// What this store pushed last.
struct Own {
    /// The number of the newest table; 0 if there is none.
    last: u64,
    /// That table, if it can be read.
    read: Option<Read>,
}

/// The refs that this store pushed last. If they name what isn't here, the
/// store was copied, and pushing would drop what the copy did.
fn own(far: &Opened, store: &Store, monitor: &dyn Monitor) -> Result<Own, SyncError> {
    let tables = match far::tables(&*far.remote, Folder::Writer(store.writer())) {
        Err(SyncError::Remote(RemoteError::NotThere(_))) => Vec::new(),
        outcome => outcome?,
    };
    let Some(tables) = tables.first() else {
        // Nothing readable may come among what is encrypted.
        match far.remote.list(Folder::Members) {
            Ok(members) if !far.encrypted && !members.is_empty() => {
                return Err(SyncError::Encrypted(far.name.clone()));
            }
            _ => return Ok(Own { last: 0, read: None }),
        }
    };
    let last = tables.newest();
    let read = match far::newest(far, tables) {
        Err(e @ SyncError::Damaged { .. }) => {
            // All that it said is said again.
            monitor.warn(&e.to_string());
            return Ok(Own { last, read: None });
        }
        outcome => outcome?,
    };
    for want in read.table.refs.iter().flat_map(|(_, value)| exchange::named(value)) {
        if !store.has(want)? {
            return Err(SyncError::Behind);
        }
    }
    Ok(Own { last, read: Some(read) })
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
