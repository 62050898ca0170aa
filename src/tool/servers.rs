//! Where a tool is told of servers that its agent may ask.

use std::path::PathBuf;

/// How a server is made known to a tool, for all projects of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// A member of this JSON file has an object in which each server is one:
    /// `{"command": …, "args": […]}`.
    Json {
        /// The file.
        path: PathBuf,
        /// The member.
        key: &'static str,
    },
    /// A table of this TOML file has a table for each: `command`, `args`.
    Toml {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
    },
    /// The tool does it itself: its file is written by all that run, or holds
    /// what is nobody else's business.
    Commands {
        /// What goes before the server's name, `--` and its command.
        add: &'static [&'static str],
        /// What goes before the server's name.
        remove: &'static [&'static str],
    },
}
