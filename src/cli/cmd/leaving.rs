//! Options that say what becomes of secrets in what leaves.

use std::io::IsTerminal;

use serde_json::Value;

use super::remote::failed;
use super::scan::show;
use crate::cli::error::SECRETS;
use crate::cli::ui::count;
use crate::cli::{App, CommandError};
use crate::ops::push::{PushOptions, PushReport};
use crate::ops::remote::SyncError;
use crate::ops::secrets::Found;
use crate::store::Store;
use crate::view;

/// What becomes of secrets.
#[derive(clap::Args)]
pub(crate) struct Leaving {
    /// Send a copy in which secrets are blacked out; the store keeps them
    #[arg(long, help_heading = "Secrets")]
    redact: bool,
    /// Let this finding leave, now and from now on
    #[arg(long, value_name = "FINDING", help_heading = "Secrets")]
    allow: Vec<String>,
    /// Let all findings leave, now and from now on
    #[arg(long, conflicts_with = "redact", help_heading = "Secrets")]
    allow_all: bool,
    /// Don't ask whether all may leave
    #[arg(long, short, requires = "allow_all", help_heading = "Secrets")]
    yes: bool,
}

/// How what came of it is told as JSON; and whether nothing leaves in any case.
type Told<S> = fn(&S, bool) -> Value;

/// What came of sending something, as far as secrets are concerned.
pub(crate) trait Sent {
    /// Secrets because of which nothing was sent.
    fn stopped(&self) -> &[Found];

    /// Where it would have gone.
    fn place(&self) -> &str;
}

impl Sent for PushReport {
    fn stopped(&self) -> &[Found] {
        &self.stopped
    }

    fn place(&self) -> &str {
        &self.remote
    }
}

impl Leaving {
    /// Sends with these options, and again if there is somebody who lets all
    /// leave. That something is stopped is an error, which tells the place; with
    /// `json`, what is stopped is told as such.
    pub(crate) fn send(
        &self,
        app: &App,
        store: &mut Store,
        options: PushOptions,
        (place, json): (Option<&str>, bool),
        send: impl Fn(&mut Store, &PushOptions) -> Result<PushReport, SyncError>,
    ) -> Result<PushReport, CommandError> {
        let told: Option<Told<PushReport>> = json.then_some(view::sync::push);
        self.let_go(app, store, (options, place, told), |store, options| send(store, options).map_err(failed))
    }

    /// The same of what doesn't go to a remote, with how it is told as JSON if it
    /// is; whether nothing leaves in any case is told with it.
    pub(crate) fn let_go<S: Sent>(
        &self,
        app: &App,
        store: &mut Store,
        (options, place, told): (PushOptions, Option<&str>, Option<Told<S>>),
        send: impl Fn(&mut Store, &PushOptions) -> Result<S, CommandError>,
    ) -> Result<S, CommandError> {
        let mut options = PushOptions {
            // Both can only be if one of them is a setting, which gives way.
            redact: self.redact && !self.allow_all,
            allow: self.allow.clone(),
            allow_all: self.allow_all && self.yes,
            ..options
        };
        let mut report = send(store, &options)?;
        if self.allow_all && !self.yes && !report.stopped().is_empty() {
            show(app, store, report.stopped())?;
            confirm(app, report.stopped().len())?;
            options.allow_all = true;
            report = send(store, &options)?;
        }
        if report.stopped().is_empty() {
            return Ok(report);
        }
        match told {
            Some(told) => app.ui.json(&told(&report, options.dry_run))?,
            None => show(app, store, report.stopped())?,
        }
        let found = count(report.stopped().len() as u64, "secret");
        let verb = if options.dry_run { "would be" } else { "was" };
        let place = place.unwrap_or(report.place());
        let error = CommandError::message(format!("nothing {verb} sent to {place}: {found} in it"));
        Err(error
            .hint("`--redact` sends a copy in which they are blacked out, and keeps them here")
            .hint("`--allow FINDING` sends one as it is, if it is no secret")
            .hint("a secret that was ever sent elsewhere is best made void where it is valid")
            .with_code(SECRETS))
    }
}

/// Asks whether secrets may leave.
fn confirm(app: &App, n: usize) -> Result<(), CommandError> {
    let found = count(n as u64, "finding");
    if !std::io::stdin().is_terminal() {
        let error = CommandError::usage(format!("{found} would leave, and there is nobody to ask"));
        return Err(error.hint("`--allow-all --yes` lets them"));
    }
    app.ui.warn(&format!("{found} will leave this machine, and can't be called back. Type yes to go on:"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(CommandError::message("nothing was sent").with_code(SECRETS)),
    }
}
