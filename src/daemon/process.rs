//! The daemon as a process: away from the terminal that it was started from,
//! and behind those who are waited for.

/// What lets the C library of GNU give memory back that a large capture took:
/// large pieces come from the system one by one, and there are few places for the others.
pub(super) const FRUGAL: &[(&str, &str)] = &[("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_ARENA_MAX", "2")];

/// How far back it stands: of 19.
#[cfg(unix)]
const NICE: i32 = 10;

/// Leaves the session of the terminal, so that its end isn't ours. Where that
/// fails, we lead one already.
pub(super) fn detach() {
    #[cfg(unix)]
    let _ = rustix::process::setsid();
}

/// Lets others go first. What was told to stand further back stays there.
pub(super) fn stand_back() {
    #[cfg(unix)]
    if rustix::process::getpriority_process(None).is_ok_and(|now| now < NICE) {
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

/// The number of the user, for the service manager of macOS.
#[cfg(unix)]
pub(super) fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

/// There are no such numbers on this system.
#[cfg(not(unix))]
pub(super) fn user() -> u32 {
    0
}
