//! Revisions: how users name a point in a session.
//!
//! `<base>[/<branch>]` and then any of `@{n}` (where the branch stood n
//! changes ago), `~n` (n turns back) and `:n` (message n of that line).

use std::path::Path;

use super::Env;
use super::session::{SessionInfo, sessions};
use crate::object::id::{Id, Prefix};
use crate::store::refs::RefValue;
use crate::store::{Store, StoreError};

/// The fewest digits of an id that are looked up.
const SHORTEST: usize = 4;

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing is called so.
    #[error("nothing is called {0:?}; `sfs list --all` shows all sessions")]
    Unknown(String),
    /// Several things are called so.
    #[error("{text:?} could be any of these; give more of the id:\n{candidates}")]
    Ambiguous {
        /// What was given.
        text: String,
        /// What it could be, a line each.
        candidates: String,
    },
    /// No session worked in this directory.
    #[error("no session worked in {0}; `sfs list --all` shows all sessions")]
    NotHere(String),
    /// The session has no such branch.
    #[error("the session has no branch {0:?}; it has {1}")]
    NoBranch(String, String),
    /// The line isn't so long.
    #[error("{0} reaches beyond the beginning")]
    Beyond(String),
    /// The words are off.
    #[error("{0:?} is no revision; `sfs help revisions` tells how they are written")]
    Malformed(String),
}

/// A point in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The session.
    pub session: Id,
    /// The commit.
    pub commit: Id,
    /// The branch that it was reached by, if by one.
    pub branch: Option<String>,
}

/// The session that `text` names, whatever point in it.
pub fn session(store: &Store, env: &Env, text: &str) -> Result<Id, RevisionError> {
    Ok(resolve(store, env, text)?.session)
}

/// Finds the commit that `text` names.
pub fn resolve(store: &Store, env: &Env, text: &str) -> Result<Resolved, RevisionError> {
    let (name, suffixes) = cut(text);
    let mut found = base(store, env, name)?;
    for suffix in Suffixes(suffixes) {
        match suffix.ok_or_else(|| RevisionError::Malformed(text.to_owned()))? {
            Suffix::Earlier(n) => found.commit = earlier(store, &found, n, text)?,
            Suffix::TurnsBack(n) => found.commit = turns_back(store, found.commit, n, text)?,
            Suffix::Message(n) => found.commit = message(store, found.commit, n, text)?,
        }
    }
    Ok(found)
}

/// Where the suffixes begin.
fn cut(text: &str) -> (&str, &str) {
    let at = text.char_indices().skip(1).find(|(i, c)| {
        matches!(c, '~' | ':') || *c == '@' && text.get(i + 1..).is_some_and(|rest| rest.starts_with('{'))
    });
    let at = if text.starts_with("@{") { Some(0) } else { at.map(|(i, _)| i) };
    match at {
        Some(0) => ("@", text),
        Some(at) => text.split_at(at),
        None => (text, ""),
    }
}

enum Suffix {
    Earlier(usize),
    TurnsBack(u64),
    Message(u64),
}

/// Takes suffixes off one by one; `None` for what is none.
struct Suffixes<'t>(&'t str);

impl Iterator for Suffixes<'_> {
    type Item = Option<Suffix>;

    fn next(&mut self) -> Option<Option<Suffix>> {
        let first = self.0.chars().next()?;
        let rest = self.0.strip_prefix(first).unwrap_or_default();
        let inside = if first == '@' { rest.strip_prefix('{').unwrap_or_default() } else { rest };
        let len = inside.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = inside.split_at(len);
        let number: Option<u64> =
            if digits.is_empty() && first == '~' { Some(1) } else { digits.parse().ok() };
        let (suffix, left) = match (first, number) {
            ('~', Some(n)) => (Some(Suffix::TurnsBack(n)), after),
            (':', Some(n)) => (Some(Suffix::Message(n)), after),
            ('@', Some(n)) if after.starts_with('}') => {
                (usize::try_from(n).ok().map(Suffix::Earlier), after.strip_prefix('}').unwrap_or_default())
            }
            _ => (None, ""),
        };
        self.0 = left;
        Some(suffix)
    }
}

fn base(store: &Store, env: &Env, name: &str) -> Result<Resolved, RevisionError> {
    let all = sessions(store);
    if let Some(RefValue::Tag(id)) = store.refs().get(&format!("tag/{name}")) {
        let commit = store.tag(id)?.commit;
        return Ok(Resolved { session: session_with(store, &all, commit), commit, branch: None });
    }
    let (word, branch) = name.split_once('/').map_or((name, None), |(word, branch)| (word, Some(branch)));
    if let Some(info) = find_session(&all, env, word)? {
        return on_branch(store, info, branch);
    }
    // A branch of the newest session here.
    if let Some(info) = here(&all, env)
        && info.branches.iter().any(|b| b == name)
    {
        return on_branch(store, info, Some(name));
    }
    let prefix = Prefix::parse(word).filter(|_| word.len() >= SHORTEST);
    let commits = prefix.map(|prefix| store.commits_with(&prefix)).transpose()?.unwrap_or_default();
    match commits.as_slice() {
        [commit] => {
            Ok(Resolved { session: session_with(store, &all, *commit), commit: *commit, branch: None })
        }
        [] if word == "@" => Err(RevisionError::NotHere(env.cwd.display().to_string())),
        [] => Err(RevisionError::Unknown(name.to_owned())),
        many => {
            let lines: Vec<String> = many.iter().take(8).map(|id| format!("  {id:.16}")).collect();
            Err(RevisionError::Ambiguous { text: name.to_owned(), candidates: lines.join("\n") })
        }
    }
}

