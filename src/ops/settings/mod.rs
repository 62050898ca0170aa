//! The user's settings: what each is, and where that is said.
//!
//! What is said later in this order counts: the default, `config.toml`, the
//! environment, the command line.

mod file;
mod keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use file::{set, unset};
pub use keys::{KEYS, Key, Kind};

/// The most bytes that a file of settings may have.
const LIMIT: u64 = 1 << 20;

/// Why settings can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such key.
    #[error("no setting is called {name:?}")]
    Unknown {
        /// The name.
        name: String,
        /// The one that was perhaps meant.
        near: Option<&'static str>,
    },
    /// A key can't be that.
    #[error("{} can't be {value:?}: it is {}", key.name, key.kind.describe())]
    Value {
        /// The key.
        key: &'static Key,
        /// What it was to be.
        value: String,
        /// The file that says so; `None` if the command line does.
        path: Option<PathBuf>,
    },
    /// What stands on the command line is not `KEY=VALUE`.
    #[error("{0:?} is not KEY=VALUE")]
    Form(String),
    /// The file is not TOML, or too long.
    #[error("{}: {why}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        why: String,
    },
    /// The file can't be read or written.
    #[error("cannot {act} {}", path.display())]
    Io {
        /// What failed.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Where a setting is said to be what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In the file.
    File,
    /// By an environment variable of this name.
    Variable(&'static str),
    /// On the command line.
    CommandLine,
}

/// What is set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, (String, Origin)>,
    /// Keys of the file that are not known.
    pub unknown: Vec<String>,
}

impl Settings {
    /// Reads what the file, the environment and the command line (`given`, as
    /// `KEY=VALUE`) say. A file that isn't there says nothing.
    pub fn read(
        path: &Path,
        variables: &BTreeMap<String, String>,
        given: &[String],
    ) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        for (name, value) in file::values(path)? {
            match Key::find(&name) {
                Ok(key) => settings.take(key, value, Origin::File, Some(path))?,
                Err(_) => settings.unknown.push(name),
            }
        }
        for key in KEYS {
            let name = key.variable.and_then(|name| Some((name, variables.get(name)?)));
            if let Some((name, value)) = name.and_then(|(name, value)| Some((name, key.of_variable(value)?)))
            {
                // Whatever the variable says was understood before there was a file.
                settings.values.insert(key.name, (value, Origin::Variable(name)));
            }
        }
        for words in given {
            let (name, value) = words.split_once('=').ok_or_else(|| SettingsError::Form(words.clone()))?;
            settings.take(Key::find(name)?, value.to_owned(), Origin::CommandLine, None)?;
        }
        Ok(settings)
    }

    fn take(
        &mut self,
        key: &'static Key,
        value: String,
        origin: Origin,
        path: Option<&Path>,
    ) -> Result<(), SettingsError> {
        if !key.kind.allows(&value) {
            return Err(SettingsError::Value { key, value, path: path.map(Path::to_owned) });
        }
        self.values.insert(key.name, (value, origin));
        Ok(())
    }

    /// What a key is, unless that is the default.
    pub fn said(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    /// What a key is, and where that is said. `None` if it is nothing.
    pub fn get(&self, key: &'static Key) -> (Option<&str>, Origin) {
        match self.values.get(key.name) {
            Some((value, origin)) => (Some(value), origin.clone()),
            None => (Some(key.default).filter(|value| !value.is_empty()), Origin::Default),
        }
    }

    /// What was said in the file or on the command line: a variable is heard
    /// where it always was.
    pub fn chosen(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let chosen = |origin: &Origin| matches!(origin, Origin::File | Origin::CommandLine);
        self.values
            .iter()
            .filter(move |(_, (_, origin))| chosen(origin))
            .map(|(key, (value, _))| (*key, &**value))
    }

    /// Whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        let default = || KEYS.iter().any(|key| key.name == name && key.default == "true");
        self.said(name).map_or_else(default, |value| value == "true")
    }
}

#[cfg(test)]
mod tests;
