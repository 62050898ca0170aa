//! `sfs serve`

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::{App, CommandError};
use crate::web::Site;

/// Show sessions in a browser
///
/// Serves a site for reading on this machine alone, at the address that is
/// printed. The address holds a token: who knows it can read all sessions,
/// as long as the command runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    port: u16,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    static STOP: AtomicBool = AtomicBool::new(false);
    app.fresh_store()?;
    let site = Site::listen(args.port, format!("{:032x}", app.env.seed)).map_err(|e| {
        CommandError::from(e).hint("`--port` names another port, and 0 takes any that is free")
    })?;
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))
        .map_err(|e| CommandError::message(format!("cannot hear of signals: {e}")))?;
    app.ui.line(site.address())?;
    app.ui.finish()?;
    app.ui.note("Open this address in your browser; Ctrl-C stops.");
    site.run(&app.env, &STOP);
    Ok(())
}
