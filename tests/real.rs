//! The real tools as judges.
#[path = "real/own.rs"]
mod own;
#[path = "real/mod.rs"]
mod real;
