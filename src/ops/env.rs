//! The world, through one door: time, chance, the user and the machine.

use std::path::{Path, PathBuf};

use crate::object::id::{Id, Kind};
use crate::remote::Through;
use crate::store::Actor;
use crate::tool::Places;

/// The file of the user's settings, in the directory of the settings.
pub const CONFIG: &str = "config.toml";

/// What a verb may know of the world around it.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// Random bits, new in every process.
    pub seed: u128,
    /// Where tools keep things.
    pub places: Places,
    /// The directory the user is in: absolute, links resolved.
    pub cwd: PathBuf,
    /// The store's directory.
    pub store: PathBuf,
    /// The directory of the user's settings of `sfs`.
    pub settings: PathBuf,
    /// The user's name.
    pub user: String,
    /// The machine's name.
    pub host: String,
    /// The command that is running, as in `capture`.
    pub command: String,
    /// What remotes are reached through.
    pub through: Through,
}

impl Env {
    /// Who acts, for the operation log.
    pub fn actor(&self) -> Actor {
        Actor { who: format!("{}@{}", self.user, self.host), now: self.now, command: self.command.clone() }
    }

    /// Where the user's own prices are.
    pub fn prices(&self) -> PathBuf {
        self.settings.join("prices.json")
    }

    /// Where the user's settings are.
    pub fn config(&self) -> PathBuf {
        self.settings.join(CONFIG)
    }

    /// A name for a new store.
    pub fn new_writer(&self) -> Id {
        Id::of(Kind::Session, &self.seed.to_le_bytes())
    }

    /// A path as the tools write it: relative to nothing, links resolved
    /// where it exists.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        let path = self.cwd.join(path);
        std::fs::canonicalize(&path).unwrap_or(path)
    }
}
