//! Sessions in the database (since 1.2): its rows, one session's at a time.
//!
//! Secrets are never read: the tables `account`, `account_state`,
//! `control_account`, `credential` and `session_share` are only made, empty,
//! when a database is restored. Nor is `event`, the log of which the other rows
//! are the outcome: the tool needs none of it.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::order::{Shelf, lines};
use crate::tool::rows::{Database, RowsError, Select, Value};
use crate::tool::{Frame, Key, Stamp, StepFacts};

/// Tables that tell which schema the database has: without their rows the tool
/// would make the schema again.
const MIGRATIONS: &[&str] = &["migration", "__drizzle_migrations", "data_migration"];

/// Tables with rows of one session, beside messages and parts, and the column
/// that names the session; in the order in which they are told.
const OF_SESSION: &[(&str, &str)] = &[
    ("session", "id"),
    ("todo", "session_id"),
    ("session_message", "session_id"),
    ("session_input", "session_id"),
    ("session_context_epoch", "session_id"),
    ("kilo_board", "root_session_id"),
    ("kilo_board_message", "board_root_session_id"),
];

/// What must be there for the database to be read.
const NEEDED: &[(&str, &[&str])] = &[
    ("session", &["id", "parent_id", "time_updated"]),
    ("message", &["id", "session_id", "time_created", "time_updated", "data"]),
    ("part", &["id", "message_id", "session_id", "time_updated", "data"]),
];

/// A session as the list of them tells it.
pub(super) struct Listed {
    /// Its id.
    pub(super) id: String,
    /// The session that it was started by.
    pub(super) parent: Option<String>,
    /// What it looks like: the number of its rows, in bytes as if each had a
    /// thousand, and when they changed last.
    pub(super) stamp: Stamp,
}

/// One row for each session; the last message is where changes are.
const LIST: &str = "SELECT s.id, s.parent_id, s.time_updated, \
    (SELECT count(*) FROM message m WHERE m.session_id = s.id), \
    (SELECT count(*) FROM part p WHERE p.session_id = s.id), \
    m.time_updated, (SELECT max(p.time_updated) FROM part p WHERE p.message_id = m.id) \
    FROM session s LEFT JOIN message m ON m.id = (SELECT l.id FROM message l WHERE l.session_id = s.id \
    ORDER BY l.time_created DESC, l.id DESC LIMIT 1) ORDER BY s.id";

/// The sessions of a database; none if it is another program's.
pub(super) fn list(path: &Path) -> io::Result<Vec<Listed>> {
    let database = Database::open(path).map_err(told)?;
    let has = |(table, needed): &(&str, &[&str])| -> Result<bool, RowsError> {
        let columns = database.columns(table)?;
        Ok(needed.iter().all(|name| columns.iter().any(|column| column == name)))
    };
    for table in NEEDED {
        if !has(table).map_err(told)? {
            return Ok(Vec::new());
        }
    }
    let rows = database.ask(LIST, &[]).map_err(told)?;
    database.still_valid().map_err(told)?;
    Ok(rows.iter().filter_map(|row| listed(row)).collect())
}

fn listed(row: &[Value]) -> Option<Listed> {
    let number = |n: usize| row.get(n).and_then(Value::int).unwrap_or_default();
    let id = row.first()?.text()?.to_owned();
    let changed = [2, 5, 6].map(number).into_iter().max().unwrap_or_default();
    let all: Vec<u8> = (2..7).flat_map(|n| number(n).to_le_bytes()).collect();
    let rows = number(3).saturating_add(number(4));
    let stamp = Stamp {
        len: u64::try_from(rows).unwrap_or_default().saturating_mul(1000),
        mtime: changed.saturating_mul(1_000_000),
        inode: Key::of(&all).0,
    };
    Some(Listed { id, parent: row.get(1).and_then(Value::text).map(str::to_owned), stamp })
}

/// A session in the database.
pub(super) struct Table {
    database: Database,
    session: Value,
    messages: Vec<Value>,
    /// Whether the session's row was given as a record.
    told: bool,
}

impl Table {
    /// Opens the database at a session.
    pub(super) fn open(path: &Path, session: &str) -> io::Result<Table> {
        let database = Database::open(path).map_err(told)?;
        let session = Value::from(session);
        let select = Select {
            table: "message",
            filter: "session_id = ?1",
            params: std::slice::from_ref(&session),
            order: "time_created, id",
            ..Select::default()
        };
        let messages = database.values(&select, &["id"]).map_err(told)?.into_iter().flatten().collect();
        Ok(Table { database, session, messages, told: false })
    }

