//! Roo Code: task folders in the storage of the extension, in any editor that
//! hosts it, where its setting moves them, and where its own command line host
//! keeps them. Observed in 3.52.1.

use std::path::PathBuf;

use super::{
    Conversation, Discovery, Found, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError,
    Watched, hosts, tasks,
};

/// The adapter.
pub(super) struct Roo;

/// What the extension's folder is called.
const EXTENSION: &str = "rooveterinaryinc.roo-cline";
/// The setting that moves its tasks.
const SETTING: &str = "roo-cline.customStoragePath";

/// The storages, those of editors first.
fn storages(places: &Places) -> Vec<PathBuf> {
    let mut storages = tasks::storages(places, EXTENSION, Some(SETTING));
    storages.push(places.home.join(".vscode-mock").join("global-storage"));
    storages
}

/// The storage that is used: the one that changed last; else that of the first
/// editor.
fn storage(places: &Places) -> PathBuf {
    let changed =
        |path: &PathBuf| std::fs::metadata(path.join(tasks::TASKS)).and_then(|meta| meta.modified()).ok();
    let used = storages(places).into_iter().filter_map(|path| Some((changed(&path)?, path)));
    let newest = used.max_by_key(|(time, _)| *time).map(|(_, path)| path);
    let user = || hosts::user_dirs(places).into_iter().next().unwrap_or_else(|| places.home.clone());
    newest.unwrap_or_else(|| user().join("globalStorage").join(EXTENSION))
}

impl Tool for Roo {
    fn name(&self) -> &'static str {
        "roo"
    }

    fn title(&self) -> &'static str {
        "Roo Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["3.52.1"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        hosts::root(&places.home, &storages(places))
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        storages(places).into_iter().map(|storage| storage.join(tasks::TASKS)).collect()
    }

    fn variables(&self) -> &'static [&'static str] {
        &["XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "VSCODE_PORTABLE", "VSCODE_AGENT_FOLDER"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        storages(places).iter().map(|storage| Watched::deep(storage.join("tasks"))).collect()
    }

    fn discover(&self, places: &Places) -> Discovery {
        let storages = storages(places);
        tasks::discover(&hosts::root(&places.home, &storages), &storages)
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        tasks::open(found)
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        tasks::reader(found, state)
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Roo {
    fn repeats(&self) -> bool {
        false
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        let storage = storage(&target.places);
        tasks::write(conversation, target, &storage, &tasks::Dialect::Roo, sink)
    }

    /// Tasks are picked up from the extension's own list; what can be run is
    /// the editor.
    fn resume_command(&self, _: &str) -> Vec<String> {
        ["code", "."].map(str::to_owned).to_vec()
    }
}

#[cfg(test)]
mod tests;