/// The newest session that worked in this directory, above or below it.
fn here<'a>(all: &'a [SessionInfo], env: &Env) -> Option<&'a SessionInfo> {
    let at = |info: &&SessionInfo| Path::new(&info.project) == env.cwd;
    let around = |info: &&SessionInfo| {
        !info.project.is_empty()
            && (env.cwd.starts_with(&info.project) || Path::new(&info.project).starts_with(&env.cwd))
    };
    all.iter().find(at).or_else(|| all.iter().find(around))
}

fn find_session<'a>(
    all: &'a [SessionInfo],
    env: &Env,
    word: &str,
) -> Result<Option<&'a SessionInfo>, RevisionError> {
    if word == "@" {
        return Ok(here(all, env));
    }
    if let Some(info) = all.iter().find(|info| info.name.as_deref() == Some(word)) {
        return Ok(Some(info));
    }
    if word.len() < SHORTEST {
        return Ok(None);
    }
    let prefix = Prefix::parse(word);
    let named = |info: &&SessionInfo| {
        info.native_id.starts_with(word) || prefix.is_some_and(|prefix| prefix.matches(&info.id))
    };
    let found: Vec<&SessionInfo> = all.iter().filter(named).collect();
    match found.as_slice() {
        [] => Ok(None),
        [info] => Ok(Some(info)),
        many => {
            let line = |info: &&SessionInfo| format!("  {:.12}  {}  {}", info.id, info.native_id, info.title);
            let lines: Vec<String> = many.iter().take(8).map(line).collect();
            Err(RevisionError::Ambiguous { text: word.to_owned(), candidates: lines.join("\n") })
        }
    }
}

fn on_branch(store: &Store, info: &SessionInfo, branch: Option<&str>) -> Result<Resolved, RevisionError> {
    let value = |label: &str| {
        let of = |space: &str| store.refs().get(&format!("{space}/{}/{label}", info.id));
        match of("branch").or_else(|| of("head")) {
            Some(RefValue::Commit(id)) => Some(*id),
            _ => None,
        }
    };
    let label = match branch {
        Some(branch) => branch.to_owned(),
        None => newest_branch(store, info),
    };
    let commit =
        value(&label).ok_or_else(|| RevisionError::NoBranch(label.clone(), info.branches.join(", ")))?;
    Ok(Resolved { session: info.id, commit, branch: Some(label) })
}

/// The branch that was worked on last: that of the source with the last
/// record, subagents apart.
fn newest_branch(store: &Store, info: &SessionInfo) -> String {
    let sources = super::source::all(store).filter(|s| s.session == info.id && s.head.is_some());
    let lines = sources.filter(|s| s.part.is_empty() && s.about.parent.is_none());
    let newest = lines.max_by_key(|s| (s.about.updated, s.about.label == "main"));
    newest.map_or_else(|| "main".to_owned(), |source| source.about.label.clone())
}

/// The session that a commit is part of: one whose branch leads to it.
fn session_with(store: &Store, all: &[SessionInfo], commit: Id) -> Id {
    let leads = |info: &&SessionInfo| {
        let below = format!("head/{}/", info.id);
        let own = format!("branch/{}/", info.id);
        let mut tips = store.refs_below(&below).chain(store.refs_below(&own)).map(|(_, value)| value.clone());
        tips.any(|value| matches!(value, RefValue::Commit(tip) if reaches(store, tip, commit)))
    };
    all.iter().find(leads).map_or(Id::ZERO, |info| info.id)
}

fn reaches(store: &Store, tip: Id, commit: Id) -> bool {
    let mut next = Some(tip);
    while let Some(id) = next {
        if id == commit {
            return true;
        }
        next = store.commit(&id).ok().and_then(|c| c.parents.first().copied());
    }
    false
}

/// Where a branch stood `n` changes ago.
fn earlier(store: &Store, found: &Resolved, n: usize, text: &str) -> Result<Id, RevisionError> {
    let malformed = || RevisionError::Malformed(text.to_owned());
    let label = found.branch.as_deref().ok_or_else(malformed)?;
    let names = ["head", "branch"].map(|space| format!("{space}/{}/{label}", found.session));
    let mut stood = Vec::new();
    for (name, value) in store.ops()?.iter().flat_map(|op| &op.changes) {
        if let Some(RefValue::Commit(id)) = value
            && names.contains(name)
        {
            stood.push(*id);
        }
    }
    stood.into_iter().rev().nth(n).ok_or_else(|| RevisionError::Beyond(text.to_owned()))
}

/// The commit before the last `n` turns of a line began.
fn turns_back(store: &Store, mut at: Id, n: u64, text: &str) -> Result<Id, RevisionError> {
    for _ in 0..n {
        let commit = store.commit(&at)?;
        let start = if commit.begins_turn() { Some(at) } else { commit.turn };
        let before = start.map(|id| store.commit(&id)).transpose()?.and_then(|c| c.parents.first().copied());
        at = before.ok_or_else(|| RevisionError::Beyond(text.to_owned()))?;
    }
    Ok(at)
}

/// The commit of message `n`, from 1, of the line that ends at `at`.
fn message(store: &Store, mut at: Id, n: u64, text: &str) -> Result<Id, RevisionError> {
    let beyond = || RevisionError::Beyond(text.to_owned());
    if n == 0 || n > store.commit(&at)?.counts.messages {
        return Err(beyond());
    }
    loop {
        let parent = store.commit(&at)?.parents.first().copied();
        let before = parent.map(|id| store.commit(&id)).transpose()?.map_or(0, |c| c.counts.messages);
        if before < n {
            return Ok(at);
        }
        at = parent.ok_or_else(beyond)?;
    }
}
