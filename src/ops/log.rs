//! Log: a conversation turn by turn, from the commits alone.

use super::line::{self, At};
use crate::object::Commit;
use crate::object::commit::{Counts, Usage};
use crate::object::id::Id;
use crate::store::{Result, Store};

/// A prompt and all that followed until the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The last commit of it: what to name to come back to it.
    pub tip: Id,
    /// The first words of the prompt; `None` for what came before any.
    pub title: Option<String>,
    /// Time of the prompt, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The tool.
    pub tool: String,
    /// The model that spoke last in it.
    pub model: Option<String>,
    /// Tokens counted in it.
    pub usage: Usage,
    /// How many files it touched.
    pub touched: u64,
    /// Which, each once: a letter (`r`, `w`, `e`) and the path. Nothing where
    /// they were not asked for.
    pub files: Vec<String>,
    /// Messages.
    pub messages: u64,
    /// Calls.
    pub calls: u64,
}

impl Turn {
    /// A turn that ends with a commit.
    pub(super) fn ending(tip: Id, commit: &Commit) -> Turn {
        Turn { tip, tool: commit.tool.clone(), model: commit.model.clone(), ..Turn::default() }
    }

    /// Takes what a commit before its end has to say of it.
    pub(super) fn add(&mut self, commit: &Commit) {
        self.time = commit.time.or(self.time);
        if self.model.is_none() {
            self.model.clone_from(&commit.model);
        }
        self.title.clone_from(&commit.title);
        self.files.extend(commit.files.iter().rev().filter(|file| !file.is_empty()).cloned());
    }

    /// Ends the turn: `end` are the totals at its end, `before` those before its
    /// first commit.
    pub(super) fn sum(&mut self, end: &Counts, before: &Counts) {
        let Counts { messages, calls, files, usage, .. } = end.since(before);
        (self.messages, self.calls, self.touched, self.usage) = (messages, calls, files, usage);
        self.files.reverse();
        let mut seen = std::collections::HashSet::new();
        self.files.retain(|file| seen.insert(file.clone()));
    }
}

/// The last `most` turns of the line that ends at `tip`, the last one first;
/// with the names of the files that they touched if `files` are asked for.
pub fn log(store: &Store, tip: Id, most: usize, files: bool) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    let mut next = if most > 0 { Some((tip, store.commit(&tip)?)) } else { None };
    while let Some(end) = next {
        let (turn, before) = one(store, &end, files)?;
        turns.push(turn);
        next = before.filter(|_| turns.len() < most);
    }
    Ok(turns)
}

/// The turn that ends with a commit, with its files, and the end of the one
/// before it.
pub(super) fn turn(store: &Store, end: At) -> Result<(Turn, Option<At>)> {
    one(store, &end, true)
}

fn one(store: &Store, end: &At, files: bool) -> Result<(Turn, Option<At>)> {
    let mut turn = Turn::ending(end.0, &end.1);
    let first = if files { through(store, end, &mut turn)? } else { over(store, end, &mut turn)? };
    let before = line::before(store, &first.1)?;
    turn.sum(&end.1.counts, &before.as_ref().map(|(_, commit)| commit.counts).unwrap_or_default());
    Ok((turn, before))
}

/// Goes back to the commit that began the turn of `end`, commit by commit.
fn through(store: &Store, end: &At, turn: &mut Turn) -> Result<At> {
    let mut at = end.clone();
    loop {
        turn.add(&at.1);
        match line::before(store, &at.1)? {
            Some(before) if !at.1.begins_turn() => at = before,
            _ => return Ok(at),
        }
    }
}

/// Hops there, if it is known. A turn ends with the model's words, as a rule;
/// if not, they are not far.
fn over(store: &Store, end: &At, turn: &mut Turn) -> Result<At> {
    let Some(first) = line::turn_of(store, end)? else { return through(store, end, turn) };
    let mut at = end.clone();
    while turn.model.is_none() && at.0 != first.0 {
        let Some(before) = line::before(store, &at.1)? else { break };
        turn.model.clone_from(&before.1.model);
        at = before;
    }
    turn.time = end.1.time;
    turn.add(&first.1);
    turn.files.clear();
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Role;
    use crate::ops::sample::{Sample, calls, says};

    #[test]
    fn a_turn_sums_its_commits() {
        let mut sample = Sample::new();
        let mut tip = sample.turns(None, &["one"]);
        tip = sample.commit(Some(tip), Some("two"), Some(says(Role::User, "two")), &[]);
        let prompt = sample.store.commit(&tip).unwrap().time;
        tip = sample.commit(Some(tip), None, Some(calls("ls")), &["r/a", "e/b"]);
        tip = sample.commit(Some(tip), None, Some(calls("ls")), &["r/a", ""]);
        let turns = log(&sample.store, tip, usize::MAX, true).unwrap();
        let [two, one] = turns.as_slice() else { panic!("{turns:?}") };
        assert_eq!((two.title.as_deref(), two.time, two.tip), (Some("two"), prompt, tip));
        assert_eq!((two.messages, two.calls, two.usage.output), (3, 2, 10));
        assert_eq!(two.files, ["r/a", "e/b"]);
        assert_eq!((one.messages, one.calls, one.model.as_deref()), (2, 0, Some("model-1")));
        assert_eq!(log(&sample.store, tip, 1, true).unwrap(), turns[..1]);
        assert!(log(&sample.store, tip, 0, true).unwrap().is_empty());
        // Hopping tells the same, but for the names of the files.
        let named = |turn: &Turn| Turn { files: Vec::new(), ..turn.clone() };
        let hopped = log(&sample.store, tip, usize::MAX, false).unwrap();
        assert_eq!(hopped, turns.iter().map(named).collect::<Vec<_>>());
        assert_eq!((hopped[0].touched, hopped[1].touched), (2, 0));
    }
}
