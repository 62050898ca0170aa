//! Blame: which turn each line of a file is from, by the store alone.
//!
//! What all sessions did to the file is done again, in the order of time, and
//! lines that stay keep their origin ([`track`]). What no session explains is
//! nobody's: it was there before, or it was written by hand, or by something
//! that isn't told of.

mod history;
mod moved;
mod target;
mod track;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::rebuilt::Known;
use super::session::{self, SessionInfo};
use super::show::{self, Piece};
use super::{Env, Monitor, files};
use crate::object::{Id, Sort};
use crate::store::{Store, StoreError};
use crate::tool::change::What;
use crate::workspace::git;
use history::{Deed, Event, Until};
use moved::{Lineage, Past};
use target::Target;
use track::{By, Track};

/// The longest file, in bytes.
const LEN_MAX: u64 = 64 << 20;

/// Why nobody was blamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlameError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file can't be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It has no lines.
    #[error("{0:?} is not text in UTF-8 and has no lines to be blamed for")]
    Binary(String),
    /// It is too long.
    #[error("{0:?} has {1} bytes, which is more than the {LEN_MAX} that are compared")]
    TooLong(String, u64),
    /// Nothing is known of it at the revision.
    #[error("nothing tells what {0:?} was at that revision")]
    Unknown(String),
    /// The lines that were asked for are not there.
    #[error("the file has {0} lines")]
    NoLines(usize),
}

/// Which file, and which lines.
#[derive(Clone, Debug, Default)]
pub struct BlameOptions {
    /// The file.
    pub path: PathBuf,
    /// The session and commit as of which it is looked at; as it is now if
    /// `None`.
    pub at: Option<(Id, Id)>,
    /// Only these lines: the first, from 1, and the last.
    pub lines: Option<(usize, usize)>,
    /// Folders in which sessions worked on the same project.
    pub elsewhere: Vec<String>,
}

/// How it is known whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A call wrote it, and its result says that it was done.
    Told,
    /// A call wrote it; where, was found by the line's text.
    Text,
    /// It came between two snapshots while a command ran: by the command, or
    /// by hand.
    Seen,
}

/// Where lines are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The commit with the call.
    pub commit: Id,
    /// The session.
    pub session: Option<Id>,
    /// What the session is called.
    pub label: String,
    /// The folder it worked in.
    pub project: Option<String>,
    /// Whether that folder is not here and was taken for the project.
    pub elsewhere: bool,
    /// The number of its turn, from 1; 0 before the first.
    pub turn: u64,
    /// The first words of the turn's prompt.
    pub title: Option<String>,
    /// The prompt.
    pub prompt: Option<String>,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The tool.
    pub tool: String,
    /// The model.
    pub model: Option<String>,
    /// How that is known.
    pub how: How,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub n: usize,
    /// Its text, without its end.
    pub text: String,
    /// Its origin, as its place among them; `None` if no session explains it.
    pub origin: Option<usize>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlameOutcome {
    /// The file, from the project's folder.
    pub path: String,
    /// Where it was before, the first first, as whole paths.
    pub was: Vec<String>,
    /// The project's folder.
    pub project: PathBuf,
    /// The text of the whole file.
    pub text: String,
    /// The lines that were asked for.
    pub lines: Vec<Line>,
    /// Where they are from, the first first.
    pub origins: Vec<Origin>,
    /// How many changes by sessions are known.
    pub changes: u64,
    /// How many of them could not be found in the file afterwards, so that
    /// lines of theirs may be among those that no session explains.
    pub missed: u64,
}

