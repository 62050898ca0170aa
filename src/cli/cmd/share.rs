//! `sfs share`

use std::path::PathBuf;

use super::leaving::Leaving;
use crate::cli::ui::bytes;
use crate::cli::{App, CommandError};
use crate::ops::bundle::{self, BundleOptions};
use crate::ops::push::PushOptions;
use crate::ops::selection::Selection;
use crate::ops::shell::quoted;
use crate::ops::{revision, session};

/// What files with sessions are called.
const EXTENSION: &str = "sfsbundle";

/// Put one session into a file for someone else
///
/// Says what the other person types. The file has the whole session, with all
/// its branches; nothing else of the store is in it. All that would leave is
/// looked through for secrets first, as with `sfs push`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The session, or a revision of it
    #[arg(default_value = "@")]
    rev: String,
    /// The file to make; one named after the session if not given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, short)]
    force: bool,
    /// Encrypt it to this public key: age1…, or ssh-ed25519 … in quotes
    #[arg(long, value_name = "KEY")]
    encrypt_to: Vec<String>,
    #[command(flatten)]
    leaving: Leaving,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let id = revision::session(&store, &app.env, &args.rev)?;
    app.bring_texts(&mut store, id)?;
    let info = session::info(&store, &id);
    let short = format!("{id:.8}");
    let name = info.as_ref().and_then(|info| info.name.clone()).unwrap_or_else(|| short.clone());
    // It may come from another machine, and must not lead to another folder.
    let name = name.replace(['/', '\\', ':'], "-");
    let file = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.{EXTENSION}")));
    let only = Selection { sessions: vec![id.to_string()], ..Selection::default() };
    let push = PushOptions { only, ..PushOptions::default() };
    let shown = file.display().to_string();
    let report = args.leaving.send(app, &mut store, push, (Some(&shown), false), |store, push| {
        let (encrypt_to, force) = (args.encrypt_to.clone(), args.force);
        let options = BundleOptions { push: push.clone(), encrypt_to, force };
        bundle::create(&app.env, store, &file, &options, &app.ui.monitor())
    })?;
    let title = info.map(|info| info.title).unwrap_or_default();
    let title = crate::view::clean::shorten(&title, 60);
    app.ui.note(&format!("Wrote {shown}, {}: {title}", bytes(report.bytes)));
    let key = if args.encrypt_to.is_empty() { "" } else { " --identity KEYFILE" };
    let sent = file.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
    app.ui.note("The other person types, in the folder of the project:");
    app.ui.line(format!("sfs bundle open {}{key}", quoted(&sent)))?;
    app.ui.line(format!("sfs resume {short}"))?;
    Ok(())
}
