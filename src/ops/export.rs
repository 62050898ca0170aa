//! Export: all that a document of a conversation has to tell, but for the
//! messages themselves, which are read one by one.

use std::collections::BTreeMap;

use super::line;
use super::log::{Turn, log};
use super::revision::Resolved;
use super::session::{self, SessionInfo};
use super::stats::{Prices, tokens};
use crate::object::{Id, Usage};
use crate::store::{Result, Store};

/// A conversation and the runs of the subagents that it started.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// What was asked for.
    pub at: Resolved,
    /// Its session, if the store knows it.
    pub session: Option<SessionInfo>,
    /// The conversation.
    pub line: Line,
    /// The runs of its subagents up to then, in the order of their beginnings.
    pub runs: Vec<Line>,
    /// What the tokens of all of them cost.
    pub cost: Cost,
}

/// What tokens cost by a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// What those cost of which the price is known.
    pub sum: f64,
    /// Tokens of which it is not.
    pub unpriced: u64,
    /// The currency.
    pub currency: String,
    /// The day of the table.
    pub date: String,
}

/// A conversation from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its branch; empty if it was not named by one.
    pub name: String,
    /// Its commits, oldest first, each with the number of messages up to and
    /// with it: one without a message has the same as the one before.
    pub commits: Vec<(Id, u64)>,
    /// Its turns, oldest first.
    pub turns: Vec<Turn>,
    /// Time of its first commit that has one, in milliseconds since 1970.
    pub began: Option<i64>,
    /// Time of its last commit that has one.
    pub ended: Option<i64>,
    /// Tokens counted on it.
    pub usage: Usage,
    /// The same by model; empty where none is named.
    pub models: BTreeMap<String, Usage>,
    /// Its messages.
    pub messages: u64,
    /// Calls of tools in it.
    pub calls: u64,
}

/// Reads what lies on the line of a revision, and the runs that it started.
pub fn export(store: &Store, at: Resolved, prices: &Prices) -> Result<Export> {
    let session = session::info(store, &at.session);
    let line = read(store, at.branch.clone().unwrap_or_default(), at.commit)?;
    let parts = session.iter().flat_map(|session| &session.branches);
    let parts = parts.filter(|branch| branch.part && Some(&branch.name) != at.branch.as_ref());
    let mut runs = Vec::new();
    for part in parts {
        let run = read(store, part.name.clone(), part.tip)?;
        // One that began later was not started from here.
        if line.ended.is_none() || run.began.is_none() || run.began <= line.ended {
            runs.push(run);
        }
    }
    runs.sort_by(|a, b| (a.began, &a.name).cmp(&(b.began, &b.name)));
    let mut cost = Cost { currency: prices.currency.clone(), date: prices.date.clone(), ..Cost::default() };
    for (model, usage) in std::iter::once(&line).chain(&runs).flat_map(|line| &line.models) {
        match prices.cost(model, usage) {
            Some(price) => cost.sum += price,
            None => cost.unpriced += tokens(usage),
        }
    }
    Ok(Export { at, session, line, runs, cost })
}

fn read(store: &Store, name: String, tip: Id) -> Result<Line> {
    let (mut commits, mut times) = (Vec::new(), Vec::new());
    // Tokens that are counted behind what a model said are that model's.
    let (mut models, mut late): (BTreeMap<String, Usage>, _) = (BTreeMap::new(), Usage::default());
    for at in line::back(store, tip) {
        let (id, commit) = at?;
        commits.push((id, commit.counts.messages));
        times.extend(commit.time);
        late = late.plus(&commit.usage);
        if let Some(model) = &commit.model {
            let usage = models.entry(model.clone()).or_default();
            *usage = usage.plus(&std::mem::take(&mut late));
        }
    }
    if !late.is_zero() {
        models.insert(String::new(), late);
    }
    commits.reverse();
    let mut turns = log(store, tip, usize::MAX, true)?;
    turns.reverse();
    let counts = store.commit(&tip)?.counts;
    let (usage, messages, calls) = (counts.usage, counts.messages, counts.calls);
    let (began, ended) = (times.last().copied(), times.first().copied());
    Ok(Line { name, commits, turns, began, ended, usage, models, messages, calls })
}

impl Line {
    /// The commits of messages `first` to `last`, from 1.
    pub fn messages(&self, first: u64, last: u64) -> &[(Id, u64)] {
        let place = |n: u64| self.commits.partition_point(|(_, number)| *number < n);
        self.commits.get(place(first)..place(last.saturating_add(1))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::revision;
    use crate::ops::sample::Sample;

    #[test]
    fn a_conversation_comes_with_the_runs_it_had_started_by_then() {
        let mut sample = Sample::new();
        let one = sample.turns(None, &["one"]);
        let early = sample.turns(None, &["find it"]);
        let two = sample.turns(Some(one), &["two"]);
        let late = sample.turns(None, &["find more"]);
        sample.session("first", sample.env.cwd.clone(), two);
        sample.part("first", "b-early", Some("first"), early);
        sample.part("first", "a-late", Some("first"), late);
        let prices = Prices::read("/no/such/file".as_ref()).unwrap();
        let of = |rev: &str| {
            export(&sample.store, revision::resolve(&sample.store, &sample.env, rev).unwrap(), &prices)
        };
        let all = of("@/main").unwrap();
        assert_eq!((all.line.messages, all.line.commits.len(), all.line.turns.len()), (4, 4, 2));
        assert_eq!(all.line.usage.output, 10);
        assert_eq!(all.line.models, BTreeMap::from([("model-1".to_owned(), all.line.usage)]));
        // The run's as well.
        assert_eq!((all.cost.sum, all.cost.unpriced), (0.0, 45));
        let numbers = |first, last| all.line.messages(first, last).iter().map(|m| m.1).collect::<Vec<_>>();
        assert_eq!((numbers(2, 3), numbers(4, 9), numbers(5, 9)), (vec![2, 3], vec![4], vec![]));
        assert_eq!(all.line.turns.first().and_then(|t| t.title.as_deref()), Some("one"));
        let names = |export: &Export| export.runs.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&all), ["b-early"]);
        // A run itself is a line like any other.
        let run = of("@/a-late").unwrap();
        assert_eq!((run.line.messages, names(&run)), (2, vec!["b-early".to_owned()]));
    }
}
