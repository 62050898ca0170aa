//! `sfs remote`

use std::path::PathBuf;

use crate::cli::ui::{NAME, clean, count, paint};
use crate::cli::{App, CommandError};
use crate::ops::members::Sealing;
use crate::ops::remote::{self, SyncError};
use crate::remote::RemoteError;

/// List, add or remove the places that are pushed to
///
/// A remote is a directory of this machine, of a network or of a stick, or one
/// that another program copies about (DIR); a directory of a machine behind ssh
/// (HOST:DIR or ssh://HOST/DIR); a bucket (s3://BUCKET/PREFIX, gs://BUCKET/PREFIX
/// or azure://ACCOUNT/CONTAINER/PREFIX); a folder behind WebDAV
/// (webdavs://HOST/DIR); or, to be read only, what someone published
/// (https://HOST/DIR). `sfs help remotes` says where each looks for passwords.
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
        /// Where it is: DIR, HOST:DIR, ssh://…, s3://…, gs://…, azure://…,
        /// webdavs://… or https://…
        address: String,
        /// Encrypt it to this public key: age1…, or ssh-ed25519 … in quotes
        ///
        /// The place must be empty. The key of --identity is added by itself
        /// if it is one of age.
        #[arg(long, value_name = "KEY", requires = "identity")]
        encrypt_to: Vec<String>,
        /// The file with the key of this machine, for an encrypted place
        ///
        /// A key of age, as `sfs remote key new` makes one, or a private key of
        /// ssh without a passphrase. It is read each time, and nothing is
        /// written to it.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    Key(super::remote_key::Args),
    /// Write the list of its files that readers over HTTP go by
    ///
    /// A directory or bucket with such an `index` can be put behind any web
    /// server, and fetched from at its URL. Run it again after each push.
    Publish {
        /// Its name; `origin` or the only one if none is named
        name: Option<String>,
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
            for (name, place) in remote::list(&app.store()?).map_err(failed)? {
                let mut mark = if place.identity.is_some() { "\tencrypted" } else { "" }.to_owned();
                mark += if place.shallow { "\tshallow" } else { "" };
                let address = clean(&place.address);
                app.ui.line(format_args!("{}\t{address}{mark}", paint(NAME, clean(&name))))?;
            }
        }
        Some(Action::Add { name, address, encrypt_to, identity }) => {
            let sealing = Sealing { encrypt_to: encrypt_to.clone(), identity: identity.clone() };
            let store = app.store_or_create()?;
            let address = remote::add(&app.env, &store, name, address, &sealing).map_err(failed)?;
            app.ui.note(&format!("Added {name}: {address}"));
        }
        Some(Action::Key(args)) => super::remote_key::run(args, app)?,
        Some(Action::Publish { name }) => {
            let (name, files) = remote::publish(&app.env, &app.store()?, name.as_deref()).map_err(failed)?;
            app.ui.note(&format!("Published {name}: {}", count(files, "file")));
        }
        Some(Action::Remove { name }) => {
            remote::remove(&app.env, &mut app.store()?, name).map_err(failed)?;
            app.ui.note(&format!("Removed {name}"));
        }
    }
    Ok(())
}

/// An error with advice.
pub(crate) fn failed(error: SyncError) -> CommandError {
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
        SyncError::Encrypted(_) => {
            "add it with --identity FILE; a member lets that key in with `sfs remote key add`"
        }
        SyncError::NoIdentity => "name one with --identity FILE; `sfs remote key new FILE` makes one",
        SyncError::NotEmpty(_) => "`sfs remote add origin DIR` and `sfs pull` bring them together",
        SyncError::Shallow { .. } => {
            "`sfs fetch --unshallow --session ID` brings them; or name others with --session"
        }
        SyncError::Lacking { .. } => "add the remote that has them, and run `sfs fetch --unshallow`",
        SyncError::Exists(_) => "`--force` writes over it",
        SyncError::Nothing => "`sfs list --all` shows what there is",
        SyncError::Remote(e) => of_remote(e),
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

/// Whether a place is reached through WebDAV.
fn is_dav(place: &str) -> bool {
    ["webdav:", "webdavs:", "dav:", "davs:"].iter().any(|scheme| place.starts_with(scheme))
}

/// What to do about a transport's error.
fn of_remote(error: &RemoteError) -> &'static str {
    match error {
        RemoteError::IsStore(_) => {
            "add an empty directory, and push to it from that store with `sfs --store`"
        }
        RemoteError::NotThere(place) if place.starts_with("s3:") => {
            "make the bucket first, or name its server with ?endpoint= or AWS_ENDPOINT_URL"
        }
        RemoteError::NotThere(place) if place.starts_with("gs:") => "make the bucket first",
        RemoteError::NotThere(place) if place.starts_with("azure:") => {
            "make the container first, or name its server with ?endpoint="
        }
        RemoteError::NotThere(place) if is_dav(place) => {
            "a push makes the folder, but not what it lies in: check the address, or make that first"
        }
        RemoteError::NotThere(place) if place.starts_with("http") => {
            "whoever publishes it runs `sfs remote publish` after each push"
        }
        RemoteError::NotThere(_) => "is it mounted? A push makes it, but not what it lies in",
        RemoteError::Missing(_) => {
            "it may have been removed, or not been copied yet; `sfs push --full` from a store that has it mends the remote"
        }
        RemoteError::Address { .. } => "`sfs remote add --help` says what an address can be",
        RemoteError::NoCredentials { place, .. } if place.starts_with("azure:") => {
            "set AZURE_STORAGE_SAS_TOKEN to a shared access signature, or AZURE_STORAGE_KEY to the account's key"
        }
        RemoteError::NoCredentials { place, .. } if place.starts_with("gs:") => {
            "set GS_ACCESS_KEY_ID and GS_SECRET_ACCESS_KEY to an HMAC key, from the settings of Cloud Storage (Interoperability)"
        }
        RemoteError::NoCredentials { place, .. } if is_dav(place) => {
            "set SFS_WEBDAV_USER and SFS_WEBDAV_PASSWORD, or write `machine HOST login USER password WORD` into ~/.netrc"
        }
        RemoteError::NoCredentials { .. } => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws with ?profile=NAME"
        }
        RemoteError::Denied { .. } => "check who you are there, and what that one may do",
        RemoteError::Overheard(_) => {
            "use webdavs://; to go without a password, unset SFS_WEBDAV_PASSWORD, or name a NETRC without one"
        }
        RemoteError::Full { .. } => "make room there; `sfs gc --remote` removes what no store needs any more",
        RemoteError::NotEncrypted(_) => "leave --identity out, or check the address",
        RemoteError::Locked { .. } => {
            "a member lets your public key in with `sfs remote key add`; with no member's key left, what is there can't be read by anybody, and a store that has it pushes to a new place"
        }
        RemoteError::Sealed { .. } => {
            "nothing was changed; if the file was damaged, remove it, and `sfs push --full` from a store that has it all mends the remote"
        }
        RemoteError::NoBundle { .. } => "have it sent again; `sfs bundle create` makes one",
        RemoteError::ReadOnly(_) => "push to the place that it is published from",
        RemoteError::Lost { .. } => "what has arrived stays; run it again, and it goes on from there",
        _ => "",
    }
}
