//! Drives `sfs mcp` on the real binary: over pipes, by the official client where it
//! is at hand, and into the settings of other tools and out of them again.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "mcp/client.rs"]
mod client;
#[path = "mcp/install.rs"]
mod install;
#[path = "mcp/protocol.rs"]
mod protocol;
#[path = "mcp/sandbox.rs"]
mod sandbox;
