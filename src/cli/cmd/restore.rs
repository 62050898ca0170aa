//! `sfs restore`

use std::path::PathBuf;

use crate::cli::{App, CommandError};
use crate::ops::{restore, revision};

/// Write sessions out again, byte for byte
///
/// Nothing that exists is overwritten.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The session
    #[arg(required_unless_present = "all")]
    session: Option<String>,
    /// All sessions
    #[arg(long, conflicts_with = "session")]
    all: bool,
    /// The folder to write to; each tool gets a folder of its own in it
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let session = args.session.as_deref();
    let session = session.map(|text| revision::session(&store, &app.env, text)).transpose()?;
    if let Some(session) = session {
        app.bring_texts(&mut store, session)?;
    }
    let report = restore::restore(&store, session, &app.env.cwd.join(&args.to))?;
    for (path, why) in &report.refused {
        app.ui.warn(&format!("{}: {why}", path.display()));
    }
    app.ui.note(&format!("Restored {} files, {} bytes.", report.files, report.bytes));
    match report.refused.len() {
        0 => Ok(()),
        n => Err(CommandError::message(format!("{n} files were not written"))),
    }
}
