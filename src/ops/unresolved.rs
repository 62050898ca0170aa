//! Why a revision names nothing, and what to do about it.

use std::path::PathBuf;

use super::session::SessionInfo;
use crate::object::{Commit, Id};
use crate::store::StoreError;

/// How many of the things that may be meant are listed.
const SHOWN: usize = 8;

/// Something that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What names it.
    pub id: String,
    /// Its title.
    pub title: String,
}

impl Candidate {
    pub(super) fn session(session: &SessionInfo) -> Candidate {
        Candidate { id: format!("{:.12}", session.id), title: session.label().to_owned() }
    }

    pub(super) fn commit(id: Id, commit: &Commit) -> Candidate {
        let title = commit.title.clone();
        let title = title.unwrap_or_else(|| format!("message {} of its line", commit.counts.messages));
        Candidate { id: format!("{id:.16}"), title }
    }
}

/// Why a revision names no commit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// It is not how a revision is written.
    #[error("{text:?} is no revision")]
    Syntax {
        /// What was typed.
        text: String,
    },
    /// Nothing is called so.
    #[error("nothing is called {text:?}")]
    Unknown {
        /// What was typed.
        text: String,
    },
    /// More than one thing is meant.
    #[error("{text:?} may be any of {}:{}", candidates.len() + more, listed(candidates, *more))]
    Ambiguous {
        /// What was typed.
        text: String,
        /// Some of them.
        candidates: Vec<Candidate>,
        /// How many others there are.
        more: usize,
    },
    /// No session has worked in this directory.
    #[error("no session is known of {}", cwd.display())]
    NothingHere {
        /// The directory.
        cwd: PathBuf,
        /// Whether there are sessions elsewhere.
        any: bool,
    },
    /// The session has no such branch.
    #[error("session {session:?} has no branch {name:?}; it has {}", list(have))]
    NoBranch {
        /// The branch.
        name: String,
        /// The session.
        session: String,
        /// Its branches.
        have: Vec<String>,
    },
    /// The session has no messages.
    #[error("session {session:.12} ({title}) has no messages yet")]
    Empty {
        /// The session.
        session: Id,
        /// What it is called.
        title: String,
    },
    /// No session holds the commit.
    #[error("commit {commit:.16} is part of no session")]
    NoOwner {
        /// The commit.
        commit: Id,
    },
    /// It goes back before the first turn.
    #[error("{text:?} goes back before the first turn")]
    TooFewTurns {
        /// What was typed.
        text: String,
    },
    /// There is no such message.
    #[error("there is no message {n}; the line has {have}")]
    NoMessage {
        /// The message.
        n: u64,
        /// How many there are.
        have: u64,
    },
    /// The branch has not moved so often.
    #[error("{name} has only {have} earlier values")]
    NoEarlier {
        /// The ref.
        name: String,
        /// How many there are.
        have: u64,
    },
    /// An id has no earlier values.
    #[error("only a branch or a tag has earlier values")]
    NoLog,
    /// The store can't be read.
    #[error("cannot read the store")]
    Store(#[from] StoreError),
}

impl RevisionError {
    pub(super) fn ambiguous(text: &str, mut candidates: Vec<Candidate>) -> RevisionError {
        let more = candidates.len().saturating_sub(SHOWN);
        candidates.truncate(SHOWN);
        RevisionError::Ambiguous { text: text.to_owned(), candidates, more }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        use RevisionError as E;
        match self {
            E::Syntax { .. } => Some("a revision is a session, branch, tag or commit, then @{n}, ~n or :n"),
            E::Unknown { .. } => {
                Some("`sfs list --all` shows all sessions, `sfs branch` and `sfs tag` the names")
            }
            E::Ambiguous { .. } => Some("give more of it"),
            E::NothingHere { any: true, .. } => Some("`sfs list --all` shows those of other directories"),
            E::NothingHere { any: false, .. } => Some("`sfs capture` reads what the tools have written"),
            E::Empty { .. } => Some("`sfs capture` reads what was written since"),
            E::NoMessage { .. } | E::TooFewTurns { .. } => Some("`sfs log` shows what there is"),
            E::NoEarlier { .. } | E::NoLog => Some("`sfs reflog` shows how the branches moved"),
            E::NoBranch { .. } | E::NoOwner { .. } | E::Store(_) => None,
        }
    }
}

fn listed(candidates: &[Candidate], more: usize) -> String {
    let mut text = String::new();
    for candidate in candidates {
        text.push_str(&format!("\n  {}  {}", candidate.id, candidate.title.replace('\n', " ")));
    }
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        few if few.len() <= SHOWN => few.join(", "),
        many => {
            format!("{}, and {} more", many.get(..SHOWN).unwrap_or_default().join(", "), many.len() - SHOWN)
        }
    }
}
