//! `sfs bundle`

use std::path::PathBuf;

use super::leaving::Leaving;
use super::remote::failed;
use super::selected::Selected;
use super::{pull, push};
use crate::cli::error::DAMAGED;
use crate::cli::ui::{bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::bundle::{self, BundleOptions};
use crate::ops::causes;
use crate::ops::push::PushOptions;
use crate::ops::verify::Verified;

/// Put sessions into one file, or take them out of one
///
/// For someone who shares no place with you: the file goes by mail, a stick or
/// anything else. `sfs clone` and `sfs remote add` take one as well.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Write sessions, and all that they lead to, into a file
    ///
    /// All that would leave is looked through for secrets first, as with
    /// `sfs push`.
    Create {
        /// The file to make
        file: PathBuf,
        /// Only tell what would be in it
        #[arg(long, short = 'n')]
        dry_run: bool,
        /// Write over a file that is there
        #[arg(long, short)]
        force: bool,
        /// Encrypt it to this public key: age1…, or ssh-ed25519 … in quotes
        #[arg(long, value_name = "KEY")]
        encrypt_to: Vec<String>,
        #[command(flatten)]
        leaving: Leaving,
        #[command(flatten)]
        only: Selected,
    },
    /// Take over what is in a file
    ///
    /// All that comes is checked before any of it counts. Where both sides went
    /// on, both tips stay, as with `sfs pull`.
    Open {
        /// The file
        file: PathBuf,
        /// The file with the key of this machine, if it is encrypted
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        #[command(flatten)]
        only: Selected,
    },
    /// Check all that is in a file; ends with 3 when something is wrong
    Verify {
        /// The file
        file: PathBuf,
        /// The file with the key of this machine, if it is encrypted
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    match &args.action {
        Action::Create { file, dry_run, force, encrypt_to, leaving, only } => {
            let mut store = app.fresh_store()?;
            let push = PushOptions { dry_run: *dry_run, only: only.read(app)?, ..PushOptions::default() };
            let shown = file.display().to_string();
            let report = leaving.send(app, &mut store, push, (Some(&shown), false), |store, push| {
                let options =
                    BundleOptions { push: push.clone(), encrypt_to: encrypt_to.clone(), force: *force };
                bundle::create(&app.env, store, file, &options, &app.ui.monitor())
            })?;
            let what = push::what(&report);
            app.ui.note(&match dry_run {
                true => format!("Would write to {shown}: {what}"),
                false => format!("Wrote {shown}: {what}"),
            });
        }
        Action::Open { file, identity, only } => {
            let mut store = app.store_or_create()?;
            let (only, monitor) = (only.read(app)?, app.ui.monitor());
            let report = bundle::open(&app.env, &mut store, file, identity.clone(), &only, &monitor);
            let report = report.map_err(failed)?;
            let fetched = &report.fetched;
            let packs = count(fetched.packs, "pack");
            app.ui.note(&format!("Opened {}: {packs}, {}", file.display(), bytes(fetched.bytes)));
            pull::tell(&report, app);
            app.ui.hint("`sfs list --all` shows the sessions; `sfs resume ID` goes on with one");
        }
        Action::Verify { file, identity } => {
            let found = bundle::check(&app.env, file, identity.clone(), &app.ui.monitor()).map_err(failed)?;
            tell(&found, &file.display().to_string(), app)?;
        }
    }
    Ok(())
}

/// Tells what a look through a remote found; an error if that is a fault.
pub(super) fn tell(found: &Verified, place: &str, app: &App) -> Result<(), CommandError> {
    for fault in &found.faults {
        app.ui.line(clean(&causes(fault).join(": ")))?;
    }
    let (packs, size) = (count(found.packs, "pack"), bytes(found.bytes));
    let (sessions, writers) = (count(found.sessions, "session"), count(found.writers, "store"));
    app.ui.note(&format!("Checked {place}: {packs}, {size}; {sessions} of {writers}"));
    if found.faults.is_empty() {
        return Ok(());
    }
    let faults = count(found.faults.len() as u64, "fault");
    Err(CommandError::message(format!("{place} has {faults}")).with_code(DAMAGED))
}
