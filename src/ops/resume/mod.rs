//! Resume: a revision, carried on in a tool.
//!
//! In the tool that wrote it, a revision is its native bytes again, up to that
//! point, under a new id; in another it is written in that tool's own form. What
//! the user then does there is captured as new commits of the same session:
//! the store remembers what was written, and from which revision.

mod apply;
mod conversation;
mod history;
mod place;
mod run;
mod scratch;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub(super) use apply::Foreign;
use apply::{Written, apply};
use conversation::{Path as Line, Reading, replace_paths};
pub use place::{Elsewhere, directory};
pub(super) use run::program;

use super::hold::Hold;
use super::session::sessions;
use super::source::{self, Rebuilder, RestoreError};
use super::{Env, Monitor};
use crate::object::id::Id;
use crate::object::json::Tape;
use crate::store::refs::{Edit, RefValue, Resumed, Source};
use crate::store::{Batch, Store, StoreError};
use crate::tool::{Loss, Plan, Planned, Resume, Sink, Target, Tool, ToolError};

/// Where what importers read waits for them, in the store.
const SCRATCH: &str = "scratch";

/// Why a revision can't be resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The store can't give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tool's form can't be written.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The tool can't hold a session from elsewhere.
    #[error("{0} can't be given a session yet")]
    Unsupported(&'static str),
    /// A file can't be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What the user must agree to first, a sentence each.
    #[error("not done without your consent: {}", .0.join("; "))]
    Unagreed(Vec<String>),
    /// A file of the tool's changed while it was to be written anew.
    #[error("{} was changed meanwhile: nothing was written to it", .0.display())]
    Changed(PathBuf),
    /// The tool's own program doesn't take the session in.
    #[error("`{command}` failed: {why}")]
    Import {
        /// The command.
        command: String,
        /// What it said.
        why: String,
    },
}

/// What is to be resumed, and how.
pub struct ResumeOptions {
    /// The session.
    pub session: Id,
    /// The revision.
    pub commit: Id,
    /// The tool to resume it in.
    pub tool: &'static dyn Tool,
    /// The directory to resume it in; the session's own if `None`.
    pub project: Option<PathBuf>,
    /// How much of the conversation is written.
    pub history: History,
    /// Only tell what would be written.
    pub dry_run: bool,
    /// Whether the user agreed to what must be agreed to.
    pub agreed: bool,
}

/// How much of a conversation is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// All of it.
    #[default]
    All,
    /// From the last summary that its tool made, or all of it if there is none.
    Compacted,
    /// The last turns, after a summary of those before.
    Turns(u64),
}

/// What was written, or would be.
#[derive(Clone, Debug)]
pub struct ResumeOutcome {
    /// The session's id in the tool.
    pub native: String,
    /// Its transcript.
    pub path: PathBuf,
    /// All files created or added to.
    pub files: Vec<PathBuf>,
    /// Commands of the tool's own that take it in, run before.
    pub imports: Vec<Vec<String>>,
    /// What the user must agree to, a sentence each.
    pub consent: Vec<String>,
    /// The command that picks it up, to be run in `cwd`.
    pub command: Vec<String>,
    /// The directory to run it in.
    pub cwd: PathBuf,
    /// If the session's own directory isn't here: which it was.
    pub elsewhere: Option<Elsewhere>,
    /// What the tool can't hold.
    pub losses: Vec<Loss>,
    /// Messages written.
    pub messages: u64,
    /// Turns that are not written, since less than all was wanted.
    pub left_out: u64,
    /// Paths in calls that now lead to `cwd` instead of the old project.
    pub rebased: u64,
    /// Whether they are the tool's own bytes.
    pub own_bytes: bool,
}

