use super::*;
use crate::object::{Id, Role};
use crate::ops::Quiet;
use crate::ops::sample::{Sample, calls, says};
use crate::store::refs::RefValue;

fn options(by: By) -> StatsOptions {
    StatsOptions {
        by,
        since: None,
        until: None,
        project: None,
        tool: None,
        commands: false,
        zone: TimeZone::UTC,
        prices: "/no/such/file".into(),
    }
}

fn count(sample: &Sample, options: &StatsOptions) -> Stats {
    stats(&sample.env, &sample.store, options, &Quiet).unwrap()
}

/// Two sessions, the second a fork of the first, with a subagent, a branch of
/// the user's, a tag and another machine's ref.
fn forked() -> (Sample, Id) {
    let mut sample = Sample::new();
    let shared = sample.turns(None, &["one", "two"]);
    let main = sample.turns(Some(shared), &["three"]);
    let fork = sample.turns(Some(shared), &["other", "way"]);
    let agent = sample.turns(None, &["find it"]);
    let cwd = sample.env.cwd.clone();
    sample.session("first", cwd.clone(), main);
    sample.session("second", cwd.join("sub"), fork);
    sample.part("first", "a1", Some("first"), agent);
    sample.head("first", "rewind-1", shared);
    let first = Sample::id("first");
    sample.set(&format!("branch/{first}/mine"), RefValue::Commit(fork));
    sample.set("tag/here", RefValue::Commit(shared));
    let far = sample.turns(None, &["far"]);
    sample.set(&format!("remote/r/w/head/{first}/main"), RefValue::Commit(far));
    (sample, fork)
}

#[test]
fn each_commit_counts_once_however_many_lead_to_it() {
    let (sample, _) = forked();
    let found = count(&sample, &options(By::Session));
    // Six turns of two messages: one, two, three, other, way, find it.
    assert_eq!((found.total.turns, found.total.messages, found.total.sessions), (6, 12, 2));
    assert_eq!(found.total.usage, Usage { input: 60, output: 30, ..Usage::default() });
    // What is shared counts for the session that began first; its user's
    // branch leads into the second, which is its own all the same.
    let turns = |native: &str| {
        let id = Sample::id(native).to_string();
        found.rows.iter().find(|row| row.key == id).map(|row| row.sums.turns)
    };
    let (first, second) = (turns("first").unwrap(), turns("second").unwrap());
    assert_eq!((first, second), (4, 2));
    // All ways of grouping come to the same.
    for by in [By::Day, By::Week, By::Month, By::Project, By::Tool, By::Model] {
        let other = count(&sample, &options(by));
        assert_eq!(other.total, found.total, "{by:?}");
        let sum = other.rows.iter().fold(Usage::default(), |sum, row| sum.plus(&row.sums.usage));
        assert_eq!(sum, found.total.usage, "{by:?}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_counted() {
    let (sample, _) = forked();
    let only = |change: &dyn Fn(&mut StatsOptions)| {
        let mut options = options(By::Day);
        change(&mut options);
        count(&sample, &options).total.messages
    };
    assert_eq!(only(&|o| o.since = Some(3)), 10);
    assert_eq!(only(&|o| o.until = Some(3)), 2);
    assert_eq!(only(&|o| o.tool = Some("other".into())), 0);
    let rest = only(&|o| o.project = Some(sample.env.cwd.join("sub")));
    assert!((1..12).contains(&rest), "{rest}");
}

#[test]
fn an_answer_that_was_written_anew_counts_once() {
    let mut sample = Sample::new();
    let prompt = sample.commit(None, Some("go"), Some(says(Role::User, "go")), &[]);
    let answer = sample.commit(Some(prompt), None, Some(says(Role::Assistant, "done")), &["r/a", "e/b"]);
    let note = sample.commit(None, None, Some(says(Role::System, "a note")), &[]);
    let again = sample.commit(Some(note), Some("go"), Some(says(Role::User, "go, rewritten")), &[]);
    // The same answer to it, at the same time.
    let mut commit = (*sample.store.commit(&answer).unwrap()).clone();
    commit.parents = vec![again];
    commit.counts.messages += 1;
    let body = sample.store.body(&answer, &commit).unwrap();
    let mut batch = crate::store::Batch::default();
    let (copy, _) = batch.put_commit(&sample.store, commit, body).unwrap();
    sample.store.apply(batch, Vec::new(), &crate::store::Actor::default()).unwrap();
    sample.session("first", sample.env.cwd.clone(), copy);
    sample.head("first", "rewind-1", answer);
    let found = count(&sample, &options(By::Model));
    assert_eq!((found.total.usage.output, found.total.files), (5, 2));
    // On one line it would be another answer, though it were as long and as fast.
    let mut commit = (*sample.store.commit(&copy).unwrap()).clone();
    (commit.parents, commit.counts.commits) = (vec![copy], commit.counts.commits + 1);
    let body = sample.store.body(&copy, &commit).unwrap();
    let mut batch = crate::store::Batch::default();
    let (twice, _) = batch.put_commit(&sample.store, commit, body).unwrap();
    sample.store.apply(batch, Vec::new(), &crate::store::Actor::default()).unwrap();
    sample.head("first", "main", twice);
    assert_eq!(count(&sample, &options(By::Model)).total.usage.output, 10);
    assert_eq!(found.unpriced, [("model-1".to_owned(), 15)]);
    assert_eq!((found.total.cost, found.total.unpriced), (0.0, 15));
}

#[test]
fn days_are_the_users() {
    let mut sample = Sample::new();
    let tip = sample.turns(None, &["one"]);
    sample.session("first", sample.env.cwd.clone(), tip);
    let key = |by, zone: TimeZone| {
        let found = count(&sample, &StatsOptions { zone, ..options(by) });
        found.rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>()
    };
    // The clock of the sample stands at the beginning of 1970, a Thursday.
    assert_eq!(key(By::Day, TimeZone::UTC), ["1970-01-01"]);
    assert_eq!(key(By::Day, TimeZone::fixed(jiff::tz::offset(-5))), ["1969-12-31"]);
    assert_eq!(key(By::Week, TimeZone::UTC), ["1969-12-29"]);
    assert_eq!(key(By::Month, TimeZone::UTC), ["1970-01"]);
}

#[test]
fn commands_and_tools_are_counted_when_asked_for() {
    let mut sample = Sample::new();
    let mut tip = sample.commit(None, Some("go"), Some(says(Role::User, "go")), &[]);
    for command in ["git status", "git status && ls", "ls"] {
        tip = sample.commit(Some(tip), None, Some(calls(command)), &[]);
    }
    sample.session("first", sample.env.cwd.clone(), tip);
    let found = count(&sample, &StatsOptions { commands: true, ..options(By::Day) });
    let names = |ran: &[Ran]| ran.iter().map(|r| format!("{} {}", r.name, r.times)).collect::<Vec<_>>();
    assert_eq!(names(&found.commands), ["git status 2", "ls 2"]);
    assert_eq!(names(&found.tools), ["Bash 3"]);
    assert!(count(&sample, &options(By::Day)).commands.is_empty());
    assert_eq!(found.total.active, 3);
}
