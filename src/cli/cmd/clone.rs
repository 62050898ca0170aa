//! `sfs clone`

use super::remote::failed;
use super::selected::Selected;
use super::{fetch, pull};
use crate::cli::{App, CommandError};
use crate::ops::clone::clone;
use crate::ops::fetch::{FetchOptions, Texts};

/// Make a store with all that is on a remote
///
/// The store is made at `--store`, at $SFS_DIR, or in the user's data folder.
/// The place becomes its remote `origin`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where others pushed to: DIR, HOST:DIR, ssh://…, s3://…, gs://…, azure://…,
    /// webdavs://… or https://…
    address: String,
    /// The file with the key of this machine, if the place is encrypted
    #[arg(long, value_name = "FILE")]
    identity: Option<std::path::PathBuf>,
    /// Bring histories alone, now and from now on; texts come when asked for
    #[arg(long)]
    shallow: bool,
    #[command(flatten)]
    only: Selected,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let texts = if args.shallow { Texts::Later } else { Texts::AsBefore };
    let options = FetchOptions { only: args.only.read(app)?, texts };
    let (store, report) =
        clone(&app.env, &args.address, args.identity.clone(), &options, &app.ui.monitor()).map_err(failed)?;
    fetch::tell(&report.fetched, app);
    pull::tell(&report, app);
    app.ui.note(&format!("Made a store at {}", store.dir().display()));
    Ok(())
}
