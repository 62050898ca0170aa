//! What the screen asks for, and what it is answered. It reads nothing itself:
//! whoever owns the terminal asks the verbs.

use crate::object::Id;
use crate::ops::checkout::CheckoutOutcome;
use crate::ops::diff::Diff;
use crate::ops::graph::Node;
use crate::ops::hunks::FileDiff;
use crate::ops::log::Turn;
use crate::ops::session::SessionInfo;
use crate::ops::show::Shown;

/// A revision of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The session.
    pub session: Id,
    /// The commit.
    pub commit: Id,
    /// What to call it on the screen; not yet cleaned.
    pub label: String,
    /// The tool it was in.
    pub tool: String,
}

impl Point {
    /// The end of the branch that is meant when none is named.
    pub(super) fn end_of(session: &SessionInfo) -> Option<Point> {
        Some(Point {
            session: session.id,
            commit: session.default_branch()?.tip,
            label: session.label().to_owned(),
            tool: session.tools.last().cloned().unwrap_or_default(),
        })
    }
}

/// Something that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// All sessions again, after what is new was captured.
    Reload,
    /// What is shown of a session before it is opened: its last turns and its last message.
    Preview {
        /// The session.
        session: Id,
        /// The commit at which its branch ends.
        tip: Id,
    },
    /// The sessions in which this was said.
    Search(String),
    /// Turns of the line that ends at a commit, the last first.
    Turns {
        /// The commit.
        tip: Id,
        /// The last commit of the turn before which they end; `None` for the last ones.
        before: Option<Id>,
    },
    /// All branches of a session.
    Graph {
        /// The session.
        session: Id,
    },
    /// Messages of a turn.
    Messages {
        /// The turn's last commit.
        tip: Id,
        /// How many of its commits were read.
        from: usize,
    },
    /// What two revisions have and have not in common.
    Diff {
        /// The first.
        left: Point,
        /// The second.
        right: Point,
    },
    /// A branch of the user's.
    Fork {
        /// Where.
        at: Point,
        /// What it shall be called; it gets a name if there is none.
        name: Option<String>,
    },
    /// The files of a revision.
    Checkout {
        /// The revision.
        at: Point,
        /// The folder.
        to: String,
        /// Whether to write them; if not, only what would be done is told.
        write: bool,
    },
    /// Something to be put into the clipboard.
    Copy(String),
    /// The screen is to be left.
    Leave(Leave),
}

/// Why the screen is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The user is done.
    Quit,
    /// A revision shall be carried on.
    Resume {
        /// The revision.
        at: Point,
        /// The name of the tool.
        tool: String,
        /// Whether to start the tool, or only print the command.
        start: bool,
    },
}

/// An answer.
pub enum Answer {
    /// All sessions, and which of them are of the user's project.
    Sessions(Vec<SessionInfo>, Vec<Id>),
    /// The last turns of a session, and its last message.
    Preview {
        /// The session.
        session: Id,
        /// The turns, the last first.
        turns: Vec<Turn>,
        /// The last message.
        last: Option<Box<Shown>>,
    },
    /// The sessions in which something was said, and what it was.
    Said(String, Vec<Id>),
    /// Turns of a line.
    Turns {
        /// The end of the line.
        tip: Id,
        /// What was asked.
        before: Option<Id>,
        /// They, the last first.
        turns: Vec<Turn>,
        /// Whether there are more before.
        more: bool,
    },
    /// All branches of a session.
    Graph {
        /// The session.
        session: Id,
        /// Its turns, each after those that go on from it.
        nodes: Vec<Node>,
    },
    /// Messages of a turn.
    Messages {
        /// The turn's last commit.
        tip: Id,
        /// What was asked.
        from: usize,
        /// How many of the turn's commits are read now.
        to: usize,
        /// How many commits the turn has.
        of: usize,
        /// The messages.
        messages: Vec<Shown>,
    },
    /// A comparison.
    Diff(Box<Difference>),
    /// A branch was made: its name. What was captured is read again after it.
    Forked(String),
    /// What a checkout did or would do.
    Files {
        /// The revision.
        at: Point,
        /// The folder as the user named it.
        to: String,
        /// What came of it.
        outcome: Box<CheckoutOutcome>,
    },
    /// Something was done: in words.
    Done(String),
    /// Something could not be done: why, and what to do about it.
    Failed(String),
}

/// What two revisions have and have not in common.
pub struct Difference {
    /// The revisions.
    pub points: [Point; 2],
    /// What was found.
    pub found: Diff,
    /// The messages that only one has, as far as they were read.
    pub messages: [Vec<Shown>; 2],
    /// What differs between the files.
    pub files: Vec<FileDiff>,
}
