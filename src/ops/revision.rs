//! Revisions: what users type to name a commit.
//!
//! ```text
//! <base>[/<branch>][@{n}][~n][:n]
//! ```
//!
//! The base is `@` (the newest session of this directory), a session's name,
//! a tag, the beginning of a session's id or of the tool's own id of it, a
//! branch of `@`, the beginning of a commit's id, or a whole ref. What is
//! named exactly goes before what is only begun. Then: `@{n}`, the n-th
//! earlier value of the branch; `~n`, before its last n turns; `:n`, its
//! message n, from 1.

use super::delete::is_deleted;
use super::session::{self, Branch, SessionInfo};
use super::{Env, line, owner};
use crate::object::Id;
use crate::object::id::Prefix;
use crate::store::refs::{RefValue, Source};
use crate::store::{Store, StoreError};

pub use super::unresolved::{Candidate, RevisionError};

/// The fewest characters by which something is known from its beginning.
const PREFIX_MIN: usize = 4;

/// What a revision names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The session.
    pub session: Id,
    /// The commit.
    pub commit: Id,
    /// The branch on whose line it was looked for; `None` for a tag or an id
    /// of a commit.
    pub branch: Option<String>,
}

/// Finds the commit that `text` names.
pub fn resolve(store: &Store, env: &Env, text: &str) -> Result<Resolved, RevisionError> {
    let spec = Spec::parse(text)?;
    let finder = Finder { store, env, all: session::sessions(store) };
    let base = finder.base(spec.base)?;
    let mut commit = match spec.earlier {
        Some(n) => finder.earlier(&base, n)?,
        None => base.commit,
    };
    if spec.turns > 0 {
        let back = line::turns_back(store, commit, spec.turns)?;
        commit = back.ok_or_else(|| RevisionError::TooFewTurns { text: text.to_owned() })?;
    }
    if let Some(n) = spec.message {
        let have = store.commit(&commit)?.counts.messages;
        let found = line::message(store, commit, n)?;
        commit = found.ok_or(RevisionError::NoMessage { n, have })?.0;
    }
    Ok(Resolved { session: base.session, commit, branch: base.branch })
}

/// Finds the session that `text` names, or that of the commit it names.
pub fn session(store: &Store, env: &Env, text: &str) -> Result<Id, RevisionError> {
    let finder = Finder { store, env, all: session::sessions(store) };
    match finder.session(text)? {
        Some(session) => Ok(session.id),
        None => Ok(resolve(store, env, text)?.session),
    }
}

/// Tells whether `text` names a session, branch, tag or commit as it is,
/// without going back from it.
pub fn is_plain(text: &str) -> bool {
    let plain = |s: Spec<'_>| s.message.is_none() && s.turns == 0 && s.earlier.is_none();
    Spec::parse(text).is_ok_and(plain)
}

/// Tells whether `text` names one message, as `@:3` does.
pub fn names_message(text: &str) -> bool {
    Spec::parse(text).is_ok_and(|spec| spec.message.is_some())
}

/// A revision, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Spec<'t> {
    base: &'t str,
    earlier: Option<u64>,
    turns: u64,
    message: Option<u64>,
}

impl<'t> Spec<'t> {
    fn parse(text: &'t str) -> Result<Spec<'t>, RevisionError> {
        let mut spec = Spec { base: text.trim(), earlier: None, turns: 0, message: None };
        let number = |digits: &str| {
            let digits = digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)?;
            Some(digits.parse().unwrap_or(u64::MAX)).filter(|_| !digits.is_empty())
        };
        if let Some((rest, n)) = spec.base.rsplit_once(':').and_then(|(r, n)| Some((r, number(n)?))) {
            (spec.base, spec.message) = (rest, Some(n));
        }
        while let Some((rest, digits)) = spec.base.rsplit_once('~') {
            let Some(n) = (if digits.is_empty() { Some(1) } else { number(digits) }) else { break };
            (spec.base, spec.turns) = (rest, spec.turns.saturating_add(n));
        }
        if let Some((rest, digits)) = spec.base.strip_suffix('}').and_then(|rest| rest.rsplit_once("@{")) {
            let n = number(digits).ok_or_else(|| RevisionError::Syntax { text: text.to_owned() })?;
            (spec.base, spec.earlier) = (rest, Some(n));
        }
        if spec.base.is_empty() && text.trim().is_empty() {
            return Err(RevisionError::Syntax { text: text.to_owned() });
        }
        if spec.base.is_empty() {
            spec.base = "@";
        }
        Ok(spec)
    }
}