/// Finds out whose each line of a file is.
pub fn blame(
    env: &Env,
    store: &Store,
    options: &BlameOptions,
    monitor: &dyn Monitor,
) -> Result<BlameOutcome, BlameError> {
    let target = Target::new(env, store, &options.path, &options.elsewhere);
    let text = match options.at {
        Some(at) => text_at(env, store, at, &target)?,
        None => text_now(&target)?,
    };
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, last) = options.lines.unwrap_or((1, all.len()));
    if first == 0 || options.lines.is_some() && (first > all.len() || last < first) {
        return Err(BlameError::NoLines(all.len()));
    }
    let sessions = session::sessions(store);
    let until = match options.at {
        Some(at) => Until::commit(store, at)?,
        None => Until::time(i64::MAX),
    };
    let past = Past { env, store, sessions: &sessions, elsewhere: &options.elsewhere, monitor };
    let Lineage { events, was } = past.of(&target, until)?;
    let mut replay = Replay { store, track: Track::default(), commands: HashMap::new() };
    let mut done = vec![false; events.len()];
    for n in 0..events.len() {
        replay.to(&events, n, &mut done)?;
    }
    replay.track.see(&text, By::NOBODY);
    let missed: BTreeSet<usize> = replay.track.missed().iter().copied().collect();
    let (mut lines, mut origins) = (Vec::new(), Vec::new());
    let mut known: HashMap<By, usize> = HashMap::new();
    let chosen = all.iter().zip(replay.track.lines()).enumerate().skip(first - 1);
    for (n, (line, by)) in chosen.take_while(|(n, _)| *n < last) {
        let origin = match (known.get(by), by.cause.and_then(|cause| Some((cause, events.get(cause)?)))) {
            (Some(origin), _) => Some(*origin),
            (None, None) => None,
            (None, Some((cause, event))) => {
                let command = replay.commands.get(&cause);
                origins.push(origin(store, &sessions, &target, event, by.by_text, command)?);
                known.insert(*by, origins.len() - 1);
                Some(origins.len() - 1)
            }
        };
        lines.push(Line { n: n + 1, text: line.trim_end_matches(['\n', '\r']).to_owned(), origin });
    }
    Ok(BlameOutcome {
        path: target.shown(),
        was,
        project: target.project.clone(),
        lines,
        origins,
        changes: events.iter().filter(|event| matches!(event.deed, Deed::Told { .. })).count() as u64,
        missed: missed.len() as u64,
        text,
    })
}

/// The commit of git that is checked out, if it has the file as it is.
pub fn committed(found: &BlameOutcome) -> Option<String> {
    let (head, text) = git::committed(&found.project, &found.path)?;
    (track::normal(&text) == track::normal(&found.text)).then_some(head)
}

/// Does again what was done to the file.
struct Replay<'s> {
    store: &'s Store,
    track: Track,
    /// The command to which lines are put down that snapshots saw, by event.
    commands: HashMap<usize, (Id, Option<String>)>,
}

impl Replay<'_> {
    /// Goes on to an event, if it wasn't done.
    fn to(&mut self, events: &[Event], n: usize, done: &mut [bool]) -> Result<(), StoreError> {
        let Some(event) = events.get(n).filter(|_| done.get(n) == Some(&false)) else { return Ok(()) };
        match &event.deed {
            Deed::Told { what, before, after } => {
                tell(&mut self.track, what, before.as_deref(), after.as_deref(), n);
            }
            Deed::Seen { text, since } => {
                let seen = track::normal(text);
                if seen == self.track.text() {
                    return Ok(());
                }
                // A call may be done before its result is told of.
                let ahead = events.iter().enumerate().skip(n + 1).filter(|(_, e)| e.begun <= event.time);
                for (next, ahead) in ahead {
                    let Deed::Told { what, before, after } = &ahead.deed else { continue };
                    let mut track = self.track.clone();
                    tell(&mut track, what, before.as_deref(), after.as_deref(), next);
                    if track.text() == seen {
                        self.track = track;
                        if let Some(done) = done.get_mut(next) {
                            *done = true;
                        }
                        return Ok(());
                    }
                }
                let command = match since {
                    Some(since) => history::command(self.store, *since, event.commit)?,
                    None => None,
                };
                let by = if command.is_some() { By::cause(n) } else { By::NOBODY };
                self.commands.extend(command.map(|command| (n, command)));
                self.track.see(&seen, by);
            }
        }
        Ok(())
    }
}

