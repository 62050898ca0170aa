//! Amp: one JSON document a thread, below `~/.local/share/amp/threads`.
//!
//! Until the end of March 2026 threads are local files, which
//! `amp threads continue` picks up. Since April 2026 they live on the server
//! alone: `amp threads export` gives the same document, and a session gets in
//! by `amp threads import`. Observed in 0.0.1767830505 (January 2026),
//! 0.0.1774569934 (March 2026) and 0.0.1790142911 (September 2026).

mod blocks;
mod find;
mod import;
mod open;
mod read;
mod write;

use std::path::{Path, PathBuf};

use super::{
    Conversation, Discovery, Found, Pieces, Places, Plan, Reader, Resume, Sink, Target, Tool, ToolError,
    Watched,
};

/// The adapter.
pub(super) struct Amp;

/// The name users type; also how its own thoughts are known when written.
const NAME: &str = "amp";

/// The first build that keeps threads on the server: a build's number is the
/// second in which it was made.
const SERVER_SINCE: u64 = 1_775_390_627;

impl Tool for Amp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Amp"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["0.0.1790142911", "0.0.1774569934", "0.0.1767830505"]
    }

    /// The same on all systems.
    fn root(&self, places: &Places) -> PathBuf {
        let data = places.var("XDG_DATA_HOME").unwrap_or_else(|| places.home.join(".local/share"));
        data.join("amp")
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.root(places).join("threads")]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["XDG_DATA_HOME"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![
            Watched::deep(self.root(places).join("threads")),
            Watched::deep(places.home.join(".amp/file-changes")),
        ]
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(&self.root(places), &places.home.join(".amp/file-changes"))
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md", "CLAUDE.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn open(&self, found: &Found) -> std::io::Result<Box<dyn Pieces>> {
        Ok(Box::new(open::thread(std::fs::read(&found.path)?)))
    }

    fn reader(&self, _: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(read::MessageReader::new(state))
    }

    fn remark(&self, places: &Places) -> Option<(&'static str, &'static str)> {
        // Written by builds that keep threads on the server, and by no other.
        let server = ["device-id.json", "thread-imports.json"];
        let root = self.root(places);
        server.iter().any(|name| root.join(name).is_file()).then_some((
            "Amp keeps threads on its server since April 2026: those can't be seen here",
            "`amp threads export <id>`, saved as `<id>.json` in Amp's folder `threads`, makes one seen",
        ))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["amp".to_owned(), "-x".to_owned(), super::go_on(file)]
    }

    fn resume(&self) -> Option<&dyn Resume> {
        Some(self)
    }
}

impl Resume for Amp {
    fn version_command(&self) -> Option<&'static [&'static str]> {
        Some(&["amp", "--version"])
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
        if target.version.as_deref().is_some_and(has_local_threads) {
            write::write(conversation, target, &self.root(&target.places).join("threads"), sink)
        } else {
            import::write(conversation, target, sink)
        }
    }

    fn imported(&self, said: &str) -> Option<String> {
        import::thread(said)
    }

    /// A thread that was imported can only be read: one goes on from it in a
    /// new thread that mentions it.
    fn resume_command(&self, native: &str) -> Vec<String> {
        let words: Vec<String> = match native.strip_prefix('@') {
            Some(_) => vec!["-x".to_owned(), format!("Continue the work in {native}")],
            None => vec!["threads".to_owned(), "continue".to_owned(), native.to_owned()],
        };
        std::iter::once("amp".to_owned()).chain(words).collect()
    }
}

/// Whether a version such as `0.0.1767830505-ga62310` reads threads from files.
fn has_local_threads(version: &str) -> bool {
    let build = version.strip_prefix("0.0.").and_then(|rest| rest.split('-').next());
    build.and_then(|build| build.parse::<u64>().ok()).is_some_and(|build| build < SERVER_SINCE)
}

#[cfg(test)]
mod tests;
