//! The door: what the user types, to a verb, to what the user sees.
//!
//! A command is one file in `cmd`: an `Args` that clap fills, and a
//! `run(&Args, &App) -> Result<(), CommandError>` that calls a verb of
//! [`crate::ops`] and shows the outcome through [`ui::Ui`]. To add one, add
//! the file, `mod` it in `cmd/mod.rs`, and a line to [`Command`] and to
//! [`Command::run`], all in alphabetical order.

mod cmd;
mod complete;
mod config;
mod demo;
mod env;
mod error;
mod meant;
#[cfg(test)]
mod reference;
mod screen;
mod settings;
mod topics;
mod ui;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use error::CommandError;
use meant::{Arguments, Meant};
pub(crate) use ui::Ui;

use crate::daemon;
use crate::object::Id;
use crate::ops::capture::{CaptureOptions, capture};
use crate::ops::env::{CONFIG, Env};
use crate::ops::register::HOOK_WORDS;
use crate::ops::settings::Settings;
use crate::ops::unshallow;
use crate::store::{Store, StoreError};
use crate::tool::Places;

/// What every command works with.
pub(crate) struct App {
    /// The world.
    pub(crate) env: Env,
    /// The terminal.
    pub(crate) ui: Ui,
    /// Whether commands that read capture what is new first.
    pub(crate) captures: bool,
    /// The user's settings.
    pub(crate) settings: Settings,
    /// Those that stand on the command line, as `KEY=VALUE`.
    pub(crate) given: Vec<String>,
}

impl App {
    /// Opens the store; fails when there is none.
    pub(crate) fn store(&self) -> Result<Store, CommandError> {
        Ok(Store::open(&self.env.store)?)
    }

    /// Opens the store when it has what the tools have written so far. With a
    /// daemon it has; without one that is captured first. If it can't be, the
    /// store is as good as it was.
    pub(crate) fn fresh_store(&self) -> Result<Store, CommandError> {
        let mut store = self.store()?;
        self.refresh(&mut store);
        Ok(store)
    }

    /// The same for a store that is open.
    pub(crate) fn refresh(&self, store: &mut Store) {
        if self.captures && !daemon::is_running(&self.env.store) {
            self.catch_up(store);
        }
    }

    fn catch_up(&self, store: &mut Store) {
        // A look does not wait for a walk through the project's files.
        let options = CaptureOptions { no_snapshots: true, ..CaptureOptions::default() };
        let outcome = capture(&self.env, store, &options, &self.ui.patient_monitor());
        match outcome {
            Ok(report) => {
                let kept = (report.gone.len() + report.rewritten.len()) as u64;
                if kept > 0 {
                    let files = ui::count(kept, "file");
                    self.ui
                        .warn(&format!("tools shortened or removed {files}; the store keeps what was there"));
                }
            }
            Err(e) => {
                self.ui.warn(&format!("what is new was not captured: {}", crate::ops::causes(&e).join(": ")));
            }
        }
    }

    /// Brings the texts of a session that a shallow fetch left where they are.
    pub(crate) fn bring_texts(&self, store: &mut Store, session: Id) -> Result<(), CommandError> {
        let brought = unshallow::texts(&self.env, store, session, &self.ui.monitor());
        if let Some((remote, bytes)) = brought.map_err(cmd::remote::failed)? {
            self.ui.note(&format!("Got the texts of {session:.12} from {remote}: {}", ui::bytes(bytes)));
        }
        Ok(())
    }

    /// Tells that there is something that was not looked through.
    pub(crate) fn tell_unread(&self, store: &Store) -> Result<(), CommandError> {
        let unread = unshallow::shallow(store)?.len() as u64;
        if unread > 0 {
            let sessions = ui::count(unread, "session");
            self.ui.warn(&format!("{sessions} came without texts, which were not looked through"));
            self.ui.hint("`sfs fetch --unshallow` brings them; `--session ID` of one session");
        }
        Ok(())
    }

