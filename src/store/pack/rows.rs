//! Rows: the commits of a block, in columns.
//!
//! Most of a commit follows from the one before it. A byte of flags says what
//! does; what doesn't stands in the column of its field. So a block of
//! thousands of commits is taken apart in a moment, and a commit is put
//! together when it is asked for.

use std::collections::HashMap;
use std::ops::Range;

use super::{Ref, unzigzag, zigzag};
use crate::object::codec;
use crate::object::commit::{Commit, Counts, Usage};
use crate::object::id::Id;

/// Its only parent is the commit before it in the pack.
const ALONE: u8 = 1;
/// It stands after that commit in the source.
const NEXT: u8 = 2;
/// Its turn is the one expected.
const INSIDE: u8 = 4;
/// It has a title.
const TITLED: u8 = 8;
/// It has a time.
const TIMED: u8 = 16;
/// It has a usage.
const COUNTED: u8 = 32;
/// Its totals are those before it and its own.
const SUMMED: u8 = 64;
/// It has copies, a workspace or a config.
const RARE: u8 = 128;

/// The columns, by place. A column of numbers holds them one after another.
/// Unless [`ALONE`]: how many, then references.
const PARENTS: usize = 1;
/// Unless [`NEXT`]: 0 for none, or a reference and 1.
const AFTER: usize = 2;
/// Unless [`INSIDE`]: 0 for none, or a reference and 1.
const TURNS: usize = 3;
/// If [`TIMED`]: what was added to the time before.
const TIMES: usize = 4;
/// Place among the words.
const TOOLS: usize = 5;
/// 0 for none, or the place among the words and 1.
const MODELS: usize = 6;
/// If [`COUNTED`]: four numbers.
const USAGES: usize = 7;
/// How many, then places among the words.
const FILES: usize = 8;
/// If [`SUMMED`]: the calls and files that were added; else all totals.
const SUMS: usize = 9;
/// If [`TITLED`]: the length of the title.
const TITLES: usize = 10;
/// If [`RARE`]: how many copies, they; workspace and config, as `AFTER`.
const RARES: usize = 11;
/// How many columns are read number by number; the flags are the first.
const NUMBERS: usize = 12;
/// The titles, joined.
const TITLE_BYTES: usize = 12;
/// The lengths of the words: tools, models and files as they came.
const WORDS: usize = 13;
/// The words, joined.
const WORD_BYTES: usize = 14;
/// The names of the bodies, which can't be compressed.
const BODIES: usize = 15;
const COLUMNS: usize = 16;

/// What a row leans on: what was said before it in its block.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    time: i64,
    counts: Counts,
    /// The number of the commit that began the turn.
    turn: Option<u32>,
}

impl Before {
    /// The totals of a commit that adds itself, a message and what is given.
    fn expected(&self, titled: bool, usage: &Usage, calls: u64, files: u64) -> Counts {
        let before = &self.counts;
        let sum = |a: u64, b: u64| a.wrapping_add(b);
        Counts {
            commits: sum(before.commits, 1),
            messages: sum(before.messages, 1),
            turns: sum(before.turns, u64::from(titled)),
            calls: sum(before.calls, calls),
            files: sum(before.files, files),
            usage: before.usage.plus(usage),
        }
    }

    /// Takes note of a commit that stands before the next.
    fn note(&mut self, number: u32, titled: bool, time: Option<i64>, turn: Option<Ref>, counts: Counts) {
        self.time = time.unwrap_or(self.time);
        // Records that say nothing are not counted; those around them are.
        if counts.commits > 0 {
            self.counts = counts;
        }
        match turn {
            _ if titled => self.turn = Some(number),
            Some(Ref::Local(n)) => self.turn = Some(n),
            _ => {}
        }
    }
}

/// Turns ids into references.
pub(super) trait Refer<E> {
    /// The reference for a commit.
    fn commit(&mut self, id: Id) -> Result<Ref, E>;
    /// The reference for another object.
    fn content(&mut self, id: Id) -> Result<Ref, E>;
}

/// The rows of a block being filled.
#[derive(Default)]
pub(super) struct Filling {
    columns: [Vec<u8>; COLUMNS],
    places: HashMap<String, u64>,
    before: Before,
}

impl Filling {
    pub(super) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many commits there are.
    pub(super) fn count(&self) -> usize {
        self.columns[0].len()
    }

    /// How many bytes of words and titles there are.
    pub(super) fn len(&self) -> usize {
        self.columns[TITLE_BYTES].len() + self.columns[WORD_BYTES].len()
    }

