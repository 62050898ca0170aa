//! OpenCode and its forks: the same store under other names.

use std::path::{Path, PathBuf};

use crate::tool::{Places, Watched, hosts};

/// A member of the family.
#[derive(Debug)]
pub(in crate::tool) struct Family {
    /// The name of its program, its folders and its database.
    pub(in crate::tool) name: &'static str,
    /// How its environment variables begin.
    pub(in crate::tool) vars: &'static str,
    /// The agent that answers if no other is asked for.
    pub(in crate::tool) agent: &'static str,
    /// The versions on which reading and resuming were verified, the newest first.
    pub(in crate::tool) verified: &'static [&'static str],
}

impl Family {
    /// Where it keeps its sessions, on every system.
    pub(in crate::tool) fn data(&self, places: &Places) -> PathBuf {
        self.folder(places, "XDG_DATA_HOME", ".local/share")
    }

    /// Where its settings are.
    pub(super) fn config(&self, places: &Places) -> PathBuf {
        self.folder(places, "XDG_CONFIG_HOME", ".config")
    }

    /// Where it remembers what was chosen last.
    pub(super) fn state(&self, places: &Places) -> PathBuf {
        self.folder(places, "XDG_STATE_HOME", ".local/state")
    }

    fn folder(&self, places: &Places, var: &str, below: &str) -> PathBuf {
        places.var(var).unwrap_or_else(|| places.home.join(below)).join(self.name)
    }

    /// The folder that all of its sessions are below.
    pub(in crate::tool) fn root(&self, places: &Places) -> PathBuf {
        let data = self.data(places);
        let database = self.database(places);
        hosts::root(&data, &database.parent().map(Path::to_owned).into_iter().collect::<Vec<_>>())
    }

    /// The folders in which its sessions change.
    pub(in crate::tool) fn watched(&self, places: &Places) -> Vec<Watched> {
        let data = self.data(places);
        let named = self.named_database(places);
        let elsewhere = named.and_then(|path| path.parent().map(|dir| Watched::flat(dir.to_owned())));
        // Beside the databases there are snapshots and logs, many of them.
        let usual = [Watched::deep(data.join("storage")), Watched::flat(data)];
        usual.into_iter().chain(elsewhere).collect()
    }

    /// The database that the environment names, if it does.
    pub(super) fn named_database(&self, places: &Places) -> Option<PathBuf> {
        let path = places.var(&format!("{}_DB", self.vars))?;
        (path.as_os_str() != ":memory:").then(|| self.data(places).join(path))
    }

    /// The database that is used.
    pub(super) fn database(&self, places: &Places) -> PathBuf {
        let usual = || self.data(places).join(format!("{}.db", self.name));
        self.named_database(places).unwrap_or_else(usual)
    }

    /// The database that is used, and the folder with those of other channels
    /// and the storage of older versions.
    pub(in crate::tool) fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.database(places), self.data(places)]
    }

    /// Whether a file of that name in the folder of data is a database: that
    /// of the released program, or of another channel.
    pub(super) fn is_database(&self, name: &str) -> bool {
        let stem = name.strip_suffix(".db").and_then(|stem| stem.strip_prefix(self.name));
        stem.is_some_and(|channel| channel.is_empty() || channel.starts_with('-'))
    }
}
