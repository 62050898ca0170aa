//! The verbs: one file each. Here tools and store meet.
//!
//! A verb takes what it works on, its options and a [`Monitor`], and returns
//! what came of it. It never prints.

pub mod capture;
pub mod env;
pub mod log;
pub mod monitor;
pub mod restore;
pub mod resume;
pub mod revision;
pub mod session;
pub mod source;

pub use env::Env;
pub use monitor::{Monitor, Quiet};