    /// The bytes to compress; the block is empty again.
    pub(super) fn take(&mut self) -> Vec<u8> {
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
    pub(super) fn push<E>(
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

/// The commit that is expected after one.
fn next(target: Ref, expected: u32) -> u32 {
    match target {
        Ref::Local(n) => n.wrapping_add(1),
        Ref::External(_) => expected,
    }
}

fn numbers(usage: &Usage) -> [u64; 4] {
    [usage.input, usage.cache_write, usage.cache_read, usage.output]
}

/// The rows of a block as read.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    columns: [Range<usize>; COLUMNS],
    /// Where each word ends.
    words: Vec<usize>,
    first: u32,
    /// Where every [`EVERY`]th row begins.
    marks: Vec<Place>,
}

/// So many rows are gone through, at most, to find one.
const EVERY: usize = 16;

/// Where in the columns a row begins, and what it leans on.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    row: u32,
    at: [u32; NUMBERS],
    title: u32,
    before: Before,
}

/// A row, its references not yet looked up.
struct Row {
    flags: u8,
    number: u32,
    /// Where its parents, what it stands after, its files and what few rows
    /// have begin.
    parents: u32,
    after: u32,
    files: u32,
    rare: u32,
    turn: Option<Ref>,
    time: Option<i64>,
    tool: u64,
    model: u64,
    title: Range<usize>,
    usage: Usage,
    counts: Counts,
}

/// What the names of objects are.
pub(super) trait Names {
    /// The id of a commit.
    fn commit(&self, target: Ref) -> Option<Id>;
    /// The id of another object.
    fn content(&self, target: Ref) -> Option<Id>;
}

impl Rows {
    /// Takes the rows of a block apart; `first` is the number of its first
    /// commit, `count` how many it has.
    pub(super) fn parse(bytes: Vec<u8>, first: u32, count: u32) -> Option<Rows> {
        u32::try_from(bytes.len()).ok()?;
        let (mut at, mut lengths) = (0, [0; COLUMNS]);
        for length in &mut lengths {
            *length = usize::try_from(codec::number(&bytes, &mut at)?).ok()?;
        }
        let mut columns = [const { 0..0 }; COLUMNS];
        for (column, length) in columns.iter_mut().zip(lengths) {
            *column = at..at.checked_add(length)?;
            at = column.end;
        }
        let mut rows = Rows { bytes, columns, words: Vec::new(), first, marks: Vec::new() };
        if at != rows.bytes.len() || rows.column(0).len() != count as usize {
            return None;
        }
        rows.words = rows.find_words()?;
        rows.marks = rows.find_marks(count)?;
        Some(rows)
    }

    fn column(&self, column: usize) -> &[u8] {
        self.columns.get(column).and_then(|range| self.bytes.get(range.clone())).unwrap_or_default()
    }

    fn find_words(&self) -> Option<Vec<usize>> {
        let (lengths, mut at, mut end) = (self.column(WORDS), 0, 0usize);
        let mut ends = Vec::new();
        while at < lengths.len() {
            end = end.checked_add(usize::try_from(codec::number(lengths, &mut at)?).ok()?)?;
            ends.push(end);
        }
        Some(ends)
    }

    fn find_marks(&self, count: u32) -> Option<Vec<Place>> {
        let mut marks = Vec::with_capacity(count as usize / EVERY + 1);
        let mut place = Place::default();
        for row in 0..count as usize {
            if row % EVERY == 0 {
                marks.push(place);
            }
            self.step(&mut place)?;
        }
        Some(marks)
    }

    /// Reads a number of a column, and goes past it.
    fn number(&self, column: usize, at: &mut u32) -> Option<u64> {
        let mut place = *at as usize;
        let n = codec::number(self.column(column), &mut place)?;
        // No block is longer than that.
        *at = u32::try_from(place).ok()?;
        Some(n)
    }

    /// Goes past a list: how many, then they.
    fn skip(&self, column: usize, at: &mut u32) -> Option<()> {
        (0..self.number(column, at)?).try_for_each(|_| self.number(column, at).map(|_| ()))
    }

    fn usage(&self, column: usize, at: &mut u32) -> Option<Usage> {
        let mut n = || self.number(column, at);
        Some(Usage { input: n()?, cache_write: n()?, cache_read: n()?, output: n()? })
    }

