//! Every transport, held to the same contract, and the real binary driven
//! through each: against a bucket of our own that counts and fails on demand,
//! real servers that speak S3, WebDAV or Azure's protocol, a real sshd, and a web server.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]
#![expect(clippy::print_stderr, reason = "a test that can't run says why")]

#[path = "remotes/azure.rs"]
mod azure;
#[path = "remotes/bucket.rs"]
mod bucket;
#[path = "remotes/contract.rs"]
mod contract;
#[path = "remotes/costs.rs"]
mod costs;
#[path = "remotes/dav.rs"]
mod dav;
#[path = "remotes/dav_fake.rs"]
mod dav_fake;
#[path = "remotes/dav_servers.rs"]
mod dav_servers;
#[path = "remotes/encrypted.rs"]
mod encrypted;
#[path = "remotes/google.rs"]
mod google;
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
