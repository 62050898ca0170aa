//! Trailer: the message of a git commit tells which sessions it comes from.
//!
//! A hook of the repository's, `prepare-commit-msg`, has it added before the
//! message is shown. Only sessions count that wrote a file of the commit since
//! the one before it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Env;
use super::behind::{self, BehindError, Sure};
use super::register::RegisterError;
use super::shell::quoted;
use crate::object::Id;
use crate::store::Store;
use crate::workspace::git;

/// What the trailer is called.
pub const KEY: &str = "Sfs-Session";
/// The words of the command that the hook runs.
pub const WORDS: &[&str] = &["hooks", "commit-message"];
const HOOK: &str = "prepare-commit-msg";

/// The sessions behind the commit that is about to be made in the repository
/// that the user is in: their ids and the tools they began in.
pub fn sessions(env: &Env, store: &Store) -> Result<Vec<(Id, String)>, BehindError> {
    let nothing = || BehindError::Unknown { name: "HEAD".to_owned(), folder: env.cwd.clone() };
    let index = env.places.var("GIT_INDEX_FILE");
    let commit = git::staged(&env.cwd, index.as_deref(), env.now).ok_or_else(nothing)?;
    let mut sessions = Vec::new();
    for found in behind::found(env, store, &commit)?.into_iter().filter(|found| found.sure >= Sure::Likely) {
        if sessions.iter().all(|(id, _)| *id != found.session) {
            let tool = store.commit(&found.turn.tip)?.tool.clone();
            sessions.push((found.session, tool));
        }
    }
    Ok(sessions)
}

/// Adds a trailer for each session to a file with a message, unless it is there.
/// Tells whether git did.
pub fn add(env: &Env, message: &Path, sessions: &[(Id, String)]) -> bool {
    let trailers: Vec<String> =
        sessions.iter().map(|(id, tool)| format!("{KEY}: {id:.12} ({tool})")).collect();
    trailers.is_empty() || git::add_trailers(&env.cwd, message, &trailers)
}

/// The hook of the repository that the user is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its file.
    pub path: PathBuf,
    /// What it holds if it is ours.
    pub text: String,
    /// What it holds, if it is there.
    pub now: Option<String>,
}

/// Finds the hook; none outside of a repository. `command` begins with this
/// program.
pub fn hook(env: &Env, command: &[String]) -> Result<Option<Hook>, RegisterError> {
    let Some(folder) = git::hooks(&env.cwd) else { return Ok(None) };
    let path = folder.join(HOOK);
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let text = format!(
        "#!/bin/sh\n# Tells in the message of a commit which sessions it comes from. Made by `sfs hooks install --for git`.\n\
         {} \"$@\" || :\n",
        words.join(" ")
    );
    let now = match std::fs::metadata(&path).and_then(|_| std::fs::read(&path)) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(source) => return Err(RegisterError::Io { path, source }),
    };
    Ok(Some(Hook { path, text, now }))
}

impl Hook {
    /// Tells whether it is there, as we make it.
    pub fn is_ours(&self) -> bool {
        self.now.as_ref() == Some(&self.text)
    }

    /// Why it can't be changed, if someone else made it.
    pub fn taken(&self) -> Option<RegisterError> {
        let why = "another hook is there".to_owned();
        let entry = self.text.lines().last().unwrap_or_default().to_owned();
        let taken = RegisterError::Unsafe { path: self.path.clone(), why, entry };
        (self.now.is_some() && !self.is_ours()).then_some(taken)
    }

    /// Makes it.
    pub fn make(&self) -> Result<(), RegisterError> {
        let failed = |source| RegisterError::Io { path: self.path.clone(), source };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
        let folder = self.path.parent().unwrap_or(&self.path);
        std::fs::create_dir_all(folder).map_err(failed)?;
        options.open(&self.path).and_then(|mut file| file.write_all(self.text.as_bytes())).map_err(failed)
    }

    /// Removes it.
    pub fn remove(&self) -> Result<(), RegisterError> {
        std::fs::remove_file(&self.path)
            .map_err(|source| RegisterError::Io { path: self.path.clone(), source })
    }
}
