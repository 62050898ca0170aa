//! Stats: tokens, cost, turns, time and files, from the commits alone.
//!
//! A commit counts once, however many branches and sessions lead to it. It
//! counts for the session that began first of those. Where a tool has written
//! a conversation anew, so that the same answers stand in two lines of a
//! session, their tokens count once.

mod commands;
mod prices;
pub(super) mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use jiff::tz::TimeZone;

pub use commands::Ran;
pub use prices::{PriceError, Prices};
use walk::{Step, Walk};

use super::session::{self, SessionInfo};
use super::{Env, Monitor};
use crate::object::Usage;
use crate::store::{Store, StoreError};

/// Pauses longer than this, in milliseconds, are no work.
const PAUSE: i64 = 5 * 60 * 1000;

/// What counts go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// The day, by the user's clock.
    #[default]
    Day,
    /// The week, by its Monday.
    Week,
    /// The month.
    Month,
    /// The directory that was worked in.
    Project,
    /// The tool.
    Tool,
    /// The model.
    Model,
    /// The session.
    Session,
}

/// What is counted.
#[derive(Clone, Debug)]
pub struct StatsOptions {
    /// What counts go by.
    pub by: By,
    /// Only from then on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Only before then.
    pub until: Option<i64>,
    /// Only sessions that worked in this directory or below it.
    pub project: Option<PathBuf>,
    /// Only what this tool recorded.
    pub tool: Option<String>,
    /// Whether to count the commands and tools that were run, which takes
    /// reading what was said.
    pub commands: bool,
    /// The user's clock.
    pub zone: TimeZone,
    /// Where the user's own prices are.
    pub prices: PathBuf,
}

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The prices can't be read.
    #[error(transparent)]
    Prices(#[from] PriceError),
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Sessions.
    pub sessions: u64,
    /// Prompts.
    pub turns: u64,
    /// Messages.
    pub messages: u64,
    /// Calls of tools.
    pub calls: u64,
    /// Files touched, each once.
    pub files: u64,
    /// Time between messages, in milliseconds; pauses of more than five
    /// minutes count for nothing.
    pub active: u64,
    /// Tokens.
    pub usage: Usage,
    /// What the tokens cost of which the price is known.
    pub cost: f64,
    /// Tokens of which it is not.
    pub unpriced: u64,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The day, project, tool, … that it is about; empty if that isn't known.
    pub key: String,
    /// For a session, its title.
    pub title: Option<String>,
    /// The counts.
    pub sums: Sums,
}

/// All that was counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// A line for each day, project, …: by time, or the most tokens first.
    pub rows: Vec<Row>,
    /// All together.
    pub total: Sums,
    /// Models of which no price is known, and how many tokens each had.
    pub unpriced: Vec<(String, u64)>,
    /// The prices that were used.
    pub prices: Prices,
    /// Programs that were run, the most run first, if asked for.
    pub commands: Vec<Ran>,
    /// Tools that were called, likewise.
    pub tools: Vec<Ran>,
}

/// Counts.
pub fn stats(
    env: &Env,
    store: &Store,
    options: &StatsOptions,
    monitor: &dyn Monitor,
) -> Result<Stats, StatsError> {
    let prices = Prices::read(&options.prices)?;
    let sessions = session::sessions(store);
    let wanted: Option<HashSet<_>> = options.project.as_ref().map(|dir| {
        let dir = env.resolve(dir);
        session::of_directory(env, &sessions, &dir).into_iter().map(|session| session.id).collect()
    });
    let mut counts = Counts { options, groups: BTreeMap::new(), total: Group::default() };
    let mut read = commands::Count::default();
    monitor.begin("counting", None);
    for step in Walk::new(store, &sessions) {
        let step = step?;
        monitor.advance(1);
        let session = step.session.and_then(|n| sessions.get(n));
        let here = wanted.as_ref().is_none_or(|ids| session.is_some_and(|session| ids.contains(&session.id)));
        let theirs = options.tool.as_ref().is_none_or(|tool| *tool == step.commit.tool);
        let after = options.since.is_none_or(|since| step.time.is_some_and(|time| time >= since));
        let before = options.until.is_none_or(|until| step.time.is_some_and(|time| time < until));
        let says = step.messages > 0 || !step.usage.is_zero();
        if !(says && here && theirs && after && before) {
            continue;
        }
        counts.add(&step, session);
        if options.commands && step.calls > 0 {
            read.add(store, step.id)?;
        }
    }
    monitor.end();
    let (commands, tools) = read.into_ranking();
    let unpriced = counts.total.unpriced(&prices);
    let by_time = matches!(options.by, By::Day | By::Week | By::Month);
    let titles: HashMap<String, &SessionInfo> =
        sessions.iter().map(|session| (session.id.to_string(), session)).collect();
    let row = |(key, group): (String, Group)| {
        let title = titles.get(&key).map(|session| session.label().to_owned());
        Row { title, sums: group.sums(&prices), key }
    };
    let mut rows: Vec<Row> = counts.groups.into_iter().map(row).collect();
    if !by_time {
        rows.sort_by_key(|row| std::cmp::Reverse(tokens(&row.sums.usage)));
    }
    Ok(Stats { total: counts.total.sums(&prices), rows, unpriced, prices, commands, tools })
}

