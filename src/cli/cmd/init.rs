//! `sfs init`

use crate::cli::{App, CommandError};

/// Make a store
///
/// The store is made at `--store`, at $SFS_DIR, or in the user's data folder.
/// Nothing happens if it is there already.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, app: &App) -> Result<(), CommandError> {
    let known = app.env.store.join("current").is_file();
    let store = app.store_or_create()?;
    let what = if known { "There is a store at" } else { "Made a store at" };
    app.ui.note(&format!("{what} {}", store.dir().display()));
    Ok(())
}
