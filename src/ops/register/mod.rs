//! Register: a tool is told of a server or of a hook, or that it is gone.
//!
//! First it is planned, and nothing is touched. What is carried out changes one
//! entry of one file and keeps a copy of the file beside the store. A file that
//! can't be read without doubt is left alone, and its user is told what to add.

mod hook;
mod json;
mod toml;

use std::path::{Path, PathBuf};

pub use hook::WORDS as HOOK_WORDS;

use super::resume::{Foreign, program};
use super::{Env, resume};
use crate::tool::{Hooks, Servers, Tool};

/// What the server is called everywhere.
pub const NAME: &str = "sfs";

/// What is registered where.
#[derive(Clone)]
pub struct RegisterOptions {
    /// The tool.
    pub tool: &'static dyn Tool,
    /// What the server is called: [`NAME`] for our own.
    pub name: String,
    /// The command that starts the server: a program and its arguments.
    pub command: Vec<String>,
    /// Take it out instead.
    pub remove: bool,
}

/// What will be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// All is as it should be.
    Nothing,
    /// A file changes.
    Write {
        /// The file.
        path: PathBuf,
        /// What it holds; `None` if it isn't there.
        was: Option<String>,
        /// What it will hold; `None` if it goes.
        now: Option<String>,
        /// The entry, as it stands there by itself.
        entry: String,
    },
    /// The tool is called.
    Run(Vec<String>),
}

/// Why a tool is not told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// It isn't known how.
    #[error("it is not known how {tool} is told of {what}")]
    Unknown {
        /// The tool.
        tool: &'static str,
        /// Of what.
        what: &'static str,
    },
    /// The file can't be changed without doubt.
    #[error("{} can't be changed safely: {why}", path.display())]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
        /// What its user may add to it, or take out.
        entry: String,
    },
    /// Another server has the name.
    #[error("{} has another {what}", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
        /// What it has.
        what: String,
    },
    /// A file can't be read or written.
    #[error("cannot change {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file changed since it was planned.
    #[error("{} changed meanwhile", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The tool's own command failed.
    #[error(transparent)]
    Tool(#[from] resume::ResumeError),
}

/// Plans to tell a tool of the server, or that it is gone.
pub fn plan(env: &Env, options: &RegisterOptions) -> Result<Registration, RegisterError> {
    let servers = options.tool.servers(&env.places);
    plan_in(
        env,
        options,
        servers.ok_or(RegisterError::Unknown { tool: options.tool.title(), what: "servers" })?,
    )
}

/// Plans to tell a tool what to run when a turn ends, or that it need not.
pub fn plan_hook(
    env: &Env,
    tool: &dyn Tool,
    command: &[String],
    remove: bool,
) -> Result<Registration, RegisterError> {
    let hooks = tool.hooks(&env.places);
    let Hooks { path, event, .. } =
        hooks.ok_or(RegisterError::Unknown { tool: tool.title(), what: "hooks" })?;
    file(env, (command, remove), path, &hook::Hook { event })
}

/// Plans the same where servers are told to the tool of one project, or of all.
pub(super) fn plan_in(
    env: &Env,
    options: &RegisterOptions,
    servers: Servers,
) -> Result<Registration, RegisterError> {
    let (name, to_do) = (options.name.as_str(), (options.command.as_slice(), options.remove));
    match servers {
        Servers::Json { path, key } => file(env, to_do, path, &json::Json { key, name }),
        Servers::Toml { path, table } => file(env, to_do, path, &toml::Toml { table, name }),
        Servers::Commands { add, remove } => {
            let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            Ok(Registration::Run(match options.remove {
                true => [words(remove), vec![name.to_owned()]].concat(),
                false => [words(add), words(&[name, "--"]), options.command.clone()].concat(),
            }))
        }
    }
}

