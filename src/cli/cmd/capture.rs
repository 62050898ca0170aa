//! `sfs capture`

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::ui::count;
use crate::cli::{App, CommandError, env};
use crate::daemon::{Bell, End, Follow, Host, Watch};
use crate::ops::Monitor;
use crate::ops::capture::{CaptureOptions, CaptureReport, capture};
use crate::store::{Store, StoreError};

/// How often it is looked whether to go on; a signal is heard at once.
const LOOK: Duration = Duration::from_secs(30);

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
        let known: Vec<&str> = crate::tool::TOOLS.iter().map(|tool| tool.name()).collect();
        if !known.contains(&name.as_str()) {
            let known = known.join(", ");
            return Err(CommandError::usage(format!("no tool is called {name:?}; there are: {known}")));
        }
    }
    let mut store = app.store_or_create()?;
    let no_snapshots = args.no_snapshot || !app.settings.is_on("capture.snapshots");
    let options = CaptureOptions { tools: args.tools.clone(), no_snapshots };
    if args.watch {
        return keep_capturing(args, app, store, options);
    }
    let report = capture(&app.env, &mut store, &options, &app.ui.monitor())?;
    tell(args, app, &report)
}

/// Captures as the tools write.
fn keep_capturing(args: &Args, app: &App, store: Store, options: CaptureOptions) -> Result<(), CommandError> {
    static STOP: Stop = Stop(AtomicBool::new(false));
    let bell = Bell::default();
    let ring = bell.ringer();
    ctrlc::set_handler(move || {
        STOP.0.store(true, Ordering::Relaxed);
        ring();
    })
    .map_err(|e| CommandError::message(format!("cannot hear of signals: {e}")))?;
    app.ui.note("Capturing as the tools write; Ctrl-C stops.");
    let mut watcher = Watcher { args, app, stop: &STOP, warned: BTreeSet::new() };
    Follow::new(app.env.clone(), store, options, &mut watcher, Vec::new(), bell).run();
    Ok(())
}

/// Tells at the terminal what following brings.
struct Watcher<'a> {
    args: &'a Args,
    app: &'a App,
    stop: &'a Stop,
    /// The folders that were warned of.
    warned: BTreeSet<PathBuf>,
}

impl Host for Watcher<'_> {
    fn monitor(&self) -> &dyn Monitor {
        self.stop
    }

    fn now(&self) -> i64 {
        env::now(&self.app.env.places)
    }

    fn begun(&mut self, _: &Watch) {}

    fn captured(&mut self, report: &CaptureReport) {
        let nothing = report.changed == 0 && report.gone.is_empty() && report.trouble.is_empty();
        // A closed output ends it at the next look.
        if !nothing && tell(self.args, self.app, report).is_err() {
            self.stop.0.store(true, Ordering::Relaxed);
        }
    }

    fn failed(&mut self, error: &StoreError) {
        self.app.ui.warn(&crate::ops::causes(error).join(": "));
    }

    fn watches(&mut self, watch: &Watch) {
        for (folder, why) in watch.refused() {
            if self.warned.insert(folder.to_owned()) {
                self.app.ui.warn(&format!("{} is looked into every few seconds: {why}", folder.display()));
            }
        }
    }

    fn go_on(&mut self) -> Result<Duration, End> {
        if self.stop.is_over() { Err(End::Stopped) } else { Ok(LOOK) }
    }
}

/// Set when it should end.
struct Stop(AtomicBool);

impl Monitor for Stop {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
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
    } else if report.sources == 0 {
        app.ui.note("No sessions were found.");
        app.ui.hint("`sfs doctor --all` lists where they are looked for");
    } else if report.changed == 0 {
        app.ui.note(&format!("Nothing new in {}.", count(report.sources, "source")));
    } else {
        let (new, messages) = (count(report.new_sessions, "new session"), count(report.messages, "message"));
        app.ui.note(&format!(
            "Captured {} in {} of {} ({new}, {messages}).",
            count(report.records, "record"),
            report.changed,
            count(report.sources, "source")
        ));
        if report.new_sessions > 0 {
            app.ui.hint("`sfs list --all` lists them");
        }
    }
    Ok(())
}
