//! Which sources there are, and which are no more.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::{CaptureOptions, CaptureReport, Kept, Work, is_as};
use crate::object::id::Id;
use crate::ops::{Env, source};
use crate::store::refs::{Edit, RefValue, Source};
use crate::store::{Batch, Store, StoreError};
use crate::tool::{self, Found, Tool};

/// What a look at the tools' folders found.
#[derive(Default)]
pub struct Survey {
    /// The sources, each under a name of its own.
    pub found: Work,
    /// What could not be looked into, and why.
    pub trouble: Vec<(PathBuf, String)>,
}

impl Survey {
    /// Looks for the sources of all tools, or of those named.
    pub fn take(env: &Env, store: &Store, options: &CaptureOptions) -> Survey {
        let mut survey = Survey::default();
        let places = source::places(env, store);
        for tool in tool::TOOLS.iter().copied().filter(|tool| options.wants(tool.name())) {
            let discovery = tool.discover(&places);
            survey.trouble.extend(discovery.trouble.into_iter().map(|t| (t.path, t.error.to_string())));
            let found = tell_apart(store, tool, discovery.found);
            survey.found.extend(found.into_iter().map(|found| (tool, found)));
        }
        survey
    }

    /// Those that don't look as they did when they were captured. All names
    /// are looked up at once: hashing each is most of the cost of a capture
    /// with nothing new.
    pub fn changed(&self, store: &Store) -> Work {
        let known: HashMap<Names<'_>, &Source> =
            source::all(store).map(|s| ((s.tool.as_str(), s.native.as_str(), s.part.as_str()), s)).collect();
        let is_new = |(tool, found): &&(&'static dyn Tool, Found)| {
            known.get(&names(*tool, found)).is_none_or(|known| !is_as(known, found))
        };
        self.found.iter().filter(is_new).cloned().collect()
    }
}

/// What a source is called: tool, native id, part.
type Names<'s> = (&'s str, &'s str, &'s str);

fn names<'s>(tool: &'s dyn Tool, found: &'s Found) -> Names<'s> {
    (tool.name(), &found.native, &found.part)
}

/// Gives sources that claim the same native id parts of their own: the file
/// that is known under it keeps it, else the one that changed last.
pub(in crate::ops) fn tell_apart(store: &Store, tool: &dyn Tool, mut found: Vec<Found>) -> Vec<Found> {
    let rank = |f: &Found| {
        let known = source::find(store, tool.name(), &f.native, &f.part).is_some_and(|s| s.place == f.place);
        (!known, std::cmp::Reverse(f.stamp.mtime))
    };
    found.sort_by(|a, b| {
        let names = (&a.native, &a.part).cmp(&(&b.native, &b.part));
        names.then_with(|| (rank(a), &a.place).cmp(&(rank(b), &b.place)))
    });
    for same in found.chunk_by_mut(|a, b| a.native == b.native && a.part == b.part) {
        for source in same.iter_mut().skip(1) {
            let place = Id::of(crate::object::Kind::Session, source.place.as_bytes());
            source.part = format!("{}copy-{place:.8}", if source.part.is_empty() { "" } else { "agent-" });
        }
    }
    found
}

/// Notes the sources whose files are gone.
pub(super) fn missing(
    env: &Env,
    store: &mut Store,
    options: &CaptureOptions,
    survey: &Survey,
    report: &mut CaptureReport,
) -> Result<(), StoreError> {
    let here: HashSet<Names<'_>> = survey.found.iter().map(|(tool, found)| names(*tool, found)).collect();
    let (mut edits, places) = (Vec::new(), OnceCell::new());
    for known in source::all(store).filter(|s| options.wants(&s.tool) && !s.about.gone && s.file.is_some()) {
        // A source of another machine was never here.
        if here.contains(&(&*known.tool, &*known.native, &*known.part)) || known.mark.stamp == (0, 0, 0) {
            continue;
        }
        let tool = tool::by_name(&known.tool);
        let places = places.get_or_init(|| source::places(env, store));
        // What was imported is only looked for where the user says.
        if tool.is_some_and(|tool| !tool.would_find(places, &known.place)) {
            continue;
        }
        let path = tool.map(|tool| tool.root(&env.places).join(&known.place));
        if path.is_some_and(|path| survey.trouble.iter().any(|(unseen, _)| path.starts_with(unseen))) {
            continue;
        }
        let mut now = known.clone();
        now.about.gone = true;
        report.gone.push(Kept { session: known.session, path: known.place.clone(), tip: known.head });
        edits.push(Edit {
            name: source::ref_name(&Source::key(&known.tool, &known.native, &known.part)),
            expect: Some(RefValue::from(known.clone())),
            new: Some(RefValue::from(now)),
        });
    }
    if edits.is_empty() {
        return Ok(());
    }
    match store.apply(Batch::default(), edits, &env.actor()) {
        // Another process is at it; it notes the same.
        Err(StoreError::Conflict(_)) => Ok(()),
        outcome => outcome,
    }
}
