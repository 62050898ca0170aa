//! Which sources there are, and which are no more.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{CaptureOptions, CaptureReport, Kept, Work};
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
}

/// Gives sources that claim the same native id parts of their own: the file
/// that is known under it keeps it, else the one that changed last.
fn tell_apart(store: &Store, tool: &dyn Tool, mut found: Vec<Found>) -> Vec<Found> {
    let rank = |f: &Found| {
        let known = source::find(store, tool.name(), &f.native, &f.part).is_some_and(|s| s.place == f.place);
        (!known, std::cmp::Reverse(f.stamp.mtime))
    };
    found.sort_by(|a, b| {
        (&a.native, &a.part, rank(a), &a.place).cmp(&(&b.native, &b.part, rank(b), &b.place))
    });
    let mut before: Option<(String, String)> = None;
    for source in &mut found {
        let name = (source.native.clone(), source.part.clone());
        if before.as_ref() == Some(&name) {
            let place = Id::of(crate::object::Kind::Session, source.place.as_bytes());
            source.part = format!("{}copy-{place:.8}", if name.1.is_empty() { "" } else { "agent-" });
        } else {
            before = Some(name);
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
    let here: HashSet<Id> =
        survey.found.iter().map(|(tool, f)| Source::key(tool.name(), &f.native, &f.part)).collect();
    let mut edits = Vec::new();
    for known in source::all(store).filter(|s| options.wants(&s.tool) && !s.about.gone && s.file.is_some()) {
        let key = Source::key(&known.tool, &known.native, &known.part);
        // A source of another machine was never here.
        if here.contains(&key) || known.mark.stamp == (0, 0, 0) {
            continue;
        }
        let path = tool::by_name(&known.tool).map(|tool| tool.root(&env.places).join(&known.place));
        if path.is_some_and(|path| survey.trouble.iter().any(|(unseen, _)| path.starts_with(unseen))) {
            continue;
        }
        let mut now = known.clone();
        now.about.gone = true;
        report.gone.push(Kept { session: known.session, path: known.place.clone(), tip: known.head });
        edits.push(Edit {
            name: source::ref_name(&key),
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
