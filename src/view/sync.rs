//! What went or came, or would, as JSON.
//!
//! All of it has one shape, whichever way it goes: `commits`, `objects`, `refs`,
//! `bytes` and `sessions` are what is new on the side that gets it.

use serde_json::{Map, Value, json};

use crate::ops::fetch::{Ahead, FetchReport};
use crate::ops::pull::{PullAhead, PullReport};
use crate::ops::push::PushReport;
use crate::ops::secrets::Found;
use crate::ops::tally::Share;

/// What a push sent, or would.
pub fn push(report: &PushReport, dry_run: bool) -> Value {
    json!({
        "remote": report.remote, "dry_run": dry_run,
        "commits": report.commits, "objects": report.contents, "refs": report.refs,
        "removed_refs": report.removed, "bytes": report.bytes, "sessions": shares(&report.sessions),
        "stopped": found(&report.stopped), "redacted": found(&report.redacted),
    })
}

fn found(found: &[Found]) -> Vec<Value> {
    let one = |found: &Found| json!({"id": found.id.to_string(), "rule": found.rule, "shown": found.shown, "count": found.count});
    found.iter().map(one).collect()
}

/// What a fetch got.
pub fn fetch(report: &FetchReport) -> Value {
    Value::Object(fetched(report, (report.packs, report.bytes), false))
}

/// What a fetch would get: at most, but for `least`, which it would in any
/// case.
pub fn fetch_ahead(ahead: &Ahead) -> Value {
    Value::Object(fetched(&ahead.most, ahead.least, true))
}

/// What a pull got and took over.
pub fn pull(report: &PullReport) -> Value {
    let fetched = fetched(&report.fetched, (report.fetched.packs, report.fetched.bytes), false);
    Value::Object(taken(fetched, report, &[]))
}

/// What a pull would get and take over.
pub fn pull_ahead(ahead: &PullAhead) -> Value {
    let fetched = fetched(&ahead.fetched.most, ahead.fetched.least, true);
    Value::Object(taken(fetched, &ahead.taken, &ahead.unsure))
}

fn fetched(report: &FetchReport, least: (u64, u64), dry_run: bool) -> Map<String, Value> {
    let value = json!({
        "remote": report.remote, "dry_run": dry_run, "writers": report.writers,
        "commits": report.commits, "objects": report.contents, "refs": report.refs,
        "packs": report.packs, "bytes": report.bytes,
        "least": {"packs": least.0, "bytes": least.1}, "sessions": shares(&report.sessions),
    });
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn taken(mut fields: Map<String, Value>, report: &PullReport, unsure: &[String]) -> Map<String, Value> {
    fields.insert("sources".to_owned(), json!(report.sources));
    fields.insert("created".to_owned(), json!(report.created));
    fields.insert("moved".to_owned(), json!(report.moved));
    fields.insert("beside".to_owned(), json!(report.beside));
    fields.insert("unsure".to_owned(), json!(unsure));
    fields
}

fn shares(shares: &[Share]) -> Vec<Value> {
    let share = |share: &Share| {
        json!({
            "id": share.session.to_string(), "title": share.title, "tool": share.tool, "project": share.project,
            "new": share.is_new, "commits": share.counts.commits, "turns": share.counts.turns,
            "messages": share.counts.messages,
        })
    };
    shares.iter().map(share).collect()
}
