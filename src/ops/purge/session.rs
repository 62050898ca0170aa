//! A session, with all that only it holds.

use std::collections::BTreeSet;

use super::{PurgeError, PurgeReport, elsewhere, take_out, tool_files};
use crate::object::id::{Id, IdSet};
use crate::ops::{Env, Monitor, session};
use crate::store::exchange::Want;
use crate::store::refs::{RefValue, Source};
use crate::store::{Gone, Purge, Store, StoreError};

/// Takes a session out.
pub(super) fn purge(
    env: &Env,
    store: &mut Store,
    cause: Id,
    dry_run: bool,
    monitor: &dyn Monitor,
) -> Result<PurgeReport, PurgeError> {
    let mut report = PurgeReport { cause, ..PurgeReport::default() };
    let title = session::info(store, &cause).map(|info| info.label().to_owned());
    report.what = format!("session {}", title.unwrap_or_else(|| format!("{cause:.8}")));
    let files = tool_files(env, store).into_iter();
    report.tools = files.filter(|(session, _)| *session == cause).map(|(_, path)| path).collect();
    let parts = Parts::of(store, cause)?;
    let before: IdSet = store.ids()?.into_iter().collect();
    let gone = match dry_run {
        true => parts.only_here(store)?,
        false => {
            let gone = |id: &Id| Gone { id: *id, instead: None, cause, time: env.now };
            let gone = parts.sources.iter().chain([&cause]).map(gone).collect();
            let scrub = |name: &mut String, value: Option<&mut RefValue>| {
                value.is_none_or(|value| !parts.has(name, value))
            };
            monitor.begin("Taking it out", None);
            let left = take_out(env, store, Purge { gone, ..Purge::default() }, &scrub);
            monitor.end();
            report.left = left?;
            let after: IdSet = store.ids()?.into_iter().collect();
            before.into_iter().filter(|id| !after.contains(id)).collect()
        }
    };
    report.objects = gone.len() as u64;
    report.refs = parts.names.len() as u64;
    report.remotes = elsewhere::purge(env, store, cause, &gone, dry_run, monitor)?;
    Ok(report)
}

/// What makes up a session.
struct Parts {
    session: Id,
    /// The names of its sources.
    sources: BTreeSet<Id>,
    /// The refs that lead to it now.
    names: BTreeSet<String>,
    /// Tags of its commits.
    tags: BTreeSet<String>,
}

impl Parts {
    fn of(store: &Store, session: Id) -> Result<Parts, StoreError> {
        let mut sources: BTreeSet<Id> = BTreeSet::new();
        for (_, value) in store.ops()?.iter().flat_map(|op| &op.changes) {
            if let Some(RefValue::Source(source)) = value
                && source.session == session
            {
                sources.insert(Source::key(&source.tool, &source.native, &source.part));
            }
        }
        let mut parts = Parts { session, sources, names: BTreeSet::new(), tags: BTreeSet::new() };
        parts.tags = parts.tags(store)?;
        let refs = store.refs().iter().filter(|(name, value)| parts.has(name, value));
        parts.names = refs.map(|(name, _)| name.clone()).collect();
        Ok(parts)
    }

    /// Tells whether a ref is part of it.
    fn has(&self, name: &str, value: &RefValue) -> bool {
        let theirs = name.strip_prefix("remote/").and_then(|rest| rest.splitn(3, '/').nth(2));
        let ours = theirs.unwrap_or(name);
        let mut words = ours.split('/');
        match (words.next(), words.next()) {
            (Some("head" | "branch" | "deleted" | "workspace"), Some(id)) => {
                Id::from_hex(id) == Some(self.session)
            }
            (Some("source"), Some(id)) => Id::from_hex(id).is_some_and(|id| self.sources.contains(&id)),
            (Some("name"), _) => *value == RefValue::Session(self.session),
            (Some("tag"), _) => self.tags.contains(ours),
            _ => false,
        }
    }

    /// The tags of its commits.
    fn tags(&self, store: &Store) -> Result<BTreeSet<String>, StoreError> {
        let own = |name: &str, value: &RefValue| self.has(name, value);
        let (ours, rest): (Vec<_>, Vec<_>) = store.refs().iter().partition(|(name, value)| own(name, value));
        let ours = reached(store, ours)?;
        let others = rest.iter().filter(|(name, _)| !name.contains("tag/")).copied();
        let rest_reached = reached(store, others.collect())?;
        let mut tags = BTreeSet::new();
        for (name, value) in rest {
            if let (Some(_), RefValue::Tag(id)) = (name.strip_prefix("tag/"), value)
                && let commit = store.tag(id)?.commit
                && ours.contains(&commit)
                && !rest_reached.contains(&commit)
            {
                tags.insert(name.clone());
            }
        }
        Ok(tags)
    }

    /// The commits that nothing else leads to.
    fn only_here(&self, store: &Store) -> Result<Vec<Id>, StoreError> {
        let (ours, rest): (Vec<_>, Vec<_>) =
            store.refs().iter().partition(|(name, value)| self.has(name, value));
        let rest = reached(store, rest)?;
        Ok(reached(store, ours)?.into_iter().filter(|id| !rest.contains(id)).collect())
    }
}

/// The commits that refs lead to.
fn reached(store: &Store, refs: Vec<(&String, &RefValue)>) -> Result<IdSet, StoreError> {
    let mut open: Vec<Id> = Vec::new();
    for (name, value) in refs {
        let named = match value {
            RefValue::Commit(id) => vec![*id],
            RefValue::Tag(id) => vec![store.tag(id)?.commit],
            // A snapshot is of a session, whose branches lead to its commit.
            RefValue::Session(_) | RefValue::Snapshot(_) => Vec::new(),
            RefValue::Source(source) => source.file.into_iter().chain(source.head).collect(),
        };
        for id in named {
            // What another machine named may not have been fetched.
            if !name.starts_with("remote/") || store.knows(Want::Commit(id))? {
                open.push(id);
            }
        }
    }
    let mut seen = IdSet::default();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            (*store.commit(&id)?).clone().for_each_commit(&mut |id| open.push(*id));
        }
    }
    Ok(seen)
}
