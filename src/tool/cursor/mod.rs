//! Cursor: its command line (`cursor-agent`), its ACP server, its SDK, its IDE.
//!
//! All of them keep a conversation as one graph of blobs that go by their
//! SHA-256 ([`root`], [`message`]): the command line in a database for each session
//! ([`store`]), the IDE in one for all ([`ide`]). The ids of one mean nothing
//! to the others, so each is a tool of its own here.

mod blobs;
mod bubble;
mod find;
mod find_ide;
mod ide;
mod kv;
mod message;
mod names;
mod places;
mod read;
mod root;
mod script;
mod sdk;
mod secret;
mod store;
#[cfg(test)]
mod tests;
mod transcript;
mod weave;
mod wire;
mod workspace;
mod write;

use std::path::PathBuf;

use super::rows::RowsError;
use super::{Discovery, Found, Pieces, Places, Reader, Resume, Tool, Watched};

/// The adapter, for one of the places where the tool keeps sessions.
pub(crate) enum Cursor {
    /// The command line and the SDK.
    Agent,
    /// The ACP server, which editors talk to.
    Acp,
    /// The IDE.
    Ide,
}

impl Tool for Cursor {
    fn name(&self) -> &'static str {
        match self {
            Cursor::Agent => "cursor",
            Cursor::Acp => "cursor-acp",
            Cursor::Ide => "cursor-ide",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Cursor::Agent => "Cursor CLI",
            Cursor::Acp => "Cursor ACP",
            Cursor::Ide => "Cursor",
        }
    }

    fn verified(&self) -> &'static [&'static str] {
        match self {
            Cursor::Agent | Cursor::Acp => &["@cursor/sdk 1.0.32"],
            Cursor::Ide => &[],
        }
    }

    fn root(&self, places: &Places) -> PathBuf {
        places.home.clone()
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        let below = |name| places::configs(places).into_iter().map(move |config| config.join(name));
        match self {
            Cursor::Agent => below("chats").chain([places::projects(places)]).collect(),
            Cursor::Acp => below("acp-sessions").collect(),
            Cursor::Ide => vec![places::database(places)],
        }
    }

    fn variables(&self) -> &'static [&'static str] {
        match self {
            Cursor::Agent | Cursor::Acp => &["CURSOR_DATA_DIR", "CURSOR_CONFIG_DIR", "XDG_CONFIG_HOME"],
            Cursor::Ide => &["XDG_CONFIG_HOME", "APPDATA"],
        }
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        let configs = places::configs(places).into_iter();
        match self {
            Cursor::Agent => {
                let chats = configs.map(|config| config.join("chats"));
                let projects = places.home.join(".cursor").join("projects");
                chats.chain([projects]).map(Watched::deep).collect()
            }
            Cursor::Acp => configs.map(|config| Watched::deep(config.join("acp-sessions"))).collect(),
            Cursor::Ide => {
                let folder = places::database(places).parent().map(|dir| Watched::flat(dir.to_owned()));
                folder.into_iter().collect()
            }
        }
    }

    fn discover(&self, places: &Places) -> Discovery {
        match self {
            Cursor::Agent => find::command_line(places),
            Cursor::Acp => find::acp(places),
            Cursor::Ide => find_ide::discover(places),
        }
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", "CLAUDE.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        // Rows begin with their table, which costs less than a context.
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        let script = patiently(|| match self {
            Cursor::Agent | Cursor::Acp => store::read(&found.path),
            Cursor::Ide => ide::read(&found.path, &found.native),
        })?;
        Ok(Box::new(script))
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::RowReader::new(found, state))
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

/// How often a database is read that was written to meanwhile.
const TRIES: u32 = 6;

/// Reads a database, and again if it was written to meanwhile.
fn patiently<T>(read: impl Fn() -> Result<T, RowsError>) -> std::io::Result<T> {
    let mut tries = 1;
    loop {
        match read() {
            Ok(it) => return Ok(it),
            Err(RowsError::Io { source, .. }) => return Err(source),
            Err(e) if e.is_transient() && tries < TRIES => {
                std::thread::sleep(std::time::Duration::from_millis(40 << tries));
                tries += 1;
            }
            Err(e) => return Err(std::io::Error::other(e)),
        }
    }
}
