//! `sfs remote key`

use std::io::Write;
use std::path::PathBuf;

use super::remote::failed;
use crate::cli::ui::clean;
use crate::cli::{App, CommandError};
use crate::ops::members;

/// Say who may read an encrypted remote
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
    /// The remote; `origin` or the only one if none is named
    #[arg(long, global = true, value_name = "NAME")]
    remote: Option<String>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List the public keys that it is encrypted to
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let one more read all that is and will be there
    Add {
        /// The public key: age1…, or ssh-ed25519 … in quotes
        key: String,
    },
    /// Let one no longer read what comes from now on
    ///
    /// What is there already stays readable to whoever could read it.
    Remove {
        /// The public key
        key: String,
    },
    /// Make a key for this machine
    ///
    /// The file is made, not overwritten. Its public key is printed, for a
    /// member to add. Whoever has the file can read; without it, nobody can
    /// read for you.
    New {
        /// The file to write it to
        file: PathBuf,
    },
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let remote = args.remote.as_deref();
    match &args.action {
        Action::List { json } => {
            let (_, members) = members::members(&app.env, &app.store()?, remote).map_err(failed)?;
            let members: Vec<String> = members.iter().map(ToString::to_string).collect();
            if *json {
                app.ui.json(&members)?;
            } else {
                members.iter().try_for_each(|member| app.ui.line(clean(member)))?;
            }
        }
        Action::Add { key } => {
            let (name, new) = members::add(&app.env, &app.store()?, remote, key).map_err(failed)?;
            app.ui.note(&match new {
                true => format!("{key} may read {name} from now on, and what is there"),
                false => format!("{key} may read {name} already"),
            });
        }
        Action::Remove { key } => {
            let (name, gone) = members::remove(&app.env, &app.store()?, remote, key).map_err(failed)?;
            if !gone {
                return Err(CommandError::message(format!("{key} is no member of {name}"))
                    .hint("`sfs remote key list` shows them"));
            }
            app.ui.note(&format!(
                "{key} can't read what comes to {name} from now on; what is there stays readable"
            ));
        }
        Action::New { file } => {
            let (text, public) = crate::remote::new_identity();
            let path = app.env.cwd.join(file);
            let _ = path.parent().map(std::fs::create_dir_all);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|e| {
                CommandError::message(format!("{} can't be written: {e}", path.display()))
                    .hint("a file that is there is never overwritten")
            })?;
            app.ui.line(&public)?;
            app.ui.note(&format!("Made {}; keep a copy in a safe place", path.display()));
        }
    }
    Ok(())
}
