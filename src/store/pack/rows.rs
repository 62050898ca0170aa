//! Rows: the commits of a block, in columns.
//!
//! Most of a commit follows from the one before it. A byte of flags says what
//! does; what doesn't stands in the column of its field. So a block of
//! thousands of commits is taken apart in a moment, and a commit is put
//! together when it is asked for.

use std::collections::HashMap;

use super::{Ref, unzigzag, zigzag};
use crate::object::codec::{self, CodecError, Decode, Encode, Numbers};
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

/// The numbers of a usage, and of all totals.
const USAGE: usize = 4;
const TOTALS: usize = 9;

/// The commits of a block.
#[derive(Debug, Default, Encode, Decode)]
struct Columns {
    flags: Vec<u8>,
    /// Unless [`ALONE`]: how many, then references.
    parents: Numbers,
    /// Unless [`NEXT`]: 0 for none, or a reference and 1.
    after: Numbers,
    /// Unless [`INSIDE`]: 0 for none, or a reference and 1.
    turns: Numbers,
    /// If [`TIMED`]: what was added to the time before.
    times: Numbers,
    /// Place in `words`.
    tools: Numbers,
    /// 0 for none, or the place in `words` and 1.
    models: Numbers,
    /// If [`COUNTED`]: four numbers.
    usage: Numbers,
    /// How many, then places in `words`.
    files: Numbers,
    /// If [`SUMMED`]: the calls and files that were added; else all totals.
    totals: Numbers,
    /// Tools, models and files, in the order in which they came.
    words: Vec<String>,
    /// If [`TITLED`].
    titles: Vec<String>,
    /// If [`RARE`].
    rare: Vec<Rare>,
    /// The names of the bodies, which can't be compressed.
    bodies: Vec<u8>,
}

/// What few commits have.
#[derive(Debug, Encode, Decode)]
struct Rare {
    copies: Vec<u64>,
    workspace: Option<u64>,
    config: Option<u64>,
}

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
    columns: Columns,
    places: HashMap<String, u64>,
    before: Before,
    len: usize,
}

impl Filling {
    pub(super) fn is_empty(&self) -> bool {
        self.columns.flags.is_empty()
    }

    /// How many commits there are.
    pub(super) fn count(&self) -> usize {
        self.columns.flags.len()
    }

    /// About how many bytes of words there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes to compress; the block is empty again.
    pub(super) fn take(&mut self) -> Result<Vec<u8>, CodecError> {
        let filled = std::mem::take(self);
        codec::encode(&filled.columns)
    }

    /// Adds commit `number`.
    pub(super) fn push<E>(
        &mut self,
        commit: &Commit,
        number: u32,
        refer: &mut impl Refer<E>,
    ) -> Result<(), E> {
        let own = number.saturating_sub(1);
        let mut flags = 0;
        let parents = commit.parents.iter().map(|id| refer.commit(*id)).collect::<Result<Vec<_>, E>>()?;
        if number > 0 && parents == [Ref::Local(own)] {
            flags |= ALONE;
        } else {
            self.columns.parents.0.push(parents.len() as u64);
            self.columns.parents.0.extend(parents.iter().map(|r| r.pack(own)));
        }
        let after = commit.after.map(|id| refer.commit(id)).transpose()?;
        if number > 0 && after == Some(Ref::Local(own)) {
            flags |= NEXT;
        } else {
            self.columns.after.0.push(after.map_or(0, |r| r.pack(own) + 1));
        }
        let titled = commit.title.is_some();
        let turn = commit.turn.map(|id| refer.commit(id)).transpose()?;
        if turn == self.before.turn.filter(|_| !titled).map(Ref::Local) {
            flags |= INSIDE;
        } else {
            self.columns.turns.0.push(turn.map_or(0, |r| r.pack(self.before.turn.unwrap_or(own)) + 1));
        }
        if !commit.copies.is_empty() || commit.workspace.is_some() || commit.config.is_some() {
            flags |= RARE;
            let rare = Rare {
                copies: sequence(&commit.copies, refer)?,
                workspace: commit.workspace.map(|id| refer.content(id).map(|r| r.pack(0))).transpose()?,
                config: commit.config.map(|id| refer.content(id).map(|r| r.pack(0))).transpose()?,
            };
            self.columns.rare.push(rare);
        }
        flags |= self.push_own(commit);
        self.columns.flags.push(flags);
        self.before.note(number, titled, commit.time, turn, commit.counts);
        Ok(())
    }

