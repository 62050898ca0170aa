//! What would go or come of each session, told from the refs alone: of what is
//! on another machine nothing else is known before it comes.

use std::collections::BTreeMap;

use crate::object::commit::Counts;
use crate::object::id::Id;
use crate::store::refs::{RefValue, Source};

/// What is new of one session, along its longest line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The session.
    pub session: Id,
    /// Its title; empty if it has none.
    pub title: String,
    /// The tool that carried it.
    pub tool: String,
    /// The directory it worked in.
    pub project: Option<String>,
    /// Whether the other side has nothing of it.
    pub is_new: bool,
    /// What is new of it.
    pub counts: Counts,
}

/// What sources in `after` have beyond those of `before`, session by session.
/// Sessions of which nothing is new are left out.
pub(super) fn shares<'r>(
    before: impl Iterator<Item = &'r RefValue>,
    after: impl Iterator<Item = &'r RefValue>,
) -> Vec<Share> {
    let mut known = BTreeMap::<Id, (Counts, Vec<[Option<Id>; 3]>)>::new();
    for source in before.filter_map(source) {
        let (counts, ends) = known.entry(source.session).or_default();
        longest(counts, source);
        ends.push(end(source));
    }
    let mut found = BTreeMap::<Id, (Counts, Share)>::new();
    for source in after.filter_map(source) {
        let is_known = |(_, ends): &(Counts, Vec<_>)| ends.contains(&end(source));
        let before = known.get(&source.session);
        if before.is_some_and(is_known) {
            continue;
        }
        let new = || (Counts::default(), Share { is_new: before.is_none(), ..of(source) });
        let (counts, share) = found.entry(source.session).or_insert_with(new);
        if source.about.counts.commits >= counts.commits {
            *share = Share { is_new: share.is_new, ..of(source) };
        }
        longest(counts, source);
    }
    let shares = found.into_values().map(|(counts, share)| {
        let before = known.get(&share.session).map(|(counts, _)| *counts).unwrap_or_default();
        Share { counts: counts.since(&before), ..share }
    });
    shares.collect()
}

fn source(value: &RefValue) -> Option<&Source> {
    match value {
        RefValue::Source(source) => Some(source),
        _ => None,
    }
}

/// What tells whether a source went on.
fn end(source: &Source) -> [Option<Id>; 3] {
    [source.file, source.head, source.tail]
}

fn of(source: &Source) -> Share {
    Share {
        session: source.session,
        title: source.title().to_owned(),
        tool: source.tool.clone(),
        project: source.about.cwd.clone(),
        ..Share::default()
    }
}

fn longest(counts: &mut Counts, source: &Source) {
    if source.about.counts.commits > counts.commits {
        *counts = source.about.counts;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::object::id::Kind;

    fn source(session: &str, commits: u64) -> RefValue {
        let id = |kind, text: String| Id::of(kind, text.as_bytes());
        let mut source = Source {
            session: id(Kind::Session, session.to_owned()),
            head: Some(id(Kind::Commit, format!("{session}{commits}"))),
            ..Source::default()
        };
        source.about.counts.commits = commits;
        source.about.user_title = Some(format!("{session} of {commits}"));
        RefValue::Source(Arc::new(source))
    }

    #[test]
    fn only_what_went_on_is_told() {
        let before = [source("a", 3), source("b", 5), source("c", 1)];
        let after = [source("a", 3), source("b", 9), source("b", 7), source("d", 2)];
        let mut shares = shares(before.iter(), after.iter());
        shares.sort_by_key(|share| share.is_new);
        let told = |share: &Share| (share.title.clone(), share.is_new, share.counts.commits);
        let told: Vec<_> = shares.iter().map(told).collect();
        assert_eq!(told, [("b of 9".to_owned(), false, 4), ("d of 2".to_owned(), true, 2)]);
    }
}
