//! Kilo Code: since 7 a fork of OpenCode with the same store under its own
//! names, which the command line and the editors share. Before that a fork of Roo Code,
//! whose task folders are read as well.

use std::path::{Path, PathBuf};

use super::opencode::{self, Family, RowReader};
use super::{
    Conversation, Discovery, Found, Framing, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool,
    ToolError, Watched, hosts, tasks,
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

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        let older = storages(places).into_iter().map(|storage| storage.join(tasks::TASKS));
        CLI.looks_at(places).into_iter().chain(older).collect()
    }

    fn variables(&self) -> &'static [&'static str] {
        &["KILO_DB", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "VSCODE_PORTABLE", "VSCODE_AGENT_FOLDER"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        let tasks = storages(places).into_iter().map(|storage| Watched::deep(storage.join("tasks")));
        tasks.chain(CLI.watched(places)).collect()
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

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md"]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::rows;
    use crate::tool::testing::{messages, opened};

    const SCHEMA: &[&str] = &[
        r#"{"schema":"CREATE TABLE session (id text PRIMARY KEY, parent_id text, title text, time_updated integer)"}"#,
        r#"{"schema":"CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text)"}"#,
        r#"{"schema":"CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_updated integer, data text)"}"#,
        r#"{"table":"session","row":{"id":"ses_1","parent_id":null,"title":"New session - x","time_updated":5}}"#,
        r#"{"table":"message","row":{"id":"m1","session_id":"ses_1","time_created":1,"time_updated":1,"data":{"role":"user"}}}"#,
        r#"{"table":"part","row":{"id":"p1","message_id":"m1","session_id":"ses_1","time_updated":1,"data":{"type":"text","text":"a"}}}"#,
        r#"{"table":"message","row":{"id":"m2","session_id":"ses_1","time_created":2,"time_updated":2,"data":{"role":"assistant","time":{"completed":3}}}}"#,
        r#"{"table":"part","row":{"id":"p2","message_id":"m2","session_id":"ses_1","time_updated":2,"data":{"type":"text","text":"b"}}}"#,
    ];

    #[test]
    fn sessions_of_both_programs_are_found_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places { home: dir.path().to_owned(), ..Places::default() };
        let data = dir.path().join(".local/share/kilo");
        std::fs::create_dir_all(&data).unwrap();
        rows::write(&data.join("kilo.db"), SCHEMA).unwrap();
        let task = dir.path().join(".config/Code/User/globalStorage").join(EXTENSION).join("tasks/t1");
        std::fs::create_dir_all(&task).unwrap();
        let history =
            r#"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]}]"#;
        std::fs::write(task.join("api_conversation_history.json"), history).unwrap();
        let discovery = Kilo.discover(&places);
        assert!(discovery.trouble.is_empty());
        let natives: Vec<_> = discovery.found.iter().map(|found| found.native.as_str()).collect();
        assert_eq!(natives, ["ses_1", "t1"]);
        let all: Vec<_> = discovery.found.iter().map(|found| opened(&Kilo, found)).collect();
        assert_eq!(messages(&all[0].0), messages(&all[1].0));
        assert_eq!(all[0].2.facts.tool_title, None, "it has no title yet");
        assert!(discovery.found.iter().all(|found| Kilo.root(&places).join(&found.place) == found.path));
    }
}