    /// Opens the store, or makes one.
    pub(crate) fn store_or_create(&self) -> Result<Store, CommandError> {
        Ok(Store::open_or_create(&self.env.store, self.env.new_writer())?)
    }
}

/// How revisions are written, for the help. (clap takes an `n` in braces for a
/// line end.)
const REVISIONS: &str = "\
Revisions:
  @               the newest session of this directory
  NAME, ID        a session: its name, the beginning of its id or of the tool's
  SESSION/BRANCH  a branch of it
  TAG, COMMIT     a tag, the beginning of a commit's id
  …@{2} …~2 …:7   two moves of the branch earlier; before the last two turns; message 7

`sfs help COMMAND` tells more of a command; `sfs help revisions`, `remotes`, `tools` and `config` of these.";

/// Keeps AI coding sessions the way git keeps code
///
/// Every session of every tool goes into one store, byte for byte, and can be
/// listed, read, compared, forked, resumed in another tool and pushed to any
/// directory, machine or bucket. On a terminal, `sfs` without a command shows
/// them on the whole screen.
#[derive(Parser)]
#[command(after_help = REVISIONS)]
#[command(disable_help_subcommand = true)]
#[command(name = "sfs", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Meant<Command>>,
}

/// Options of every command.
#[derive(clap::Args)]
struct Global {
    /// Use the store in this directory (also SFS_DIR)
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    store: Option<PathBuf>,
    /// Set this for this command alone (see `sfs help config`)
    #[arg(short = 'c', global = true, value_name = "KEY=VALUE", help_heading = "Global options")]
    given: Vec<String>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    #[arg(help_heading = "Global options")]
    color: ui::Color,
    /// Don't send output through a pager
    #[arg(long, global = true, help_heading = "Global options")]
    no_pager: bool,
    /// Don't capture what is new first (also SFS_CAPTURE=off)
    #[arg(long, global = true, help_heading = "Global options")]
    no_capture: bool,
    /// Say only what was asked for, and errors
    #[arg(long, short, global = true, help_heading = "Global options")]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    Blame(Arguments<cmd::blame::Args>),
    Branch(Arguments<cmd::branch::Args>),
    Bundle(Arguments<cmd::bundle::Args>),
    Capture(Arguments<cmd::capture::Args>),
    Checkout(Arguments<cmd::checkout::Args>),
    Clone(Arguments<cmd::clone::Args>),
    Completions(Arguments<cmd::completions::Args>),
    Config(Arguments<cmd::config::Args>),
    Daemon(Arguments<cmd::daemon::Args>),
    Delete(Arguments<cmd::delete::Args>),
    Demo(Arguments<cmd::demo::Args>),
    Diff(Arguments<cmd::diff::Args>),
    Doctor(Arguments<cmd::doctor::Args>),
    Export(Arguments<cmd::export::Args>),
    Fetch(Arguments<cmd::fetch::Args>),
    Fork(Arguments<cmd::fork::Args>),
    Fsck(Arguments<cmd::fsck::Args>),
    Gc(Arguments<cmd::gc::Args>),
    Help(Arguments<cmd::help::Args>),
    Hooks(Arguments<cmd::hooks::Args>),
    Import(Arguments<cmd::import::Args>),
    Init(Arguments<cmd::init::Args>),
    List(Arguments<cmd::list::Args>),
    Log(Arguments<cmd::log::Args>),
    Man(Arguments<cmd::man::Args>),
    Mcp(Arguments<cmd::mcp::Args>),
    Merge(Arguments<cmd::merge::Args>),
    Name(Arguments<cmd::name::Args>),
    Pull(Arguments<cmd::pull::Args>),
    Purge(Arguments<cmd::purge::Args>),
    Push(Arguments<cmd::push::Args>),
    Reflog(Arguments<cmd::reflog::Args>),
    Remote(Arguments<cmd::remote::Args>),
    Restore(Arguments<cmd::restore::Args>),
    Resume(Arguments<cmd::resume::Args>),
    Scan(Arguments<cmd::scan::Args>),
    Search(Arguments<cmd::search::Args>),
    Serve(Arguments<cmd::serve::Args>),
    #[command(hide = true)]
    ServeRemote(Arguments<cmd::serve_remote::Args>),
    Share(Arguments<cmd::share::Args>),
    Show(Arguments<cmd::show::Args>),
    Snapshot(Arguments<cmd::snapshot::Args>),
    Stats(Arguments<cmd::stats::Args>),
    Status(Arguments<cmd::status::Args>),
    Tag(Arguments<cmd::tag::Args>),
    Ui(Arguments<cmd::ui::Args>),
    Undo(Arguments<cmd::undo::Args>),
}

