//! `sfs mcp`

use std::io;

use super::registered;
use crate::cli::{App, CommandError, env};
use crate::mcp::{Host, serve};
use crate::ops::Env;
use crate::ops::register::{NAME, RegisterOptions, plan};
use crate::store::{Store, StoreError};

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
    let (tool, known) = registered::called(&args.tool, |tool| tool.servers(&app.env.places).is_some())?;
    let command = registered::command(app, &[&["mcp"], options].concat())?;
    let otherwise = format!("let it start `{}`; sfs knows how for: {known}", command.join(" "));
    let options = RegisterOptions { tool, name: NAME.to_owned(), command, remove };
    let planned = plan(&app.env, &options).map_err(|e| {
        registered::failed(e, remove, otherwise, &format!("sfs mcp uninstall {}", tool.name()))
    })?;
    registered::settle(app, tool, &planned, (remove, args.dry_run, args.yes))
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
