//! Task folders: how the extensions that descend from Cline keep a session.
//!
//! A session is a folder `tasks/<id>` below the extension's storage. The
//! conversation is `api_conversation_history.json`, an array of messages as
//! the Messages API takes them; what the window shows is `ui_messages.json`.
//! Both are rewritten whole. Small files beside them tell more of the task.
//!
//! What tokens were used stands in `ui_messages.json`, in entries that are
//! changed after others were added, and no message says which of them is its
//! own: they are kept, not counted. Where a message tells its own count (the
//! command line tool 2.x), that is counted.

mod blocks;
mod find;
mod names;
mod open;
mod read;
pub(super) mod said;
mod text;
mod write;
mod xml;

pub(super) use blocks::Making;
pub(super) use find::{beside, discover, document, entries, note, storages};
pub(super) use open::{look, open};
pub(super) use read::reader;
pub(super) use write::{Dialect, write};

/// The folder of task folders in a storage.
pub(super) const TASKS: &str = "tasks";
/// The conversation.
const HISTORY: &str = "api_conversation_history.json";
/// What the window shows; the second is the name it had in 2024.
const SHOWN: &[&str] = &["ui_messages.json", "claude_messages.json"];
/// The part that what the window shows is.
const UI: &str = "ui";

#[cfg(test)]
mod tests;
