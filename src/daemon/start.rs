//! Starting a daemon that stays, and asking it to end.

use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::DaemonError;
use super::lock::{self, Info};
use super::program::Program;

/// How often is looked whether it is up or gone.
const PAUSE: Duration = Duration::from_millis(10);
/// How long is waited for what it says of itself, when it can't write that.
const UP: Duration = Duration::from_secs(10);
/// How long is waited for its end: it finishes what it is capturing.
const END: Duration = Duration::from_secs(60);

/// What came of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// What the daemon says of itself.
    pub info: Info,
    /// Whether it was running before.
    pub already: bool,
}

/// Starts the daemon of a store, if none is running, and waits until it
/// watches. `arguments` are what makes this program run as one.
pub fn start(store: &Path, arguments: &[&std::ffi::OsStr]) -> Result<Started, DaemonError> {
    if lock::is_running(store) {
        return Ok(Started { info: lock::info(store).unwrap_or_default(), already: true });
    }
    let program = Program::this()?;
    let said = tempfile::tempfile().map_err(DaemonError::io("create a file in", &std::env::temp_dir()))?;
    let heard = said.try_clone().map_err(DaemonError::io("open a file in", &std::env::temp_dir()))?;
    let mut command = Command::new(program.path());
    // It must not keep the folder busy that the user happens to be in.
    command.args(arguments).current_dir(store).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
    command.envs(super::process::FRUGAL.iter().copied());
    #[cfg(windows)]
    {
        // No window, and no part of the console: CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP.
        std::os::windows::process::CommandExt::creation_flags(&mut command, 0x0800_0200);
    }
    let mut child = command.spawn().map_err(DaemonError::io("start", program.path()))?;
    wait_until_up(store, &mut child, heard)
}

fn wait_until_up(store: &Path, child: &mut Child, mut heard: std::fs::File) -> Result<Started, DaemonError> {
    let begun = Instant::now();
    loop {
        let info = lock::info(store).unwrap_or_default();
        let running = lock::is_running(store);
        if running && info.pid == child.id() {
            return Ok(Started { info, already: false });
        }
        if let Ok(Some(status)) = child.try_wait() {
            // Another was started at the same time, and was faster.
            if running {
                return Ok(Started { info, already: true });
            }
            let mut words = String::new();
            let read = heard.rewind().and_then(|()| heard.read_to_string(&mut words));
            let words = words.trim().trim_start_matches("error: ");
            let nothing = read.is_err() || words.is_empty();
            return Err(DaemonError::Start(if nothing { status.to_string() } else { words.to_owned() }));
        }
        if running && begun.elapsed() > UP {
            return Ok(Started { info: Info { pid: child.id(), ..Info::default() }, already: false });
        }
        std::thread::sleep(PAUSE);
    }
}

/// Asks the daemon of a store to end, and waits until it has: what it captures
/// just then is finished. Returns what it said of itself; `None` if none is
/// running.
pub fn stop(store: &Path) -> Result<Option<Info>, DaemonError> {
    if !lock::is_running(store) {
        return Ok(None);
    }
    let info = lock::info(store).unwrap_or_default();
    lock::ask_to_end(store)?;
    let begun = Instant::now();
    while lock::is_running(store) {
        if begun.elapsed() > END {
            return Err(DaemonError::Stop(info.pid));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(Some(info))
}
