//! Where a tool is told what to run when a turn ends.

use std::path::PathBuf;

/// A hook of a tool's: a member `hooks` of a JSON file of its user has a list
/// for each event, and of these each has a list of commands,
/// `{"hooks": [{"type": "command", "command": …}]}`, each for a shell. A
/// command that ends with code 2 holds the tool up, and what it prints may go
/// to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The file.
    pub path: PathBuf,
    /// The event that a turn ended.
    pub event: &'static str,
    /// What its user has to do besides before the tool runs it, if anything.
    pub besides: Option<&'static str>,
}
