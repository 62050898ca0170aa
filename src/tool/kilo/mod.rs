//! Kilo Code: since 7 a fork of OpenCode with the same store under its own
//! names, which the command line and the editors share. Before that a fork of Roo Code,
//! whose task folders are read as well.

use std::path::{Path, PathBuf};

use super::opencode::{self, Family, RowReader};
use super::{
    Conversation, Discovery, Found, Framing, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool,
    ToolError, hosts, tasks,
};

/// The adapter.
pub(super) struct Kilo;

/// The program since 7.
const CLI: Family = Family { name: "kilo", vars: "KILO", agent: "code", verified: &["7.7.9", "7.0.33"] };

/// What the folder of the older extension is called.
const EXTENSION: &str = "kilocode.kilo-code";
/// The setting that moves its tasks.
const SETTING: &str = "kilo-code.customStoragePath";

/// Where the older extension and the command line of its time keep tasks.
fn storages(places: &Places) -> Vec<PathBuf> {
    let mut storages = tasks::storages(places, EXTENSION, Some(SETTING));
    storages.push(places.home.join(".kilocode").join("cli").join("global"));
    storages
}

fn root(places: &Places, mut storages: Vec<PathBuf>) -> PathBuf {
    storages.push(CLI.root(places));
    hosts::root(&places.home, &storages)
}

/// Whether a source is one of the older extension's.
fn is_task(found: &Found) -> bool {
    found.framing == Framing::Document
}

impl Tool for Kilo {
    fn name(&self) -> &'static str {
        CLI.name
    }

    fn title(&self) -> &'static str {
        "Kilo Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        CLI.verified
    }

    fn root(&self, places: &Places) -> PathBuf {
        root(places, storages(places))
    }

    fn discover(&self, places: &Places) -> Discovery {
        let storages = storages(places);
        let root = root(places, storages.clone());
        let older = tasks::discover(&root, &storages);
        let mut all = opencode::discover(&CLI, places, &root);
        all.found.extend(older.found);
        all.found.sort_by_key(|found| !found.part.is_empty());
        all.trouble.extend(older.trouble);
        all
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        if is_task(found) { tasks::open(found) } else { opencode::open(found) }
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        if is_task(found) { tasks::reader(found, state) } else { Box::new(RowReader::new(state)) }
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec![CLI.name.to_owned(), "--prompt".to_owned(), super::go_on(file)]
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Kilo {
    fn repeats(&self) -> bool {
        false
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        opencode::write(&CLI, conversation, target, sink)
    }

    fn resume_command(&self, native: &str) -> Vec<String> {
        [CLI.name, "--session", native].map(str::to_owned).to_vec()
    }
}
