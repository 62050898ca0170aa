//! Sessions: what is known of each from the refs alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Env;
use super::delete::all_deleted;
use crate::object::Id;
use crate::object::id::IdMap;
use crate::store::Store;
use crate::store::refs::{RefValue, Source};

/// The branch that a session begins with.
pub const MAIN: &str = "main";

/// A branch of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name in the session.
    pub name: String,
    /// The commit it stands for.
    pub tip: Id,
    /// Whether the user made it: then capture never moves it.
    pub own: bool,
    /// Whether it is the run of a subagent.
    pub part: bool,
}

/// A session, as a list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its id.
    pub id: Id,
    /// The name that the user gave it.
    pub name: Option<String>,
    /// The tools that carried it, the one it began in first.
    pub tools: Vec<String>,
    /// The tool's own id of it, in the tool it began in.
    pub native_id: String,
    /// Its title; empty if it has none.
    pub title: String,
    /// The directory it worked in.
    pub project: Option<String>,
    /// The git branch it last was on.
    pub git_branch: Option<String>,
    /// Its branches, `main` first.
    pub branches: Vec<Branch>,
    /// Prompts.
    pub turns: u64,
    /// Messages.
    pub messages: u64,
    /// Time of its first record, in milliseconds since 1970.
    pub created_at: Option<i64>,
    /// Time of its last record.
    pub updated_at: Option<i64>,
    /// The model that spoke last.
    pub model: Option<String>,
    /// What capture calls the branch that was worked on last.
    pub newest: String,
    /// Whether its tool has removed the file.
    pub gone: bool,
    /// Whether it came without its texts.
    pub shallow: bool,
    /// Records of unknown kinds.
    pub unknown: u64,
    /// Records that could not be read as JSON.
    pub broken: u64,
}

impl SessionInfo {
    /// The tool it began in.
    pub fn tool(&self) -> &str {
        self.tools.first().map_or("", String::as_str)
    }

    /// The branch of a name; the user's own before one of capture's.
    pub fn branch(&self, name: &str) -> Option<&Branch> {
        let named = |own: bool| self.branches.iter().find(|b| b.own == own && b.name == name);
        named(true).or_else(|| named(false))
    }

    /// The branch that is meant when none is named: the one last worked on,
    /// subagents' runs apart; else `main`; else any that the session has.
    pub fn default_branch(&self) -> Option<&Branch> {
        let head = |name: &str| self.branches.iter().find(|b| !b.own && b.name == name);
        let rest = || self.branches.iter().min_by_key(|b| (b.own, b.part));
        head(&self.newest).or_else(|| head(MAIN)).or_else(rest)
    }

    /// What to call it: its name, its title, its native id.
    pub fn label(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None if self.title.is_empty() => &self.native_id,
            None => &self.title,
        }
    }
}

/// All sessions, those with the newest records first.
pub fn sessions(store: &Store) -> Vec<SessionInfo> {
    let mut sessions = with_deleted(store);
    let deleted = all_deleted(store);
    sessions.retain(|session| !deleted.contains(&session.id));
    sessions
}

/// The same with those that were deleted.
pub(super) fn with_deleted(store: &Store) -> Vec<SessionInfo> {
    let mut sources: IdMap<Vec<&Source>> = IdMap::default();
    for source in super::source::all(store) {
        // One that was only just written to be resumed has nothing of its own yet.
        if source.head.is_none() && source.file.is_none() && source.tail.is_none() {
            continue;
        }
        sources.entry(source.session).or_default().push(source);
    }
    let mut branches = branches(store);
    let mut names = names(store);
    // What can't be told is told when the text is asked for.
    let shallow = super::unshallow::shallow(store).unwrap_or_default();
    let sessions = sources.into_iter().map(|(id, sources)| {
        let mut branches = branches.remove(&id).unwrap_or_default();
        for branch in branches.iter_mut().filter(|b| !b.own) {
            branch.part = is_part(&sources, &branch.name);
        }
        SessionInfo {
            name: names.remove(&id),
            branches,
            shallow: shallow.contains(&id),
            ..gather(id, sources)
        }
    });
    let mut sessions: Vec<SessionInfo> = sessions.collect();
    sessions.sort_by(|a, b| (b.updated_at, a.id).cmp(&(a.updated_at, b.id)));
    sessions
}

/// One session; `None` if nothing of it is known.
pub fn info(store: &Store, id: &Id) -> Option<SessionInfo> {
    sessions(store).into_iter().find(|session| session.id == *id)
}

