//! Reading: what each row of a transcript means.

use super::blocks;
use super::line::Line;
use super::row::{Parent, Row};
use crate::object::id::Checksum;
use crate::object::json::Value;
use crate::object::split::Texts;
use crate::tool::{Found, Key, Link, Reader, Step, StepFacts, setting, time};

/// Kinds of rows that say nothing and hang on nothing (1.0.128 to 2.1.330).
const FLAT: &[&str] = &[
    "agent-color",
    "agent-name",
    "agent-setting",
    "ai-title",
    "api-request",
    "api-request-blob",
    "api-request-shape",
    "atis-latch",
    "attribution-snapshot",
    "bridge-session",
    "content-replacement",
    "continued-in",
    "cost-state",
    "custom-title",
    "file-history-delta",
    "file-history-snapshot",
    "frame-link",
    "last-prompt",
    "memory-mode",
    "mode",
    "permission-mode",
    "pr-link",
    "queue-operation",
    "relocated",
    "repl-mode",
    "session-owner",
    "summary",
    "tag",
    "tools-used",
    "worktree-state",
];

/// Reads the rows of one file.
pub(super) struct RowReader {
    native: String,
    /// Whether the file is a subagent's own.
    part: bool,
    /// Whether the session that a subagent belongs to has been told.
    told: bool,
    /// Checksums of the facts told last: directory, branch, version, origin.
    facts: [u64; 4],
    /// Checksum of the directory, branch and version of the row before.
    around: u64,
    main: Line,
    side: Line,
}

impl RowReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> RowReader {
        let words = state.chunks_exact(8).filter_map(|word| Some(u64::from_le_bytes(word.try_into().ok()?)));
        let mut words = words.collect::<Vec<_>>().into_iter();
        let mut next = || words.next().unwrap_or_default();
        let told = next() != 0;
        let facts = [next(), next(), next(), next()];
        let around = next();
        let (main, side) = (Line::load(&mut words), Line::load(&mut words));
        RowReader {
            native: found.native.clone(),
            part: !found.part.is_empty(),
            told,
            facts,
            around,
            main,
            side,
        }
    }

    fn row(&mut self, value: Value<'_>, texts: &mut Texts) -> Step {
        let row = Row::of(value);
        let side = row.side && !self.part;
        let mut step = Step { key: row.key, side, time: time::parse(row.time), ..Step::default() };
        let mut api = None;
        match row.kind {
            b"user" => blocks::user(&row, self.part, texts, &mut step),
            b"assistant" => api = blocks::assistant(&row, texts, &mut step),
            b"attachment" | b"system" | b"progress" => {}
            kind => {
                step.unknown = !FLAT.iter().any(|flat| flat.as_bytes() == kind);
                if !step.unknown || row.parent == Parent::Absent {
                    step.key = None;
                    self.facts(&row, &mut step.facts);
                    step.settings.read(setting::PERMISSIONS, row.permissions);
                    step.side = false;
                    return step;
                }
            }
        }
        let line = if side { &mut self.side } else { &mut self.main };
        step.link = line.link(&row, side);
        line.go(&row, &step.link, api, step.prompt.is_some(), step.message.is_some());
        self.facts(&row, &mut step.facts);
        self.settings(&row, side, &mut step);
        step
    }

    /// Tells what was in force: where and in which version it ran if that is
    /// not as in the row before, and at every turn of the line.
    fn settings(&mut self, row: &Row<'_>, side: bool, step: &mut Step) {
        let around =
            [(setting::CWD, row.cwd), (setting::BRANCH, row.branch), (setting::VERSION, row.version)];
        let mut sum = Checksum::default();
        for (_, value) in around {
            sum.update(value.map(|value| value.raw()).unwrap_or_default());
            sum.update(&[0, u8::from(side)]);
        }
        let sum = sum.finish();
        if sum != self.around || step.link != Link::Tip {
            around.into_iter().for_each(|(name, value)| step.settings.read(name, value));
        }
        self.around = sum;
        step.settings.read(setting::PERMISSIONS, row.permissions);
        step.settings.read(setting::EFFORT, row.effort);
    }

    /// Tells the facts that differ from those told last.
    fn facts(&mut self, row: &Row<'_>, facts: &mut StepFacts) {
        let [cwd, branch, version, forked] = &mut self.facts;
        let changed = |value: Option<Value<'_>>, told: &mut u64| {
            let value = value?;
            let sum = Key::of(value.raw()).0;
            (sum != *told).then(|| *told = sum)?;
            value.str().filter(|text| !text.is_empty()).map(|text| text.into_owned())
        };
        facts.cwd = changed(row.cwd, cwd);
        facts.git_branch = changed(row.branch, branch);
        facts.version = changed(row.version, version);
        facts.forked_from = changed(row.forked, forked);
        if row.kind == b"custom-title" {
            facts.user_title = row.user_title.and_then(|t| t.str()).map(|t| t.into_owned());
        } else if matches!(row.kind, b"ai-title" | b"summary") {
            facts.tool_title = row.tool_title.and_then(|t| t.str()).map(|t| t.into_owned());
        }
        if self.part && !self.told {
            self.told = true;
            facts.parent = Some(self.native.clone());
        }
    }
}

impl Reader for RowReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some((value, texts)) => self.row(value, texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn state(&self) -> Vec<u8> {
        let mut words = vec![u64::from(self.told)];
        words.extend(self.facts);
        words.push(self.around);
        self.main.save(&mut words);
        self.side.save(&mut words);
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }
}