    /// Adds what names no other commit; returns its flags.
    fn push_own(&mut self, commit: &Commit) -> u8 {
        let mut flags = 0;
        if let Some(title) = &commit.title {
            flags |= TITLED;
            self.len += title.len();
            self.columns.titles.push(title.clone());
        }
        if let Some(time) = commit.time {
            flags |= TIMED;
            self.columns.times.0.push(zigzag(time.wrapping_sub(self.before.time)));
        }
        if !commit.usage.is_zero() {
            flags |= COUNTED;
            self.columns.usage.0.extend(numbers(&commit.usage));
        }
        let (counts, before) = (&commit.counts, &self.before.counts);
        let added = [counts.calls.wrapping_sub(before.calls), counts.files.wrapping_sub(before.files)];
        let [calls, files] = added;
        if *counts == self.before.expected(commit.title.is_some(), &commit.usage, calls, files) {
            flags |= SUMMED;
            self.columns.totals.0.extend(added);
        } else {
            let Counts { commits, messages, turns, calls, files, usage } = counts;
            self.columns.totals.0.extend([commits, messages, turns, calls, files]);
            self.columns.totals.0.extend(numbers(usage));
        }
        let tool = self.word(&commit.tool);
        self.columns.tools.0.push(tool);
        let model = commit.model.as_ref().map_or(0, |model| self.word(model) + 1);
        self.columns.models.0.push(model);
        self.columns.files.0.push(commit.files.len() as u64);
        for file in &commit.files {
            let file = self.word(file);
            self.columns.files.0.push(file);
        }
        self.columns.bodies.extend_from_slice(commit.body.bytes());
        flags
    }

    fn word(&mut self, word: &str) -> u64 {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let place = self.columns.words.len() as u64;
        self.len += word.len();
        self.columns.words.push(word.to_owned());
        self.places.insert(word.to_owned(), place);
        place
    }
}

/// References to commits that mostly follow each other.
fn sequence<E>(ids: &[Id], refer: &mut impl Refer<E>) -> Result<Vec<u64>, E> {
    let mut expected = 0;
    let mut packed = Vec::with_capacity(ids.len());
    for id in ids {
        let target = refer.commit(*id)?;
        packed.push(target.pack(expected));
        expected = next(target, expected);
    }
    Ok(packed)
}

/// The commit that is expected after one.
fn next(target: Ref, expected: u32) -> u32 {
    match target {
        Ref::Local(n) => n.wrapping_add(1),
        Ref::External(_) => expected,
    }
}

fn numbers(usage: &Usage) -> [u64; USAGE] {
    [usage.input, usage.cache_write, usage.cache_read, usage.output]
}

fn usage(numbers: &[u64]) -> Option<Usage> {
    let [input, cache_write, cache_read, output] = *numbers else { return None };
    Some(Usage { input, cache_write, cache_read, output })
}

/// The rows of a block as read.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: Columns,
    first: u32,
    /// Where every [`EVERY`]th row begins.
    marks: Vec<Place>,
}

/// So many rows are gone through, at most, to find one.
const EVERY: usize = 32;

/// Where in the columns a row begins, and what it leans on.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    parents: usize,
    after: usize,
    turns: usize,
    times: usize,
    usage: usize,
    files: usize,
    totals: usize,
    titles: usize,
    rare: usize,
    before: Before,
}

/// What of a row depends on those before it.
struct Sums {
    turn: Option<Ref>,
    time: Option<i64>,
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
    pub(super) fn parse(bytes: &[u8], first: u32, count: u32) -> Result<Rows, CodecError> {
        let (columns, rest): (Columns, _) = codec::decode_prefix(bytes)?;
        let count = count as usize;
        if !rest.is_empty() || columns.flags.len() != count || first.checked_add(count as u32).is_none() {
            return Err(CodecError::NotCanonical);
        }
        let mut rows = Rows { columns, first, marks: Vec::with_capacity(count / EVERY + 1) };
        let mut place = Place::default();
        for at in 0..count {
            if at % EVERY == 0 {
                rows.marks.push(place);
            }
            rows.step(at, &mut place).ok_or(CodecError::NotCanonical)?;
        }
        Ok(rows)
    }

