//! What commits there are, for who keeps something of each.

use super::Store;
use super::error::Result;
use crate::object::id::{Id, Kind};

/// How far a journal goes: its number, how many objects it holds, the last one.
pub type JournalMark = (u64, u64, Id);

impl Store {
    /// The names of the packs that can be read.
    pub fn packs(&self) -> impl Iterator<Item = Id> + '_ {
        self.packs.iter().map(|pack| pack.name)
    }

    /// The commits of a pack, in the order in which they lie there; none if
    /// there is no such pack.
    pub fn commits_in_pack(&self, name: &Id) -> Result<Vec<Id>> {
        let Some(pack) = self.packs.iter().find(|pack| pack.name == *name) else { return Ok(Vec::new()) };
        let mut ids = pack.index.ids()?;
        ids.truncate(pack.index.commits() as usize);
        Ok(ids)
    }

    /// How far the journal goes.
    pub fn journal_mark(&self) -> JournalMark {
        let objects = self.journal.objects();
        (self.current.journal, objects.len() as u64, objects.last().map_or(Id::ZERO, |(_, id)| *id))
    }

    /// The commits that the journal holds beyond a mark; `None` if it is not
    /// the journal of the mark.
    pub fn commits_since(&self, (journal, count, last): &JournalMark) -> Option<Vec<Id>> {
        let objects = self.journal.objects();
        let count = usize::try_from(*count).ok()?;
        let ended = count.checked_sub(1).map_or(Some(Id::ZERO), |n| objects.get(n).map(|(_, id)| *id));
        (*journal == self.current.journal && ended == Some(*last)).then(|| commits(objects.get(count..)))
    }

    /// The commits of the journal.
    pub fn commits_in_journal(&self) -> Vec<Id> {
        commits(Some(self.journal.objects()))
    }
}

fn commits(objects: Option<&[(u8, Id)]>) -> Vec<Id> {
    let objects = objects.unwrap_or_default();
    objects.iter().filter(|(kind, _)| *kind == Kind::Commit as u8).map(|(_, id)| *id).collect()
}
