//! Which sessions go to another machine, or come from one: told from the refs
//! alone, since those of another machine are all that is known before they
//! come.

use std::path::{Path, PathBuf};

use crate::object::id::{Id, IdMap, IdSet};
use crate::store::refs::{RefValue, Source};

/// Which sessions are wanted; all, if nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Those of which one of these is the name, or begins the id or the tool's
    /// own id.
    pub sessions: Vec<String>,
    /// Those that worked in this directory or below it.
    pub project: Option<PathBuf>,
    /// Those that this tool carried.
    pub tool: Option<String>,
    /// Those with a record since then, in milliseconds since 1970.
    pub since: Option<i64>,
}

impl Selection {
    /// Tells whether all are wanted.
    pub fn is_all(&self) -> bool {
        let Selection { sessions, project, tool, since } = self;
        sessions.is_empty() && project.is_none() && tool.is_none() && since.is_none()
    }

    /// Leaves of refs those of the sessions that are wanted. Tags stand for
    /// commits of no session in particular, and go only with all.
    pub fn of(&self, refs: Vec<(String, RefValue)>) -> Vec<(String, RefValue)> {
        if self.is_all() {
            return refs;
        }
        let wanted = self.wanted(&refs);
        let is_wanted = |(name, value): &(String, RefValue)| match value {
            RefValue::Source(source) => wanted.contains(&source.session),
            RefValue::Session(id) => wanted.contains(id),
            RefValue::Commit(_) | RefValue::Snapshot(_) => {
                session_of(name).is_some_and(|id| wanted.contains(&id))
            }
            RefValue::Tag(_) => false,
        };
        refs.into_iter().filter(is_wanted).collect()
    }

    fn wanted(&self, refs: &[(String, RefValue)]) -> IdSet {
        let (mut sources, mut names) = (IdMap::<Vec<&Source>>::default(), IdMap::<Vec<&str>>::default());
        for (name, value) in refs {
            match value {
                RefValue::Source(source) => sources.entry(source.session).or_default().push(source),
                RefValue::Session(id) => {
                    names.entry(*id).or_default().extend(name.strip_prefix("name/"));
                }
                RefValue::Commit(_) | RefValue::Tag(_) | RefValue::Snapshot(_) => {}
            }
        }
        let nothing = Vec::new();
        let wanted = sources
            .iter()
            .filter(|(id, sources)| self.is_wanted(id, sources, names.get(*id).unwrap_or(&nothing)));
        wanted.map(|(id, _)| *id).collect()
    }

    fn is_wanted(&self, id: &Id, sources: &[&Source], names: &[&str]) -> bool {
        let hex = id.to_string();
        let is_called = |text: &String| {
            let begins = |whole: &str| text.len() >= 4 && whole.starts_with(text.as_str());
            names.contains(&text.as_str())
                || begins(&hex)
                || sources.iter().any(|source| source.native == *text || begins(&source.native))
        };
        let is_below = |dir: &PathBuf| {
            sources.iter().any(|s| s.about.cwd.as_ref().is_some_and(|cwd| Path::new(cwd).starts_with(dir)))
        };
        (self.sessions.is_empty() || self.sessions.iter().any(is_called))
            && self.project.as_ref().is_none_or(is_below)
            && self.tool.as_ref().is_none_or(|tool| sources.iter().any(|source| source.tool == *tool))
            && self.since.is_none_or(|at| sources.iter().any(|s| s.about.updated.is_some_and(|t| t >= at)))
    }
}

/// The session of a branch or of its files: `head/<session>/…`,
/// `branch/<session>/…`, `workspace/<session>/…`.
fn session_of(name: &str) -> Option<Id> {
    let (_, rest) = name.split_once('/')?;
    Id::from_hex(rest.split_once('/')?.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::object::id::Kind;

    fn session(tool: &str, native: &str, cwd: &str, updated: i64) -> Vec<(String, RefValue)> {
        let id = Id::of(Kind::Session, native.as_bytes());
        let mut source = Source::default();
        (source.session, source.tool, source.native) = (id, tool.to_owned(), native.to_owned());
        (source.about.cwd, source.about.updated) = (Some(cwd.to_owned()), Some(updated));
        let commit = RefValue::Commit(Id::of(Kind::Commit, native.as_bytes()));
        vec![
            (format!("head/{id}/main"), commit.clone()),
            (format!("branch/{id}/mine"), commit),
            (format!("name/called-{native}"), RefValue::Session(id)),
            (format!("source/{id}"), RefValue::Source(Arc::new(source))),
        ]
    }

    #[test]
    fn sessions_are_told_by_what_their_refs_say() {
        let one = session("a", "native-one", "/p/x", 10);
        let two = session("b", "native-two", "/p/y", 20);
        let tag = ("tag/t".to_owned(), RefValue::Tag(Id::ZERO));
        let all = [one.clone(), two.clone(), vec![tag]].concat();
        let of = |selection: Selection| selection.of(all.clone());
        let none = Selection::default;
        assert_eq!(of(none()), all);
        for text in ["called-native-one", "native-o", "native-one", &one[2].1.session_hex()[..8]] {
            assert_eq!(of(Selection { sessions: vec![text.to_owned()], ..none() }), one, "{text}");
        }
        assert_eq!(of(Selection { project: Some("/p/y".into()), ..none() }), two);
        assert_eq!(of(Selection { project: Some("/p".into()), tool: Some("a".into()), ..none() }), one);
        assert_eq!(of(Selection { since: Some(11), ..none() }), two);
        assert!(of(Selection { since: Some(21), ..none() }).is_empty());
        assert!(of(Selection { project: Some("/p/xy".into()), ..none() }).is_empty());
        assert!(of(Selection { sessions: vec!["nat".to_owned()], ..none() }).is_empty());
    }

    impl RefValue {
        fn session_hex(&self) -> String {
            match self {
                RefValue::Session(id) => id.to_string(),
                _ => String::new(),
            }
        }
    }
}
