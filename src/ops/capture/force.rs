//! The settings in force while a source is read.
//!
//! A commit names settings only where they differ from those of the commit
//! before it in the conversation; so its own line tells what was in force,
//! whichever file or capture brought it.

use std::collections::BTreeMap;

use crate::object::codec::{Decode, Encode};
use crate::object::id::{Id, IdMap, Kind};
use crate::object::{Commit, Config};
use crate::store::{Batch, Result, Store};
use crate::tool::Settings;

/// What is kept from one capture to the next.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(super) struct KeptForce {
    /// Settings told since the last commit of the conversation.
    told: Vec<(String, String)>,
    /// A commit, and the settings in force there.
    at: Option<(Id, Option<Id>)>,
}

/// The settings in force on the lines of one source.
#[derive(Default)]
pub(super) struct Force {
    told: BTreeMap<String, String>,
    /// The settings in force at each commit made, and at some before.
    at: IdMap<Option<Id>>,
    /// Those met so far.
    known: IdMap<Config>,
}

impl Force {
    /// Goes on from what was kept.
    pub(super) fn resume(kept: KeptForce) -> Force {
        Force {
            told: kept.told.into_iter().collect(),
            at: kept.at.into_iter().collect(),
            known: IdMap::default(),
        }
    }

    /// What to keep, of which `tip` is gone on from.
    pub(super) fn keep(&self, tip: Option<Id>) -> KeptForce {
        let at = tip.and_then(|tip| Some((tip, *self.at.get(&tip)?)));
        KeptForce { told: self.told.clone().into_iter().collect(), at }
    }

    /// Notes what a record tells for all that follows it.
    pub(super) fn tell(&mut self, settings: &Settings) {
        self.told.extend(owned(settings));
    }

    /// What a commit after `parent` says of its settings; nothing if they are
    /// those of `parent`. On a `side` line only `own` settings count. Second,
    /// what is in force there.
    pub(super) fn of(
        &mut self,
        (store, batch): (&Store, &mut Batch),
        parent: Option<Id>,
        own: &Settings,
        side: bool,
    ) -> Result<(Option<Id>, Option<Id>)> {
        let before = self.before(store, parent)?;
        let told = if side { owned(own).collect() } else { std::mem::take(&mut self.told) };
        if told.is_empty() {
            return Ok((None, before));
        }
        let entries = before.map(|id| self.entries(store, id)).transpose()?.unwrap_or_default();
        let mut now: BTreeMap<String, String> = entries.into_iter().collect();
        now.extend(told);
        let entries: Vec<(String, String)> = now.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        if before.is_none() && entries.is_empty() {
            return Ok((None, None));
        }
        let config = Config { entries };
        let id = batch.put_value(store, Kind::Config, &config)?;
        self.known.insert(id, config);
        Ok((Some(id).filter(|id| before != Some(*id)), Some(id)))
    }

    /// Notes what is in force at a commit that was made.
    pub(super) fn made(&mut self, commit: Id, config: Option<Id>) {
        self.at.insert(commit, config);
    }

    /// The settings in force at a commit.
    fn before(&mut self, store: &Store, commit: Option<Id>) -> Result<Option<Id>> {
        let Some(first) = commit else { return Ok(None) };
        let mut next = commit;
        let mut found = None;
        while let Some(id) = next {
            if let Some(known) = self.at.get(&id) {
                found = *known;
                break;
            }
            let commit: &Commit = &*store.commit(&id)?;
            found = commit.config;
            next = commit.parents.first().copied().filter(|_| found.is_none());
        }
        self.at.insert(first, found);
        Ok(found)
    }

    fn entries(&mut self, store: &Store, id: Id) -> Result<Vec<(String, String)>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.entries.clone());
        }
        let config = store.config(&id)?;
        let entries = config.entries.clone();
        self.known.insert(id, config);
        Ok(entries)
    }
}

fn owned(settings: &Settings) -> impl Iterator<Item = (String, String)> {
    settings.iter().map(|(name, value)| (name.to_owned(), value.to_owned()))
}