    /// Goes past row `at`, which begins at `place`.
    fn step(&self, at: usize, place: &mut Place) -> Option<Sums> {
        let (columns, flags) = (&self.columns, *self.columns.flags.get(at)?);
        let has = |flag: u8| flags & flag != 0;
        let number = self.first + u32::try_from(at).ok()?;
        let titled = has(TITLED);
        if !has(ALONE) {
            place.parents = skip(&columns.parents.0, place.parents)?;
        }
        place.after += usize::from(!has(NEXT));
        let turn = if has(INSIDE) {
            place.before.turn.filter(|_| !titled).map(Ref::Local)
        } else {
            let lean = place.before.turn.unwrap_or(number.saturating_sub(1));
            let turn = columns.turns.0.get(place.turns)?.checked_sub(1);
            place.turns += 1;
            maybe(turn, |turn| Ref::unpack(turn, lean))?
        };
        let mut time = None;
        if has(TIMED) {
            let added = unzigzag(*columns.times.0.get(place.times)?);
            time = Some(place.before.time.wrapping_add(added));
            place.times += 1;
        }
        let usage_at = place.usage;
        place.usage += if has(COUNTED) { USAGE } else { 0 };
        place.files = skip(&columns.files.0, place.files)?;
        place.titles += usize::from(titled);
        place.rare += usize::from(has(RARE));
        let totals = columns.totals.0.get(place.totals..)?;
        let counts = if has(SUMMED) {
            let [calls, files] = *totals.first_chunk()?;
            place.totals += 2;
            place.before.expected(titled, &self.usage(usage_at, flags)?, calls, files)
        } else {
            let [commits, messages, turns, calls, files, rest @ ..] = *totals.first_chunk::<TOTALS>()?;
            place.totals += TOTALS;
            Counts { commits, messages, turns, calls, files, usage: usage(&rest)? }
        };
        place.before.note(number, titled, time, turn, counts);
        Some(Sums { turn, time, counts })
    }

    fn usage(&self, at: usize, flags: u8) -> Option<Usage> {
        if flags & COUNTED == 0 {
            return Some(Usage::default());
        }
        usage(self.columns.usage.0.get(at..at + USAGE)?)
    }

    /// Puts commit `at` of the block together; `None` if it refers to what
    /// isn't there.
    pub(super) fn commit(&self, at: usize, names: &impl Names) -> Option<Commit> {
        let (columns, flags) = (&self.columns, *self.columns.flags.get(at)?);
        let mut place = *self.marks.get(at / EVERY)?;
        for before in at - at % EVERY..at {
            self.step(before, &mut place)?;
        }
        let Sums { turn, time, counts } = self.step(at, &mut place.clone())?;
        let has = |flag: u8| flags & flag != 0;
        let own = self.first.checked_add(u32::try_from(at).ok()?)?.saturating_sub(1);
        let parents = if has(ALONE) {
            vec![names.commit(Ref::Local(own))?]
        } else {
            let list = list(&columns.parents.0, place.parents)?;
            list.iter().map(|n| names.commit(Ref::unpack(*n, own)?)).collect::<Option<_>>()?
        };
        let after = if has(NEXT) {
            Some(names.commit(Ref::Local(own))?)
        } else {
            let after = columns.after.0.get(place.after)?.checked_sub(1);
            maybe(after, |n| names.commit(Ref::unpack(n, own)?))?
        };
        let mut commit = Commit { parents, after, ..Commit::default() };
        commit.turn = maybe(turn, |turn| names.commit(turn))?;
        if has(RARE) {
            let Rare { copies, workspace, config } = columns.rare.get(place.rare)?;
            let mut expected = 0;
            for n in copies {
                let target = Ref::unpack(*n, expected)?;
                commit.copies.push(names.commit(target)?);
                expected = next(target, expected);
            }
            let content = |n: u64| names.content(Ref::unpack(n, 0)?);
            commit.workspace = maybe(*workspace, content)?;
            commit.config = maybe(*config, content)?;
        }
        let word = |n: u64| columns.words.get(usize::try_from(n).ok()?).cloned();
        commit.body = Id::from_slice(columns.bodies.get(at * Id::LEN..(at + 1) * Id::LEN)?)?;
        commit.time = time;
        commit.tool = word(*columns.tools.0.get(at)?)?;
        commit.model = maybe(columns.models.0.get(at)?.checked_sub(1), word)?;
        commit.title = if has(TITLED) { Some(columns.titles.get(place.titles)?.clone()) } else { None };
        commit.usage = self.usage(place.usage, flags)?;
        let files = list(&columns.files.0, place.files)?;
        commit.files = files.iter().map(|n| word(*n)).collect::<Option<_>>()?;
        commit.counts = counts;
        Some(commit)
    }

    /// Bytes of memory, about.
    pub(super) fn weight(&self) -> usize {
        let words = self.columns.words.iter().chain(&self.columns.titles);
        self.columns.flags.len() * 120 + words.map(|word| word.len() + 24).sum::<usize>()
    }
}

/// A list in a column: how many, then they.
fn list(column: &[u64], at: usize) -> Option<&[u64]> {
    let len = usize::try_from(*column.get(at)?).ok()?;
    column.get(at + 1..)?.get(..len)
}

/// Where the next list stands.
fn skip(column: &[u64], at: usize) -> Option<usize> {
    Some(at + 1 + list(column, at)?.len())
}

fn maybe<T, U>(value: Option<T>, f: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        None => Some(None),
        Some(value) => f(value).map(Some),
    }
}
