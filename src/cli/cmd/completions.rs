//! `sfs completions`

use clap_complete::env::Shells;

use crate::cli::complete::VARIABLE;
use crate::cli::{App, CommandError};

/// Print what a shell needs to complete commands
///
/// Commands, options, and names out of the store: sessions, revisions,
/// branches, tags, remotes, tools. For bash, put
/// `source <(sfs completions bash)` into ~/.bashrc; for zsh the same with zsh,
/// after compinit; for fish, `sfs completions fish | source` into config.fish.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let name = args.shell.to_string();
    let shells = Shells::builtins();
    let shell = shells
        .completer(&name)
        .ok_or_else(|| CommandError::message(format!("{name} is not among the shells that can complete")))?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "sfs", "sfs", "sfs", &mut script)?;
    Ok(app.ui.bytes(&script)?)
}
