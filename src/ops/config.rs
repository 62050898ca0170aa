//! What was in force at a revision: the model, and the settings that the
//! transcript tells.

use std::collections::BTreeMap;

use super::line;
use crate::object::Id;
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
}

impl InForce {
    /// All of it, by name.
    pub fn pairs(&self) -> BTreeMap<&str, &str> {
        let own = [("tool", Some(&self.tool)), ("model", self.model.as_ref())];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())));
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(own).collect()
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
pub fn at(store: &Store, commit: Id) -> Result<InForce> {
    let mut found = InForce { tool: store.commit(&commit)?.tool.clone(), ..InForce::default() };
    for at in line::back(store, commit) {
        let (id, commit) = at?;
        if found.model.is_none() {
            found.model.clone_from(&commit.model);
        }
        if let (None, Some(config)) = (found.since, commit.config) {
            found.settings = store.config(&config)?.entries.into_iter().collect();
            found.since = Some(id);
        }
        if found.since.is_some() && found.model.is_some() {
            break;
        }
    }
    Ok(found)
}

/// What differs between two, by name.
pub fn changes(left: &InForce, right: &InForce) -> Vec<Change> {
    let (left, right) = (left.pairs(), right.pairs());
    let mut names: Vec<&str> = left.keys().chain(right.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let value = |of: &BTreeMap<&str, &str>, name: &str| of.get(name).map(|value| (*value).to_owned());
    names
        .into_iter()
        .map(|name| Change { name: name.to_owned(), left: value(&left, name), right: value(&right, name) })
        .filter(|change| change.left != change.right)
        .collect()
}