/// Does what was planned; what a command of the tool said.
pub fn carry_out(env: &Env, planned: &Registration) -> Result<String, RegisterError> {
    match planned {
        Registration::Nothing => Ok(String::new()),
        Registration::Run(command) => Ok(program(&env.places, command, &env.cwd)?),
        Registration::Write { path, was, now, .. } => {
            let failed = |source| RegisterError::Io { path: path.clone(), source };
            if read(path)? != *was {
                return Err(RegisterError::Changed { path: path.clone() });
            }
            let backups = backups(env);
            match (was, now) {
                (Some(was), Some(now)) => {
                    Foreign { path, backups: &backups }.rewrite(was.as_bytes(), now.as_bytes())
                }
                (None, Some(now)) => Foreign { path, backups: &backups }.create(now.as_bytes()),
                (_, None) => std::fs::remove_file(path),
            }
            .map_err(failed)?;
            Ok(String::new())
        }
    }
}

/// A form of files that have an entry for each server or hook.
trait Form {
    /// What the entry is called, after `another`.
    fn called(&self) -> String;
    /// The entry by itself.
    fn entry(&self, command: &[String]) -> String;
    /// What a new file holds.
    fn fresh(&self, command: &[String]) -> String;
    /// Whether the entry is there: as it should be, or otherwise. An error says
    /// why the file can't be understood.
    fn find(&self, text: &str, command: &[String]) -> Result<Option<bool>, String>;
    /// The file with the entry.
    fn add(&self, text: &str, command: &[String]) -> Result<String, String>;
    /// The file without it.
    fn remove(&self, text: &str) -> Result<String, String>;
}

fn file(
    env: &Env,
    (command, remove): (&[String], bool),
    path: PathBuf,
    form: &dyn Form,
) -> Result<Registration, RegisterError> {
    // What a link leads to is changed, not the link.
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    let (was, entry) = (read(&path)?, form.entry(command));
    let doubt = |why| RegisterError::Unsafe { path: path.clone(), why, entry: entry.clone() };
    let Some(text) = &was else {
        let now = Some(form.fresh(command));
        let made = Registration::Write { path, was: None, now, entry };
        return Ok(if remove { Registration::Nothing } else { made });
    };
    let now = match (form.find(text, command).map_err(doubt)?, remove) {
        (None, true) | (Some(true), false) => return Ok(Registration::Nothing),
        (Some(false), false) => return Err(RegisterError::Taken { path, what: form.called() }),
        (None, false) => Some(form.add(text, command).map_err(doubt)?),
        (Some(_), true) => match before(env, text, command, form) {
            Some(before) => Some(before),
            None if *text == form.fresh(command) => None,
            None => Some(form.remove(text).map_err(doubt)?),
        },
    };
    Ok(Registration::Write { path, was, now, entry })
}

/// What the file held before the entry, if nothing else has changed since: a
/// copy that with the entry would be what is there.
fn before(env: &Env, text: &str, command: &[String], form: &dyn Form) -> Option<String> {
    let copies = std::fs::read_dir(backups(env)).ok()?.flatten();
    // Only what is a little shorter can be it.
    let near = |len: u64| len < text.len() as u64 && len + 8192 > text.len() as u64;
    let near = copies.filter(|copy| copy.metadata().is_ok_and(|meta| meta.is_file() && near(meta.len())));
    let texts = near.filter_map(|copy| std::fs::read_to_string(copy.path()).ok());
    texts.into_iter().find(|copy| {
        form.find(copy, command) == Ok(None) && form.add(copy, command).is_ok_and(|again| again == text)
    })
}

fn backups(env: &Env) -> PathBuf {
    env.store.join("backups")
}

/// What a file holds, if it is there. A project's may be anything, and to open
/// a pipe may take for ever.
fn read(path: &Path) -> Result<Option<String>, RegisterError> {
    let text = std::fs::metadata(path).and_then(|meta| match meta.is_file() {
        true => std::fs::read_to_string(path),
        false => Err(std::io::Error::other("it is not a file")),
    });
    match text {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RegisterError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests;
