//! Push: what a remote lacks, as packs, and then the refs.
//!
//! Nothing leaves before all of it went through the gate, which looks for
//! secrets. Then, first the packs, then their indexes, then the table of refs:
//! whatever is cut short leaves a remote on which all that is named is there. A
//! push never fails because someone else pushed, since no two write the same
//! file.

use std::collections::{BTreeMap, BTreeSet};

use super::far::{self, Listing, Read};
use super::remote::{self, Opened, SyncError};
use super::secrets::{self, Doorkeeper, Found, Lets, Mode, Secrets, Sent};
use super::selection::Selection;
use super::tally::{Share, shares};
use super::{Env, Monitor, pushed, send};
use crate::object::id::Id;
use crate::remote::{Folder, Key, RemoteError};
use crate::store::exchange::{self, Outgoing, Want};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;
use crate::store::{Store, StoreError};

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
    /// Take secrets out of what is sent. The store keeps them.
    pub redact: bool,
    /// The beginnings of ids of findings that may leave, now and from now on.
    pub allow: Vec<String>,
    /// Let all findings leave, now and from now on.
    pub allow_all: bool,
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
    /// What is new there of each session.
    pub sessions: Vec<Share>,
    /// Secrets because of which nothing was sent, or would be.
    pub stopped: Vec<Found>,
    /// Secrets that were taken out.
    pub redacted: Vec<Found>,
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
    let report = push_to(env, store, &far, options, monitor)?;
    // That there was nothing to send is no reason to write.
    if !options.dry_run && report.stopped.is_empty() && !report.is_nothing() {
        pushed::note(store, &far.name, env.now, options.only.is_all())?;
    }
    Ok(report)
}

/// The same, to a remote that is open. The store is as it is on the disk.
pub(super) fn push_to(
    env: &Env,
    store: &Store,
    far: &Opened,
    options: &PushOptions,
    monitor: &dyn Monitor,
) -> Result<PushReport, SyncError> {
    let secrets = Secrets::open(env, store)?;
    let mode = if options.redact { Mode::TakeOut } else { Mode::Tell };
    let mut door = Doorkeeper::new(store, &secrets, mode, &options.allow, Sent::read(store, &far.name)?);
    let own = own(far, store, &door.sent, monitor)?;
    let refs = options.only.of(exchange::shared(store.refs()));
    let mut report = PushReport { remote: far.name.clone(), ..PushReport::default() };
    let before = own.refs();
    if !options.full && with_others(&options.only, door.refs(&refs), before) == before {
        return Ok(report);
    }
    door.forget();
    let quarantine = Quarantine::new(store)?;
    let listing = match Listing::read(far, &quarantine) {
        Err(SyncError::Remote(RemoteError::NotThere(_))) => Listing::empty(),
        outcome => outcome?,
    };
    monitor.begin("Looking for what is new", None);
    let dir = Some(quarantine.dir());
    let outgoing = store.outgoing(&refs, &|id| listing.has(id), options.full, dir, &mut door);
    monitor.end();
    let Outgoing { commits, contents, packs } = outgoing.map_err(|e| told(store, far, &refs, &listing, e))?;
    (report.commits, report.contents) = (commits, contents);
    report.bytes = send::size(&quarantine, &packs)?;
    let theirs = with_others(&options.only, door.refs(&refs), before);
    report.refs = theirs.iter().filter(|new| !before.contains_ref(new)).count() as u64;
    report.removed = before.iter().filter(|(name, _)| find(&theirs, name).is_none()).count() as u64;
    report.sessions = shares(before.iter().map(|(_, value)| value), theirs.iter().map(|(_, value)| value));
    judge(env, store, options, &mut door, &mut report)?;
    if options.dry_run || !report.stopped.is_empty() {
        return Ok(report);
    }
    // What things are called there is known before they are there: a push that
    // is cut short goes on under the same names.
    door.sent.write(store, &report.remote)?;
    send::packs(far, &quarantine, &packs, report.bytes, monitor)?;
    if report.refs > 0 || report.removed > 0 {
        send::table(far, store, (own.last, own.read.as_ref().map(|read| &read.base)), theirs)?;
        let counted = listing.packs().iter().map(|(name, _)| *name).chain(packs);
        if !options.full && !are_there(far, counted)? {
            // Somebody swept away what nobody needed when we began.
            let again = PushOptions { full: true, ..options.clone() };
            let more = push_to(env, store, far, &again, monitor)?;
            report.bytes += more.bytes;
        }
    }
    Ok(report)
}

/// What it means that something can't be sent.
fn told(
    store: &Store,
    far: &Opened,
    refs: &[(String, RefValue)],
    listing: &Listing,
    error: StoreError,
) -> SyncError {
    let StoreError::Promised { .. } = error else { return error.into() };
    let lacks = |want: &Want| !listing.has(&want.id()) && store.is_promised(*want).unwrap_or(false);
    let is_to_blame = |(_, value): &&(String, RefValue)| exchange::named(value).iter().any(lacks);
    let session = refs.iter().find(is_to_blame).and_then(|(name, value)| exchange::session_of(name, value));
    let place = far.name.clone();
    session.map_or(SyncError::Store(error), |session| SyncError::Shallow { session, place })
}

/// Tells whether packs are there with their indexes.
fn are_there(far: &Opened, packs: impl Iterator<Item = Id>) -> Result<bool, SyncError> {
    let there: BTreeSet<Key> = far.remote.list(Folder::Packs)?.into_iter().map(|(key, _)| key).collect();
    Ok(packs
        .into_iter()
        .all(|name| [Key::Pack(name), Key::Index(name)].iter().all(|key| there.contains(key))))
}

/// Says what becomes of the secrets that were found.
fn judge(
    env: &Env,
    store: &Store,
    options: &PushOptions,
    door: &mut Doorkeeper<'_>,
    report: &mut PushReport,
) -> Result<(), SyncError> {
    let PushOptions { allow_all, dry_run, .. } = *options;
    let lets = Lets { allow: &options.allow, allow_all, dry_run };
    let judged = secrets::judge(env, store, &lets, door)?;
    (report.stopped, report.redacted) = (judged.stopped, judged.redacted);
    report.redacted.iter().for_each(|found| door.sent.take_out(found.id));
    Ok(())
}

/// The refs that shall be there: those of the sessions that are sent, and others
/// as they are there.
fn with_others(
    only: &Selection,
    sent: Vec<(String, RefValue)>,
    before: &[(String, RefValue)],
) -> Vec<(String, RefValue)> {
    if only.is_all() {
        return sent;
    }
    let mut all: BTreeMap<String, RefValue> = before.iter().cloned().collect();
    all.extend(sent);
    all.into_iter().collect()
}

/// What this store pushed last.
struct Own {
    /// The number of the newest table; 0 if there is none.
    last: u64,
    /// That table, if it can be read.
    read: Option<Read>,
}

impl Own {
    fn refs(&self) -> &[(String, RefValue)] {
        self.read.as_ref().map_or(&[], |read| read.table.refs.as_slice())
    }
}

/// The refs that this store pushed last. If they name what isn't here, the
/// store was copied, and pushing would drop what the copy did.
fn own(far: &Opened, store: &Store, sent: &Sent, monitor: &dyn Monitor) -> Result<Own, SyncError> {
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
        if !store.knows(want)? && sent.as_ours(&want.id()).is_none() {
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
