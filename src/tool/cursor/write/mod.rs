//! Conversations written for the tool: one graph of blobs, in a store of its
//! own or as a payload for the IDE.
//!
//! Field 1 of the root is what the model is given, field 8 what the user
//! sees; both are written. With field 8 alone the tool shows the history and
//! the model knows nothing of it (told by several projects that tried).

mod calls;
mod foreign;
mod graph;
mod history;
mod json;
mod payload;
mod session;

use super::Cursor;
use crate::tool::{Conversation, Plan, Resume, Sink, Target, ToolError};

impl Resume for Cursor {
    fn repeats(&self) -> bool {
        // A store is no sequence of lines.
        false
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        let written = history::write(conversation, target)?;
        match self {
            Cursor::Agent => session::command_line(written, target, sink),
            Cursor::Acp => session::acp(written, target, sink),
            Cursor::Ide => payload::write(written, target, sink),
        }
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        let command: &[&str] = match self {
            Cursor::Agent => &["cursor-agent", "--resume", native],
            Cursor::Acp => &["cursor-agent", "acp"],
            Cursor::Ide => &["cursor", "."],
        };
        command.iter().map(|word| (*word).to_owned()).collect()
    }
}