/// What a base names.
struct Base {
    session: Id,
    commit: Id,
    branch: Option<String>,
    /// The ref that it was read from.
    name: Option<String>,
}

struct Finder<'s> {
    store: &'s Store,
    env: &'s Env,
    all: Vec<SessionInfo>,
}

impl Finder<'_> {
    fn base(&self, text: &str) -> Result<Base, RevisionError> {
        if let Some(base) = self.exact(text)? {
            return Ok(base);
        }
        if let Some(session) = self.session(text)? {
            return self.default_of(session);
        }
        if let Some((first, branch)) = text.split_once('/') {
            let first = if first.is_empty() { "@" } else { first };
            if let Some(session) = self.session(first)? {
                return self.branch_of(session, branch);
            }
        }
        match self.part(text)? {
            Some(base) => Ok(base),
            None => self.commit(text),
        }
    }

    /// A ref, a tag, or a branch of the session that `@` means, by its name.
    fn exact(&self, text: &str) -> Result<Option<Base>, RevisionError> {
        let refs = self.store.refs();
        // A session's name goes before a tag's; `session` finds it.
        if refs.contains_key(&format!("name/{text}")) {
            return Ok(None);
        }
        for name in [text.to_owned(), format!("tag/{text}")] {
            let commit = match refs.get(&name) {
                Some(RefValue::Commit(commit)) => *commit,
                Some(RefValue::Tag(tag)) => self.store.tag(tag)?.commit,
                Some(RefValue::Session(id)) => {
                    return self.all.iter().find(|s| s.id == *id).map(|s| self.default_of(s)).transpose();
                }
                _ => continue,
            };
            return self.at(commit, Some(name)).map(Some);
        }
        let here = session::newest_here(self.env, &self.all);
        match here.and_then(|s| Some((s, s.branch(text)?))) {
            Some((session, branch)) => Ok(Some(base_of(session, branch))),
            None => Ok(None),
        }
    }

    /// A commit, with the session it is part of.
    fn at(&self, commit: Id, name: Option<String>) -> Result<Base, RevisionError> {
        let full = name.as_deref().unwrap_or_default();
        // A ref of another machine says of which session it is, too.
        let theirs = full.strip_prefix("remote/").map(|rest| rest.splitn(3, '/').nth(2).unwrap_or_default());
        let ours = theirs.unwrap_or(full);
        let rest = ours.strip_prefix("head/").or_else(|| ours.strip_prefix("branch/"));
        let named = rest.and_then(|rest| rest.split_once('/'));
        if let Some((session, label)) = named.and_then(|(id, label)| Some((Id::from_hex(id)?, label))) {
            let branch = theirs.is_none().then(|| label.to_owned());
            return Ok(Base { session, commit, branch, name });
        }
        let known = self.store.commit(&commit)?;
        let session = owner::of(self.store, &self.all, commit, &known)?;
        let session = session.ok_or(RevisionError::NoOwner { commit })?;
        Ok(Base { session, commit, branch: None, name })
    }

    /// The session of a name or id; `None` if it can only be something else.
    fn session(&self, text: &str) -> Result<Option<&SessionInfo>, RevisionError> {
        if text == "@" {
            let here = session::newest_here(self.env, &self.all);
            let nothing =
                || RevisionError::NothingHere { cwd: self.env.cwd.clone(), any: !self.all.is_empty() };
            return here.map(Some).ok_or_else(nothing);
        }
        let by_id = |id: &Id| self.all.iter().find(|s| s.id == *id);
        if let Some(RefValue::Session(id)) = self.store.refs().get(&format!("name/{text}")) {
            return Ok(by_id(id));
        }
        let is_here = |s: &&Source| s.part.is_empty() && !is_deleted(self.store, &s.session);
        let natives = || super::source::all(self.store).filter(is_here);
        let prefix = Prefix::parse(text);
        let rules: [&dyn Fn() -> Vec<Id>; 2] =
            [&|| natives().filter(|s| s.native == text).map(|s| s.session).collect(), &|| {
                let native = natives().filter(|s| s.native.starts_with(text)).map(|s| s.session);
                let own = self.all.iter().map(|s| s.id).filter(|id| prefix.is_some_and(|p| p.matches(id)));
                native.chain(own).collect()
            }];
        for rule in rules.into_iter().take(if text.len() < PREFIX_MIN { 1 } else { 2 }) {
            let mut found = rule();
            found.sort_unstable();
            found.dedup();
            match found.as_slice() {
                [] => {}
                [id] => return Ok(by_id(id)),
                many => {
                    let sessions = self.all.iter().filter(|s| many.contains(&s.id));
                    return Err(RevisionError::ambiguous(text, sessions.map(Candidate::session).collect()));
                }
            }
        }
        Ok(None)
    }

    /// The run of a subagent, by the tool's id of it.
    fn part(&self, text: &str) -> Result<Option<Base>, RevisionError> {
        if text.len() < PREFIX_MIN {
            return Ok(None);
        }
        let parts: Vec<_> = super::source::all(self.store)
            .filter(|s| !s.part.is_empty() && s.part.starts_with(text))
            .collect();
        let [part] = parts.as_slice() else { return Ok(None) };
        let session = self.all.iter().find(|s| s.id == part.session);
        let found = session.and_then(|s| Some(base_of(s, s.branch(&part.about.label)?)));
        Ok(found)
    }

    fn commit(&self, text: &str) -> Result<Base, RevisionError> {
        let prefix = Prefix::parse(text).filter(|_| text.len() >= PREFIX_MIN);
        let found = prefix.map(|prefix| self.store.commits_with(&prefix)).transpose()?.unwrap_or_default();
        match found.as_slice() {
            [id] => self.at(*id, None),
            [] => Err(RevisionError::Unknown { text: text.to_owned() }),
            many => {
                let titled = |id: &Id| -> Result<Candidate, StoreError> {
                    Ok(Candidate::commit(*id, &*self.store.commit(id)?))
                };
                let shown: Result<Vec<_>, _> = many.iter().map(titled).collect();
                Err(RevisionError::ambiguous(text, shown?))
            }
        }
    }

    fn default_of(&self, session: &SessionInfo) -> Result<Base, RevisionError> {
        match session.default_branch() {
            Some(branch) => Ok(base_of(session, branch)),
            None => Err(RevisionError::Empty { session: session.id, title: session.label().to_owned() }),
        }
    }

    fn branch_of(&self, session: &SessionInfo, name: &str) -> Result<Base, RevisionError> {
        match session.branch(name) {
            Some(branch) => Ok(base_of(session, branch)),
            None => Err(RevisionError::NoBranch {
                name: name.to_owned(),
                session: session.label().to_owned(),
                have: session.branches.iter().map(|b| b.name.clone()).collect(),
            }),
        }
    }

    /// The n-th earlier value of the ref that a base was read from.
    fn earlier(&self, base: &Base, n: u64) -> Result<Id, RevisionError> {
        let name = base.name.as_ref().ok_or(RevisionError::NoLog)?;
        let mut values = Vec::new();
        for (changed, value) in self.store.ops()?.iter().flat_map(|op| &op.changes) {
            if changed == name
                && let Some(value) = value
            {
                values.push(value.clone());
            }
        }
        let have = values.len().saturating_sub(1) as u64;
        let at = usize::try_from(n).ok().and_then(|n| values.iter().rev().nth(n));
        match at {
            Some(RefValue::Commit(id)) => Ok(*id),
            Some(RefValue::Tag(id)) => Ok(self.store.tag(id)?.commit),
            _ => Err(RevisionError::NoEarlier { name: name.clone(), have }),
        }
    }
}

fn base_of(session: &SessionInfo, branch: &Branch) -> Base {
    let kind = if branch.own { "branch" } else { "head" };
    let name = Some(format!("{kind}/{}/{}", session.id, branch.name));
    Base { session: session.id, commit: branch.tip, branch: Some(branch.name.clone()), name }
}

#[cfg(test)]
mod tests;
