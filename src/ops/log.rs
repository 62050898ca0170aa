//! Log: a conversation turn by turn, from the commits alone.

use crate::object::Commit;
use crate::object::commit::{Counts, Usage};
use crate::object::id::Id;
use crate::store::{Store, StoreError};

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
    /// Files touched, each once: a letter (`r`, `w`, `e`) and the path.
    pub files: Vec<String>,
    /// Messages.
    pub messages: u64,
    /// Calls.
    pub calls: u64,
}

impl Turn {
    /// A turn that ends with `commit`, which is yet to be added.
    pub(super) fn ending(tip: Id, commit: &Commit) -> Turn {
        let Counts { messages, calls, .. } = commit.counts;
        Turn { tip, messages, calls, tool: commit.tool.clone(), ..Turn::default() }
    }

    /// Adds a commit that lies before those added so far.
    pub(super) fn add(&mut self, commit: &Commit) {
        self.usage = self.usage.plus(&commit.usage);
        self.time = commit.time.or(self.time);
        if self.model.is_none() {
            self.model.clone_from(&commit.model);
        }
        self.files.extend(commit.files.iter().rev().filter(|file| !file.is_empty()).cloned());
        self.title.clone_from(&commit.title);
    }

    /// Ends the turn; `before` are the totals before its first commit.
    pub(super) fn end(&mut self, before: &Counts) {
        self.messages = self.messages.saturating_sub(before.messages);
        self.calls = self.calls.saturating_sub(before.calls);
        self.files.reverse();
        let mut seen = std::collections::HashSet::new();
        self.files.retain(|file| seen.insert(file.clone()));
    }
}

/// The last `most` turns of the line that ends at `tip`, the last one first.
pub fn log(store: &Store, tip: Id, most: usize) -> Result<Vec<Turn>, StoreError> {
    let (mut turns, mut next) = (Vec::new(), Some(tip));
    while let Some(end) = next.filter(|_| turns.len() < most) {
        let (turn, before) = turn(store, end)?;
        turns.push(turn);
        next = before;
    }
    Ok(turns)
}

/// The turn that ends at `end`, and the commit before it.
fn turn(store: &Store, end: Id) -> Result<(Turn, Option<Id>), StoreError> {
    let mut commit = store.commit(&end)?;
    let mut turn = Turn::ending(end, &commit);
    loop {
        turn.add(&commit);
        let before = commit.parents.first().copied();
        let earlier = before.map(|id| store.commit(&id)).transpose()?;
        match earlier {
            Some(earlier) if !commit.begins_turn() => commit = earlier,
            earlier => {
                turn.end(&earlier.map(|c| c.counts).unwrap_or_default());
                return Ok((turn, before));
            }
        }
    }
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
        let turns = log(&sample.store, tip, usize::MAX).unwrap();
        let [two, one] = turns.as_slice() else { panic!("{turns:?}") };
        assert_eq!((two.title.as_deref(), two.time, two.tip), (Some("two"), prompt, tip));
        assert_eq!((two.messages, two.calls, two.usage.output), (3, 2, 10));
        assert_eq!(two.files, ["r/a", "e/b"]);
        assert_eq!((one.messages, one.calls, one.model.as_deref()), (2, 0, Some("model-1")));
        assert_eq!(log(&sample.store, tip, 1).unwrap().len(), 1);
    }
}
