//! Less than the whole conversation, for a model that can't hold it: never
//! without saying so, in the conversation and to the user.

use super::conversation::Path;
use super::{History, ResumeError};
use crate::object::message::{Block, Message, Role, Text};
use crate::object::{Id, Usage};
use crate::ops::briefing::briefing;
use crate::ops::show;
use crate::store::Store;
use crate::tool::Said;

/// How long the summary of what is left out may be, in tokens.
const SUMMARY: usize = 4000;

/// What is written of a conversation.
pub(super) struct Part {
    pub(super) line: Vec<Id>,
    /// The summary of what comes before it.
    pub(super) opening: Option<Said>,
    /// How many turns come before it.
    pub(super) left_out: u64,
}

/// Finds the part that is wanted.
pub(super) fn part(store: &Store, line: &Path, history: History, title: &str) -> Result<Part, ResumeError> {
    let all = line.all();
    let from = match history {
        History::All => 0,
        History::Compacted => last_summary(store, all)?,
        History::Turns(turns) => last_turns(store, all, turns)?,
    };
    let (before, rest) = all.split_at_checked(from).unwrap_or((&[], all));
    let turns = before.last().map(|id| store.commit(id)).transpose()?.map_or(0, |c| c.counts.turns);
    let opening = match history {
        History::Turns(_) if from > 0 => Some(summary(store, before, title)?),
        _ => None,
    };
    Ok(Part { line: rest.to_vec(), opening, left_out: turns })
}

/// Where the last summary stands; 0 if there is none.
fn last_summary(store: &Store, line: &[Id]) -> Result<usize, ResumeError> {
    for (at, id) in line.iter().enumerate().rev() {
        let body = store.body(id, &*store.commit(id)?)?;
        let is_summary = |m: Message| m.blocks.iter().any(|block| matches!(block, Block::Summary(_)));
        if body.message.is_some_and(is_summary) {
            return Ok(at);
        }
    }
    Ok(0)
}

/// Where the last turns begin; 0 if there are no more.
fn last_turns(store: &Store, line: &[Id], turns: u64) -> Result<usize, ResumeError> {
    let mut left = turns.max(1);
    for (at, id) in line.iter().enumerate().rev() {
        if store.commit(id)?.begins_turn() {
            left -= 1;
            if left == 0 {
                return Ok(at);
            }
        }
    }
    Ok(0)
}

/// What came before, as the first message. It is told for what it is.
fn summary(store: &Store, before: &[Id], title: &str) -> Result<Said, ResumeError> {
    let last = before.last().map(|id| store.commit(id)).transpose()?;
    let (tool, time) = last.map(|commit| (commit.tool.clone(), commit.time)).unwrap_or_default();
    let told = briefing(show::messages(store, before), title, "the earlier part of this session", SUMMARY)?;
    let blocks = vec![Block::Summary(Text::Inline(told.text.into_bytes()))];
    Ok(Said {
        message: Message { role: Role::System, blocks },
        time,
        model: None,
        tool,
        usage: Usage::default(),
        begins_turn: false,
    })
}
