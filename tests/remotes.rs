//! Every transport, held to the same contract, and the real binary driven
//! through each: against a bucket of our own that counts and fails on demand,
//! real servers that speak S3, a real sshd, and a web server.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]
#![expect(clippy::print_stderr, reason = "a test that can't run says why")]

#[path = "remotes/bucket.rs"]
mod bucket;
#[path = "remotes/contract.rs"]
mod contract;
#[path = "remotes/costs.rs"]
mod costs;
#[path = "remotes/encrypted.rs"]
mod encrypted;
#[path = "remotes/http.rs"]
mod http;
#[path = "remotes/published.rs"]
mod published;
#[path = "remotes/s3.rs"]
mod s3;
#[path = "remotes/servers.rs"]
mod servers;
#[path = "remotes/signed.rs"]
mod signed;
#[cfg(unix)]
#[path = "remotes/ssh.rs"]
mod ssh;
#[path = "remotes/world.rs"]
mod world;
