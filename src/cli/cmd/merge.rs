//! `sfs merge`

use crate::cli::ui::{self, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::merge::{MergeError, MergeOptions, TOKENS, merge};

/// Tell one branch what was done in another
///
/// Makes a commit with both as its parents. The thread of the first goes on;
/// what was said in the other since they parted is told in it, as a briefing
/// that quotes prompts, answers, files, commands and open tasks. It goes to a
/// branch of yours, which capture never moves.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision that is told of
    other: String,
    /// The revision whose thread goes on; the newest session of this directory
    /// if not given
    #[arg(long, value_name = "REV", default_value = "@")]
    into: String,
    /// What to call the branch; that of --into if it is yours, else one that is
    /// made
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How long the telling may be, in tokens
    #[arg(long, value_name = "TOKENS", default_value_t = TOKENS)]
    budget: usize,
    /// Only show what would be told
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let options = MergeOptions {
        into: args.into.clone(),
        other: args.other.clone(),
        name: args.name.clone(),
        tokens: args.budget,
    };
    let merged = merge(&app.env, &mut store, &options, args.dry_run).map_err(failed)?;
    let branch = &merged.branch;
    let rev = format!("{:.12}/{}", branch.session, branch.name);
    if args.json {
        return Ok(app.ui.json(&serde_json::json!({
            "session": branch.session.to_string(), "name": branch.name, "commit": branch.commit.to_string(),
            "revision": rev, "parted": merged.parted.map(|id| id.to_string()), "turns": merged.turns,
            "text": merged.text, "dry_run": args.dry_run,
        }))?);
    }
    let turns = count(merged.turns, "turn");
    if args.dry_run {
        app.ui.note(&format!("Would tell {} of {turns} of {}", clean(&rev), clean(&args.other)));
        return Ok(app.ui.line(ui::clean_text(&merged.text))?);
    }
    let name = ui::paint(ui::NAME, clean(&rev));
    app.ui.line(format!("{name} {}", ui::paint(ui::ID, format!("{:.12}", branch.commit))))?;
    app.ui.note(&format!("It knows of {turns} of {}", clean(&args.other)));
    app.ui.hint(&format!("`sfs resume {rev}` goes on from there"));
    Ok(())
}

fn failed(error: MergeError) -> CommandError {
    match error {
        MergeError::Revision(e) => e.into(),
        MergeError::Name(e) => e.into(),
        MergeError::Store(e) => e.into(),
        e @ MergeError::Has(_) => {
            CommandError::from(e).hint("`sfs log SESSION --graph` shows its branches, and where they parted")
        }
        MergeError::GoesOn { ref theirs, .. } => {
            let hint = format!("`sfs resume {theirs}` goes on from there");
            CommandError::from(error).hint(hint)
        }
    }
}
