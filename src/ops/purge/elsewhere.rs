//! A purge on remotes: what this store pushed is sent anew as it is now, and
//! packs that hold what is gone are removed, if no other store needs them.

use super::{PurgeError, RemotePurge};
use crate::object::id::{Id, IdSet, Kind};
use crate::object::{Body, Commit};
use crate::ops::far::{self, Listing};
use crate::ops::remote::{self, Opened, SyncError};
use crate::ops::secrets::{Doorkeeper, Mode, Secrets, Sent};
use crate::ops::{Env, Monitor, send};
use crate::remote::{Folder, Key, Remote};
use crate::store::exchange::{self, Gate, Table};
use crate::store::quarantine::Quarantine;
use crate::store::refs::RefValue;
use crate::store::{Result, Store};

/// Takes objects off all remotes, as far as that may be.
pub(super) fn purge(
    env: &Env,
    store: &Store,
    cause: Id,
    gone: &[Id],
    dry_run: bool,
    monitor: &dyn Monitor,
) -> Result<Vec<RemotePurge>, PurgeError> {
    let gone: IdSet = gone.iter().copied().collect();
    let mut done = Vec::new();
    for (name, place) in remote::list(store)? {
        monitor.begin(&format!("Looking at {name}"), None);
        let outcome = one(env, store, (&name, cause), &gone, dry_run, monitor);
        monitor.end();
        if !dry_run {
            // Tables that were read of it tell of what is gone.
            store.known(&place.address).forget();
        }
        done.push(outcome.unwrap_or_else(|e| RemotePurge {
            name,
            failed: Some(e.to_string()),
            ..RemotePurge::default()
        }));
    }
    Ok(done)
}

fn one(
    env: &Env,
    store: &Store,
    (name, cause): (&str, Id),
    gone: &IdSet,
    dry_run: bool,
    monitor: &dyn Monitor,
) -> Result<RemotePurge, SyncError> {
    let far = remote::open(env, store, Some(name))?;
    let remote = &*far.remote;
    let mut report = RemotePurge { name: name.to_owned(), ..RemotePurge::default() };
    let quarantine = Quarantine::new(store)?;
    let sent = Sent::read(store, name)?;
    // What went there under another name since something else was taken out of
    // it has this one in it, unless this one was taken out as well.
    let mut gone = gone.clone();
    if !sent.is_out(&cause) {
        gone.extend(gone.clone().iter().map(|id| sent.as_theirs(id)));
    }
    let gone = &gone;
    let (good, bad) = Listing::read_without(&far, &quarantine, &|id| gone.contains(id))?;
    let Tables { last, own, others } = tables(store, &far)?;
    report.others = others.len() as u64;
    let secrets = Secrets::open(env, store)?;
    let before: Vec<(String, RefValue)> = own.iter().flat_map(|table| &table.refs).cloned().collect();
    let ours = before.iter().cloned().filter_map(|(name, value)| ours_now(store, &sent, name, value));
    let ours: Vec<_> = ours.collect();
    // What refs say now may be new since the last push, and was never looked at.
    let told = |sent: &Sent| Doorkeeper::new(store, &secrets, Mode::TakeOut, &[], sent.clone()).refs(&ours);
    if bad.is_empty() && told(&sent) == before {
        return Ok(report);
    }
    let known = |id: &Id| good.has(id);
    let needed = others_need(store, &others, gone)?;
    (report.removed, report.kept) = if needed { (0, bad.len() as u64) } else { (bad.len() as u64, 0) };
    if dry_run {
        return Ok(report);
    }
    let mut door = Doorkeeper::new(store, &secrets, Mode::Tell, &[], sent);
    let dir = Some(quarantine.dir());
    let mut sent_now = store.outgoing(&ours, &known, true, dir, &mut door)?.packs;
    door.sent.write(store, name)?;
    send::packs(&far, &quarantine, &sent_now, send::size(&quarantine, &sent_now)?, monitor)?;
    if !needed {
        let theirs: Vec<_> = others.iter().flat_map(|table| &table.refs).cloned().collect();
        let mut open = Open { gone, met: false };
        let packs = store.outgoing(&theirs, &known, true, dir, &mut open)?.packs;
        send::packs(&far, &quarantine, &packs, send::size(&quarantine, &packs)?, monitor)?;
        sent_now.extend(packs);
    }
    if own.is_some() {
        // Whole: the earlier ones, on which another could lean, go.
        send::table(&far, store, (last, None), told(&door.sent))?;
        forget_older(store, remote)?;
    }
    // A purge that was cut short may have sent the same packs, which then look
    // as if they held what is gone under its new name.
    for pack in bad.into_iter().filter(|pack| !needed && !sent_now.contains(pack)) {
        // An index alone says nothing of it; a pack alone would not be found
        // again, should we be killed in between.
        remote.remove(Key::Pack(pack))?;
        remote.remove(Key::Index(pack))?;
    }
    Ok(report)
}

