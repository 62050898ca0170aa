//! Rows in the order in which they are given as records.

use std::borrow::Cow;

use crate::tool::{Frame, Pieces, StepFacts};

/// The rows of one conversation.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The lines of the schema.
    pub(super) schema: Vec<Vec<u8>>,
    /// Rows that are final, in the order in which they were said.
    pub(super) records: Vec<Vec<u8>>,
    /// Rows that change, or whose place isn't known yet.
    pub(super) rest: Vec<Vec<u8>>,
    /// What is known of the session.
    pub(super) facts: StepFacts,
    /// The record that is next.
    pub(super) at: usize,
}

impl Pieces for Script {
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        self.at += 1;
        Ok(self.records.get(self.at - 1).map(|line| Cow::Borrowed(line.as_slice())))
    }

    fn frame(&mut self) -> std::io::Result<Frame> {
        let facts = self.facts.clone();
        Ok(Frame { lead: self.schema.join(&b'\n'), trail: self.rest.join(&b'\n'), facts })
    }
}
