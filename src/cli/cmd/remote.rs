//! `sfs remote`

use crate::cli::ui::{NAME, clean, paint};
use crate::cli::{App, CommandError};
use crate::ops::remote::{self, SyncError};
use crate::remote::RemoteError;

/// List, add or remove the places that are pushed to
///
/// A remote is a directory: of this machine, of a network, of a stick, or one
/// that another program copies to other machines.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Add a remote
    Add {
        /// What to call it; `origin` is used when no other is named
        name: String,
        /// The directory, which need not exist yet
        dir: String,
    },
    /// Forget a remote; nothing changes on it
    Remove {
        /// Its name
        name: String,
    },
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    match &args.action {
        None => {
            for (name, address) in remote::list(&app.store()?).map_err(failed)? {
                app.ui.line(format_args!("{}\t{}", paint(NAME, clean(&name)), clean(&address)))?;
            }
        }
        Some(Action::Add { name, dir }) => {
            let address = remote::add(&app.env, &app.store_or_create()?, name, dir).map_err(failed)?;
            app.ui.note(&format!("Added {name}: {address}"));
        }
        Some(Action::Remove { name }) => {
            remote::remove(&app.env, &mut app.store()?, name).map_err(failed)?;
            app.ui.note(&format!("Removed {name}"));
        }
    }
    Ok(())
}

/// An error with advice.
pub(super) fn failed(error: SyncError) -> CommandError {
    let hint = match &error {
        SyncError::Damaged { .. } => {
            "nothing was changed; remove that file, and `sfs push --full` from a store that has it all mends the remote"
        }
        SyncError::Incomplete { .. } => {
            "nothing was changed; if something copies the directory about, it may not be done: try again later"
        }
        SyncError::Unknown(_) => "`sfs remote` lists them",
        SyncError::Unnamed(_) => "`sfs remote add origin DIR` adds one, and then it need not be named",
        SyncError::BadName(_) => "use letters, digits, and - _ . within",
        SyncError::Behind => "`sfs pull` gets it",
        SyncError::NotEmpty(_) => "`sfs remote add origin DIR` and `sfs pull` bring them together",
        SyncError::Remote(RemoteError::IsStore(_)) => {
            "add an empty directory, and push to it from that store with `sfs --store`"
        }
        SyncError::Remote(RemoteError::NotThere(_)) => {
            "is it mounted? A push makes it, but not what it lies in"
        }
        _ => "",
    };
    let plain = match error {
        // The store's errors have advice and exit codes of their own.
        SyncError::Store(e) => CommandError::from(e),
        SyncError::Secrets(e) => CommandError::from(e),
        e => CommandError::from(e),
    };
    if hint.is_empty() { plain } else { plain.hint(hint) }
}