/// Does a call again.
fn tell(track: &mut Track, what: &What, before: Option<&str>, after: Option<&str>, n: usize) {
    if let Some(before) = before {
        track.see(before, By::NOBODY);
    }
    match (what, after) {
        (_, Some(after)) => track.write(after, n),
        (What::Write(text), None) => track.write(text, n),
        (What::Edit(edits), None) => track.edit(edits, n),
        (What::Delete | What::Move(_), None) => track.remove(),
        (What::Unknown, None) => track.miss(n),
    }
}

/// The file as it is.
fn text_now(target: &Target) -> Result<String, BlameError> {
    let path = target.path();
    let failed = |source| BlameError::Io { path: path.to_owned(), source };
    let meta = std::fs::metadata(path).map_err(failed)?;
    // A pipe or a device may have no end.
    if !meta.is_file() && !meta.is_dir() {
        return Err(BlameError::Binary(target.shown()));
    }
    if meta.len() > LEN_MAX {
        return Err(BlameError::TooLong(target.shown(), meta.len()));
    }
    text_of(target, std::fs::read(path).map_err(failed)?)
}

fn text_of(target: &Target, bytes: Vec<u8>) -> Result<String, BlameError> {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(BlameError::Binary(target.shown())),
    }
}

/// The file as it was at a revision.
fn text_at(env: &Env, store: &Store, at: (Id, Id), target: &Target) -> Result<String, BlameError> {
    let files = files::at(store, &at.0, at.1)?;
    let unknown = || BlameError::Unknown(target.shown());
    let path = target.in_snapshot(env, &files.root).ok_or_else(unknown)?;
    match files.files.get(store, &path)? {
        Some(Known::Text { text, .. }) => Ok(text),
        Some(Known::Stored(entry)) if entry.len > LEN_MAX => {
            Err(BlameError::TooLong(target.shown(), entry.len))
        }
        Some(Known::Stored(entry)) if entry.sort() == Sort::File => text_of(target, store.blob(&entry.blob)?),
        _ => Err(unknown()),
    }
}

/// All that is to be said of where lines are from.
fn origin(
    store: &Store,
    sessions: &[SessionInfo],
    target: &Target,
    event: &Event,
    by_text: bool,
    command: Option<&(Id, Option<String>)>,
) -> Result<Origin, StoreError> {
    let (id, model) = match command {
        Some((id, model)) => (*id, model.clone()),
        None => (event.commit, event.model.clone()),
    };
    let commit = store.commit(&id)?;
    let turn = if commit.begins_turn() { Some(id) } else { commit.turn };
    let begin = turn.map(|turn| store.commit(&turn)).transpose()?;
    let prompt = match turn {
        Some(turn) => show::message(store, turn)?.map(|shown| {
            let texts = shown.pieces.into_iter().filter_map(|piece| match piece {
                Piece::Text(text) => Some(text),
                _ => None,
            });
            texts.collect::<Vec<_>>().join("\n")
        }),
        None => None,
    };
    let session = event.session.and_then(|id| sessions.iter().find(|session| session.id == id));
    Ok(Origin {
        commit: id,
        session: event.session,
        label: session.map(|session| session.label().to_owned()).unwrap_or_default(),
        project: session.and_then(|session| session.project.clone()),
        elsewhere: event.session.is_some_and(|id| target.is_elsewhere(&id)),
        turn: commit.counts.turns,
        title: begin.and_then(|begin| begin.title.clone()),
        prompt,
        time: commit.time,
        tool: commit.tool.clone(),
        model: commit.model.clone().or(model),
        how: match event.deed {
            Deed::Seen { .. } => How::Seen,
            Deed::Told { .. } if by_text => How::Text,
            Deed::Told { .. } => How::Told,
        },
    })
}

#[cfg(test)]
mod tests;
