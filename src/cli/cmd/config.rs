//! `sfs config`

use crate::cli::settings::failed;
use crate::cli::ui::{FAINT, NAME, clean, paint};
use crate::cli::{App, CommandError, error};
use crate::ops::settings::{self, KEYS, Key, Origin, Settings};

/// Show and change settings
///
/// They stand in config.toml, in the folder `sfs` of the user's settings
/// (SFS_CONFIG_DIR names another). Environment variables go before the file,
/// and options before both; `-c KEY=VALUE` sets one for one command.
/// `sfs help config` tells what can be set.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Print what a setting is; ends with 1 if it is nothing
    Get {
        /// The setting
        key: String,
    },
    /// List all settings, what each is, and where that is said
    List {
        /// Print an array of JSON objects
        #[arg(long)]
        json: bool,
    },
    /// Print where the file is, or would be
    Path,
    /// Set one in the file; all else in it stays as it is
    Set {
        /// The setting
        key: String,
        /// What it shall be
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Take one out of the file
    Unset {
        /// The setting
        key: String,
    },
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let path = app.env.config();
    match &args.action {
        Action::Get { key } => {
            let key = Key::find(key).map_err(failed)?;
            match read(app)?.get(key).0 {
                Some(value) => app.ui.line(clean(value))?,
                None => return Err(CommandError::silent(error::FAILED)),
            }
        }
        Action::List { json } => list(app, &read(app)?, *json)?,
        Action::Path => app.ui.line(clean(&path.to_string_lossy()))?,
        Action::Set { key, value } => {
            let key = Key::find(key).map_err(failed)?;
            settings::set(&path, key, value).map_err(failed)?;
            app.ui.note(&format!("{} is {value} in {}", key.name, path.display()));
            if let (Some(now), Origin::Variable(name)) = read(app)?.get(key) {
                app.ui.warn(&format!("{name} goes before the file: here it is {now}"));
            }
        }
        Action::Unset { key } => {
            if settings::unset(&path, key).map_err(failed)? {
                app.ui.note(&format!("{key} is no longer in {}", path.display()));
            } else {
                // One that could be there, or a slip of the pen?
                let key = Key::find(key).map_err(failed)?;
                app.ui.note(&format!("{} is not in {}", key.name, path.display()));
            }
        }
    }
    Ok(())
}

/// The settings, or what is wrong with them; other commands were told before.
fn read(app: &App) -> Result<Settings, CommandError> {
    Settings::read(&app.env.config(), &app.env.places.vars, &app.given).map_err(failed)
}

fn list(app: &App, settings: &Settings, json: bool) -> Result<(), CommandError> {
    if json {
        let rows = KEYS.iter().map(|key| {
            let (value, origin) = settings.get(key);
            let from = match origin {
                Origin::Default => "default",
                Origin::File => "file",
                Origin::Variable(_) => "environment",
                Origin::CommandLine => "command line",
            };
            serde_json::json!({
                "key": key.name, "value": value, "from": from, "default": key.default,
                "variable": key.variable, "values": key.kind.describe(), "about": key.about,
            })
        });
        return Ok(app.ui.json(&rows.collect::<Vec<_>>())?);
    }
    app.ui.page();
    for key in KEYS {
        let (value, origin) = settings.get(key);
        let from = match origin {
            Origin::Default => String::new(),
            Origin::File => "config.toml".to_owned(),
            Origin::Variable(name) => name.to_owned(),
            Origin::CommandLine => "-c".to_owned(),
        };
        let name = paint(NAME, format!("{:<17}", key.name));
        let value = value.map_or("-".to_owned(), clean);
        app.ui.line(if from.is_empty() {
            format!("{name}  {value}")
        } else {
            format!("{name}  {value:<12}  {}", paint(FAINT, from))
        })?;
    }
    for name in &settings.unknown {
        app.ui.warn(&format!("{} sets {name}, which is no setting", app.env.config().display()));
    }
    Ok(())
}
