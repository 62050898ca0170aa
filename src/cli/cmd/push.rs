//! `sfs push`

use super::remote::failed;
use super::selected::Selected;
use crate::cli::ui::{bytes, count};
use crate::cli::{App, CommandError};
use crate::ops::push::{PushOptions, push};

/// Send what a remote lacks
///
/// Sends packs of exactly what is missing there, then the branches, tags and
/// names. Nothing on the remote is overwritten, whoever else pushes. A push
/// that was cut short goes on where it was when it is run again.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The remote; `origin` or the only one if none is named
    remote: Option<String>,
    /// Only tell what would be sent
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Look for everything that is missing there, as after a loss
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    only: Selected,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let options = PushOptions {
        remote: args.remote.clone(),
        dry_run: args.dry_run,
        full: args.full,
        only: args.only.read(app)?,
    };
    let report = push(&app.env, &mut store, &options, &app.ui.monitor()).map_err(failed)?;
    if report.is_nothing() {
        app.ui.note(&format!("{} has everything", report.remote));
        return Ok(());
    }
    let (commits, contents) = (count(report.commits, "commit"), count(report.contents, "other object"));
    let refs = count(report.refs + report.removed, "ref");
    let what = format!("{commits}, {contents}, {refs}, {}", bytes(report.bytes));
    app.ui.note(&match args.dry_run {
        true => format!("Would push to {}: {what}", report.remote),
        false => format!("Pushed to {}: {what}", report.remote),
    });
    Ok(())
}
