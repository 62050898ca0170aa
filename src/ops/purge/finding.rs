//! A secret, out of all that holds it.

use std::collections::BTreeSet;

use super::{PurgeError, PurgeReport, elsewhere, take_out, tool_files};
use crate::object::id::{Id, Prefix};
use crate::ops::scan::{ScanOptions, scan};
use crate::ops::secrets::{self, DIGITS, Secrets, SecretsError, streams, texts};
use crate::ops::{Env, Monitor};
use crate::redact::{self, Hit};
use crate::store::refs::{Mark, RefValue};
use crate::store::{Gone, Purge, Store, StoreError};

/// The finding whose id begins so: one that scan tells of, that was purged
/// before and may not have been reached everywhere, or that stands in
/// something which no branch leads to any more.
pub(super) fn find(
    env: &Env,
    store: &Store,
    secrets: &Secrets,
    text: &str,
    monitor: &dyn Monitor,
) -> Result<Id, PurgeError> {
    let options = ScanOptions { all: true, ..ScanOptions::default() };
    let mut ids: Vec<Id> =
        scan(env, store, &options, monitor)?.found.into_iter().map(|found| found.id).collect();
    ids.extend(store.purge_causes());
    ids.sort_unstable();
    ids.dedup();
    match (secrets::one(text, ids.iter()), Prefix::parse(text)) {
        (Err(e @ SecretsError::Unknown(_)), Some(prefix)) if text.len() >= DIGITS => {
            let hit = secret_of(store, secrets, &|id| prefix.matches(id), monitor)?;
            Ok(hit.map(|hit| secrets.id(&hit.secret)).ok_or(e)?)
        }
        (outcome, _) => Ok(*outcome?),
    }
}

/// Takes a secret out.
pub(super) fn purge(
    env: &Env,
    store: &mut Store,
    secrets: &Secrets,
    cause: Id,
    dry_run: bool,
    monitor: &dyn Monitor,
) -> Result<PurgeReport, PurgeError> {
    let what = format!("finding {cause:.DIGITS$}");
    let mut report = PurgeReport { cause, what, ..PurgeReport::default() };
    let files = tool_files(env, store);
    let known = secret_of(store, secrets, &|id| *id == cause, monitor)?;
    let eraser = known.as_ref().map(|known| Eraser { secrets, known, cause });
    let holds = |bytes: &[u8]| match &known {
        Some(known) => !secrets.scanner().places_of(bytes, known).is_empty(),
        None => secrets.scanner().scan(bytes).iter().any(|hit| secrets.id(&hit.secret) == cause),
    };
    for (_, path) in files {
        // One that vanished holds nothing.
        if std::fs::read(&path).is_ok_and(|bytes| holds(&bytes)) {
            report.tools.push(path);
        }
    }
    let (mut purge, mut marked) = (Purge::default(), BTreeSet::new());
    if let Some(eraser) = &eraser {
        report.what = secrets.describe(eraser.known);
        purge = eraser.objects(env, store, monitor)?;
        marked = eraser.marked(store)?;
        report.refs = eraser.refs(store, &marked);
    }
    report.objects = purge.gone.len() as u64;
    let mut gone: Vec<Id> = store.purged_for(&cause).into_iter().map(|gone| gone.id).collect();
    gone.extend(purge.gone.iter().map(|gone| gone.id));
    if !dry_run {
        let scrub = |name: &mut String, value: Option<&mut RefValue>| {
            if let Some(eraser) = &eraser {
                value.map(|value| eraser.value(value, marked.contains(name)));
                eraser.name(name);
            }
            true
        };
        // Also where nothing of it is left: a purge may have been cut short.
        report.left = take_out(env, store, purge, &scrub)?;
    }
    report.remotes = elsewhere::purge(env, store, cause, &gone, dry_run, monitor)?;
    Ok(report)
}

/// Finds a secret by its id: nothing else is remembered of it. What refs only
/// once led to, and said, is looked at as well.
fn secret_of(
    store: &Store,
    secrets: &Secrets,
    is_meant: &dyn Fn(&Id) -> bool,
    monitor: &dyn Monitor,
) -> Result<Option<Hit>, StoreError> {
    let mut known = None;
    let mut look = |text: &[u8]| {
        if known.is_none() {
            known = secrets.scanner().scan(text).into_iter().find(|hit| is_meant(&secrets.id(&hit.secret)));
        }
        None
    };
    monitor.begin("Looking for it", None);
    for id in store.ids()? {
        monitor.advance(1);
        if store.is_purged(&id) {
            continue;
        }
        if store.has_commit(&id)? {
            let mut commit = (*store.commit(&id)?).clone();
            let mut body = store.body(&id, &commit)?;
            texts::of_commit(&mut commit, &mut look);
            texts::of_body(&mut body, &mut look);
            streams::of_body(&mut body, &|text| secrets.scanner().scan(text), &mut |hit| {
                look(&hit.secret);
                None
            });
        } else {
            let (kind, mut bytes) = store.content(&id)?;
            let bad = |source| StoreError::Codec { id, source };
            texts::of_content(kind, &mut bytes, &mut look).map_err(bad)?;
        }
    }
    for (name, value) in store.ops()?.iter().flat_map(|op| &op.changes) {
        look(name.as_bytes());
        if let Some(RefValue::Source(source)) = value {
            texts::of_about(&mut source.about.clone(), &mut look);
        }
    }
    monitor.end();
    Ok(known)
}

