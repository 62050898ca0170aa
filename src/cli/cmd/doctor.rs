//! `sfs doctor`

use crate::cli::error::FAILED;
use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::doctor::{Finding, Level, doctor};

/// Look for what may go wrong with the store and the tools
///
/// Ends with 1 when something doesn't work.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let found = doctor(&app.env);
    if args.json {
        app.ui.json(&found.iter().map(json).collect::<Vec<_>>())?;
    } else {
        for finding in &found {
            let style = match finding.level {
                Level::Good => ui::NAME,
                Level::Odd => ui::ID,
                Level::Bad => ui::REMOVED,
            };
            let word = ui::paint(style, format!("{:<4}", word(finding.level)));
            app.ui.line(format!("{word}  {}", clean(&finding.what)))?;
            if let Some(advice) = &finding.advice {
                app.ui.line(format!("      {}", ui::paint(ui::FAINT, advice)))?;
            }
        }
    }
    let bad = found.iter().any(|finding| finding.level == Level::Bad);
    if bad { Err(CommandError::silent(FAILED)) } else { Ok(()) }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Odd => "odd",
        Level::Bad => "bad",
    }
}

fn json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({ "level": word(finding.level), "what": finding.what, "advice": finding.advice })
}
