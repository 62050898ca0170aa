//! `sfs push`

use super::fetch::tell_shares;
use super::leaving::Leaving;
use super::selected::Selected;
use crate::cli::ui::{bytes, count};
use crate::cli::{App, CommandError};
use crate::ops::push::{PushOptions, PushReport, push};
use crate::view;

/// Send what a remote lacks
///
/// Sends packs of exactly what is missing there, then the branches, tags and
/// names. Nothing on the remote is overwritten, whoever else pushes. A push
/// that was cut short goes on where it was when it is run again.
///
/// All that would leave is looked through for secrets first. If there are any,
/// nothing is sent, they are listed, and the exit code is 4.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The remote; `origin` or the only one if none is named
    remote: Option<String>,
    /// Only tell what would be sent
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Look for everything that is missing there, as after a loss
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    leaving: Leaving,
    #[command(flatten)]
    only: Selected,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let options = PushOptions {
        remote: args.remote.clone(),
        dry_run: args.dry_run,
        full: args.full,
        only: args.only.read(app)?,
        ..PushOptions::default()
    };
    let send = |store: &mut _, options: &_| push(&app.env, store, options, &app.ui.monitor());
    let report = args.leaving.send(app, &mut store, options, (None, args.json), send)?;
    if args.json {
        return Ok(app.ui.json(&view::sync::push(&report, args.dry_run))?);
    }
    if report.is_nothing() {
        app.ui.note(&format!("{} has everything", report.remote));
        return Ok(());
    }
    if args.dry_run {
        tell_shares(&report.sessions, app)?;
    }
    let what = what(&report);
    app.ui.note(&match args.dry_run {
        true => format!("Would push to {}: {what}", report.remote),
        false => format!("Pushed to {}: {what}", report.remote),
    });
    Ok(())
}

/// What went, in words.
pub(super) fn what(report: &PushReport) -> String {
    let (commits, contents) = (count(report.commits, "commit"), count(report.contents, "other object"));
    let refs = count(report.refs + report.removed, "ref");
    let mut what = format!("{commits}, {contents}, {refs}, {}", bytes(report.bytes));
    if !report.redacted.is_empty() {
        what += &format!(", without {}", count(report.redacted.len() as u64, "secret"));
    }
    what
}
