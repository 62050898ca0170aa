//! `sfs purge`

use std::io::IsTerminal;
use std::path::PathBuf;

use crate::cli::ui::{clean, count};
use crate::cli::{App, CommandError};
use crate::ops::purge::{PurgeError, PurgeOptions, PurgeReport, RemotePurge, purge};

/// Take a secret or a session out of the history for good
///
/// What held it is replaced by what stands in for it, and the files in which
/// it was are removed; on remotes, too, as far as no other store needs them.
/// This can't be undone. What could not be reached is listed: other clones,
/// backups, and the tools' own files, which are never touched.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The id of a finding that `sfs scan` lists, or a session
    #[arg(value_name = "FINDING|SESSION")]
    what: String,
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let mut options = PurgeOptions { what: args.what.clone(), dry_run: true };
    if args.dry_run || !args.yes {
        let planned = purge(&app.env, &mut store, &options, &app.ui.monitor()).map_err(failed)?;
        if args.dry_run {
            return tell(args, app, &planned);
        }
        confirm(app, &planned)?;
    }
    options.dry_run = false;
    let report = purge(&app.env, &mut store, &options, &app.ui.monitor()).map_err(failed)?;
    tell(args, app, &report)
}

fn confirm(app: &App, planned: &PurgeReport) -> Result<(), CommandError> {
    if !std::io::stdin().is_terminal() {
        let error = CommandError::usage("a purge can't be undone, and there is nobody to ask");
        return Err(error.hint("`--dry-run` tells what would be done, `--yes` does it"));
    }
    let objects = count(planned.objects, "object");
    app.ui.warn(&format!("{} goes from {objects} for good. Type yes to go on:", planned.what));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(CommandError::message("nothing was changed")),
    }
}

fn tell(args: &Args, app: &App, report: &PurgeReport) -> Result<(), CommandError> {
    if args.json {
        return print_json(args, app, report);
    }
    let (verb, removes) = if args.dry_run { ("Would purge", "would remove") } else { ("Purged", "removed") };
    let (objects, refs) = (count(report.objects, "object"), count(report.refs, "ref"));
    app.ui.note(&format!("{verb} {}: {objects} and {refs} of the store", report.what));
    for remote in &report.remotes {
        app.ui.note(&of_remote(remote, removes));
    }
    let list = |what: &str, paths: &[PathBuf]| -> Result<(), CommandError> {
        if !paths.is_empty() {
            app.ui.warn(what);
        }
        for path in paths {
            app.ui.line(clean(&path.display().to_string()))?;
        }
        Ok(())
    };
    list("files of the store that may still hold it; look at them and remove them:", &report.left)?;
    list("the tools' own files hold it, and are left alone:", &report.tools)?;
    app.ui.hint(
        "backups, other clones and stores that pulled it keep it: purge it there, and make a secret void",
    );
    Ok(())
}

fn of_remote(remote: &RemotePurge, removes: &str) -> String {
    let RemotePurge { name, removed, kept, others, failed } = remote;
    let mut words = match failed {
        Some(why) => {
            return format!("{name}: not reached: {why}; run the same command again when it is there");
        }
        None => format!("{name}: {removes} {}", count(*removed, "pack")),
    };
    if *kept > 0 {
        words += &format!("; {} stay, for other stores push what leads to it", count(*kept, "pack"));
    }
    if *others > 0 {
        words += &format!("; {} exchange with it and may have a copy", count(*others, "other store"));
    }
    words
}

fn print_json(args: &Args, app: &App, report: &PurgeReport) -> Result<(), CommandError> {
    let paths = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>();
    let remotes: Vec<_> = report
        .remotes
        .iter()
        .map(|remote| {
            serde_json::json!({
                "name": remote.name, "removed_packs": remote.removed, "kept_packs": remote.kept,
                "other_stores": remote.others, "failed": remote.failed,
            })
        })
        .collect();
    Ok(app.ui.json(&serde_json::json!({
        "dry_run": args.dry_run, "id": report.cause.to_string(), "what": report.what, "objects": report.objects,
        "refs": report.refs, "left": paths(&report.left), "tools": paths(&report.tools), "remotes": remotes,
    }))?)
}

fn failed(error: PurgeError) -> CommandError {
    match error {
        PurgeError::Store(e) => e.into(),
        PurgeError::Secrets(e) => e.into(),
        PurgeError::Revision(e) => e.into(),
        PurgeError::Search(e) => e.into(),
        PurgeError::Remote(e) => super::remote::failed(e),
        e @ PurgeError::Both(_) => CommandError::from(e).hint("write `finding:` or `session:` before it"),
    }
}
