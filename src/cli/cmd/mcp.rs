//! `sfs mcp`

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use crate::cli::ui::clean_text;
use crate::cli::{App, CommandError, env};
use crate::mcp::{Host, serve};
use crate::ops::Env;
use crate::ops::register::{NAME, RegisterError, RegisterOptions, Registration, carry_out, plan};
use crate::store::{Store, StoreError};
use crate::tool;

/// Let agents ask what was done in other tools
///
/// Serves the Model Context Protocol on standard input and output: a tool starts
/// it and its agent lists, searches, reads and compares the sessions of all
/// tools. Answers are bounded, secrets are taken out, and nothing can be changed
/// unless allowed.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Let agents make branches and tags too
    #[arg(long)]
    allow_write: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Tell a tool of the server
    ///
    /// Adds one entry to the tool's settings, or lets the tool's own command add
    /// it. A copy of the file is kept beside the store.
    Install(Install),
    /// Tell a tool that the server is gone
    ///
    /// Takes the entry out again; if nothing else changed, the file is what it was.
    Uninstall(Change),
}

#[derive(clap::Args)]
struct Install {
    #[command(flatten)]
    change: Change,
    /// Let agents make branches and tags too
    #[arg(long)]
    allow_write: bool,
}

#[derive(clap::Args)]
struct Change {
    /// The tool
    tool: String,
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    match &args.action {
        None => server(args, app),
        Some(Action::Install(install)) => {
            change(&install.change, app, &["--allow-write"][..usize::from(install.allow_write)], false)
        }
        Some(Action::Uninstall(args)) => change(args, app, &[], true),
    }
}

fn server(args: &Args, app: &App) -> Result<(), CommandError> {
    // Fails where there is no store, so that whoever starts it sees why.
    app.store()?;
    let host = Server { app, may_write: args.allow_write };
    let input = io::BufReader::new(io::stdin());
    Ok(serve(&host, input, io::stdout())?)
}

/// Tells a tool of the server, or that it is gone.
fn change(args: &Change, app: &App, options: &[&str], remove: bool) -> Result<(), CommandError> {
    let can = || tool::TOOLS.iter().filter(|tool| tool.servers(&app.env.places).is_some());
    let known: Vec<&str> = can().map(|tool| tool.name()).collect();
    let tool = tool::by_name(&args.tool).ok_or_else(|| {
        CommandError::usage(format!("no tool is called {:?}; there are: {}", args.tool, known.join(", ")))
    })?;
    let command = command(app, options)?;
    let entry = command.join(" ");
    let planned = plan(&app.env, &RegisterOptions { tool, command, remove }).map_err(|e| match &e {
        RegisterError::Unknown { .. } => {
            let hint = format!("let it start `{entry}`; sfs knows how for: {}", known.join(", "));
            CommandError::from(e).hint(hint)
        }
        RegisterError::Unsafe { entry, .. } => {
            let verb = if remove { "take this out of it" } else { "add this to it" };
            let hint = format!("{verb} by hand:\n{entry}");
            CommandError::from(e).hint(hint)
        }
        RegisterError::Taken { .. } => {
            let hint = format!("`sfs mcp uninstall {}` takes that one out first", tool.name());
            CommandError::from(e).hint(hint)
        }
        _ => e.into(),
    })?;
    if !tell(app, &planned, remove)? || args.dry_run {
        return Ok(());
    }
    if !args.yes {
        confirm(app)?;
    }
    let said = carry_out(&app.env, &planned)?;
    if !said.trim().is_empty() {
        app.ui.note(&clean_text(said.trim()));
    }
    let done = if remove { "no longer knows of it" } else { "knows of it when it is started next" };
    app.ui.note(&format!("Done: {} {done}.", tool.title()));
    Ok(())
}

/// Shows what will be done; whether that is anything.
fn tell(app: &App, planned: &Registration, remove: bool) -> Result<bool, CommandError> {
    match planned {
        Registration::Nothing => {
            app.ui.note(if remove { "It isn't there." } else { "It is there already." });
            return Ok(false);
        }
        Registration::Run(command) => app.ui.line(format!("run {}", clean_text(&command.join(" "))))?,
        Registration::Write { path, now: None, .. } => app.ui.line(format!("remove {}", path.display()))?,
        Registration::Write { path, entry, .. } => {
            let (verb, sign) = if remove { ("take out of", '-') } else { ("add to", '+') };
            app.ui.line(format!("{verb} {}:", path.display()))?;
            entry.lines().try_for_each(|line| app.ui.line(format!("{sign} {}", clean_text(line))))?;
        }
    }
    Ok(true)
}

fn confirm(app: &App) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        let error = CommandError::usage("there is nobody to ask");
        return Err(error.hint("`--dry-run` tells what would be done, `--yes` does it"));
    }
    app.ui.flush()?;
    app.ui.warn("This changes the tool's settings. Type yes to go on:");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "yes" | "y" => Ok(()),
        _ => Err(CommandError::message("nothing was changed")),
    }
}

/// The command that starts the server. Tools start it in a world of their own,
/// so all that matters is in its words.
fn command(app: &App, options: &[&str]) -> Result<Vec<String>, CommandError> {
    let mut command = vec![program(app)?];
    if app.env.store != env::usual_store(&app.env.places) {
        command.extend(["--store".to_owned(), app.env.store.to_string_lossy().into_owned()]);
    }
    command.push("mcp".to_owned());
    command.extend(options.iter().map(|option| (*option).to_owned()));
    Ok(command)
}

/// This program, by the path under which the user finds it: a package that is
/// updated keeps that.
fn program(app: &App) -> Result<String, CommandError> {
    let here = std::env::current_exe()
        .and_then(std::fs::canonicalize)
        .map_err(|e| CommandError::message(format!("cannot tell where this program is: {e}")))?;
    let path = app.env.places.vars.get("PATH").cloned().unwrap_or_default();
    let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let named = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(&name));
    let is_here = |path: &PathBuf| std::fs::canonicalize(path).is_ok_and(|path| path == here);
    Ok(named.into_iter().find(is_here).unwrap_or(here).to_string_lossy().into_owned())
}

struct Server<'a> {
    app: &'a App,
    may_write: bool,
}

impl Server<'_> {
    /// The command as it would be were it started now.
    fn now(&self) -> App {
        let app = self.app;
        let env = Env { now: env::now(&app.env.places), ..app.env.clone() };
        App { env, ui: app.ui.clone(), settings: app.settings.clone(), given: app.given.clone(), ..*app }
    }
}

impl Host for Server<'_> {
    fn env(&self) -> Env {
        self.now().env
    }

    fn store(&self) -> Result<Store, StoreError> {
        let app = self.now();
        let mut store = Store::open(&app.env.store)?;
        app.refresh(&mut store);
        Ok(store)
    }

    fn may_write(&self) -> bool {
        self.may_write
    }
}