/// Writes a revision for a tool.
pub fn resume(
    env: &Env,
    store: &mut Store,
    options: &ResumeOptions,
    monitor: &dyn Monitor,
) -> Result<ResumeOutcome, ResumeError> {
    let tool = options.tool.resume().ok_or(ResumeError::Unsupported(options.tool.title()))?;
    monitor.begin("reading the conversation", None);
    let line = Line::to(store, options.commit)?;
    let (cwd, elsewhere) = place::place(env, store, options.session, options.project.as_deref())?;
    let target = target(env, store, options, (&line, cwd))?;
    let own = if tool.repeats() && options.history == History::All {
        own_chain(store, options, &line)?
    } else {
        None
    };
    let part = history::part(store, &line, options.history, &target.title)?;
    if !options.dry_run {
        scratch::sweep(&env.store.join(SCRATCH));
    }
    let mut written = Written::new((!options.dry_run).then_some(&*target.scratch));
    let from = project_of(store, options.session).filter(|from| Path::new(from) != target.cwd);
    let rebase = from.map(|from| (from, target.cwd.to_string_lossy().into_owned()));
    let (mut plan, rebased, said) = match &own {
        Some(chain) => {
            let (plan, rebased) = write_own(store, tool, &target, chain, rebase.as_ref(), &mut written)?;
            (plan, rebased, None)
        }
        None => {
            let mut reading = Reading::new(store, part.line, part.opening, rebase);
            let plan = tool.write(&mut reading, &target, &mut written)?;
            let rebased = reading.rebased();
            (plan, rebased, (!tool.repeats()).then(|| reading.said()))
        }
    };
    monitor.end();
    plan.files.extend(tool.announce(&target).into_iter().map(|(path, bytes)| Planned::Append(path, bytes)));
    let consent = consent(&plan);
    if !options.dry_run {
        if !consent.is_empty() && !options.agreed {
            return Err(ResumeError::Unagreed(consent));
        }
        let _hold = Hold::begin(store.dir())?;
        let (len, sum) = apply(&plan, written, &env.store.join("backups"))?;
        let printed: Result<String, _> =
            plan.imports.iter().map(|import| run::import(&env.places, import, &target.cwd)).collect();
        // The scratch is ours; what can't be removed is no loss.
        drop(std::fs::remove_dir_all(&target.scratch));
        plan.native = tool.imported(&printed?).unwrap_or(plan.native);
        remember(env, store, options, &target, &plan, (len, sum, said))?;
    }
    let scratch = |path: &PathBuf| path.starts_with(&target.scratch);
    Ok(ResumeOutcome {
        command: tool.resume_command(&plan.native),
        imports: plan.imports.into_iter().map(|import| import.command).collect(),
        consent,
        native: plan.native,
        files: plan.files.iter().map(|file| file.path().to_owned()).filter(|path| !scratch(path)).collect(),
        path: plan.path,
        cwd: target.cwd,
        elsewhere,
        losses: plan.losses,
        messages: plan.messages,
        left_out: part.left_out,
        rebased,
        own_bytes: own.is_some(),
    })
}

/// What a plan does that the user must agree to.
fn consent(plan: &Plan) -> Vec<String> {
    let rewrites = plan.files.iter().filter_map(|file| match file {
        Planned::Rewrite { path, .. } => Some(format!("{} is written anew (a copy is kept)", path.display())),
        Planned::Create(_) | Planned::Append(..) => None,
    });
    let uploads = plan.imports.iter().filter_map(|import| {
        import.uploads_to.as_ref().map(|place| format!("the conversation is sent to {place}"))
    });
    rewrites.chain(uploads).collect()
}

/// The directory that a session worked in.
fn project_of(store: &Store, session: Id) -> Option<String> {
    let sources = source::all(store).filter(|s| s.session == session && s.about.resumed.is_none());
    sources.filter_map(|s| s.about.cwd.clone()).next()
}

fn target(
    env: &Env,
    store: &Store,
    options: &ResumeOptions,
    (line, cwd): (&Line, PathBuf),
) -> Result<Target, ResumeError> {
    let info = sessions(store).into_iter().find(|info| info.id == options.session);
    let title = info.map(|info| info.title).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| format!("sfs {:.8}", options.commit));
    let started = line.first().map(|id| store.commit(&id)).transpose()?.and_then(|c| c.time);
    let millis = u64::try_from(env.now).unwrap_or(0);
    let random = env.seed.to_le_bytes();
    let native = uuid::Builder::from_unix_timestamp_millis(millis, &first_ten(&random)).into_uuid();
    let tool = options.tool.resume();
    Ok(Target {
        places: env.places.clone(),
        git_branch: git_branch(&cwd),
        cwd,
        native: tool.map_or(native.to_string(), |tool| tool.new_id(&native.to_string())),
        seed: env.seed,
        now: env.now,
        started: started.unwrap_or(env.now),
        title,
        version: tool
            .and_then(|tool| tool.version_command())
            .and_then(|words| run::version(&env.places, words)),
        scratch: env.store.join(SCRATCH).join(native.to_string()),
    })
}

fn first_ten(bytes: &[u8; 16]) -> [u8; 10] {
    let mut ten = [0; 10];
    ten.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    ten
}

/// The branch that is checked out in a directory or above it.
fn git_branch(cwd: &Path) -> Option<String> {
    let git = cwd.ancestors().map(|dir| dir.join(".git")).find(|git| git.exists())?;
    let path = git.join("HEAD");
    // What a folder calls its git's may be anything, a pipe too.
    let head = path.is_file().then(|| std::fs::read_to_string(path).ok()).flatten()?;
    head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
}

