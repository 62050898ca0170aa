//! How a command fails: words, hints, and the exit code.

use std::error::Error;
use std::io;

use crate::ops::blame::BlameError;
use crate::ops::branch::NameError;
use crate::ops::causes;
use crate::ops::checkout::CheckoutError;
use crate::ops::revision::RevisionError;
use crate::ops::secrets::SecretsError;
use crate::ops::snapshot::SnapshotError;
use crate::ops::source::RestoreError;
use crate::ops::stats::{PriceError, StatsError};
use crate::search::SearchError;
use crate::store::StoreError;
use crate::workspace::WorkspaceError;

/// Exit code: no, failed, or different.
pub(crate) const FAILED: u8 = 1;
/// Exit code: the command line makes no sense.
pub(crate) const USAGE: u8 = 2;
/// Exit code: the store is damaged.
pub(crate) const DAMAGED: u8 = 3;

/// What to do about a text that stayed on a remote.
const UNSHALLOW: &str =
    "`sfs fetch --unshallow` brings what `--shallow` left out; `--session ID` of one session";

/// Exit code: secrets would have left.
pub(crate) const SECRETS: u8 = 4;

/// Why a command failed. Any error becomes one with `?`; it is printed as
/// `error: …`, one line for each `hint: …` below it.
#[derive(Debug)]
pub(crate) struct CommandError {
    chain: Vec<String>,
    hints: Vec<String>,
    code: u8,
    missing_file: bool,
}

impl CommandError {
    /// An error of these words.
    pub(crate) fn message(message: impl Into<String>) -> CommandError {
        CommandError { chain: vec![message.into()], hints: Vec::new(), code: FAILED, missing_file: false }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> CommandError {
        CommandError::message(message).with_code(USAGE)
    }

    /// No error to be printed: only an exit code, as of a `diff` that differs.
    pub(crate) fn silent(code: u8) -> CommandError {
        CommandError { chain: Vec::new(), hints: Vec::new(), code, missing_file: false }
    }

    /// The same with advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> CommandError {
        self.hints.push(hint.into());
        self
    }

    /// The same with another exit code.
    #[must_use]
    pub(crate) fn with_code(mut self, code: u8) -> CommandError {
        self.code = code;
        self
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// The message and its causes.
    pub(crate) fn chain(&self) -> &[String] {
        &self.chain
    }

    /// The advice.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Tells whether a file of the store that should be there is not.
    pub(crate) fn is_missing_file(&self) -> bool {
        self.missing_file
    }

    fn of_store(mut self, error: &StoreError) -> CommandError {
        use StoreError::{Codec, Conflict, Damaged, Io, Missing, Newer, NoStore, Promised, WrongId};
        match error {
            Damaged { .. } | WrongId { .. } | Missing { .. } | Codec { .. } => {
                self.with_code(DAMAGED).hint("`sfs fsck` checks the whole store")
            }
            Promised { .. } => self.hint(UNSHALLOW),
            Conflict(_) => self.hint("nothing was changed; run the command again"),
            NoStore(_) => self.hint("`sfs capture` makes one of what the tools have written"),
            Newer { .. } => self.hint("a newer version of sfs reads it"),
            Io { source, .. } => {
                self.missing_file = source.kind() == io::ErrorKind::NotFound;
                self
            }
            _ => self,
        }
    }
}

impl<E: Error + 'static> From<E> for CommandError {
    fn from(error: E) -> CommandError {
        let broken = (&error as &(dyn Error + 'static)).downcast_ref::<io::Error>();
        if broken.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
            // Whoever read the output has seen enough.
            return CommandError::silent(0);
        }
        let words = causes(&error);
        let hints = hint(&error).map(str::to_owned).into_iter().collect();
        let plain = CommandError { chain: words, hints, code: FAILED, missing_file: false };
        match store_error(&error) {
            Some(e) => plain.of_store(e),
            None => plain,
        }
    }
}

/// What an error of a verb advises.
fn hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<SecretsError>() {
        return error.hint();
    }
    if matches!(error.downcast_ref(), Some(StatsError::Prices(_))) || error.is::<PriceError>() {
        return Some("docs/stats.md shows what it looks like; without the file, the built-in prices count");
    }
    match error.downcast_ref::<BlameError>() {
        Some(BlameError::Io { .. }) => {
            return Some("`sfs blame REV FILE` looks at a file as it was, though it is gone now");
        }
        Some(BlameError::Unknown(_)) => {
            return Some("`sfs checkout REV --dry-run` tells which files are known");
        }
        Some(BlameError::NoLines(_)) => return Some("`-L FIRST,LAST` counts from 1"),
        _ => {}
    }
    match error.downcast_ref::<NameError>() {
        Some(NameError::Revision(revision)) => revision.hint(),
        Some(NameError::Taken { .. }) => Some("`--force` lets it stand for something else"),
        _ => match error.downcast_ref::<RevisionError>() {
            Some(revision) => revision.hint(),
            None => files_hint(error),
        },
    }
}

/// What an error about files of a project advises.
fn files_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use CheckoutError as Checkout;
    match (error.downcast_ref::<CheckoutError>(), error.downcast_ref::<SnapshotError>()) {
        (Some(Checkout::Elsewhere(_)), _) => Some("go there, or name a folder with `--to DIR`"),
        (Some(Checkout::Nothing), _) => Some("`sfs snapshot --list` shows which revisions have files"),
        (Some(Checkout::TooBroad(_) | Checkout::NotEmpty(_)), _) => Some("name a new folder"),
        (Some(Checkout::NoFile(_)), _) => Some("`sfs checkout REV --dry-run` tells which there are"),
        (Some(Checkout::NoSnapshot(..)), _) => Some("`sfs snapshot --list` shows all of them"),
        (Some(Checkout::Workspace(WorkspaceError::Io { .. })), _) => {
            Some("the same command goes on where this one stopped")
        }
        (_, Some(SnapshotError::Elsewhere(_) | SnapshotError::Gone(_))) => Some("go to the project's folder"),
        (_, Some(SnapshotError::TooBroad(_))) => Some("snapshots are for the folder of one project"),
        _ => None,
    }
}

/// The store's error behind one of a verb. A `transparent` error hides what
/// it holds, so those are opened by name.
fn store_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e StoreError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<StoreError>() {
            return Some(found);
        }
        if let Some(SecretsError::Store(found)) = error.downcast_ref::<SecretsError>() {
            return Some(found);
        }
        let files = match (error.downcast_ref::<CheckoutError>(), error.downcast_ref::<SnapshotError>()) {
            (Some(CheckoutError::Workspace(e)), _) | (_, Some(SnapshotError::Workspace(e))) => Some(e),
            (Some(CheckoutError::Store(found)), _) | (_, Some(SnapshotError::Store(found))) => {
                return Some(found);
            }
            _ => error.downcast_ref::<WorkspaceError>(),
        };
        if let Some(WorkspaceError::Store(found)) = files {
            return Some(found);
        }
        if let Some(RestoreError::Store(found)) = error.downcast_ref::<RestoreError>() {
            return Some(found);
        }
        if let Some(BlameError::Store(found)) = error.downcast_ref::<BlameError>() {
            return Some(found);
        }
        if let Some(StatsError::Store(found)) = error.downcast_ref::<StatsError>() {
            return Some(found);
        }
        if let Some(SearchError::Store(found)) = error.downcast_ref::<SearchError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