impl Command {
    fn run(&self, app: &App) -> Result<(), CommandError> {
        match self {
            Command::Blame(args) => cmd::blame::run(args, app),
            Command::Branch(args) => cmd::branch::run(args, app),
            Command::Bundle(args) => cmd::bundle::run(args, app),
            Command::Capture(args) => cmd::capture::run(args, app),
            Command::Checkout(args) => cmd::checkout::run(args, app),
            Command::Clone(args) => cmd::clone::run(args, app),
            Command::Completions(args) => cmd::completions::run(args, app),
            Command::Config(args) => cmd::config::run(args, app),
            Command::Daemon(args) => cmd::daemon::run(args, app),
            Command::Delete(args) => cmd::delete::run(args, app),
            Command::Demo(args) => cmd::demo::run(args, app),
            Command::Diff(args) => cmd::diff::run(args, app),
            Command::Doctor(args) => cmd::doctor::run(args, app),
            Command::Export(args) => cmd::export::run(args, app),
            Command::Fetch(args) => cmd::fetch::run(args, app),
            Command::Fork(args) => cmd::fork::run(args, app),
            Command::Fsck(args) => cmd::fsck::run(args, app),
            Command::Gc(args) => cmd::gc::run(args, app),
            Command::Help(args) => cmd::help::run(args, app),
            Command::Hooks(args) => cmd::hooks::run(args, app),
            Command::Import(args) => cmd::import::run(args, app),
            Command::Init(args) => cmd::init::run(args, app),
            Command::List(args) => cmd::list::run(args, app),
            Command::Log(args) => cmd::log::run(args, app),
            Command::Man(args) => cmd::man::run(args, app),
            Command::Mcp(args) => cmd::mcp::run(args, app),
            Command::Merge(args) => cmd::merge::run(args, app),
            Command::Name(args) => cmd::name::run(args, app),
            Command::Pull(args) => cmd::pull::run(args, app),
            Command::Purge(args) => cmd::purge::run(args, app),
            Command::Push(args) => cmd::push::run(args, app),
            Command::Reflog(args) => cmd::reflog::run(args, app),
            Command::Remote(args) => cmd::remote::run(args, app),
            Command::Restore(args) => cmd::restore::run(args, app),
            Command::Resume(args) => cmd::resume::run(args, app),
            Command::Scan(args) => cmd::scan::run(args, app),
            Command::Search(args) => cmd::search::run(args, app),
            Command::Serve(args) => cmd::serve::run(args, app),
            Command::ServeRemote(args) => cmd::serve_remote::run(args, app),
            Command::Share(args) => cmd::share::run(args, app),
            Command::Show(args) => cmd::show::run(args, app),
            Command::Snapshot(args) => cmd::snapshot::run(args, app),
            Command::Stats(args) => cmd::stats::run(args, app),
            Command::Status(args) => cmd::status::run(args, app),
            Command::Tag(args) => cmd::tag::run(args, app),
            Command::Ui(args) => cmd::ui::run(args, app),
            Command::Undo(args) => cmd::undo::run(args, app),
        }
    }
}

