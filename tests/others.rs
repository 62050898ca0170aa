//! Sessions of the lesser known tools through the real binary: captured, gone
//! on with, rewritten and restored byte for byte.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "others/aider.rs"]
mod aider;
#[path = "others/amp.rs"]
mod amp;
#[path = "others/databases.rs"]
mod databases;
#[path = "others/editor_chat.rs"]
mod editor_chat;
#[path = "others/lines.rs"]
mod lines;
#[path = "others/sandbox.rs"]
mod sandbox;
#[cfg(unix)]
#[path = "others/within.rs"]
mod within;
