//! `sfs daemon`

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError, env};
use crate::daemon::{self, Bell, DaemonError, Info, Program, RunOptions, service};
use crate::view;

/// Capture in the background, as the tools write
///
/// One for each store. Without it nothing is lost: commands that read capture
/// what is new first.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Start it, unless it is running
    Start,
    /// Let it finish what it is capturing, and end
    Stop,
    /// Stop it if it is running, and start it
    Restart,
    /// Tell whether it is running, and what it can't watch
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show what it logged
    Logs {
        /// Show so many of the last lines
        #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 50)]
        lines: usize,
        /// Go on showing what is added
        #[arg(long, short)]
        follow: bool,
    },
    /// Run here, until stopped: for service managers
    Run {
        /// Leave the terminal
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Have the system start it when you log in (systemd, launchd)
    Install {
        /// Show what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Undo `install`
    Uninstall {
        /// Show what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    match &args.action {
        Action::Start => start(app),
        Action::Stop => stop(app),
        Action::Restart => {
            daemon::stop(&app.env.store).map_err(failed)?;
            start(app)
        }
        Action::Status { json } => status(app, *json),
        Action::Logs { lines, follow } => logs(app, *lines, *follow),
        Action::Run { detached } => run_here(app, *detached),
        Action::Install { dry_run } => install(app, *dry_run),
        Action::Uninstall { dry_run } => uninstall(app, *dry_run),
    }
}

fn failed(error: DaemonError) -> CommandError {
    let hint = match &error {
        DaemonError::Running => Some("`sfs daemon status` tells which"),
        DaemonError::Stop(_) => Some("`sfs daemon logs` tells what it is doing; no kill can harm the store"),
        DaemonError::Start(_) => Some("`sfs daemon run` runs it here, to see more"),
        _ => None,
    };
    let error = CommandError::from(error);
    hint.into_iter().fold(error, CommandError::hint)
}

fn start(app: &App) -> Result<(), CommandError> {
    app.store_or_create()?;
    let store = std::fs::canonicalize(&app.env.store)?;
    let words = [OsStr::new("--store"), store.as_os_str()];
    let words = words.into_iter().chain(["daemon", "run", "--detached"].map(OsStr::new));
    let started = daemon::start(&store, &words.collect::<Vec<_>>()).map_err(failed)?;
    let Info { pid, .. } = started.info;
    if !started.already {
        app.ui.note(&format!("The daemon is running (process {pid})."));
    } else {
        app.ui.note(&format!("The daemon was running already (process {pid})."));
        tell_version(app, &started.info);
    }
    tell_polled(app, &started.info);
    Ok(())
}

/// Says so when the daemon is of another version than this program.
fn tell_version(app: &App, info: &Info) {
    if info.version != env!("CARGO_PKG_VERSION") && !info.version.is_empty() {
        let (theirs, ours) = (clean(&info.version), env!("CARGO_PKG_VERSION"));
        app.ui.warn(&format!("it is of version {theirs}, this is {ours}"));
        app.ui.hint("`sfs daemon restart` runs this one");
    }
}

fn tell_polled(app: &App, info: &Info) {
    if let Some(first) = info.polled.first() {
        let many = ui::count(info.polled.len() as u64, "folder");
        app.ui
            .warn(&format!("{many} can't be watched, and are looked into every few seconds: {}", first.why));
    }
}

fn stop(app: &App) -> Result<(), CommandError> {
    match daemon::stop(&app.env.store).map_err(failed)? {
        Some(_) => app.ui.note("The daemon has ended."),
        None => app.ui.note("No daemon is running."),
    }
    Ok(())
}

fn status(app: &App, json: bool) -> Result<(), CommandError> {
    let running = daemon::is_running(&app.env.store);
    let info = daemon::info(&app.env.store).filter(|_| running);
    let log = info.as_ref().map_or_else(|| log_path(app), |info| info.log.clone());
    if json {
        let polled = |info: &Info| {
            let folder = |r: &daemon::Refused| serde_json::json!({"folder": r.folder, "why": r.why});
            info.polled.iter().map(folder).collect::<Vec<_>>()
        };
        app.ui.json(&serde_json::json!({
            "running": running, "store": app.env.store, "log": log,
            "pid": info.as_ref().map(|info| info.pid),
            "version": info.as_ref().map(|info| info.version.clone()),
            "program": info.as_ref().map(|info| info.program.clone()),
            "started": info.as_ref().map(|info| view::json::time(Some(info.started))),
            "watched": info.as_ref().map(|info| info.watched),
            "polled": info.as_ref().map(polled),
        }))?;
    } else {
        let row = |name: &str, value: String| {
            app.ui.line(format!("{} {value}", ui::paint(ui::FAINT, format!("{name:<9}"))))
        };
        match &info {
            Some(info) => {
                row("daemon", format!("running (process {}, version {})", info.pid, clean(&info.version)))?;
                row("since", ui::time(info.started))?;
                row("watches", ui::count(info.watched as u64, "folder"))?;
                tell_version(app, info);
                tell_polled(app, info);
            }
            None if running => row("daemon", "running".to_owned())?,
            None => row("daemon", "not running".to_owned())?,
        }
        row("store", clean(&app.env.store.to_string_lossy()))?;
        row("log", clean(&log.to_string_lossy()))?;
        if !running {
            app.ui.hint(
                "`sfs daemon start` starts it; without it, commands capture what is new when they look",
            );
        }
    }
    // As a service manager's status does.
    if running { Ok(()) } else { Err(CommandError::silent(crate::cli::error::FAILED)) }
}

fn log_path(app: &App) -> std::path::PathBuf {
    let usual = env::usual_store(&app.env.places);
    let same = std::fs::canonicalize(&usual).is_ok_and(|usual| usual == app.env.store);
    daemon::log_path(&app.env, same || usual == app.env.store)
}

fn logs(app: &App, lines: usize, follow: bool) -> Result<(), CommandError> {
    let info = daemon::info(&app.env.store).filter(|_| daemon::is_running(&app.env.store));
    let path = info.map_or_else(|| log_path(app), |info| info.log);
    let (_, mut end) = if follow { daemon::more(&path, 0)? } else { Default::default() };
    for line in daemon::tail(&path, lines).map_err(failed)? {
        app.ui.line(clean(&line))?;
    }
    if !follow {
        return Ok(());
    }
    loop {
        app.ui.flush()?;
        std::thread::sleep(Duration::from_millis(250));
        let (text, now) = daemon::more(&path, end)?;
        end = now;
        for line in text.lines() {
            app.ui.line(clean(line))?;
        }
    }
}

fn run_here(app: &App, detached: bool) -> Result<(), CommandError> {
    static STOP: AtomicBool = AtomicBool::new(false);
    let bell = Bell::default();
    let ring = bell.ringer();
    ctrlc::set_handler(move || {
        STOP.store(true, Ordering::Relaxed);
        ring();
    })
    .map_err(|e| CommandError::message(format!("cannot hear of signals: {e}")))?;
    let places = app.env.places.clone();
    let (color, quiet) = (app.ui.color(), app.ui.is_quiet() || detached);
    let options = RunOptions {
        detached,
        log: log_path(app),
        clock: &move || env::now(&places),
        stop: &STOP,
        bell,
        no_snapshots: !app.settings.is_on("capture.snapshots"),
        echo: &move |words| {
            if !quiet {
                ui::say(color, &ui::clean_text(words));
            }
        },
    };
    daemon::run(app.env.clone(), options).map_err(failed)
}

/// The service that would run this program for this store.
fn described(app: &App) -> Result<service::Service, CommandError> {
    let program = Program::this().map_err(failed)?;
    let store = app.env.store.clone();
    let usual = env::usual_store(&app.env.places) == store;
    let named: Vec<&Path> = if usual { Vec::new() } else { vec![Path::new("--store"), &store] };
    let words: Vec<&Path> = named.into_iter().chain(["daemon", "run"].map(Path::new)).collect();
    service::describe(&app.env, program.path(), &words).map_err(service_failed)
}

fn service_failed(error: service::ServiceError) -> CommandError {
    let hint = match &error {
        service::ServiceError::Unknown => "`sfs daemon start` starts it; have that run when you log in",
        service::ServiceError::Name { .. } => "move the program or the store to another name",
        service::ServiceError::Foreign { .. } => "move that file away, or start the daemon by other means",
        _ => return CommandError::from(error),
    };
    CommandError::from(error).hint(hint)
}

fn install(app: &App, dry_run: bool) -> Result<(), CommandError> {
    let service = described(app)?;
    if dry_run {
        app.ui.note(&format!("Would write {}:", service.path.display()));
        for line in service.text.lines() {
            app.ui.line(clean_line(line))?;
        }
        service.enable.iter().for_each(|words| app.ui.note(&format!("Would run {}", words.join(" "))));
        return Ok(());
    }
    service.write().map_err(service_failed)?;
    app.ui.note(&format!("Wrote {}.", service.path.display()));
    // Else the system's would find the lock taken.
    daemon::stop(&app.env.store).map_err(failed)?;
    match service::apply(&service.enable) {
        Ok(()) => app.ui.note("The system starts the daemon from now on; it is running."),
        Err(why) => {
            app.ui.warn(&format!("the service is not taken up yet: {why}"));
            app.ui.hint("`sfs daemon start` starts it until you log out");
        }
    }
    Ok(())
}

/// A line of a file as it is, but for what would command a terminal.
fn clean_line(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{:indent$}{}", "", clean(line))
}

fn uninstall(app: &App, dry_run: bool) -> Result<(), CommandError> {
    let service = described(app)?;
    if !service.is_installed().map_err(service_failed)? {
        app.ui.note("No service is installed.");
        return Ok(());
    }
    if dry_run {
        service.disable.iter().for_each(|words| app.ui.note(&format!("Would run {}", words.join(" "))));
        app.ui.note(&format!("Would remove {}.", service.path.display()));
        return Ok(());
    }
    if let Err(why) = service::apply(&service.disable) {
        app.ui.warn(&format!("the service was not ended: {why}"));
    }
    service.remove().map_err(service_failed)?;
    app.ui.note(&format!("Removed {}.", service.path.display()));
    Ok(())
}
