//! `sfs ui`

mod answers;

use std::io::IsTerminal;
use std::time::Duration;

use answers::Answers;

use crate::cli::screen::Screen;
use crate::cli::{App, CommandError, ui};
use crate::ops::revision::Resolved;
use crate::ops::settings::Settings;
use crate::tool;
use crate::view::tui::{self, Ask, Leave, Setting};

/// So long nothing must happen until the store is looked at for what is new.
const IDLE: Duration = Duration::from_millis(500);

/// Look through sessions on the whole screen
///
/// The sessions of this project first: filter them, read them turn by turn,
/// compare, fork and carry them on. `?` shows the keys. On a terminal, `sfs`
/// without a command does the same.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Take clicks and the wheel, which the terminal then can't use to select
    /// text
    #[arg(long)]
    mouse: bool,
}

impl Args {
    /// As it is opened without a command.
    pub(crate) fn plain(settings: &Settings) -> Args {
        Args { mouse: settings.is_on("ui.mouse") }
    }
}

/// Whether there is a terminal to show it on.
pub(crate) fn has_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !is_dumb
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    if !has_terminal() {
        return Err(CommandError::usage("the screen needs a terminal for input and output")
            .hint("`sfs list`, `sfs log` and `sfs show` go anywhere"));
    }
    let mut answers = Answers::new(app.env.clone(), app.fresh_store()?);
    match look(args, app, &mut answers)? {
        Leave::Quit => Ok(()),
        Leave::Resume { at, tool, start } => {
            let found = Resolved { session: at.session, commit: at.commit, branch: None };
            super::resume::chosen(app, &mut answers.store, &found, tool, start)
        }
    }
}

/// Shows the screen until it is left.
fn look(args: &Args, app: &App, answers: &mut Answers) -> Result<Leave, CommandError> {
    let mut state = tui::App::new(Setting {
        now: answers.now(),
        time: ui::time,
        color: app.ui.has_color(),
        tools: tool::TOOLS.iter().map(|tool| choice(*tool)).collect(),
    });
    state.answer(answers.sessions());
    let mut screen = Screen::take(args.mouse)?;
    loop {
        screen.draw(&mut state)?;
        // What was pressed meanwhile goes first: it may make the rest needless.
        let mut is_new = false;
        while let Some(event) = screen.wait(Duration::ZERO)? {
            state.event(event);
            is_new = true;
        }
        if is_new {
            continue;
        }
        let asks = state.asks();
        if asks.is_empty() {
            match screen.wait(IDLE)? {
                Some(event) => state.event(event),
                None => {
                    state.at(answers.now());
                    answers.news().into_iter().for_each(|news| state.answer(news));
                }
            }
        }
        for ask in asks {
            match ask {
                Ask::Leave(leave) => return Ok(leave),
                Ask::Copy(text) => {
                    screen.copy(&text)?;
                    let lines = text.lines().count();
                    let what = if lines > 1 { format!("{lines} lines") } else { text };
                    state.answer(tui::Answer::Done(format!("copied {what}")));
                }
                ask => answers.to(ask).into_iter().for_each(|answer| state.answer(answer)),
            }
        }
    }
}

fn choice(tool: &'static dyn tool::Tool) -> tui::Choice {
    tui::Choice { name: tool.name(), title: tool.title(), holds: tool.resume().is_some() }
}
