//! `sfs restore`

use std::path::PathBuf;

use crate::cli::{App, CommandError};
use crate::object::id::{Id, Prefix};
use crate::ops::{restore, source};

/// Write sessions out again, byte for byte
///
/// Nothing that exists is overwritten.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The session, by the beginning of its id or of the tool's own id
    #[arg(long, value_name = "ID", required_unless_present = "all")]
    session: Option<String>,
    /// All sessions
    #[arg(long, conflicts_with = "session")]
    all: bool,
    /// The folder to write to; each tool gets a folder of its own in it
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.store()?;
    let session = args.session.as_deref().map(|text| find(&store, text)).transpose()?;
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

/// The one session that `text` begins the id of.
fn find(store: &crate::store::Store, text: &str) -> Result<Id, CommandError> {
    let prefix = Prefix::parse(text);
    let named = |s: &&crate::store::Source| {
        s.native.starts_with(text) || prefix.is_some_and(|prefix| prefix.matches(&s.session))
    };
    let mut found: Vec<Id> = source::all(store).filter(named).map(|s| s.session).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [session] => Ok(*session),
        [] => Err(CommandError::message(format!("no session is called {text:?}"))),
        many => Err(CommandError::message(format!(
            "{} sessions begin with {text:?}: give more of it",
            many.len()
        ))),
    }
}
