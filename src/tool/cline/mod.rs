//! Cline: the command line tool and the extension, in both of their layouts.
//!
//! Since the command line tool 3 and the extension 4 a session is a folder
//! below `~/.cline/data/sessions`, shared by all of them ([`sdk`]). Before
//! that it was a task folder ([`crate::tool::tasks`]): of the command line
//! tool below `~/.cline/data/tasks`, of the extension in the editor's storage.
//! Observed in 3.0.65 and 2.18.0.

mod find;
mod sdk;
mod write;

use std::path::{Path, PathBuf};

use super::{
    Conversation, Discovery, Found, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError,
    Watched, hosts, tasks,
};

/// The adapter.
pub(super) struct Cline;

/// The name users type; also how its own thoughts are known when written.
const NAME: &str = "cline";
/// What the extension's folder is called.
const EXTENSION: &str = "saoudrizwan.claude-dev";

/// Where all of it lies.
struct Folders {
    /// Sessions in the newer layout.
    sessions: PathBuf,
    /// Storages of task folders.
    storages: Vec<PathBuf>,
    /// What places are told from.
    root: PathBuf,
}

fn data(places: &Places) -> PathBuf {
    let dir = || places.var("CLINE_DIR").unwrap_or_else(|| places.home.join(".cline"));
    places.var("CLINE_DATA_DIR").unwrap_or_else(|| dir().join("data"))
}

fn sessions(places: &Places) -> PathBuf {
    places.var("CLINE_SESSION_DATA_DIR").unwrap_or_else(|| data(places).join("sessions"))
}

impl Folders {
    fn of(places: &Places) -> Folders {
        let sessions = sessions(places);
        let mut storages = tasks::storages(places, EXTENSION, None);
        storages.push(data(places));
        let all: Vec<PathBuf> = storages.iter().chain([&sessions]).cloned().collect();
        Folders { root: hosts::root(&places.home, &all), sessions, storages }
    }
}

impl Tool for Cline {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Cline"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["3.0.65", "2.18.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        Folders::of(places).root
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        let Folders { sessions, storages, .. } = Folders::of(places);
        let tasks = storages.into_iter().map(|storage| storage.join(tasks::TASKS));
        std::iter::once(sessions).chain(tasks).collect()
    }

    fn variables(&self) -> &'static [&'static str] {
        &[
            "CLINE_SESSION_DATA_DIR",
            "CLINE_DATA_DIR",
            "CLINE_DIR",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "APPDATA",
            "VSCODE_PORTABLE",
            "VSCODE_AGENT_FOLDER",
        ]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        let Folders { sessions, storages, .. } = Folders::of(places);
        let tasks = storages.iter().map(|storage| storage.join("tasks"));
        tasks.chain([sessions]).map(Watched::deep).collect()
    }

    fn discover(&self, places: &Places) -> Discovery {
        let folders = Folders::of(places);
        let mut discovery = find::discover(&folders.root, &folders.sessions);
        let tasks = tasks::discover(&folders.root, &folders.storages);
        discovery.found.extend(tasks.found);
        discovery.trouble.extend(tasks.trouble);
        discovery
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        if find::is_task(found) { tasks::open(found) } else { sdk::open(found) }
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        if find::is_task(found) { tasks::reader(found, state) } else { sdk::reader(found) }
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["cline".to_owned(), super::go_on(file)]
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Cline {
    fn version_command(&self) -> Option<&'static [&'static str]> {
        Some(&["cline", "--version"])
    }

    fn repeats(&self) -> bool {
        false
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        target: &Target,
        sink: &mut dyn Sink,
    ) -> Result<Plan, ToolError> {
        if is_classic(target.version.as_deref()) {
            let dialect = tasks::Dialect::Cline {
                history: data(&target.places).join("state").join("taskHistory.json"),
            };
            return tasks::write(conversation, target, &data(&target.places), &dialect, sink);
        }
        write::write(conversation, target, &sessions(&target.places), sink)
    }

    /// Tasks are called by the time in milliseconds, sessions by a UUID.
    fn resume_command(&self, native: &str) -> Vec<String> {
        let option = if native.bytes().all(|b| b.is_ascii_digit()) { "--taskId" } else { "--id" };
        ["cline", option, native].map(str::to_owned).to_vec()
    }
}

/// Whether a version of the command line tool keeps sessions as tasks.
fn is_classic(version: Option<&str>) -> bool {
    let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < 3)
}

#[cfg(test)]
mod tests;
