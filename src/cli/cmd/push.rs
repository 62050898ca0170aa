//! `sfs push`

use std::io::IsTerminal;

use super::remote::failed;
use super::scan::show;
use super::selected::Selected;
use crate::cli::error::SECRETS;
use crate::cli::ui::{bytes, count};
use crate::cli::{App, CommandError};
use crate::ops::push::{PushOptions, PushReport, push};
use crate::store::Store;

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
    /// Look for everything that is missing there, as after a loss
    #[arg(long)]
    full: bool,
    /// Send a copy in which secrets are blacked out; the store keeps them
    #[arg(long)]
    redact: bool,
    /// Let this finding leave, now and from now on
    #[arg(long, value_name = "FINDING")]
    allow: Vec<String>,
    /// Let all findings leave, now and from now on
    #[arg(long, conflicts_with = "redact")]
    allow_all: bool,
    /// Don't ask whether all may leave
    #[arg(long, short, requires = "allow_all")]
    yes: bool,
    #[command(flatten)]
    only: Selected,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let mut options = PushOptions {
        remote: args.remote.clone(),
        dry_run: args.dry_run,
        full: args.full,
        only: args.only.read(app)?,
        // Both can only be if one of them is a setting, which gives way.
        redact: args.redact && !args.allow_all,
        allow: args.allow.clone(),
        allow_all: args.allow_all && args.yes,
    };
    let mut report = push(&app.env, &mut store, &options, &app.ui.monitor()).map_err(failed)?;
    if args.allow_all && !args.yes && !report.stopped.is_empty() {
        show(app, &store, &report.stopped)?;
        confirm(app, report.stopped.len())?;
        options.allow_all = true;
        report = push(&app.env, &mut store, &options, &app.ui.monitor()).map_err(failed)?;
    }
    tell(args, app, &store, &report)
}

/// Asks whether secrets may leave.
fn confirm(app: &App, n: usize) -> Result<(), CommandError> {
    let found = count(n as u64, "finding");
    if !std::io::stdin().is_terminal() {
        let error = CommandError::usage(format!("{found} would leave, and there is nobody to ask"));
        return Err(error.hint("`--allow-all --yes` lets them"));
    }
    app.ui.warn(&format!("{found} will leave this machine, and can't be called back. Type yes to go on:"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(CommandError::message("nothing was sent").with_code(SECRETS)),
    }
}

fn tell(args: &Args, app: &App, store: &Store, report: &PushReport) -> Result<(), CommandError> {
    if !report.stopped.is_empty() {
        show(app, store, &report.stopped)?;
        let found = count(report.stopped.len() as u64, "secret");
        let verb = if args.dry_run { "would be" } else { "was" };
        let error = CommandError::message(format!("nothing {verb} sent to {}: {found} in it", report.remote));
        return Err(error
            .hint("`--redact` sends a copy in which they are blacked out, and keeps them here")
            .hint("`--allow FINDING` sends one as it is, if it is no secret")
            .hint("a secret that was ever sent elsewhere is best made void where it is valid")
            .with_code(SECRETS));
    }
    if report.is_nothing() {
        app.ui.note(&format!("{} has everything", report.remote));
        return Ok(());
    }
    let (commits, contents) = (count(report.commits, "commit"), count(report.contents, "other object"));
    let refs = count(report.refs + report.removed, "ref");
    let mut what = format!("{commits}, {contents}, {refs}, {}", bytes(report.bytes));
    if !report.redacted.is_empty() {
        what += &format!(", without {}", count(report.redacted.len() as u64, "secret"));
    }
    app.ui.note(&match args.dry_run {
        true => format!("Would push to {}: {what}", report.remote),
        false => format!("Pushed to {}: {what}", report.remote),
    });
    Ok(())
}