/// Blacks a secret out.
struct Eraser<'e> {
    secrets: &'e Secrets,
    known: &'e Hit,
    cause: Id,
}

impl Eraser<'_> {
    fn placeholder(&self) -> String {
        let rule = self.secrets.scanner().rule(self.known.rule);
        format!("[purged:{rule}:{:.DIGITS$}]", self.cause)
    }

    fn look(&self, text: &[u8]) -> Option<Vec<u8>> {
        let find = |bytes: &[u8]| self.secrets.scanner().places_of(bytes, self.known);
        redact::redact(&find, text, &mut |_| Some(self.placeholder()))
    }

    /// What goes, and what stands in.
    fn objects(&self, env: &Env, store: &Store, monitor: &dyn Monitor) -> Result<Purge, StoreError> {
        let mut purge = Purge::default();
        monitor.begin("Taking it out", None);
        for id in store.ids()? {
            monitor.advance(1);
            if store.is_purged(&id) {
                continue;
            }
            let instead = match store.has_commit(&id)? {
                true => self.commit(store, id, &mut purge)?,
                false => self.content(store, id, &mut purge)?,
            };
            if let Some(instead) = instead {
                purge.gone.push(Gone { id, instead: Some(instead), cause: self.cause, time: env.now });
            }
        }
        monitor.end();
        Ok(purge)
    }

    fn commit(&self, store: &Store, id: Id, purge: &mut Purge) -> Result<Option<Id>, StoreError> {
        let mut commit = (*store.commit(&id)?).clone();
        let mut body = store.body(&id, &commit)?;
        let mut changed = false;
        let mut look = |text: &[u8]| {
            let new = self.look(text);
            changed |= new.is_some();
            new
        };
        texts::of_commit(&mut commit, &mut look);
        texts::of_body(&mut body, &mut look);
        let find = |text: &[u8]| self.secrets.scanner().places_of(text, self.known);
        changed |= streams::of_body(&mut body, &find, &mut |_| Some(self.placeholder()));
        if !changed {
            return Ok(None);
        }
        Ok(Some(purge.batch.put_commit(store, commit, body)?.0))
    }

    fn content(&self, store: &Store, id: Id, purge: &mut Purge) -> Result<Option<Id>, StoreError> {
        let (kind, mut bytes) = store.content(&id)?;
        let mut changed = false;
        let mut look = |text: &[u8]| {
            let new = self.look(text);
            changed |= new.is_some();
            new
        };
        let bad = |source| StoreError::Codec { id, source };
        texts::of_content(kind, &mut bytes, &mut look).map_err(bad)?;
        if !changed {
            return Ok(None);
        }
        let instead = Id::of(kind, &bytes);
        let _ = purge.batch.put(store, kind, instead, bytes)?;
        Ok(Some(instead))
    }

    /// Blacks it out in what a ref says. A mark in which it stands, or stood
    /// at any time, is made again by reading the source from its beginning.
    fn value(&self, value: &mut RefValue, marked: bool) -> bool {
        let RefValue::Source(source) = value else { return false };
        let mut source_now = (**source).clone();
        let mut changed = marked;
        let mut look = |text: &[u8]| {
            let new = self.look(text);
            changed |= new.is_some();
            new
        };
        texts::of_about(&mut source_now.about, &mut look);
        texts::path(&mut source_now.place, &mut look);
        if marked {
            source_now.mark = Mark::default();
        }
        *value = RefValue::from(source_now);
        changed
    }

    /// Blacks it out in the name of a ref; whether it stood there.
    fn name(&self, name: &mut String) -> bool {
        let before = name.clone();
        texts::path(name, &mut |text| self.look(text));
        *name != before
    }

    /// The names of sources in whose marks it stands.
    fn marked(&self, store: &Store) -> Result<BTreeSet<String>, StoreError> {
        let mut marked = BTreeSet::new();
        for (name, value) in store.ops()?.iter().flat_map(|op| &op.changes) {
            if let Some(RefValue::Source(source)) = value {
                let mark = [&source.mark.reader, &source.mark.graph];
                if mark.into_iter().any(|state| self.look(state).is_some()) {
                    marked.insert(name.clone());
                }
            }
        }
        Ok(marked)
    }

    /// How many refs tell of it.
    fn refs(&self, store: &Store, marked: &BTreeSet<String>) -> u64 {
        let tells = |name: &String, value: &RefValue| {
            self.value(&mut value.clone(), marked.contains(name)) || self.name(&mut name.clone())
        };
        store.refs().iter().filter(|(name, value)| tells(name, value)).count() as u64
    }
}
