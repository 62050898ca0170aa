//! Where tools keep things on a machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where tools keep things on this machine: the home directory, and the
/// environment that moves it.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The user's home directory.
    pub home: PathBuf,
    /// The environment variables.
    pub vars: BTreeMap<String, String>,
    /// The operating system, whose folders differ.
    pub os: Os,
    /// Directories that people work in, as far as they are known: for tools
    /// that keep their sessions there.
    pub projects: Vec<PathBuf>,
}

/// An operating system, as far as the folders of its programs differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Os {
    /// Linux and other systems that follow the XDG folders.
    #[default]
    Linux,
    /// macOS.
    Mac,
    /// Windows.
    Windows,
}

impl Os {
    /// The one this program was built for.
    pub const fn here() -> Os {
        if cfg!(target_os = "macos") {
            Os::Mac
        } else if cfg!(windows) {
            Os::Windows
        } else {
            Os::Linux
        }
    }
}

impl Places {
    /// The folder that a variable names, if it is set and not empty.
    pub fn var(&self, name: &str) -> Option<PathBuf> {
        self.vars.get(name).filter(|v| !v.is_empty()).map(PathBuf::from)
    }
}