/// What all stores pushed last.
struct Tables {
    /// The number of our newest table.
    last: u64,
    own: Option<Table>,
    others: Vec<Table>,
}

fn tables(store: &Store, far: &Opened) -> Result<Tables, SyncError> {
    let mut found = Tables { last: 0, own: None, others: Vec::new() };
    for tables in far::tables(&*far.remote, Folder::Refs)? {
        let table = far::newest(far, &tables)?.table;
        match tables.writer == store.writer() {
            true => (found.last, found.own) = (tables.newest(), Some(table)),
            false => found.others.push(table),
        }
    }
    Ok(found)
}

/// A ref that we pushed, as it is to be pushed now: its words may have been
/// purged since, or all of it.
fn ours_now(store: &Store, sent: &Sent, name: String, value: RefValue) -> Option<(String, RefValue)> {
    let value = sent.as_we_know(value);
    let now = store.refs().get(&name).cloned().map(exchange::travelled);
    match (&value, now) {
        (RefValue::Source(before), Some(RefValue::Source(now))) => {
            // What was captured since is for the next push.
            let mut source = (**before).clone();
            let (resumed, counts) = (source.about.resumed.clone(), source.about.counts);
            source.about = now.about.clone();
            source.place.clone_from(&now.place);
            (source.about.resumed, source.about.counts) = (resumed, counts);
            Some((name, RefValue::from(source)))
        }
        (_, Some(_)) => Some((name, value)),
        (_, None) => None,
    }
}

/// Tells whether what other stores pushed leads to what is gone; also where
/// that can't be told, since we don't have it all.
fn others_need(store: &Store, others: &[Table], gone: &IdSet) -> Result<bool, SyncError> {
    let refs: Vec<_> = others.iter().flat_map(|table| &table.refs).cloned().collect();
    for want in refs.iter().flat_map(|(_, value)| exchange::named(value)) {
        if !store.has(want)? {
            return Ok(true);
        }
    }
    let mut open = Open { gone, met: false };
    store.outgoing(&refs, &|_| false, true, None, &mut open)?;
    Ok(open.met)
}

/// Removes our earlier tables, which tell of what is gone.
fn forget_older(store: &Store, remote: &dyn Remote) -> Result<(), SyncError> {
    let tables = remote.list(Folder::Refs)?.into_iter().filter_map(|(key, _)| match key {
        Key::Table(writer, number) if writer == store.writer() => Some(number),
        _ => None,
    });
    let mut numbers: Vec<u64> = tables.collect();
    numbers.sort_unstable();
    numbers.pop();
    for number in numbers {
        remote.remove(Key::Table(store.writer(), number))?;
    }
    Ok(())
}

/// Lets all pass as it is, and tells whether something was gone.
struct Open<'o> {
    gone: &'o IdSet,
    met: bool,
}

impl Gate for Open<'_> {
    fn below(&mut self, _name: &str) {}

    fn known_as(&self, id: &Id) -> Id {
        *id
    }

    fn commit(&mut self, id: Id, _commit: &mut Commit, _body: &mut Body) -> Result<Id> {
        self.met |= self.gone.contains(&id);
        Ok(id)
    }

    fn content(&mut self, _kind: Kind, id: Id, _bytes: &mut Vec<u8>) -> Result<Id> {
        self.met |= self.gone.contains(&id);
        Ok(id)
    }
}
