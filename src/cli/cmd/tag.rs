//! `sfs tag`

use super::name::turned;
use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::branch::{self, TagOptions};
use crate::store::Store;
use crate::view;

/// List, make or remove tags
///
/// A tag is a name for a revision, with words of its own. It is pushed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The tag to make, or with --delete to remove; all are listed without it
    name: Option<String>,
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// What to say of it
    #[arg(long, short, value_name = "WORDS", default_value = "", hide_default_value = true)]
    message: String,
    /// Remove the tag
    #[arg(long, short, requires = "name")]
    delete: bool,
    /// Let the tag stand for something else
    #[arg(long, short)]
    force: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let Some(name) = &args.name else { return list(args, app, &store) };
    if args.delete {
        let commit = branch::remove_tag(&app.env, &mut store, name)?;
        app.ui.note(&format!("Removed {name}; it stood for {commit:.12}."));
        return Ok(());
    }
    let options = TagOptions { words: args.message.clone(), force: args.force };
    let made = branch::tag(&app.env, &mut store, name, &args.rev, &options);
    let made = made.map_err(|e| turned(app, &store, e, ["tag", name, &args.rev]))?;
    app.ui.note(&format!("{} stands for {:.12}.", made.name, made.commit));
    Ok(())
}

fn list(args: &Args, app: &App, store: &Store) -> Result<(), CommandError> {
    let tags = branch::tags(store)?;
    if args.json {
        let json = tags.iter().map(|tag| {
            serde_json::json!({
                "name": tag.name, "commit": tag.commit.to_string(), "words": tag.words, "by": tag.by,
                "time": view::json::time(Some(tag.time)),
            })
        });
        return Ok(app.ui.json(&json.collect::<Vec<_>>())?);
    }
    for tag in tags {
        let name = ui::paint(ui::NAME, format!("{:<16}", clean(&tag.name)));
        let commit = ui::paint(ui::ID, format!("{:.12}", tag.commit));
        app.ui.line(format!("{name} {commit}  {}  {}", ui::time(tag.time), clean(&tag.words)))?;
    }
    Ok(())
}