    /// Reads the row that begins at `place`, and goes past it.
    fn step(&self, place: &mut Place) -> Option<Row> {
        let flags = *self.column(0).get(place.row as usize)?;
        let has = |flag: u8| flags & flag != 0;
        let Place { at, before, .. } = place;
        let number = self.first.checked_add(place.row)?;
        let titled = has(TITLED);
        let [_, parents, after, turns, times, tools, models, usages, files, sums, titles, rares] = at;
        let mut row = Row {
            flags,
            number,
            parents: *parents,
            after: *after,
            files: *files,
            rare: *rares,
            turn: before.turn.filter(|_| !titled).map(Ref::Local),
            time: None,
            tool: self.number(TOOLS, tools)?,
            model: self.number(MODELS, models)?,
            title: 0..0,
            usage: Usage::default(),
            counts: Counts::default(),
        };
        if !has(ALONE) {
            self.skip(PARENTS, parents)?;
        }
        if !has(NEXT) {
            self.number(AFTER, after)?;
        }
        if !has(INSIDE) {
            let lean = before.turn.unwrap_or(number.saturating_sub(1));
            row.turn = maybe(self.number(TURNS, turns)?, |turn| Ref::unpack(turn, lean))?;
        }
        if has(TIMED) {
            row.time = Some(before.time.wrapping_add(unzigzag(self.number(TIMES, times)?)));
        }
        if has(COUNTED) {
            row.usage = self.usage(USAGES, usages)?;
        }
        self.skip(FILES, files)?;
        if titled {
            let start = place.title;
            place.title = start.checked_add(u32::try_from(self.number(TITLES, titles)?).ok()?)?;
            row.title = start as usize..place.title as usize;
        }
        if has(RARE) {
            self.skip(RARES, rares)?;
            self.number(RARES, rares)?;
            self.number(RARES, rares)?;
        }
        let mut sum = || self.number(SUMS, sums);
        row.counts = if has(SUMMED) {
            let (calls, files) = (sum()?, sum()?);
            before.expected(titled, &row.usage, calls, files)
        } else {
            let (commits, messages, turns, calls, files) = (sum()?, sum()?, sum()?, sum()?, sum()?);
            Counts { commits, messages, turns, calls, files, usage: self.usage(SUMS, sums)? }
        };
        before.note(number, titled, row.time, row.turn, row.counts);
        place.row += 1;
        Some(row)
    }

    /// Puts commit `at` of the block together; `None` if it refers to what
    /// isn't there.
    pub(super) fn commit(&self, at: usize, names: &impl Names) -> Option<Commit> {
        let mut place = *self.marks.get(at / EVERY)?;
        for _ in 0..at % EVERY {
            self.step(&mut place)?;
        }
        let mut row = self.step(&mut place)?;
        let has = |flag: u8| row.flags & flag != 0;
        let own = row.number.saturating_sub(1);
        let mut commit = Commit {
            body: Id::from_slice(self.column(BODIES).get(at * Id::LEN..(at + 1) * Id::LEN)?)?,
            turn: row.turn.map_or(Some(None), |turn| names.commit(turn).map(Some))?,
            time: row.time,
            tool: self.word(row.tool)?,
            model: maybe(row.model, |model| self.word(model))?,
            usage: row.usage,
            counts: row.counts,
            ..Commit::default()
        };
        if has(ALONE) {
            commit.parents.push(names.commit(Ref::Local(own))?);
        } else {
            for _ in 0..self.number(PARENTS, &mut row.parents)? {
                let target = Ref::unpack(self.number(PARENTS, &mut row.parents)?, own)?;
                commit.parents.push(names.commit(target)?);
            }
        }
        commit.after = if has(NEXT) {
            Some(names.commit(Ref::Local(own))?)
        } else {
            maybe(self.number(AFTER, &mut row.after)?, |n| names.commit(Ref::unpack(n, own)?))?
        };
        if has(TITLED) {
            commit.title = Some(text(self.column(TITLE_BYTES).get(row.title)?)?);
        }
        for _ in 0..self.number(FILES, &mut row.files)? {
            commit.files.push(self.word(self.number(FILES, &mut row.files)?)?);
        }
        if has(RARE) {
            self.rare(row.rare, &mut commit, names)?;
        }
        Some(commit)
    }

    /// Reads what few commits have.
    fn rare(&self, mut at: u32, commit: &mut Commit, names: &impl Names) -> Option<()> {
        let mut expected = 0;
        for _ in 0..self.number(RARES, &mut at)? {
            let target = Ref::unpack(self.number(RARES, &mut at)?, expected)?;
            commit.copies.push(names.commit(target)?);
            expected = next(target, expected);
        }
        let mut content = || maybe(self.number(RARES, &mut at)?, |n| names.content(Ref::unpack(n, 0)?));
        commit.workspace = content()?;
        commit.config = content()?;
        Some(())
    }

    fn word(&self, place: u64) -> Option<String> {
        let place = usize::try_from(place).ok()?;
        let start = place.checked_sub(1).map_or(Some(0), |before| self.words.get(before).copied())?;
        text(self.column(WORD_BYTES).get(start..*self.words.get(place)?)?)
    }

    /// Bytes of memory, about.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.words.len() * 8 + self.marks.len() * size_of::<Place>()
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// What stands behind a number that is 0 for none.
fn maybe<T>(number: u64, f: impl FnOnce(u64) -> Option<T>) -> Option<Option<T>> {
    match number.checked_sub(1) {
        None => Some(None),
        Some(number) => f(number).map(Some),
    }
}
