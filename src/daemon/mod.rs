//! Watching: file events are hints, the capture that follows is the truth.

mod watch;

pub use watch::{WatchError, watch};
