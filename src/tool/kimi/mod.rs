//! Kimi: Kimi Code, and kimi-cli, the program before it.
//!
//! Kimi Code keeps a log of JSON lines for each agent of a session, that it
//! only appends to (it is rewritten once, when its protocol is old).

mod content;
mod find;
mod state;
#[cfg(test)]
mod tests;
mod wire;

use std::path::{Path, PathBuf};

use super::{Discovery, Found, Places, Reader, Tool, go_on};

/// The adapter of Kimi Code.
pub(super) struct Kimi;

impl Tool for Kimi {
    fn name(&self) -> &'static str {
        "kimi"
    }

    fn title(&self) -> &'static str {
        "Kimi Code"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["2.1.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        find::root(places)
    }

    fn watched(&self, places: &Places) -> Vec<PathBuf> {
        vec![find::root(places).join("sessions")]
    }

    fn discover(&self, places: &Places) -> Discovery {
        find::discover(places)
    }

    fn lift(&self) -> &'static [&'static str] {
        // Short names that compress as well where they stand.
        &[]
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        Box::new(wire::WireReader::new(found, state))
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["kimi".to_owned(), "-p".to_owned(), go_on(file)]
    }
}
