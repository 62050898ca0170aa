//! Reading a block: columns to commits.

use std::ops::Range;

use super::super::unzigzag;
use super::*;
use crate::object::codec;
use crate::object::commit::Commit;
use crate::object::id::Id;

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
pub(in super::super) trait Names {
    /// The id of a commit.
    fn commit(&self, target: Ref) -> Option<Id>;
    /// The id of another object.
    fn content(&self, target: Ref) -> Option<Id>;
}

impl Rows {
    /// Takes the rows of a block apart; `first` is the number of its first
    /// commit, `count` how many it has.
    pub(in super::super) fn parse(bytes: Vec<u8>, first: u32, count: u32) -> Option<Rows> {
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
    pub(in super::super) fn commit(&self, at: usize, names: &impl Names) -> Option<Commit> {
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
    pub(in super::super) fn weight(&self) -> usize {
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