    fn lines(&self, table: &str, filter: &str, order: &str, value: &Value) -> io::Result<Vec<Vec<u8>>> {
        let params = std::slice::from_ref(value);
        let select = Select { table, filter, params, order, leave_out: &[] };
        let mut lines = Vec::new();
        self.database.lines(&select, &mut |line| lines.push(line)).map_err(told)?;
        Ok(lines)
    }

    /// Whether a table is there and has the column.
    fn has(&self, table: &str, column: &str) -> io::Result<bool> {
        Ok(self.database.columns(table).map_err(told)?.iter().any(|name| name == column))
    }

    /// The columns of the session's row, as far as it has them.
    fn row(&self, columns: &[&str]) -> io::Result<Vec<Value>> {
        let params = std::slice::from_ref(&self.session);
        let select = Select { table: "session", filter: "id = ?1", params, ..Select::default() };
        let row = self.database.values(&select, columns).map_err(told)?.into_iter().next();
        row.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The schema, and what tells its version: the same for all sessions.
    fn lead(&self) -> io::Result<Vec<Vec<u8>>> {
        let names =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'";
        let names = self.database.ask(names, &[]).map_err(told)?;
        let names: Vec<&str> = names.iter().flatten().filter_map(Value::text).collect();
        let mut lead = self.database.schema(&names).map_err(told)?;
        for table in MIGRATIONS.iter().filter(|table| names.contains(table)) {
            lead.extend(self.lines(table, "?1 = ?1", "", &self.session)?);
        }
        Ok(lead)
    }

    /// The rows of the session beside what was said, and of its project.
    fn rest(&self, project: &Value, workspace: &Value) -> io::Result<Vec<Vec<u8>>> {
        let mut rest = Vec::new();
        let shared = [
            ("project", "id", project),
            ("project_directory", "project_id", project),
            ("workspace", "id", workspace),
        ];
        for (table, column, id) in shared {
            if self.has(table, column)? {
                rest.extend(self.lines(table, &format!("{column} = ?1"), "", id)?);
            }
        }
        for (table, column) in OF_SESSION.iter().filter(|(table, _)| !self.told || *table != "session") {
            if self.has(table, column)? {
                rest.extend(self.lines(table, &format!("{column} = ?1"), "", &self.session)?);
            }
        }
        Ok(rest)
    }
}

impl Shelf for Table {
    fn count(&self) -> usize {
        self.messages.len()
    }

    fn message(&mut self, n: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(id) = self.messages.get(n) else { return Ok(None) };
        Ok(self.lines("message", "id = ?1", "", id)?.pop())
    }

    fn parts(&mut self, n: usize) -> io::Result<Vec<Vec<u8>>> {
        let Some(id) = self.messages.get(n) else { return Ok(Vec::new()) };
        self.lines("part", "message_id = ?1", "id", id)
    }

    fn taken_back(&mut self) -> io::Result<Option<Vec<u8>>> {
        let [revert] = self.row(&["revert"])?.try_into().unwrap_or([Value::Null]);
        if revert.text().is_none_or(|text| text.is_empty() || text == "null") {
            return Ok(None);
        }
        self.told = true;
        Ok(self.lines("session", "id = ?1", "", &self.session)?.pop())
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let columns = ["project_id", "workspace_id", "title", "directory", "version", "parent_id"];
        let row = self.row(&columns)?;
        let told_of: HashMap<_, _> = columns.into_iter().zip(&row).collect();
        let value = |column| told_of.get(column).copied().unwrap_or(&Value::Null);
        let text = |column| value(column).text().map(str::to_owned);
        let facts = facts(text("title"), text("directory"), text("version"), text("parent_id"));
        let (lead, trail) = (self.lead()?, self.rest(value("project_id"), value("workspace_id"))?);
        // What was read counts only if nobody wrote to it meanwhile.
        self.database.still_valid().map_err(told)?;
        Ok(Frame { lead: lines(&lead), trail: lines(&trail), facts })
    }
}

/// What the session's own row tells.
pub(super) fn facts(
    title: Option<String>,
    cwd: Option<String>,
    version: Option<String>,
    parent: Option<String>,
) -> StepFacts {
    // The name that a session has until the tool finds a better one.
    let is_title =
        |title: &String| !["New session - ", "Child session - "].iter().any(|t| title.starts_with(t));
    StepFacts { tool_title: title.filter(is_title), cwd, version, parent, ..StepFacts::default() }
}

fn told(error: RowsError) -> io::Error {
    let kind = match &error {
        RowsError::Io { source, .. } => source.kind(),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
