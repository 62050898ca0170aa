//! What users of Claude Code and Codex complain of, as tests of the real
//! binary in a throwaway home. Each test names the complaint, and cites where
//! it was made.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "complaints/chains.rs"]
mod chains;
#[path = "complaints/handover.rs"]
mod handover;
#[path = "complaints/history.rs"]
mod history;
#[path = "complaints/live.rs"]
mod live;
#[path = "complaints/sandbox.rs"]
mod sandbox;
#[path = "complaints/sharing.rs"]
mod sharing;
