//! Rows: the commits of a block, in columns.
//!
//! Most of a commit follows from the one before it. A byte of flags says what
//! does; what doesn't stands in the column of its field. So a block of
//! thousands of commits is taken apart in a moment, and a commit is put
//! together when it is asked for.

mod fill;
mod read;

pub(super) use fill::{Filling, Refer};
pub(super) use read::Names;
pub(crate) use read::Rows;

use super::Ref;
use crate::object::commit::{Counts, Usage};

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
