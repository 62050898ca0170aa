//! Track: a text through its versions, and by whom each of its lines is.
//!
//! A version is compared with the one before it: lines that are in both stay
//! whose they were, the others are those of whoever made the version. Line
//! ends are nobody's: tools take and give texts with others than the file has.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::tool::change::Replace;

/// So many letters and digits make it likely that two equal lines are one.
const EVIDENCE: usize = 4;
/// How many bytes are compared at once.
const BLOCK: usize = 4096;

/// Whose a line is: a number of the caller's, and how that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct By {
    /// The number; `None` for nobody's.
    pub(super) cause: Option<usize>,
    /// Whether the line was only found again by its text.
    pub(super) by_text: bool,
}

impl By {
    pub(super) const NOBODY: By = By { cause: None, by_text: false };

    pub(super) fn cause(cause: usize) -> By {
        By { cause: Some(cause), by_text: false }
    }
}

/// A text that was replaced where nothing was known of the file.
#[derive(Clone)]
struct Lost {
    cause: usize,
    replace: Replace,
}

/// A text and whose its lines are.
#[derive(Clone, Default)]
pub(super) struct Track {
    text: String,
    lines: Vec<By>,
    lost: Vec<Lost>,
    /// Changes of which no line was found.
    missed: Vec<usize>,
}

impl Track {
    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whose each line is.
    pub(super) fn lines(&self) -> &[By] {
        &self.lines
    }

    /// The changes of which no line was found when the file was next seen.
    pub(super) fn missed(&self) -> &[usize] {
        &self.missed
    }

    /// The file is gone: what comes after it is new.
    pub(super) fn remove(&mut self) {
        (self.text, self.lines, self.lost) = Default::default();
    }

    /// Something that isn't known was done to it.
    pub(super) fn miss(&mut self, cause: usize) {
        self.missed.push(cause);
    }

    /// The text became this by a write of the whole.
    pub(super) fn write(&mut self, text: &str, cause: usize) {
        let lost = std::mem::take(&mut self.lost);
        let fresh = self.advance(normal(text), By::cause(cause));
        self.claim(&fresh, lost);
    }

    /// Texts were replaced in it. Each that doesn't fit what is known is kept
    /// until the file is known again.
    pub(super) fn edit(&mut self, edits: &[Replace], cause: usize) {
        for one in edits {
            let one = Replace { old: normal(&one.old), new: normal(&one.new), ..*one };
            match one.apply(&self.text) {
                Some((next, _)) => drop(self.advance(next, By::cause(cause))),
                None => self.lost.push(Lost { cause, replace: one }),
            }
        }
    }

    /// The text was seen to be this. What differs is `by`'s, but for the edits
    /// that didn't fit: where their texts are, they are undone, so that it is
    /// known what the file was before them.
    pub(super) fn see(&mut self, text: &str, by: By) {
        let text = normal(text);
        if text == self.text && self.lost.is_empty() {
            return;
        }
        let (mut at, mut placed, mut rest) = (text, Vec::new(), Vec::new());
        for lost in std::mem::take(&mut self.lost).into_iter().rev() {
            match undo(&lost.replace, &at) {
                Some(before) => placed.push((lost.cause, std::mem::replace(&mut at, before))),
                None => rest.push(lost),
            }
        }
        let fresh = self.advance(at, by);
        self.claim(&fresh, rest);
        for (cause, after) in placed.into_iter().rev() {
            self.advance(after, By::cause(cause));
        }
    }

    /// Goes on to the next version. Returns which of its lines are new.
    fn advance(&mut self, text: String, by: By) -> Vec<Range<usize>> {
        let (start, old_end, new_end) = middle(&self.text, &text);
        let head = count(self.text.get(..start).unwrap_or_default());
        let tail = count(self.text.get(old_end..).unwrap_or_default());
        let old = keys(self.text.get(start..old_end).unwrap_or_default());
        let new = keys(text.get(start..new_end).unwrap_or_default());
        let was = head..self.lines.len().saturating_sub(tail).max(head);
        let known = self.lines.get(was.clone()).unwrap_or_default();
        let (mut lines, mut fresh) = (Vec::with_capacity(new.len()), Vec::new());
        for op in capture_diff_slices(Algorithm::Histogram, &old, &new) {
            match op {
                DiffOp::Equal { .. } => {
                    lines.extend_from_slice(known.get(op.old_range()).unwrap_or_default());
                }
                _ => {
                    let range = op.new_range();
                    lines.extend(range.clone().map(|_| by));
                    fresh.push(head + range.start..head + range.end);
                }
            }
        }
        drop(self.lines.splice(was, lines));
        self.text = text;
        fresh
    }

