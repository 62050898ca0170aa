//! What was in force at a revision: the model, the settings that the
//! transcript tells, and what a snapshot saw beside it.

pub(super) mod look;
pub(super) mod server;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{line, snapshot};
use crate::object::{Id, Snapshot};
use crate::store::{Result, Store};

/// What was in force at a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// The tool.
    pub tool: String,
    /// The model that spoke last.
    pub model: Option<String>,
    /// The settings, by name ([`crate::tool::setting`]).
    pub settings: BTreeMap<String, String>,
    /// The commit at which they became what they are; `None` if none are known.
    pub since: Option<Id>,
    /// What lay beside the session when a snapshot was last taken on the way.
    pub beside: Option<Beside>,
}

/// What lay beside a session when a snapshot was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The snapshot.
    pub snapshot: Id,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// The tool's settings and MCP servers, by file and name; the system.
    pub settings: BTreeMap<String, String>,
    /// The instruction files, by path, and the blob of each.
    pub instructions: BTreeMap<String, Id>,
}

impl InForce {
    /// All of it, by name.
    pub fn pairs(&self) -> BTreeMap<String, String> {
        let own = [("tool", Some(&self.tool)), ("model", self.model.as_ref())];
        let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        let mut pairs: BTreeMap<String, String> = self.settings.clone();
        pairs.extend(own);
        if let Some(beside) = &self.beside {
            pairs.extend(beside.settings.clone());
            pairs.extend(
                beside.instructions.iter().map(|(path, id)| (path.clone(), format!("file {id:.12}"))),
            );
        }
        pairs
    }
}

/// A value that differs between two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is called.
    pub name: String,
    /// At the first.
    pub left: Option<String>,
    /// At the second.
    pub right: Option<String>,
}

/// What was in force at a commit: the nearest that each value is told by on
/// the way back to the beginning.
pub fn at(store: &Store, session: &Id, commit: Id) -> Result<InForce> {
    let mut found = InForce { tool: store.commit(&commit)?.tool.clone(), ..InForce::default() };
    let looks = snapshot::all(store, session)?.into_iter().filter(|(_, one)| one.config.is_some());
    let mut looks: HashMap<Id, (Id, Snapshot)> = looks.rev().map(|look| (look.1.commit, look)).collect();
    for at in line::back(store, commit) {
        let (id, commit) = at?;
        if let (None, Some((id, look))) = (&found.beside, looks.remove(&id)) {
            found.beside = Some(beside(store, id, &look)?);
        }
        if found.model.is_none() {
            found.model.clone_from(&commit.model);
        }
        if let (None, Some(config)) = (found.since, commit.config) {
            found.settings = store.config(&config)?.entries.into_iter().collect();
            found.since = Some(id);
        }
        let looked = found.beside.is_some() || looks.is_empty();
        if found.since.is_some() && found.model.is_some() && looked {
            break;
        }
    }
    Ok(found)
}

fn beside(store: &Store, id: Id, look: &Snapshot) -> Result<Beside> {
    let config = look.config.map(|id| store.config(&id)).transpose()?.unwrap_or_default();
    let tree = look.instructions.map(|id| store.tree(&id)).transpose()?.unwrap_or_default();
    Ok(Beside {
        snapshot: id,
        time: look.time,
        settings: config.entries.into_iter().collect(),
        instructions: tree.entries.into_iter().map(|entry| (entry.path, entry.blob)).collect(),
    })
}

/// What differs between two, by name.
pub fn changes(left: &InForce, right: &InForce) -> Vec<Change> {
    let (left, right) = (left.pairs(), right.pairs());
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let value = |of: &BTreeMap<String, String>, name: &String| of.get(name).cloned();
    names
        .into_iter()
        .map(|name| Change { name: name.clone(), left: value(&left, name), right: value(&right, name) })
        .filter(|change| change.left != change.right)
        .collect()
}
