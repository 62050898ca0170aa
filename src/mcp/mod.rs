//! The server for agents: what was done in one tool, told in another.
//!
//! It speaks the Model Context Protocol over standard input and output, a
//! message a line. All revisions are understood: those that begin with
//! `initialize` (2024-11-05 to 2025-11-25), and 2026-07-28, in which each
//! request says for itself which revision it is of. Nothing is remembered
//! between two requests. Why it is written here is in
//! `docs/decisions/0009-mcp.md`.
//!
//! What a session says is text of strangers, and whoever reads the answers
//! acts on what it reads. So each line of a session is quoted, each answer says what
//! that means, secrets are taken out, and no answer is longer than was asked for.

mod answer;
mod failed;
mod page;
mod params;
mod rpc;
mod serve;
mod tools;

pub use serve::serve;

use crate::ops::Env;
use crate::store::{Store, StoreError};

/// What the server needs of whoever started it.
pub trait Host {
    /// The world as it is now.
    fn env(&self) -> Env;

    /// Opens the store, with what the tools have written so far.
    fn store(&self) -> Result<Store, StoreError>;

    /// Whether tools that make branches and tags are offered.
    fn may_write(&self) -> bool {
        false
    }
}
