//! What users of Claude Code and Codex complain of, as tests of the real
//! binary in a throwaway home. Each test names the complaint, and cites where
//! it was made.

#[path = "complaints/history.rs"]
mod history;
#[path = "complaints/sandbox.rs"]
mod sandbox;
