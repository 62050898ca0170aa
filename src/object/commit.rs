//! Commits: messages in their place.

use super::codec::{Decode, Encode};
use super::id::Id;

/// Tokens that the provider counted, by price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Usage {
    /// Input that was neither read from nor written to a cache.
    pub input: u64,
    /// Input written to a cache.
    pub cache_write: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Output, thinking included.
    pub output: u64,
}

impl Usage {
    /// Tells whether nothing was counted.
    pub fn is_zero(&self) -> bool {
        *self == Usage::default()
    }

    /// What has been counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Usage) -> Usage {
        self.zip(before, u64::saturating_sub)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Usage) -> Usage {
        self.zip(other, u64::saturating_add)
    }

    fn zip(&self, other: &Usage, f: impl Fn(u64, u64) -> u64) -> Usage {
        Usage {
            input: f(self.input, other.input),
            cache_write: f(self.cache_write, other.cache_write),
            cache_read: f(self.cache_read, other.cache_read),
            output: f(self.output, other.output),
        }
    }
}

/// How many of each lie on the way from the root to a commit, itself included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Counts {
    /// Commits; also the generation that finding a common ancestor goes by.
    pub commits: u64,
    /// Messages.
    pub messages: u64,
    /// Prompts.
    pub turns: u64,
    /// Calls.
    pub calls: u64,
    /// Files touched, each once a turn.
    pub files: u64,
    /// Tokens.
    pub usage: Usage,
}

impl Counts {
    /// What has been added since `before`.
    #[must_use]
    pub fn since(&self, before: &Counts) -> Counts {
        Counts {
            commits: self.commits.saturating_sub(before.commits),
            messages: self.messages.saturating_sub(before.messages),
            turns: self.turns.saturating_sub(before.turns),
            calls: self.calls.saturating_sub(before.calls),
            files: self.files.saturating_sub(before.files),
            usage: self.usage.since(&before.usage),
        }
    }
}

/// One step of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Commit {
    /// The conversation before it: none for a beginning or for records that
    /// say nothing, one as a rule, two for a merge.
    pub parents: Vec<Id>,
    /// The commit before it in the source file. Walking `after` and writing
    /// the records out gives the file.
    pub after: Option<Id>,
    /// The commit that began its turn; `None` if it begins one, or none has begun.
    pub turn: Option<Id>,
    /// Commits whose records its own repeat, but for their context.
    pub copies: Vec<Id>,
    /// Its [`super::Body`].
    pub body: Id,
    /// A tree of files. Capture leaves it empty: files stand in a
    /// [`super::Snapshot`], which names the commit.
    pub workspace: Option<Id>,
    /// The settings in force, when they changed.
    pub config: Option<Id>,
    /// When, in milliseconds since 1970; the tool's own word for it.
    pub time: Option<i64>,
    /// The tool that recorded it.
    pub tool: String,
    /// The model that spoke.
    pub model: Option<String>,
    /// For the commit that begins a turn: the first words of its prompt.
    pub title: Option<String>,
    /// What it adds to the tokens counted so far.
    pub usage: Usage,
    /// Files that it read, wrote or edited, as the tool wrote their paths,
    /// with a letter before each: `r`, `w` or `e`.
    pub files: Vec<String>,
    /// Totals so far.
    pub counts: Counts,
}

impl Commit {
    /// Tells whether it begins a turn.
    pub fn begins_turn(&self) -> bool {
        self.title.is_some()
    }

    /// Calls `f` with the id of every other commit it names, in order.
    pub fn for_each_commit(&mut self, f: &mut dyn FnMut(&mut Id)) {
        self.parents.iter_mut().for_each(&mut *f);
        self.after.iter_mut().for_each(&mut *f);
        self.turn.iter_mut().for_each(&mut *f);
        self.copies.iter_mut().for_each(&mut *f);
    }

    /// Calls `f` with the id of every other object it names, bodies apart.
    pub fn for_each_object(&mut self, f: &mut dyn FnMut(&mut Id)) {
        self.workspace.iter_mut().for_each(&mut *f);
        self.config.iter_mut().for_each(&mut *f);
    }
}
