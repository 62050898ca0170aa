//! Filling a block: commits to columns.

use std::collections::HashMap;

use super::super::zigzag;
use super::*;
use crate::object::codec;
use crate::object::commit::Commit;
use crate::object::id::Id;

/// Turns ids into references.
pub(in super::super) trait Refer<E> {
    /// The reference for a commit.
    fn commit(&mut self, id: Id) -> Result<Ref, E>;
    /// The reference for another object.
    fn content(&mut self, id: Id) -> Result<Ref, E>;
}

/// The rows of a block being filled.
#[derive(Default)]
pub(in super::super) struct Filling {
    columns: [Vec<u8>; COLUMNS],
    places: HashMap<String, u64>,
    before: Before,
}

impl Filling {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many commits there are.
    pub(in super::super) fn count(&self) -> usize {
        self.columns[0].len()
    }

    /// How many bytes of words and titles there are.
    pub(in super::super) fn len(&self) -> usize {
        self.columns[TITLE_BYTES].len() + self.columns[WORD_BYTES].len()
    }

    /// The bytes to compress; the block is empty again.
    pub(in super::super) fn take(&mut self) -> Vec<u8> {
        let columns = std::mem::take(self).columns;
        let mut bytes = Vec::with_capacity(columns.iter().map(Vec::len).sum::<usize>() + COLUMNS * 5);
        columns.iter().for_each(|column| codec::push_number(column.len() as u64, &mut bytes));
        columns.iter().for_each(|column| bytes.extend_from_slice(column));
        bytes
    }

    fn put(&mut self, column: usize, n: u64) {
        codec::push_number(n, &mut self.columns[column]);
    }

    /// Adds commit `number`.
    pub(in super::super) fn push<E>(
        &mut self,
        commit: &Commit,
        number: u32,
        refer: &mut impl Refer<E>,
    ) -> Result<(), E> {
        let own = number.saturating_sub(1);
        let before = (number > 0).then_some(Ref::Local(own));
        let mut flags = 0;
        let parents = commit.parents.iter().map(|id| refer.commit(*id)).collect::<Result<Vec<_>, E>>()?;
        if before.is_some_and(|before| parents == [before]) {
            flags |= ALONE;
        } else {
            self.put(PARENTS, parents.len() as u64);
            parents.iter().for_each(|r| self.put(PARENTS, r.pack(own)));
        }
        let after = commit.after.map(|id| refer.commit(id)).transpose()?;
        if after.is_some() && after == before {
            flags |= NEXT;
        } else {
            self.put(AFTER, after.map_or(0, |r| r.pack(own) + 1));
        }
        let titled = commit.title.is_some();
        let turn = commit.turn.map(|id| refer.commit(id)).transpose()?;
        if turn == self.before.turn.filter(|_| !titled).map(Ref::Local) {
            flags |= INSIDE;
        } else {
            self.put(TURNS, turn.map_or(0, |r| r.pack(self.before.turn.unwrap_or(own)) + 1));
        }
        if !commit.copies.is_empty() || commit.workspace.is_some() || commit.config.is_some() {
            flags |= RARE;
            self.put(RARES, commit.copies.len() as u64);
            let mut expected = 0;
            for id in &commit.copies {
                let target = refer.commit(*id)?;
                self.put(RARES, target.pack(expected));
                expected = next(target, expected);
            }
            for id in [commit.workspace, commit.config] {
                let target = id.map(|id| refer.content(id)).transpose()?;
                self.put(RARES, target.map_or(0, |r| r.pack(0) + 1));
            }
        }
        flags |= self.push_own(commit);
        self.columns[0].push(flags);
        self.before.note(number, titled, commit.time, turn, commit.counts);
        Ok(())
    }

    /// Adds what names no other commit; returns its flags.
    fn push_own(&mut self, commit: &Commit) -> u8 {
        let mut flags = 0;
        if let Some(title) = &commit.title {
            flags |= TITLED;
            self.put(TITLES, title.len() as u64);
            self.columns[TITLE_BYTES].extend_from_slice(title.as_bytes());
        }
        if let Some(time) = commit.time {
            flags |= TIMED;
            self.put(TIMES, zigzag(time.wrapping_sub(self.before.time)));
        }
        if !commit.usage.is_zero() {
            flags |= COUNTED;
            numbers(&commit.usage).into_iter().for_each(|n| self.put(USAGES, n));
        }
        let (counts, before) = (&commit.counts, &self.before.counts);
        let calls = counts.calls.wrapping_sub(before.calls);
        let files = counts.files.wrapping_sub(before.files);
        if *counts == self.before.expected(commit.title.is_some(), &commit.usage, calls, files) {
            flags |= SUMMED;
            [calls, files].into_iter().for_each(|n| self.put(SUMS, n));
        } else {
            let Counts { commits, messages, turns, calls, files, usage } = *counts;
            let all = [commits, messages, turns, calls, files].into_iter().chain(numbers(&usage));
            all.for_each(|n| self.put(SUMS, n));
        }
        let tool = self.word(&commit.tool);
        self.put(TOOLS, tool);
        let model = commit.model.as_ref().map_or(0, |model| self.word(model) + 1);
        self.put(MODELS, model);
        self.put(FILES, commit.files.len() as u64);
        for file in &commit.files {
            let file = self.word(file);
            self.put(FILES, file);
        }
        self.columns[BODIES].extend_from_slice(commit.body.bytes());
        flags
    }

    fn word(&mut self, word: &str) -> u64 {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let place = self.places.len() as u64;
        self.put(WORDS, word.len() as u64);
        self.columns[WORD_BYTES].extend_from_slice(word.as_bytes());
        self.places.insert(word.to_owned(), place);
        place
    }
}
