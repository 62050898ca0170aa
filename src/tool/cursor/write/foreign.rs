//! Calls that other tools made, marked as such.

use super::super::names::FOREIGN;
use crate::object::message::{Block, Text};
use crate::tool::{Conversation, Said, ToolError};

/// A conversation in which the names of other tools' calls are those of an MCP
/// server: what the tool's servers know of `Shell` or `Read` they need not
/// know of others' `Bash`, and inputs of an MCP server may be anything.
pub(super) struct Marked<'c>(pub(super) &'c mut dyn Conversation);

impl Conversation for Marked<'_> {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        let Some(mut said) = self.0.next()? else { return Ok(None) };
        if !said.tool.starts_with("cursor") {
            for block in &mut said.message.blocks {
                if let Block::Call { name, .. } = block {
                    name.insert_str(0, FOREIGN);
                }
            }
        }
        Ok(Some(said))
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        self.0.text(text)
    }
}
