//! Drives the real binary as a daemon, in a throwaway home: what is written is
//! captured, whatever happens to the daemon, its program, its folders, the
//! clock or the disk; and without it commands capture by themselves.
//!
//! Nothing here must be fast. What must come about is waited for, long enough
//! for a busy machine, and the log is shown if it doesn't.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]
#![cfg(unix)]

#[path = "daemon/sandbox.rs"]
mod sandbox;

#[path = "daemon/catching_up.rs"]
mod catching_up;
#[path = "daemon/living.rs"]
mod living;
#[path = "daemon/trouble.rs"]
mod trouble;
