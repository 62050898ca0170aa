//! Kilo Code: since 7 a fork of OpenCode with the same store under its own
//! names, which the command line and the editors share.

use std::path::{Path, PathBuf};

use super::opencode::{self, Family, RowReader};
use super::{
    Conversation, Discovery, Found, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError,
};

/// The adapter.
pub(super) struct Kilo;

/// The program since 7.
const CLI: Family =
    Family { name: "kilo", vars: "KILO", agent: "code", verified: &["7.7.9", "7.0.33"], below_home: true };

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
        CLI.root(places)
    }

    fn discover(&self, places: &Places) -> Discovery {
        opencode::discover(&CLI, places)
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        opencode::open(found)
    }

    fn reader(&self, _: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(RowReader::new(state))
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
