//! Places: where each tool's sessions are looked for, and what is there.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::{Env, source};
use crate::store::Store;
use crate::tool::{self, Found, Framing, Places, Tool, stamp};

/// A place where a tool's sessions are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tool.
    pub tool: &'static str,
    /// The folder, or the file.
    pub path: PathBuf,
    /// Whether it is there.
    pub present: bool,
    /// Sessions found in it.
    pub sessions: u64,
    /// Bytes of the files that hold them; a file in which other things stand
    /// as well counts whole.
    pub bytes: u64,
    /// The environment variable that led there.
    pub set_by: Option<&'static str>,
}

/// All places of all tools. `store` tells of further directories that people
/// work in; transcripts are not opened.
pub fn places(env: &Env, store: Option<&Store>) -> Vec<Place> {
    let places = store.map_or_else(|| env.places.clone(), |store| source::places(env, store));
    tool::TOOLS.iter().flat_map(|tool| of_tool(*tool, &places)).collect()
}

fn of_tool(tool: &dyn Tool, places: &Places) -> Vec<Place> {
    let mut seen = HashSet::new();
    let mut paths = tool.looks_at(places);
    paths.retain(|path| seen.insert(path.clone()));
    let mut found: BTreeMap<&Path, Vec<Found>> = BTreeMap::new();
    for source in tool.discover(places).found {
        // The nearest, where one place is within another.
        let within = paths.iter().filter(|path| source.path.starts_with(path));
        if let Some(path) = within.max_by_key(|path| path.components().count()) {
            found.entry(path).or_default().push(source);
        }
    }
    let place = |path: &PathBuf| {
        let found = found.get(path.as_path()).map_or(&[][..], Vec::as_slice);
        let sessions: BTreeSet<&str> = found.iter().map(|source| source.native.as_str()).collect();
        Place {
            tool: tool.name(),
            present: path.exists(),
            sessions: sessions.len() as u64,
            bytes: bytes(found),
            set_by: set_by(tool, places, path),
            path: path.clone(),
        }
    };
    paths.iter().map(place).collect()
}

fn bytes(found: &[Found]) -> u64 {
    let (folders, files): (Vec<_>, Vec<_>) = found.iter().partition(|f| f.framing == Framing::Folder);
    let files: BTreeSet<&Path> = files.iter().map(|source| source.path.as_path()).collect();
    let files = files.into_iter().filter_map(stamp).map(|stamp| stamp.len);
    files.chain(folders.iter().map(|source| source.stamp.len)).sum()
}

/// The variable without which this path would not be looked at.
fn set_by(tool: &dyn Tool, places: &Places, path: &PathBuf) -> Option<&'static str> {
    tool.variables().iter().copied().find(|name| {
        let mut without = places.clone();
        without.vars.remove(*name).is_some() && !tool.looks_at(&without).contains(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)]) -> Env {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Env { places: Places { home: "/h".into(), vars, ..Places::default() }, ..Env::default() }
    }

    #[test]
    fn every_variable_of_a_tool_moves_a_place_and_is_named_for_it() {
        let usual: HashSet<_> =
            places(&env(&[]), None).into_iter().map(|place| (place.tool, place.path)).collect();
        assert!(places(&env(&[]), None).iter().all(|place| !place.present && place.set_by.is_none()));
        for tool in tool::TOOLS {
            for name in tool.variables() {
                let moved = [tool::Os::Linux, tool::Os::Windows].into_iter().any(|os| {
                    let mut env = env(&[(*name, "/moved/there")]);
                    env.places.os = os;
                    env.places.projects = vec!["/p".into()];
                    let all = places(&env, None);
                    let mut here = all.iter().filter(|place| place.tool == tool.name());
                    here.any(|place| {
                        place.set_by == Some(*name) && !usual.contains(&(place.tool, place.path.clone()))
                    })
                });
                assert!(moved, "{}: {name} moves nothing", tool.name());
            }
        }
    }
}
