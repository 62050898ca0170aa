//! How a verb tells what it is doing, without printing.

/// Hears of progress and of what went wrong on the way.
pub trait Monitor: Sync {
    /// A task begins, of so many steps if known.
    fn begin(&self, task: &str, steps: Option<u64>) {
        let _ = (task, steps);
    }
    /// A task begins whose steps are bytes, so many of them.
    fn begin_bytes(&self, task: &str, bytes: u64) {
        let _ = (task, bytes);
    }
    /// So many more steps are done.
    fn advance(&self, steps: u64) {
        let _ = steps;
    }
    /// The task is over.
    fn end(&self) {}
    /// Whether the work should end as soon as it can without losing what it
    /// has done.
    fn is_over(&self) -> bool {
        false
    }
    /// Something was left out or went wrong, and the work goes on.
    fn warn(&self, message: &str) {
        let _ = message;
    }
}

/// Hears nothing.
pub struct Quiet;

impl Monitor for Quiet {}
