//! Sessions whose messages are rows of one table, each a row written once or
//! until it is finished: for adapters of tools that keep them so.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use super::rows::{Database, Line, Row, RowsError, Select, Value};
use super::{Frame, Key, Pieces, Stamp, StepFacts, time};

/// Which tables hold what.
pub(super) struct Layout {
    /// A row for each session, with `id` and `updated_at`.
    pub(super) sessions: &'static str,
    /// A row for each message, with `session_id`.
    pub(super) messages: &'static str,
    /// The order of messages.
    pub(super) order: &'static str,
    /// The column of messages that tells when one changed last, if they do.
    pub(super) changed: Option<&'static str>,
    /// Tables that tell the version of the schema: all of their rows are kept.
    pub(super) version: &'static [&'static str],
}

/// A session as the list of them tells it.
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) stamp: Stamp,
}

/// The rows of a session, in order.
pub(super) struct Rows {
    lines: std::vec::IntoIter<Vec<u8>>,
    frame: Frame,
}

/// The sessions of a database; none if it is another program's.
pub(super) fn list(path: &Path, layout: &Layout) -> io::Result<Vec<Listed>> {
    let database = Database::open(path).map_err(told)?;
    for (table, needed) in [(layout.sessions, "id"), (layout.messages, "session_id")] {
        let columns = database.columns(table).map_err(told)?;
        if !columns.iter().any(|column| column == needed) {
            return Ok(Vec::new());
        }
    }
    let Layout { sessions, messages, changed, .. } = layout;
    let changed = changed.map_or_else(|| "max(rowid)".to_owned(), |column| format!("max({column})"));
    let of = |what: &str| format!("(SELECT {what} FROM {messages} m WHERE m.session_id = s.id)");
    let sql =
        format!("SELECT id, updated_at, {}, {} FROM {sessions} s ORDER BY id", of("count(*)"), of(&changed));
    let rows = database.ask(&sql, &[]).map_err(told)?;
    database.still_valid().map_err(told)?;
    Ok(rows.iter().filter_map(|row| listed(row)).collect())
}

fn listed(row: &[Value]) -> Option<Listed> {
    let [id, updated, count, changed] = row else { return None };
    let stamp = Stamp {
        len: u64::try_from(count.int().unwrap_or_default()).unwrap_or_default().saturating_mul(1000),
        mtime: when(updated).unwrap_or_default().saturating_mul(1_000_000),
        inode: Key::of(format!("{updated:?} {count:?} {changed:?}").as_bytes()).0,
    };
    Some(Listed { id: id.text()?.to_owned(), stamp })
}

/// A time in a row, in milliseconds since 1970: tools write seconds,
/// milliseconds or text.
fn when(value: &Value) -> Option<i64> {
    match value.int() {
        Some(number) => Some(millis(number)),
        None => time::parse(format!("{}Z", value.text()?.trim_end_matches('Z').replace(' ', "T")).as_bytes()),
    }
}

/// Seconds or milliseconds since 1970 as milliseconds.
pub(super) fn millis(number: i64) -> i64 {
    if number.abs() < 100_000_000_000 { number.saturating_mul(1000) } else { number }
}

/// Opens a session. What the last message is not finished by `is_over` waits;
/// `facts` reads the session's own row.
pub(super) fn open(
    path: &Path,
    layout: &Layout,
    session: &str,
    is_over: fn(&[u8]) -> bool,
    facts: fn(&Row) -> StepFacts,
) -> io::Result<Rows> {
    let database = Database::open(path).map_err(told)?;
    let session = [Value::from(session)];
    let of_session = |table, filter, order| {
        lines(&database, &Select { table, filter, params: &session, order, leave_out: &[] })
    };
    let mut messages = of_session(layout.messages, "session_id = ?1", layout.order)?;
    let held = messages.pop_if(|last| !is_over(last));
    let rows = of_session(layout.sessions, "id = ?1", "")?;
    let Some(row) = rows.first() else { return Err(io::ErrorKind::NotFound.into()) };
    let facts = match Line::parse(row) {
        Some(Line::Row(row)) => facts(&row),
        _ => StepFacts::default(),
    };
    let lead = lead(&database, layout)?;
    database.still_valid().map_err(told)?;
    let frame =
        Frame { lead: joined(&lead), trail: joined(&[held.into_iter().collect(), rows].concat()), facts };
    Ok(Rows { lines: messages.into_iter(), frame })
}

/// Opens the rows of a session in another table, where rows are only added.
pub(super) fn beside(path: &Path, layout: &Layout, table: &str, session: &str) -> io::Result<Rows> {
    let database = Database::open(path).map_err(told)?;
    let params = [Value::from(session)];
    let rows =
        lines(&database, &Select { table, filter: "session_id = ?1", params: &params, ..Select::default() })?;
    let lead = lead(&database, layout)?;
    database.still_valid().map_err(told)?;
    Ok(Rows { lines: rows.into_iter(), frame: Frame { lead: joined(&lead), ..Frame::default() } })
}

/// How many rows of a table each session has.
pub(super) fn counts(path: &Path, table: &str) -> io::Result<Vec<(String, u64)>> {
    let database = Database::open(path).map_err(told)?;
    if !database.columns(table).map_err(told)?.iter().any(|column| column == "session_id") {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT session_id, count(*) FROM {table} GROUP BY session_id");
    let rows = database.ask(&sql, &[]).map_err(told)?;
    database.still_valid().map_err(told)?;
    let count =
        |row: &Vec<Value>| Some((row.first()?.text()?.to_owned(), u64::try_from(row.get(1)?.int()?).ok()?));
    Ok(rows.iter().filter_map(count).collect())
}

/// The schema, and what tells its version: the same for all sessions.
fn lead(database: &Database, layout: &Layout) -> io::Result<Vec<Vec<u8>>> {
    let names =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'";
    let names = database.ask(names, &[]).map_err(told)?;
    let names: Vec<&str> = names.iter().flatten().filter_map(Value::text).collect();
    let mut lead = database.schema(&names).map_err(told)?;
    for table in layout.version.iter().filter(|table| names.contains(table)) {
        lead.extend(lines(database, &Select { table, ..Select::default() })?);
    }
    Ok(lead)
}

fn lines(database: &Database, select: &Select<'_>) -> io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    database.lines(select, &mut |line| lines.push(line)).map_err(told)?;
    Ok(lines)
}

fn joined(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect()
}

impl Pieces for Rows {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        Ok(self.lines.next().map(Cow::Owned))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        Ok(self.frame.clone())
    }
}

/// An error of a database, as one of reading.
pub(super) fn told(error: RowsError) -> io::Error {
    let kind = match &error {
        RowsError::Io { source, .. } => source.kind(),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