/// The commits whose records are the native file up to the revision, if the
/// tool itself wrote it and the file holds the whole conversation.
fn own_chain(store: &Store, options: &ResumeOptions, line: &Line) -> Result<Option<Vec<Id>>, StoreError> {
    if store.commit(&options.commit)?.tool != options.tool.name() {
        return Ok(None);
    }
    // What stood in a document is no file without the rest of it.
    let documents = source::all(store)
        .filter(|s| s.session == options.session && s.tool == options.tool.name() && s.lead.is_some());
    for document in documents {
        if source::chain(store, document.file)?.contains(&options.commit) {
            return Ok(None);
        }
    }
    let chain = source::chain(store, Some(options.commit))?;
    let known: HashSet<Id> = chain.iter().copied().collect();
    // A file that begins with copies holds what came before it as well.
    let first = chain.first().map(|id| store.commit(id)).transpose()?;
    let copies = first.is_some_and(|c| c.parents.is_empty() && c.counts.commits == 0);
    let whole = copies || line.all().iter().all(|id| known.contains(id));
    Ok(whole.then_some(chain))
}

/// Writes native bytes again, under a new id and, where the project lies
/// elsewhere, with its paths. Returns how many of these were changed.
fn write_own(
    store: &Store,
    tool: &dyn Resume,
    target: &Target,
    chain: &[Id],
    rebase: Option<&(String, String)>,
    sink: &mut dyn Sink,
) -> Result<(Plan, u64), ResumeError> {
    let path = tool.path_for(target);
    let out = sink.create(&path, 0o600)?;
    let mut rebuilder = Rebuilder::new(store);
    let (mut last, mut messages, mut tape, mut failed) = (None, 0, Tape::default(), None);
    let mut rebased = 0;
    for id in chain {
        let commit = store.commit(id)?;
        let body = store.body(id, &commit)?;
        messages += u64::from(body.message.is_some());
        rebuilder.records(&commit.copies, &body, &mut |raw| {
            last = key_of(tool, raw, &mut tape).or(last.take());
            if failed.is_none() {
                let mut raw = tool.rehome(raw, target);
                if let Some((from, to)) = rebase {
                    rebased += replace_paths(raw.to_mut(), from, to);
                }
                failed = out.write_all(&raw).err();
            }
            Ok(())
        })?;
    }
    let end = tool.epilogue(target, last.as_deref());
    let outcome = failed.map_or_else(|| out.write_all(&end), Err);
    outcome.map_err(|source| ResumeError::Write { path: path.clone(), source })?;
    let plan = Plan {
        native: target.native.clone(),
        files: vec![Planned::Create(path.clone())],
        path,
        losses: Vec::new(),
        messages,
        imports: Vec::new(),
    };
    Ok((plan, rebased))
}

/// The native key of a record, if the tool says that it has one.
fn key_of(tool: &dyn Resume, raw: &[u8], tape: &mut Tape) -> Option<String> {
    let start = raw.iter().position(|b| *b == b'{')?;
    let row = raw.get(start..)?;
    tape.read(row)?;
    tool.key_of(tape.root(row))
}

/// Notes what was written, so that what follows it is captured as a
/// continuation of the revision.
fn remember(
    env: &Env,
    store: &mut Store,
    options: &ResumeOptions,
    target: &Target,
    plan: &Plan,
    (len, sum, said): (u64, u64, Option<Vec<u8>>),
) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    let said = said.map(|said| batch.put_blob(store, said)).transpose()?;
    let (from, path) = (options.commit, &plan.path);
    let tool = options.tool;
    let root = tool.root(&env.places);
    let place = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let mut source = Source {
        session: options.session,
        tool: tool.name().to_owned(),
        native: plan.native.clone(),
        place,
        ..Source::default()
    };
    let taken = |label: &str| store.refs().contains_key(&format!("head/{}/{label}", options.session));
    let labels = (1u32..).map(|n| format!("{}-{n}", tool.name()));
    source.about.label = labels.into_iter().find(|l| !taken(l)).unwrap_or_default();
    source.about.cwd = Some(target.cwd.to_string_lossy().into_owned());
    source.about.resumed = Some(Resumed { from, len, sum, said });
    let key = Source::key(&source.tool, &source.native, "");
    let edit = Edit { name: source::ref_name(&key), expect: None, new: Some(RefValue::from(source)) };
    store.apply(batch, vec![edit], &env.actor())
}

impl From<RestoreError> for ResumeError {
    fn from(e: RestoreError) -> ResumeError {
        match e {
            RestoreError::Store(e) => ResumeError::Store(e),
            RestoreError::Write(source) => ResumeError::Write { path: PathBuf::new(), source },
        }
    }
}
