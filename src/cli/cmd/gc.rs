//! `sfs gc`

use std::time::Duration;

use super::remote::failed;
use crate::cli::ui::{bytes, count};
use crate::cli::{App, CommandError};
use crate::ops::Monitor;
use crate::ops::delete::delete_older;
use crate::ops::list::moment;
use crate::ops::sweep::{SweepOptions, Swept, sweep};
use crate::store::{GcOptions, Store};

/// Pack the store anew and drop what nothing ever named
///
/// Whatever a branch, a tag or a session has ever stood for stays, that of a
/// deleted session too: `sfs purge` takes one out for good.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Sweep a remote instead: remove packs that no store needs, and earlier
    /// lists of this store's refs. `origin` or the only one if none is named
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    remote: Option<Option<String>>,
    /// On a remote, keep what no store needs for so long
    #[arg(long, value_name = "TIME", default_value = "14d", requires = "remote")]
    remote_grace: String,
    /// Keep files that no longer count for so long: 10m, 12h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h")]
    grace: String,
    /// How hard to compress, as of zstd
    #[arg(long, value_name = "LEVEL", default_value_t = 12)]
    #[arg(value_parser = clap::value_parser!(i32).range(1..=22))]
    level: i32,
    /// First delete sessions untouched for so long, such as 400d, but for those
    /// with a name, a tag or a branch of yours; `sfs delete --undo` brings one back
    #[arg(long, value_name = "TIME")]
    retain: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    if let Some(name) = &args.remote {
        return remote(args, name.clone(), &mut store, app);
    }
    let options = GcOptions { dry_run: args.dry_run, grace: age(&args.grace)?, level: args.level };
    let deleted = match &args.retain {
        Some(retain) => {
            let retain = i64::try_from(age(retain)?.as_millis()).unwrap_or(i64::MAX);
            let before = app.env.now.saturating_sub(retain);
            delete_older(&app.env, &mut store, before, args.dry_run)?
        }
        None => Vec::new(),
    };
    let monitor = app.ui.monitor();
    monitor.begin("Packing", None);
    let report = store.gc(&options);
    monitor.end();
    let report = report?;
    if args.json {
        return Ok(app.ui.json(&serde_json::json!({
            "dry_run": args.dry_run, "before": report.before, "after": report.after, "kept": report.kept,
            "dropped": report.dropped, "removed_files": report.removed,
            "deleted": deleted.iter().map(|session| session.id.to_string()).collect::<Vec<_>>(),
        }))?);
    }
    for session in &deleted {
        app.ui.line(super::delete::line(session))?;
    }
    if !deleted.is_empty() {
        let verb = if args.dry_run { "Would delete" } else { "Deleted" };
        app.ui.note(&format!("{verb} {}", count(deleted.len() as u64, "session")));
    }
    let (kept, files) = (count(report.kept, "commit"), count(report.removed, "file"));
    app.ui.note(&match args.dry_run {
        true => format!("Would keep {kept}, drop {} and remove {files}.", report.dropped),
        false => format!(
            "Kept {kept}, dropped {}, removed {files}: {} now, {} before.",
            report.dropped,
            bytes(report.after),
            bytes(report.before)
        ),
    });
    Ok(())
}

/// Sweeps a remote.
fn remote(args: &Args, name: Option<String>, store: &mut Store, app: &App) -> Result<(), CommandError> {
    let grace = age(&args.remote_grace)?.as_millis();
    let grace = i64::try_from(grace).unwrap_or(i64::MAX);
    let options = SweepOptions { remote: name, grace, dry_run: args.dry_run };
    let swept = sweep(&app.env, store, &options, &app.ui.monitor()).map_err(failed)?;
    let Swept { remote, tables, hidden, packs, bytes: size, waiting, disturbed } = swept;
    if args.json {
        return Ok(app.ui.json(&serde_json::json!({
            "remote": remote, "dry_run": args.dry_run, "tables": tables, "indexes": hidden, "packs": packs,
            "bytes": size, "waiting": waiting, "disturbed": disturbed,
        }))?);
    }
    if disturbed {
        app.ui.note(&format!("Somebody pushed to {remote} just now: nothing was removed"));
        return Ok(());
    }
    let is_nothing = packs + hidden + tables == 0;
    let (packs, tables) = (count(packs, "pack"), count(tables, "table"));
    let what = format!("{packs}, indexes of {hidden} more, {tables} of refs; {}", bytes(size));
    app.ui.note(&match args.dry_run {
        _ if is_nothing => format!("Nothing is to be removed from {remote}"),
        true => format!("Would remove from {remote}: {what}"),
        false => format!("Removed from {remote}: {what}"),
    });
    if waiting > 0 {
        app.ui.note(&format!("Not needed, and not yet for long enough: {}", count(waiting, "file")));
    }
    Ok(())
}

fn age(text: &str) -> Result<Duration, CommandError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let ago = text.ends_with(char::is_alphabetic).then(|| moment(0, text)).flatten();
    let ms = ago.and_then(|at| u64::try_from(-at).ok());
    let wrong = || CommandError::usage(format!("{text:?} is no length of time")).hint("say 10m, 12h or 7d");
    ms.map(Duration::from_millis).ok_or_else(wrong)
}
