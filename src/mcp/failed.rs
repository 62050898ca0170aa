//! Why a tool could not do what it was asked for, in words for the agent.

use std::error::Error;

use crate::ops::branch::NameError;
use crate::ops::causes;
use crate::ops::revision::RevisionError;

/// What to do when a revision is not found.
const REVISIONS: &str = "sfs_list with \"all\" shows the sessions, and sfs_log the revisions of one";

/// A failure: it is an answer, not an error of the protocol.
#[derive(Debug)]
pub(super) struct Failed {
    /// What happened. It may repeat what sessions say.
    pub(super) words: String,
    /// What to do.
    pub(super) hint: Option<&'static str>,
}

impl Failed {
    /// A failure of these words.
    pub(super) fn new(words: impl Into<String>) -> Failed {
        Failed { words: words.into(), hint: None }
    }

    /// The same with advice.
    pub(super) fn hint(self, hint: &'static str) -> Failed {
        Failed { hint: Some(hint), ..self }
    }
}

impl<E: Error + 'static> From<E> for Failed {
    fn from(error: E) -> Failed {
        let words = causes(&error).join(": ");
        let error: &(dyn Error + 'static) = &error;
        let is_revision =
            error.is::<RevisionError>() || matches!(error.downcast_ref(), Some(NameError::Revision(_)));
        Failed { words, hint: is_revision.then_some(REVISIONS) }
    }
}
