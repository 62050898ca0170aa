//! Finding: an index of all that was said, which can be made again.
//!
//! The index narrows, the text decides. Every message is a document of words,
//! folded so that case, accents and the form of Unicode don't matter. For each
//! word the index knows the documents that have it; whether a phrase stands
//! there, or `a::b` with its punctuation, is read off the texts of those few.
//! So a hit is never a guess, and a miss is one only if the words are not there.
//!
//! It lies in `cache/search/` of the store and is a cache: segments, written
//! once, and a table that says which of them count and what they cover. What
//! the store has beyond that is indexed before a query is answered.
//! `docs/search.md` says more.

mod build;
mod columns;
mod error;
mod fold;
mod index;
mod matches;
pub mod query;
mod rank;
mod segment;
pub mod text;
mod update;

pub use error::{Result, SearchError};
pub use index::{FOLDER, Index, Removed};
pub use matches::Found;
pub use query::{Order, Query, QueryError};
pub use rank::{Candidate, Ranked};
pub use update::Progress;

#[cfg(test)]
mod tests;
