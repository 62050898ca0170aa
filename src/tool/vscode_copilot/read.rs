//! Reading: what each record of a session means.
//!
//! A record is a turn of a document; or a line of a log, or all lines of a turn
//! that was written while it was answered.

use super::entry::{At, Entry};
use super::{find, replay, request};
use crate::object::json::{Type, Value};
use crate::object::split::Texts;
use crate::tool::{Found, Link, Reader, Step, StepFacts};

/// Reads the records of one session.
#[derive(Default)]
pub(super) struct RequestReader {
    log: bool,
    /// Where the session worked, until that is told.
    cwd: Option<String>,
    pub(super) turns: Turns,
}

/// The turns so far.
#[derive(Default)]
pub(super) struct Turns {
    /// How many are in force.
    count: usize,
}

impl RequestReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> RequestReader {
        let cwd = if state.is_empty() { find::cwd(found) } else { None };
        let count = state.try_into().map_or(0, u64::from_le_bytes);
        let turns = Turns { count: usize::try_from(count).unwrap_or_default() };
        RequestReader { log: find::is_log(found), cwd, turns }
    }

    fn line(&mut self, line: Value<'_>, texts: &mut Texts) -> Step {
        let Some(entry) = Entry::of(line) else { return Step { unknown: true, ..Step::default() } };
        let mut steps = Vec::new();
        if let Some((at, list)) = entry.listed() {
            self.turns.cut(at, &mut steps);
            for request in list.each() {
                self.turns.add();
                steps.extend(request::all(request, texts));
            }
        }
        one(steps, StepFacts { cwd: self.cwd.take(), ..facts(&entry) })
    }
}

impl Turns {
    /// Takes turns back from a place on.
    pub(super) fn cut(&mut self, at: Option<usize>, steps: &mut Vec<Step>) {
        let Some(back) = at.and_then(|at| self.count.checked_sub(at)).filter(|back| *back > 0) else {
            return;
        };
        self.count -= back;
        let link = Link::TurnsBack(u32::try_from(back).unwrap_or(u32::MAX));
        steps.push(Step { link, ..Step::default() });
    }

    /// Notes one more.
    pub(super) fn add(&mut self) {
        self.count += 1;
    }

    /// The number of the last one.
    pub(super) fn last(&self) -> Option<usize> {
        self.count.checked_sub(1)
    }
}

/// Steps as one, that tells these facts as well.
fn one(steps: Vec<Step>, facts: StepFacts) -> Step {
    let mut steps = steps.into_iter();
    let mut step = steps.next().unwrap_or_default();
    step.then = steps.collect();
    step.facts = StepFacts { version: step.facts.version.take(), ..facts };
    step
}

/// What a line tells of the session.
fn facts(entry: &Entry<'_>) -> StepFacts {
    let of = |key: &str| match entry {
        Entry::Initial(object) => object.get(key),
        Entry::Set(At::Root(name), value) if *name == key.as_bytes() => *value,
        _ => None,
    };
    let branch = of("repoData").and_then(|data| data.string("localBranch"));
    StepFacts {
        tool_title: of("customTitle")
            .and_then(|t| t.str())
            .map(Into::into)
            .filter(|t: &String| !t.is_empty()),
        git_branch: branch.filter(|branch| !branch.is_empty()),
        created: of("creationDate").and_then(|time| time.int()).filter(|time| *time > 0),
        ..StepFacts::default()
    }
}

impl Reader for RequestReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        if self.log {
            return self.line(row, texts);
        }
        if row.kind() != Type::Object || row.get("message").is_none() && row.get("response").is_none() {
            return Step { unknown: true, ..Step::default() };
        }
        self.turns.add();
        let facts = StepFacts { cwd: self.cwd.take(), ..StepFacts::default() };
        one(request::all(row, texts), facts)
    }

    /// Lines of a log that are one record.
    fn read_text(&mut self, record: &[u8], texts: &mut Texts) -> Option<Step> {
        if !self.log {
            return None;
        }
        let mut facts = StepFacts::default();
        let steps = replay::lines(record, &mut self.turns, texts, &mut |entry| {
            let told = self::facts(entry);
            facts.tool_title = told.tool_title.or(facts.tool_title.take());
            facts.git_branch = told.git_branch.or(facts.git_branch.take());
            facts.created = told.created.or(facts.created);
        })?;
        facts.cwd = self.cwd.take();
        Some(one(steps, facts))
    }

    fn state(&self) -> Vec<u8> {
        (self.turns.count as u64).to_le_bytes().to_vec()
    }
}
