//! Form: a session, written in a form in which sessions are handed on.
//!
//! What is written passes the same gate as what is pushed: it is looked
//! through for secrets, and has no name, and is not printed, before that came
//! out well.

mod aside;
mod guard;
mod lines;

use std::fs::File;
use std::path::{Path, PathBuf};

use aside::Aside;
use guard::Guard;
pub use lines::lines;

use super::secrets::{self, Doorkeeper, Found, Lets, Mode, Secrets, SecretsError, Sent};
use super::{Env, Monitor, session, source};
use crate::object::Id;
use crate::store::refs::Source;
use crate::store::{Store, StoreError};
use crate::tool::form::{About, Writer, Written};
use crate::tool::{Conversation, Loss, Said, Sink, ToolError};

/// Why a session was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The store can't give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It can't be looked through.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The form can't be written.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The file can't be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something is there already.
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    /// There is nothing to write.
    #[error("nothing is said in the session up to there")]
    Empty,
}

impl FormError {
    fn write(path: &Path, source: std::io::Error) -> FormError {
        match source.kind() {
            std::io::ErrorKind::AlreadyExists => FormError::Exists(path.to_owned()),
            _ => FormError::Write { path: path.to_owned(), source },
        }
    }
}

/// Where something is written, and what becomes of secrets in it.
#[derive(Clone, Debug, Default)]
pub struct FormOptions {
    /// The file or folder; it is to be printed if `None`.
    pub to: Option<PathBuf>,
    /// Write over what is there.
    pub force: bool,
    /// Take secrets out.
    pub redact: bool,
    /// The beginnings of ids of findings that may leave, now and from now on.
    pub allow: Vec<String>,
    /// Let all findings leave, now and from now on.
    pub allow_all: bool,
}

/// What was written.
#[derive(Debug, Default)]
pub struct FormOutcome {
    /// Where: the file or folder; `None` if it is to be printed.
    pub to: Option<PathBuf>,
    /// What is to be printed, from its beginning.
    pub printed: Option<File>,
    /// How many messages were written.
    pub messages: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What the form can't hold.
    pub losses: Vec<Loss>,
    /// Runs of subagents that the session started; they are conversations of
    /// their own, and not among what was written.
    pub runs: u64,
    /// Secrets because of which nothing was written.
    pub stopped: Vec<Found>,
    /// Secrets that were taken out.
    pub redacted: Vec<Found>,
}

/// Writes the conversation up to a commit of a session.
pub fn conversation(
    env: &Env,
    store: &Store,
    (session, commit): (Id, Id),
    writer: &dyn Writer,
    options: &FormOptions,
    monitor: &dyn Monitor,
) -> Result<FormOutcome, FormError> {
    let line = super::show::span(store, None, commit)?;
    let info = session::info(store, &session);
    let mut about = about(store, &session, commit, &line)?;
    let runs =
        info.iter().flat_map(|info| &info.branches).filter(|branch| branch.part && branch.tip != commit);
    let runs = runs.count() as u64;
    let folder = writer.is_folder();
    let mut outcome = leave(env, store, (line, commit), folder, options, |guard, aside| {
        guard.about(&mut about);
        monitor.begin("writing", None);
        let mut counted = Counted { from: guard, monitor };
        let written = writer.write(&mut counted, &about, aside);
        monitor.end();
        let written = written?;
        if written.messages == 0 { Err(FormError::Empty) } else { Ok(written) }
    })?;
    outcome.runs = runs;
    Ok(outcome)
}

/// Writes words that are no conversation: what is told of a session's files.
pub fn words(
    env: &Env,
    store: &Store,
    commit: Id,
    words: &str,
    options: &FormOptions,
) -> Result<FormOutcome, FormError> {
    leave(env, store, (Vec::new(), commit), false, options, |guard, aside| {
        let mut words = words.to_owned();
        guard.words(&mut words);
        guard.settle();
        let path = options.to.as_deref().unwrap_or(Path::new("-"));
        let written = aside.create(path, 0o600)?.write_all(words.as_bytes());
        written.map_err(|source| FormError::write(path, source))?;
        Ok(Written::default())
    })
}

/// Writes something aside, has it looked through, and gives it its name.
fn leave(
    env: &Env,
    store: &Store,
    (line, tip): (Vec<Id>, Id),
    folder: bool,
    options: &FormOptions,
    fill: impl FnOnce(&mut Guard<'_>, &mut Aside) -> Result<Written, FormError>,
) -> Result<FormOutcome, FormError> {
    let to = options.to.as_ref().map(|path| env.cwd.join(path));
    if let Some(path) = to.as_ref().filter(|path| !options.force && path.exists()) {
        return Err(FormError::Exists(path.clone()));
    }
    let mut aside = match &to {
        None => Aside::printed(store.dir())?,
        Some(path) if folder => Aside::folder(path)?,
        Some(path) => Aside::file(path)?,
    };
    let secrets = Secrets::open(env, store)?;
    let mode = if options.redact { Mode::TakeOut } else { Mode::Tell };
    let door = Doorkeeper::new(store, &secrets, mode, &options.allow, Sent::default());
    let mut guard = Guard::new(store, door, line, tip);
    let written = fill(&mut guard, &mut aside)?;
    let lets = Lets { allow: &options.allow, allow_all: options.allow_all, dry_run: false };
    let judged = secrets::judge(env, store, &lets, &mut guard.door)?;
    let mut outcome = FormOutcome {
        to,
        messages: written.messages,
        losses: written.losses.list(),
        stopped: judged.stopped,
        redacted: judged.redacted,
        ..FormOutcome::default()
    };
    if outcome.stopped.is_empty() {
        (outcome.printed, outcome.bytes) = aside.name(options.force)?;
    }
    Ok(outcome)
}

/// What is known of a session up to a commit.
fn about(store: &Store, session: &Id, commit: Id, line: &[Id]) -> Result<About, StoreError> {
    let tip = store.commit(&commit)?;
    let info = session::info(store, session);
    let of_session = |known: &&Source| known.session == *session && known.about.resumed.is_none();
    let mut sources: Vec<&Source> = source::all(store).filter(of_session).collect();
    sources.sort_by_key(|known| (known.tool != tip.tool, !known.part.is_empty()));
    let known = sources.first();
    let mut times = Vec::new();
    for id in line {
        times.extend(store.commit(id)?.time);
    }
    let info = info.unwrap_or_default();
    Ok(About {
        id: session.to_string(),
        title: info.title,
        tool: tip.tool.clone(),
        native: known.map(|known| known.native.clone()).unwrap_or(info.native_id),
        version: known.and_then(|known| known.about.version.clone()),
        cwd: info.project,
        git_branch: info.git_branch,
        model: info.model,
        began: times.first().copied().or(info.created_at),
        ended: times.last().copied().or(info.updated_at),
    })
}

/// Tells of each message that it was read.
struct Counted<'c, 'g> {
    from: &'c mut Guard<'g>,
    monitor: &'c dyn Monitor,
}

impl Conversation for Counted<'_, '_> {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        self.monitor.advance(1);
        self.from.next()
    }

    fn text(&mut self, text: &crate::object::Text) -> Result<Vec<u8>, ToolError> {
        self.from.text(text)
    }
}
