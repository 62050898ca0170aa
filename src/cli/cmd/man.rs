//! `sfs man`

use std::path::PathBuf;

use clap::CommandFactory;

use crate::cli::{App, Cli, CommandError};

/// Print the manual page, or write one for each command
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The command
    #[arg(conflicts_with = "to")]
    command: Option<String>,
    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut all = Cli::command();
    all.build();
    if let Some(dir) = &args.to {
        let dir = app.env.cwd.join(dir);
        std::fs::create_dir_all(&dir)?;
        clap_mangen::generate_to(all, &dir)?;
        return Ok(());
    }
    let page = match &args.command {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name).cloned();
            let found = found.ok_or_else(|| CommandError::usage(format!("no command is called {name:?}")))?;
            let full = format!("sfs-{name}");
            found.name(full)
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    Ok(app.ui.bytes(&text)?)
}
