//! `sfs capture`

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::{App, CommandError, env};
use crate::daemon::watch;
use crate::ops::Quiet;
use crate::ops::capture::{CaptureOptions, CaptureReport, capture};
use crate::store::Store;

/// Capture what is new in every tool, or in those named
///
/// Reads each session from where the last capture ended. The tools' files are
/// only read. Sessions that can't be read are reported; the others go on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these tools
    tools: Vec<String>,
    /// Go on capturing as the tools write, until stopped
    #[arg(long, short)]
    watch: bool,
    /// Take no snapshot of the files of sessions that are being written
    #[arg(long)]
    no_snapshot: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    for name in &args.tools {
        if crate::tool::by_name(name).is_none() {
            let known: Vec<&str> = crate::tool::TOOLS.iter().map(|tool| tool.name()).collect();
            let known = known.join(", ");
            return Err(CommandError::usage(format!("no tool is called {name:?}; there are: {known}")));
        }
    }
    let mut store = app.store_or_create()?;
    let options = CaptureOptions { tools: args.tools.clone(), no_snapshots: args.no_snapshot };
    if args.watch {
        return keep_capturing(args, app, &mut store, &options);
    }
    let report = capture(&app.env, &mut store, &options, &app.ui.monitor())?;
    tell(args, app, &report)
}

/// Captures whenever something may have changed.
fn keep_capturing(
    args: &Args,
    app: &App,
    store: &mut Store,
    options: &CaptureOptions,
) -> Result<(), CommandError> {
    static STOP: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))
        .map_err(|e| CommandError::message(format!("cannot hear of signals: {e}")))?;
    let folders: Vec<_> = crate::tool::TOOLS.iter().flat_map(|tool| tool.watched(&app.env.places)).collect();
    app.ui.note("Capturing as the tools write; Ctrl-C stops.");
    let mut look = || {
        let outcome = env::from_process("capture", Some(&app.env.store)).and_then(|now| {
            let report = capture(&now, store, options, &Quiet)?;
            let nothing = CaptureReport { sources: report.sources, ..CaptureReport::default() };
            if report == nothing {
                return Ok(());
            }
            tell(args, app, &report)
        });
        // One capture that fails is no reason to stop: the next may not.
        if let Err(e) = outcome {
            app.ui.error(&e);
        }
    };
    let outcome = watch(&folders, &STOP, &mut |words| app.ui.warn(words), &mut look);
    outcome.map_err(|e| CommandError::message(e.to_string()).hint("without --watch, capture looks once"))
}

fn tell(args: &Args, app: &App, report: &CaptureReport) -> Result<(), CommandError> {
    for (path, why) in &report.trouble {
        app.ui.warn(&format!("{}: {why}", path.display()));
    }
    for kept in report.gone.iter().chain(&report.rewritten) {
        app.ui.warn(&format!(
            "{} was shortened or removed by its tool; the store keeps it (`sfs restore {:.12} --to DIR`)",
            kept.path, kept.session
        ));
    }
    if args.json {
        app.ui.json(&serde_json::json!({
            "sources": report.sources, "changed": report.changed, "new_sessions": report.new_sessions,
            "records": report.records, "messages": report.messages, "commits": report.commits,
            "bytes": report.bytes, "gone": report.gone.len(), "rewritten": report.rewritten.len(),
            "trouble": report.trouble.len(), "snapshots": report.snapshots,
        }))?;
    } else if report.changed == 0 {
        app.ui.note(&format!("Nothing new in {} sources.", report.sources));
    } else {
        app.ui.note(&format!(
            "Captured {} records in {} of {} sources ({} new sessions, {} messages).",
            report.records, report.changed, report.sources, report.new_sessions, report.messages
        ));
    }
    Ok(())
}
