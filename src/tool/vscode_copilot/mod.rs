//! Copilot Chat in VS Code, and whatever else answers in the editor's chat.
//!
//! The editor itself keeps the sessions: of a workspace in
//! `User/workspaceStorage/<hash>/chatSessions`, of a window without one in
//! `User/globalStorage/emptyWindowChatSessions`, a file each, called by the
//! session's id. What is said here of the format was read in VS Code's sources
//! (`src/vs/workbench/contrib/chat/common/model/`: `chatModel.ts`,
//! `chatSessionStore.ts`, `chatSessionOperationLog.ts`, `objectMutationLog.ts`)
//! and in those of the extension (`src/extension/prompt/common/conversation.ts`),
//! and compared with published sessions of the extension 0.31 to 0.37.
//!
//! * **`.json`**, until 1.108: the whole session, written anew each time.
//!   `requests` is its list of turns; `version` is absent or 1, 2 (`computedTitle`)
//!   or 3 (`customTitle`). What a turn is made of didn't change between them.
//! * **`.jsonl`**, since 1.109: a log of what becomes of the same object. A line
//!   is `{"kind":0,"v":…}`, the object itself; `1`, a member is set (`k` is the
//!   path to it); `2`, elements are added to an array, after it is cut off at
//!   `i` if that is given; `3`, a member is gone. After 1024 lines the file is
//!   written anew as one line. An older `.json` stays beside it, no longer read.
//!
//! A turn (`requests[]`) has the prompt in `message` (a string or `text` and
//! `parts`), what is attached in `variableData`, and in `response` the parts of
//! the answer as they are shown. What the extension sent to the model and got
//! from it stands in `result.metadata`: `toolCallRounds` (answer, thoughts and
//! calls of each round) and `toolCallResults` by the ids of the calls. A turn that
//! was stopped, or was another extension's, has only `response`.

mod cut;
mod entry;
mod find;
mod names;
mod parts;
mod read;
mod replay;
mod request;
mod rounds;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::document::{Document, Hold};
use super::{Discovery, Found, Pieces, Places, Reader, StepFacts, Tool, Watched, go_on, hosts};
use crate::object::json::Tape;

/// The adapter.
pub(super) struct VsCodeCopilot;

impl Tool for VsCodeCopilot {
    fn name(&self) -> &'static str {
        "vscode-copilot"
    }

    fn title(&self) -> &'static str {
        "Copilot Chat in VS Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &[]
    }

    fn root(&self, places: &Places) -> PathBuf {
        hosts::root(&places.home, &hosts::user_dirs(places))
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        hosts::user_dirs(places).iter().flat_map(|user| find::folders(user)).collect()
    }

    fn variables(&self) -> &'static [&'static str] {
        &["XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "VSCODE_PORTABLE", "VSCODE_AGENT_FOLDER"]
    }

    /// Other extensions write below the folders of workspaces all the time:
    /// those that hold sessions are watched one by one.
    fn watched(&self, places: &Places) -> Vec<Watched> {
        self.looks_at(places).into_iter().map(Watched::flat).collect()
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(&self.root(places), &hosts::user_dirs(places))
    }

    fn guides(&self) -> &'static [&'static str] {
        &[".github/copilot-instructions.md", "AGENTS.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // No member that is a string is the same in each record.
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        if find::is_log(found) {
            return Ok(Box::new(cut::Log::of(std::fs::read(&found.path)?)));
        }
        let mut document = Document::read(&found.path, Some("requests"))?;
        document.hold(unfinished);
        let title = ["customTitle", "computedTitle"].into_iter().find_map(|key| document.string(key));
        document
            .tell(StepFacts { tool_title: title.filter(|title| !title.is_empty()), ..StepFacts::default() });
        Ok(Box::new(document))
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::RequestReader::new(found, state))
    }

    /// `code chat`, since 1.102.
    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["code".to_owned(), "chat".to_owned(), go_on(file)]
    }
}

/// Whether the last turn of a document is still answered.
fn unfinished(element: &[u8]) -> Hold {
    let start = element.iter().position(|b| *b == b'{').unwrap_or_default();
    let element = element.get(start..).unwrap_or_default();
    let mut tape = Tape::default();
    let open = tape.read(element).is_some() && !request::is_finished(tape.root(element));
    if open { Hold::Last } else { Hold::Final }
}
