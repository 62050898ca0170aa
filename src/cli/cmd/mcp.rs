//! `sfs mcp`

use std::io;

use crate::cli::{App, CommandError, env};
use crate::mcp::{Host, serve};
use crate::ops::Env;
use crate::store::{Store, StoreError};

/// Let agents ask what was done in other tools
///
/// Serves the Model Context Protocol on standard input and output: a tool starts
/// it and its agent lists, searches, reads and compares the sessions of all
/// tools. Answers are bounded, secrets are taken out, and nothing can be changed
/// unless allowed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Let agents make branches and tags too
    #[arg(long)]
    allow_write: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    // Fails where there is no store, so that whoever starts it sees why.
    app.store()?;
    let host = Server { app, may_write: args.allow_write };
    let input = io::BufReader::new(io::stdin());
    Ok(serve(&host, input, io::stdout())?)
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
        App { env, ui: app.ui.clone(), captures: app.captures }
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
