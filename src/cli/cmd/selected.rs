//! Options that say which sessions go or come.

use std::path::PathBuf;

use crate::cli::{App, CommandError};
use crate::ops::fetch::Texts;
use crate::ops::list::moment;
use crate::ops::selection::Selection;

/// When texts come.
#[derive(clap::Args)]
pub(crate) struct Depth {
    /// Bring histories alone, now and from now on; texts come when asked for
    ///
    /// `list` and `log` work; `show`, `diff`, `resume` and the like get the
    /// texts of their session from the remote first.
    #[arg(long)]
    shallow: bool,
    /// Bring the texts that did not come before; for good, if of all sessions
    #[arg(long, conflicts_with = "shallow")]
    unshallow: bool,
}

impl Depth {
    /// What was said, understood.
    pub(crate) fn texts(&self) -> Texts {
        match (self.shallow, self.unshallow) {
            (true, _) => Texts::Later,
            (_, true) => Texts::Now,
            _ => Texts::AsBefore,
        }
    }
}

/// Which sessions; all, if nothing is said.
#[derive(clap::Args)]
pub(crate) struct Selected {
    /// Only this session: its name, the beginning of its id or of the tool's
    #[arg(long = "session", value_name = "SESSION", help_heading = "Which sessions")]
    sessions: Vec<String>,
    /// Only those that worked in this directory or below it
    #[arg(long, value_name = "DIR", help_heading = "Which sessions")]
    project: Option<PathBuf>,
    /// Only those that this tool carried
    #[arg(long, help_heading = "Which sessions")]
    tool: Option<String>,
    /// Only those worked on since: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "WHEN", help_heading = "Which sessions")]
    since: Option<String>,
}

impl Selected {
    /// What was said, understood.
    pub(crate) fn read(&self, app: &App) -> Result<Selection, CommandError> {
        let since = self.since.as_deref().map(|text| {
            let odd = || CommandError::usage(format!("{text:?} is no moment")).hint("try 7d or 2026-01-31");
            moment(app.env.now, text).ok_or_else(odd)
        });
        Ok(Selection {
            sessions: self.sessions.clone(),
            project: self.project.as_ref().map(|dir| app.env.resolve(dir)),
            tool: self.tool.clone(),
            since: since.transpose()?,
        })
    }
}
