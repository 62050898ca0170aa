//! The daemon's own program: which file it is, whether another stands in its
//! place by now, and going on as that one.

use std::path::{Path, PathBuf};

use super::DaemonError;
use crate::tool::{Stamp, stamp};

/// A program as it was when it was started.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    stamp: Option<Stamp>,
    /// What stood in its place at the last look, if that was another.
    other: Option<Stamp>,
}

impl Program {
    /// The one that is running. To be asked at its start, before it can be replaced.
    pub fn this() -> Result<Program, DaemonError> {
        let path = std::env::current_exe().map_err(DaemonError::Program)?;
        Ok(Program { stamp: stamp(&path), path, other: None })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether another program stands in its place that runs. One that is
    /// still being written is waited for.
    pub fn was_replaced(&mut self) -> bool {
        let now = stamp(&self.path).filter(|now| Some(*now) != self.stamp);
        let settled = now.is_some() && now == self.other;
        self.other = now;
        if !settled {
            return false;
        }
        let runs = std::process::Command::new(&self.path).arg("--version").output();
        if runs.is_ok_and(|output| output.status.success()) {
            return true;
        }
        // Not this one. Another may come.
        self.stamp = now;
        false
    }

    /// Whether another program was seen in its place that may still change.
    pub fn is_unsettled(&self) -> bool {
        self.other.is_some() && self.other != self.stamp
    }

    /// Goes on as the program that stands there now, with the same arguments;
    /// returns only if that fails.
    #[cfg(unix)]
    pub fn become_new(&self) -> std::io::Error {
        let mut command = std::process::Command::new(&self.path);
        command.args(std::env::args_os().skip(1));
        std::os::unix::process::CommandExt::exec(&mut command)
    }

    /// There is no such thing on this system.
    #[cfg(not(unix))]
    pub fn become_new(&self) -> std::io::Error {
        std::io::ErrorKind::Unsupported.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_a_program_that_is_whole_and_runs_replaces_another() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        let put = |text: &str| {
            let new = dir.path().join("new");
            std::fs::write(&new, text).unwrap();
            std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o700)).unwrap();
            std::fs::rename(&new, &path).unwrap();
        };
        put("#!/bin/sh\n");
        let mut program = Program { stamp: stamp(&path), path: path.clone(), other: None };
        assert!(!program.was_replaced() && !program.was_replaced());
        put("#!/bin/sh\nexit 1 # does not run\n");
        assert!(!program.was_replaced());
        assert!(program.is_unsettled());
        assert!(!program.was_replaced());
        assert!(!program.is_unsettled());
        put("#!/bin/sh\nexit 0\n");
        assert!(!program.was_replaced());
        assert!(program.was_replaced());
        std::fs::remove_file(&path).unwrap();
        assert!(!program.was_replaced() && !program.is_unsettled());
    }
}