    /// Gives lines that are new to the edits whose place isn't known, if a line
    /// that they brought is there once.
    fn claim(&mut self, fresh: &[Range<usize>], lost: Vec<Lost>) {
        if lost.is_empty() {
            return;
        }
        let mut places: HashMap<&str, Option<usize>> = HashMap::new();
        for (n, line) in keys(&self.text).into_iter().enumerate() {
            places.entry(line).and_modify(|place| *place = None).or_insert(Some(n));
        }
        for Lost { cause, replace } in lost {
            let was = keys(&replace.old);
            let added = keys(&replace.new).into_iter().filter(|line| is_telling(line) && !was.contains(line));
            let mut found = false;
            for n in added.filter_map(|line| places.get(line).copied().flatten()) {
                if let Some(line) = self.lines.get_mut(n).filter(|_| fresh.iter().any(|new| new.contains(&n)))
                {
                    *line = By { cause: Some(cause), by_text: true };
                    found = true;
                }
            }
            if !found {
                self.missed.push(cause);
            }
        }
    }
}

/// The text before an edit, if its new text is in one place.
fn undo(edit: &Replace, text: &str) -> Option<String> {
    if !is_telling(&edit.new) {
        return None;
    }
    let is_line =
        |at: usize| !edit.lines || text.get(..at).is_some_and(|b| b.is_empty() || b.ends_with('\n'));
    let mut at = text.match_indices(edit.new.as_str()).map(|(at, _)| at).filter(|at| is_line(*at));
    let place = at.next().filter(|_| at.next().is_none())?;
    let (before, rest) = text.split_at_checked(place)?;
    Some([before, &edit.old, rest.get(edit.new.len()..)?].concat())
}

fn is_telling(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphanumeric()).take(EVIDENCE).count() == EVIDENCE
}

/// A text with the line ends of Unix, and without a mark at its beginning.
pub(super) fn normal(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

fn count(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
        + usize::from(!text.is_empty() && !text.ends_with('\n'))
}

/// The lines of a text without their ends.
fn keys(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line)).collect()
}

/// Where two texts differ, in whole lines: where it begins, and where it ends
/// in each.
fn middle(old: &str, new: &str) -> (usize, usize, usize) {
    let (a, b) = (old.as_bytes(), new.as_bytes());
    let same = common(a.chunks(BLOCK).zip(b.chunks(BLOCK)), |a, b| {
        a.iter().zip(b).take_while(|(a, b)| a == b).count()
    });
    let start = memchr::memrchr(b'\n', a.get(..same).unwrap_or_default()).map_or(0, |at| at + 1);
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    let same = common(a.rchunks(BLOCK).zip(b.rchunks(BLOCK)), |a, b| {
        a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
    });
    // What is the same at the end begins with a line in both.
    let begins = |text: &[u8]| match text.len() - same {
        0 => true,
        at => text.get(at - 1) == Some(&b'\n'),
    };
    let tail = a.get(a.len() - same..).unwrap_or_default();
    let tail = match begins(a) && begins(b) {
        true => same,
        false => memchr::memchr(b'\n', tail).map_or(0, |at| same - at - 1),
    };
    (start, old.len() - tail, new.len() - tail)
}

/// How many bytes are the same, block by block and then byte by byte.
fn common<'t>(
    blocks: impl Iterator<Item = (&'t [u8], &'t [u8])>,
    within: impl Fn(&[u8], &[u8]) -> usize,
) -> usize {
    let mut same = 0;
    for (a, b) in blocks {
        if a != b {
            return same + within(a, b);
        }
        same += a.len();
    }
    same
}
