//! The verbs: one file each. Here tools and store meet.
//!
//! A verb takes what it works on, its options and a [`Monitor`], and returns
//! what came of it. It never prints.

mod backups;
pub mod behind;
pub mod blame;
pub mod branch;
pub mod briefing;
pub mod bundle;
mod calls;
pub mod capture;
mod causes;
pub mod checkout;
pub mod clone;
pub mod config;
pub mod delete;
pub mod diff;
pub mod doctor;
pub mod env;
pub mod equip;
pub mod export;
mod far;
pub mod fetch;
pub mod files;
pub mod form;
pub mod graph;
pub mod handoff;
mod hold;
pub mod hunks;
pub mod import;
pub mod line;
pub mod list;
pub mod log;
pub mod members;
pub mod merge;
pub mod monitor;
mod owner;
mod parallel;
pub mod places;
pub mod pull;
pub mod purge;
pub mod push;
pub mod pushed;
pub mod rebuilt;
pub mod register;
pub mod remote;
pub mod restore;
pub mod resume;
pub mod revision;
mod said;
#[cfg(test)]
pub(crate) mod sample;
pub mod scan;
pub mod search;
pub mod secrets;
pub mod selection;
mod send;
pub mod session;
pub mod settings;
mod shallow;
pub mod shell;
pub mod show;
pub mod snapshot;
pub mod source;
pub mod stats;
pub mod status;
pub mod sweep;
pub mod tally;
pub mod trailer;
pub mod undo;
mod unresolved;
pub mod unshallow;
pub mod verify;

pub use causes::causes;
pub use env::Env;
pub use monitor::{Monitor, Quiet};
