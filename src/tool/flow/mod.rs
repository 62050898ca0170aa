//! A conversation in the order in which models take it: prompts, answers with
//! the calls made at once, and the result of each call right after them.
//!
//! Conversations come as tools recorded them: calls made at once in messages
//! of their own, results late, twice or never, prompts in between, context
//! that a tool put in. What is written for a tool that sends its session to
//! the model as it stands must not be so.

mod content;
mod order;
#[cfg(test)]
pub(super) mod tests;

pub(super) use content::Content;
pub(super) use order::run;

use crate::object::commit::Usage;
use crate::tool::ToolError;

/// The result of a call that never got one.
pub(super) const INTERRUPTED: &str = "[interrupted]";
/// Stands before a result whose call isn't there.
pub(super) const ORPHAN_MARK: &str = "[result of an earlier call]\n";
/// Stands before a summary: the model is sent all that it sums up, too.
pub(super) const SUMMARY_MARK: &str = "[summary of the conversation up to here]\n\n";
/// Stands before what the model says first.
pub(super) const NO_BEGINNING: &str = "[the beginning of this conversation is not there]";

/// What the user says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    /// When, in milliseconds since 1970.
    pub(super) time: Option<i64>,
    /// What is said; never nothing.
    pub(super) content: Vec<Content>,
}

/// What the model says until it is the user's turn, or its calls are done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// When, in milliseconds since 1970.
    pub(super) time: Option<i64>,
    /// The model.
    pub(super) model: Option<String>,
    /// What was counted for it.
    pub(super) usage: Usage,
    /// Thoughts and texts, in order; none of them empty.
    pub(super) said: Vec<Piece>,
    /// Calls made at once, after all that is said. With no calls something
    /// other than a thought is said.
    pub(super) calls: Vec<Call>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A thought, without proof.
    Thought(String),
    /// What is said.
    Text(String),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Its number in the conversation, from 0.
    pub(super) number: u64,
    /// Its name, such as APIs take.
    pub(super) name: String,
    /// Its input: a JSON object.
    pub(super) input: String,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// When, in milliseconds since 1970.
    pub(super) time: Option<i64>,
    /// The number of the call.
    pub(super) call: u64,
    /// Its name.
    pub(super) name: String,
    /// Whether it failed.
    pub(super) failed: bool,
    /// What it gave; may be nothing.
    pub(super) content: Vec<Content>,
}

/// Takes a conversation in order.
pub(super) trait Out {
    /// The user speaks.
    fn user(&mut self, spoken: Spoken) -> Result<(), ToolError>;
    /// The model answers.
    fn answer(&mut self, answer: Answer) -> Result<(), ToolError>;
    /// A call is done.
    fn outcome(&mut self, outcome: Outcome) -> Result<(), ToolError>;
}
