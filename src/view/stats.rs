//! Counts as JSON and as CSV.

use serde_json::{Value, json};

use super::clean::clean;
use super::json::usage;
use crate::ops::stats::{Ran, Row, Stats, Sums, tokens};

/// What was counted, as JSON.
pub fn json(stats: &Stats) -> Value {
    let ran = |ran: &[Ran]| -> Value {
        ran.iter().map(|ran| json!({"name": ran.name, "times": ran.times})).collect()
    };
    let row = |row: &Row| {
        let mut value = sums(&row.sums);
        if let Some(members) = value.as_object_mut() {
            members.insert("key".to_owned(), json!(row.key));
            members.insert("title".to_owned(), json!(row.title));
        }
        value
    };
    let unpriced = stats.unpriced.iter().map(|(model, count)| json!({"model": model, "tokens": count}));
    json!({
        "rows": stats.rows.iter().map(row).collect::<Value>(),
        "total": sums(&stats.total),
        "unpriced": unpriced.collect::<Value>(),
        "prices": {
            "date": stats.prices.date, "source": stats.prices.source, "own_date": stats.prices.own_date,
            "currency": stats.prices.currency,
        },
        "commands": ran(&stats.commands),
        "tools": ran(&stats.tools),
    })
}

fn sums(sums: &Sums) -> Value {
    json!({
        "sessions": sums.sessions, "turns": sums.turns, "messages": sums.messages, "calls": sums.calls,
        "files": sums.files, "active_seconds": sums.active / 1000, "usage": usage(&sums.usage),
        "tokens": tokens(&sums.usage), "cost": rounded(sums.cost), "unpriced_tokens": sums.unpriced,
    })
}

/// To a millionth, so that sums of fractions look like what they are.
fn rounded(cost: f64) -> f64 {
    (cost * 1e6).round() / 1e6
}

/// What was counted, as lines of CSV (RFC 4180), the first with the names.
pub fn csv(stats: &Stats) -> Vec<String> {
    let head = "key,title,sessions,turns,messages,calls,files,active_seconds,input,cache_write,cache_read,\
                output,cost,unpriced_tokens";
    let row = |row: &Row| {
        let sums = &row.sums;
        let numbers = [
            sums.sessions,
            sums.turns,
            sums.messages,
            sums.calls,
            sums.files,
            sums.active / 1000,
            sums.usage.input,
            sums.usage.cache_write,
            sums.usage.cache_read,
            sums.usage.output,
        ];
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let title = row.title.as_deref().unwrap_or_default();
        let (cost, unpriced) = (rounded(sums.cost), sums.unpriced);
        format!("{},{},{},{cost},{unpriced}", field(&row.key), field(title), numbers.join(","))
    };
    std::iter::once(head.to_owned()).chain(stats.rows.iter().map(row)).collect()
}

/// A field; one that a spreadsheet would take for a formula begins with a
/// quote.
fn field(text: &str) -> String {
    let mut text = clean(text);
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// The numbers of a row: tokens, of these input, cache writes, cache reads and
/// output, cost, turns, time and files. A cost that isn't all of it ends with a
/// `+`; one of which nothing is known is `?`.
pub fn cells(sums: &Sums) -> [String; 9] {
    let usage = &sums.usage;
    let cost = match (sums.cost, sums.unpriced) {
        (_, unpriced) if unpriced > 0 && unpriced == tokens(usage) => "?".to_owned(),
        (cost, 0) => format!("{cost:.2}"),
        (cost, _) => format!("{cost:.2}+"),
    };
    [
        super::tokens(tokens(usage)),
        super::tokens(usage.input),
        super::tokens(usage.cache_write),
        super::tokens(usage.cache_read),
        super::tokens(usage.output),
        cost,
        sums.turns.to_string(),
        duration(sums.active),
        sums.files.to_string(),
    ]
}

/// Milliseconds as people read them.
pub fn duration(ms: u64) -> String {
    let minutes = ms / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{}s", ms / 1000),
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h{minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_one_field_each_and_no_formula() {
        assert_eq!((field("a,b\n\"c\""), field("=1+1")), ("\"a,b \"\"c\"\"\"".into(), "'=1+1".into()));
        assert_eq!([duration(59_999), duration(61_000), duration(3_700_000)], ["59s", "1m", "1h01m"]);
        assert_eq!(rounded(0.1 + 0.2), 0.3);
    }
}
