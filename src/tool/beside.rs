//! What lies beside a tool's sessions and shapes them: instruction files,
//! settings, MCP servers. An adapter says where; [`crate::ops`] looks.

use std::path::{Path, PathBuf};

/// How a settings file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

/// A settings file, and what of it may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it is, whether it is there or not.
    pub path: PathBuf,
    /// How it is written.
    pub form: Form,
    /// The settings that can hold no secret, each as the way to it with dots.
    /// No other is looked at.
    pub keys: &'static [&'static str],
    /// The member that holds the MCP servers by name, if any does.
    pub servers: Option<&'static str>,
}

/// What lies beside a tool's sessions in one project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The files with instructions, and folders of them (of `.md` files), the
    /// user's before the project's.
    pub instructions: Vec<PathBuf>,
    /// The settings, the user's before the project's.
    pub settings: Vec<SettingsFile>,
}

impl Beside {
    /// Adds instruction files in a folder.
    #[must_use]
    pub(super) fn instructions(mut self, folder: &Path, names: &[&str]) -> Beside {
        self.instructions.extend(names.iter().map(|name| folder.join(name)));
        self
    }

    /// Adds a settings file.
    #[must_use]
    pub(super) fn settings(
        mut self,
        path: PathBuf,
        form: Form,
        keys: &'static [&'static str],
        servers: Option<&'static str>,
    ) -> Beside {
        self.settings.push(SettingsFile { path, form, keys, servers });
        self
    }
}
