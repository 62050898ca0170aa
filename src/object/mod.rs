//! The model: what is stored, as plain values.
//!
//! Nothing here knows a disk, a clock, or the name of a tool. Every object has
//! one canonical encoding ([`codec`]) and is named by a hash of it ([`Id`]).

pub mod body;
pub mod codec;
pub mod commit;
pub mod escape;
pub mod id;
pub mod json;
pub mod message;
pub mod record;
#[cfg(test)]
pub(crate) mod sample;
pub mod snapshot;
pub mod split;
pub mod tree;

pub use body::Body;
pub use codec::CodecError;
pub use commit::{Commit, Usage};
pub use id::{Id, Kind};
pub use message::{Action, Block, Input, Message, Part, Role, Status, Text};
pub use record::{Context, Record};
pub use snapshot::Snapshot;
pub use tree::{Config, Entry, Sort, Tag, Tree};

/// Strings of at least this many decoded bytes become blobs of their own.
///
/// Below it an id costs more than sharing gains; above it the exact value
/// hardly changes the size of a store. It is part of the format: it decides
/// what a message's id covers.
pub const TEXT_MIN: usize = 512;

#[cfg(test)]
mod tests;
