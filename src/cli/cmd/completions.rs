//! `sfs completions`

use clap::CommandFactory;

use crate::cli::{App, Cli, CommandError};

/// Print what a shell needs to complete commands
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "sfs", &mut script);
    Ok(app.ui.bytes(&script)?)
}