fn gather(id: Id, mut sources: Vec<&Source>) -> SessionInfo {
    let began = |s: &Source| Source::key(&s.tool, &s.native, &s.part) == id;
    sources.sort_by_key(|s| (!began(s), s.about.label != MAIN, is_agent(s), s.about.created));
    let main = sources.first().copied();
    let lines = || sources.iter().copied().filter(|s| !is_agent(s)).chain(main);
    let newest = lines().max_by_key(|s| (s.about.updated, s.about.label == MAIN));
    let mut info = SessionInfo { id, ..SessionInfo::default() };
    for source in lines().chain(sources.iter().copied()) {
        if !info.tools.contains(&source.tool) {
            info.tools.push(source.tool.clone());
        }
    }
    let title = lines().map(Source::title).find(|title| !title.trim().is_empty());
    info.title = title.unwrap_or_default().to_owned();
    info.native_id = main.map(|s| s.native.clone()).unwrap_or_default();
    info.project = sources.iter().find_map(|s| s.about.cwd.clone());
    info.git_branch = newest.and_then(|s| s.about.git_branch.clone());
    info.model = newest.and_then(|s| s.about.model.clone());
    info.newest = newest.map(|s| s.about.label.clone()).unwrap_or_default();
    // What was carried on in another tool counts from the beginning.
    info.turns = lines().map(|s| s.about.counts.turns).max().unwrap_or(0);
    info.messages = lines().map(|s| s.about.counts.messages).max().unwrap_or(0);
    info.created_at = sources.iter().filter_map(|s| s.about.created).min();
    info.updated_at = sources.iter().filter_map(|s| s.about.updated).max();
    info.gone = sources.iter().any(|s| s.about.gone);
    info.unknown = sources.iter().map(|s| s.about.unknown).sum();
    info.broken = sources.iter().map(|s| s.about.broken).sum();
    info
}

/// Whether a source is the run of a subagent. A part that nothing started is
/// the session gone on with in another file.
fn is_agent(source: &Source) -> bool {
    source.about.parent.is_some()
}

/// Whether a branch is the run of a subagent, or a line in one.
fn is_part(sources: &[&Source], name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    sources.iter().any(|s| is_agent(s) && (s.about.label == name || s.about.label == first))
}

fn branches(store: &Store) -> IdMap<Vec<Branch>> {
    let mut found: IdMap<Vec<Branch>> = IdMap::default();
    for (prefix, own) in [("head/", false), ("branch/", true)] {
        for (name, value) in store.refs_below(prefix) {
            let split = name.strip_prefix(prefix).and_then(|rest| rest.split_once('/'));
            let (Some((session, name)), RefValue::Commit(tip)) = (split, value) else { continue };
            let Some(session) = Id::from_hex(session) else { continue };
            let branch = Branch { name: name.to_owned(), tip: *tip, own, part: false };
            let list = found.entry(session).or_default();
            let at = if name == MAIN && !own { 0 } else { list.len() };
            list.insert(at, branch);
        }
    }
    found
}

fn names(store: &Store) -> IdMap<String> {
    let named = store.refs_below("name/").filter_map(|(name, value)| match value {
        RefValue::Session(id) => Some((*id, name.strip_prefix("name/").unwrap_or(name).to_owned())),
        _ => None,
    });
    named.collect()
}

/// The sessions of a directory: those that worked in it or below it; if there
/// are none, those of the nearest directory above it that has some.
pub fn of_directory<'s>(env: &Env, all: &'s [SessionInfo], dir: &Path) -> Vec<&'s SessionInfo> {
    let places = Places::new(env, all);
    let below: Vec<_> = all.iter().filter(|s| places.of(s).is_some_and(|p| p.starts_with(dir))).collect();
    if below.is_empty() { places.above(all, dir) } else { below }
}

/// The session that `@` means: of those that worked in the user's directory,
/// else in the nearest one above it, else below it, the one with the newest
/// record.
pub fn newest_here<'s>(env: &Env, all: &'s [SessionInfo]) -> Option<&'s SessionInfo> {
    let places = Places::new(env, all);
    let below = || all.iter().find(|s| places.of(s).is_some_and(|p| p.starts_with(&env.cwd)));
    places.above(all, &env.cwd).first().copied().or_else(below)
}

/// Where the directories of the sessions are, links resolved.
struct Places<'s>(BTreeMap<&'s str, PathBuf>);

impl<'s> Places<'s> {
    fn new(env: &Env, all: &'s [SessionInfo]) -> Places<'s> {
        let mut places = BTreeMap::new();
        for dir in all.iter().filter_map(|s| s.project.as_deref()).filter(|dir| !dir.is_empty()) {
            places.entry(dir).or_insert_with(|| env.resolve(Path::new(dir)));
        }
        Places(places)
    }

    fn of(&self, session: &SessionInfo) -> Option<&Path> {
        self.0.get(session.project.as_deref()?).map(PathBuf::as_path)
    }

    /// The sessions of `dir`, or else of the nearest directory above it.
    fn above<'a>(&self, all: &'a [SessionInfo], dir: &Path) -> Vec<&'a SessionInfo> {
        for dir in dir.ancestors() {
            let here: Vec<_> = all.iter().filter(|s| self.of(s) == Some(dir)).collect();
            if !here.is_empty() {
                return here;
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;

    #[test]
    fn a_session_is_what_its_sources_tell_and_the_line_last_worked_on_is_meant() {
        let mut sample = Sample::new();
        let first = sample.turns(None, &["one"]);
        let id = sample.session("first", "/p".into(), first);
        let second = sample.turns(Some(first), &["two"]);
        let agent = sample.turns(None, &["find it", "and that", "and more"]);
        sample.part("first", "segment", None, second);
        sample.part("first", "a1", Some("first"), agent);
        let all = sessions(&sample.store);
        let [session] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((session.id, session.turns, session.messages), (id, 2, 4));
        assert_eq!((session.title.as_str(), session.native_id.as_str()), ("prompt of first", "first"));
        assert_eq!(session.default_branch().map(|b| b.tip), Some(second));
        let kinds: Vec<_> = session.branches.iter().map(|b| (b.name.as_str(), b.part)).collect();
        assert_eq!(kinds, [("main", false), ("a1", true), ("segment", false)]);
    }
}
