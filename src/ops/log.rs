//! Log: a conversation turn by turn, from the commits alone.

use crate::object::commit::Usage;
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
    let mut turn = Turn { tip: end, ..Turn::default() };
    let last = store.commit(&end)?.counts;
    let mut at = end;
    loop {
        let commit = store.commit(&at)?;
        turn.usage = turn.usage.plus(&commit.usage);
        turn.time = commit.time.or(turn.time);
        if turn.tool.is_empty() {
            turn.tool.clone_from(&commit.tool);
        }
        if turn.model.is_none() {
            turn.model.clone_from(&commit.model);
        }
        for file in commit.files.iter().filter(|file| !file.is_empty()) {
            if !turn.files.contains(file) {
                turn.files.push(file.clone());
            }
        }
        let before = commit.parents.first().copied();
        if let (false, Some(parent)) = (commit.begins_turn(), before) {
            at = parent;
            continue;
        }
        let counts = before.map(|id| store.commit(&id)).transpose()?.map(|c| c.counts).unwrap_or_default();
        turn.title.clone_from(&commit.title);
        turn.messages = last.messages.saturating_sub(counts.messages);
        turn.calls = last.calls.saturating_sub(counts.calls);
        turn.files.reverse();
        return Ok((turn, before));
    }
}