/// Reads the command line. Where there is a screen, there need be no command.
/// With it comes the command's name.
fn parse(args: &[OsString], screen: bool, settings: &Settings) -> Result<(Cli, String), clap::Error> {
    let command = meant::describe(args, Cli::command);
    let command = command.subcommand_required(!screen).arg_required_else_help(!screen);
    let matches = settings::defaults(command, settings).try_get_matches_from(args)?;
    let name = matches.subcommand_name().unwrap_or("ui").to_owned();
    Ok((Cli::from_arg_matches(&matches)?, name))
}

/// Where things are, and what the user has set.
fn world(global: &Global, name: &str) -> Result<(Places, Settings), CommandError> {
    let places = env::places()?;
    let file = env::settings(&places).join(CONFIG);
    match Settings::read(&file, &places.vars, &global.given) {
        Ok(settings) => Ok((places, settings)),
        // The command that mends them must run.
        Err(_) if matches!(name, "config" | "help") => Ok((places, Settings::default())),
        Err(e) => Err(settings::failed(e)),
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    match complete::answer(Cli::command) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(e) => return ui::show_usage(&e),
    }
    let args: Vec<OsString> = std::env::args_os().collect();
    let screen = cmd::ui::has_terminal();
    let (mut cli, name) = match parse(&args, screen, &Settings::default()) {
        Ok(parsed) => parsed,
        Err(e) => return ui::show_usage(&e),
    };
    let (places, settings) = match world(&cli.global, &name) {
        Ok(world) => world,
        Err(e) => return fail(&Ui::new(cli.global.color, cli.global.quiet, None), &e),
    };
    if settings.chosen().next().is_some() {
        cli = match parse(&args, screen, &settings) {
            Ok((cli, _)) => cli,
            Err(e) => return ui::show_usage(&e),
        };
    }
    let pager = (!cli.global.no_pager).then(|| settings::pager(&places, &settings));
    let ui = Ui::new(cli.global.color, cli.global.quiet, pager);
    let outcome = start(&cli, &args, &name, &ui, places, settings);
    // What was written last may fail to reach its reader only now.
    match outcome.and_then(|code| Ok(ui.finish().map(|()| code)?)) {
        Ok(code) => code,
        Err(e) => fail(&ui, &e),
    }
}

fn start(
    cli: &Cli,
    args: &[OsString],
    name: &str,
    ui: &Ui,
    places: Places,
    settings: Settings,
) -> Result<ExitCode, CommandError> {
    let global = &cli.global;
    let store = global.store.clone().or_else(|| settings::store(&places, &settings));
    let env = env::new(name, places, store)?;
    if cli.command.is_none()
        && matches!(Store::open(&env.store), Err(StoreError::NoStore(_)))
        && let Err(help) = parse(args, false, &settings)
    {
        // Nothing to look at yet: the help says how to begin.
        return Ok(ui::show_usage(&help));
    }
    for unknown in settings.unknown.iter().filter(|_| name != "config" && !global.quiet) {
        ui.warn(&format!("{} sets {unknown}, which is no setting", env.config().display()));
    }
    let captures = !global.no_capture && settings.is_on("capture.auto");
    let app = App { env, ui: ui.clone(), captures, settings, given: global.given.clone() };
    match &cli.command {
        Some(command) => command.run(&app)?,
        None => cmd::ui::run(&cmd::ui::Args::plain(&app.settings), &app)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn fail(ui: &Ui, error: &CommandError) -> ExitCode {
    let _ = ui.finish();
    ui.error(error);
    // A hook that ends with this code would hold its tool up.
    let is_hook = || HOOK_WORDS.iter().all(|word| std::env::args_os().any(|arg| arg == *word));
    match error.code() {
        error::USAGE if is_hook() => ExitCode::from(error::FAILED),
        code => ExitCode::from(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_well_formed_and_in_order() {
        let command = Cli::command();
        command.clone().debug_assert();
        let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