/// All tokens, whatever they cost.
pub fn tokens(usage: &Usage) -> u64 {
    let Usage { input, cache_write, cache_read, output } = *usage;
    input.saturating_add(cache_write).saturating_add(cache_read).saturating_add(output)
}

/// Counts as they grow.
struct Counts<'o> {
    options: &'o StatsOptions,
    groups: BTreeMap<String, Group>,
    total: Group,
}

#[derive(Default)]
struct Group {
    sums: Sums,
    sessions: HashSet<usize>,
    files: HashSet<u64>,
    models: HashMap<String, Usage>,
}

impl Counts<'_> {
    fn add(&mut self, step: &Step, session: Option<&SessionInfo>) {
        let key = match self.options.by {
            By::Day | By::Week | By::Month => self.day(step.time),
            By::Project => session.and_then(|session| session.project.clone()).unwrap_or_default(),
            By::Tool => step.commit.tool.clone(),
            By::Model => step.model.clone().unwrap_or_default(),
            By::Session => session.map(|session| session.id.to_string()).unwrap_or_default(),
        };
        self.groups.entry(key).or_default().add(step);
        self.total.add(step);
    }

    fn day(&self, time: Option<i64>) -> String {
        let at = time.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let Some(day) = at.map(|at| at.to_zoned(self.options.zone.clone()).date()) else {
            return String::new();
        };
        match self.options.by {
            By::Week => {
                let back = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(jiff::Span::new().days(back)).unwrap_or(day).to_string()
            }
            By::Month => day.strftime("%Y-%m").to_string(),
            _ => day.to_string(),
        }
    }
}

impl Group {
    fn add(&mut self, step: &Step) {
        let sums = &mut self.sums;
        sums.turns += step.turns;
        sums.messages += step.messages;
        sums.calls += step.calls;
        sums.active += step.active;
        sums.usage = sums.usage.plus(&step.usage);
        self.sessions.extend(step.session);
        self.files.extend(step.files.iter());
        if !step.usage.is_zero() {
            let model = step.model.as_deref().unwrap_or_default();
            match self.models.get_mut(model) {
                Some(usage) => *usage = usage.plus(&step.usage),
                None => drop(self.models.insert(model.to_owned(), step.usage)),
            }
        }
    }

    fn sums(self, prices: &Prices) -> Sums {
        // In an order of its own, so that the sum is the same each time.
        let models: BTreeMap<String, Usage> = self.models.into_iter().collect();
        let mut sums = self.sums;
        for (model, usage) in &models {
            match prices.cost(model, usage) {
                Some(cost) => sums.cost += cost,
                None => sums.unpriced += tokens(usage),
            }
        }
        sums.sessions = self.sessions.len() as u64;
        sums.files = self.files.len() as u64;
        sums
    }

    fn unpriced(&self, prices: &Prices) -> Vec<(String, u64)> {
        let models = self.models.iter().filter(|(model, usage)| prices.cost(model, usage).is_none());
        let mut models: Vec<(String, u64)> =
            models.map(|(model, usage)| (model.clone(), tokens(usage))).collect();
        models.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        models
    }
}

#[cfg(test)]
mod tests;
