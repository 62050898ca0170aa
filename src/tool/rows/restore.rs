//! Writing rows into a database of our own.
//!
//! What a database is made of comes from lines, so no knowledge of the tool is
//! needed. Lines of several sessions can be added one after another: a row
//! that is there already is left alone, and one whose key is taken by another row is
//! reported, never written over. Foreign keys, triggers and checks don't act
//! meanwhile: the rows satisfied them where they came from, or didn't.
//!
//! Tables without a primary key get their rows in the order of the lines; the
//! rowids there are new ones. Counters of `AUTOINCREMENT` go on from the highest number written.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::ffi::{
    SQLITE_CONSTRAINT_DATATYPE, SQLITE_CONSTRAINT_NOTNULL, SQLITE_CONSTRAINT_PRIMARYKEY,
    SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE,
};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, MAIN_DB, OpenFlags, Statement, params_from_iter};

use super::error::RowsError;
use super::line::{Head, Line, Row};
use super::quoted;
use super::value::Value;

/// What became of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Rows that were written.
    pub rows: u64,
    /// Rows that were there already.
    pub same: u64,
    /// Lines that don't agree with what is there; nothing of them was written.
    pub differing: Vec<Differing>,
}

/// A line that doesn't agree with what is in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// Its number among those given, from 0.
    pub line: usize,
    /// Why, for people.
    pub why: String,
}

/// A new database at `path`, where nothing may be yet. If it can't be written,
/// nothing is left there.
pub fn write<L: AsRef<[u8]>>(path: &Path, lines: impl IntoIterator<Item = L>) -> Result<Added, RowsError> {
    let mut writer = Writer::create(path)?;
    let added = writer.add(lines);
    if added.is_err() {
        drop(writer);
        // It is ours, made a moment ago. That it can't be written says more
        // than that it can't be removed.
        let _ = std::fs::remove_file(path);
    }
    added
}

/// The bytes of a new database that holds some rows. `schema` are statements
/// that make tables, indexes and triggers.
pub fn build(head: Option<Head>, schema: &[&str], rows: &[Row]) -> Result<Vec<u8>, RowsError> {
    let lines = head
        .map(Line::Database)
        .into_iter()
        .chain(schema.iter().map(|sql| Line::Schema((*sql).to_owned())))
        .chain(rows.iter().map(|row| Line::Row(row.clone())));
    let mut writer = Writer::in_memory()?;
    writer.put(lines.map(Some))?;
    writer.into_bytes()
}

/// A database that is being filled.
pub struct Writer {
    path: PathBuf,
    connection: Connection,
    /// Set while a statement of a schema runs.
    making: Arc<AtomicBool>,
}

impl Writer {
    /// A new file, for its user alone; nothing may be at `path`.
    pub fn create(path: &Path) -> Result<Self, RowsError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map_err(|source| RowsError::io(path, source))?;
        Self::open(path)
    }

    /// A file that is there, made by a writer before. Not for a tool's own.
    pub fn open(path: &Path) -> Result<Self, RowsError> {
        // Absolute, since SQLite would take `file:…` for something else.
        let path = std::path::absolute(path).map_err(|source| RowsError::io(path, source))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags);
        Self::ready(path.clone(), connection).map_err(|error| RowsError::sqlite(&path, error))
    }

    /// A database in memory; see [`Writer::into_bytes`].
    pub fn in_memory() -> Result<Self, RowsError> {
        let path = PathBuf::from(":memory:");
        Self::ready(path.clone(), Connection::open_in_memory())
            .map_err(|error| RowsError::sqlite(&path, error))
    }

    fn ready(path: PathBuf, connection: rusqlite::Result<Connection>) -> rusqlite::Result<Self> {
        let mut connection = connection?;
        for (setting, on) in [
            (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        ] {
            connection.set_db_config(setting, on)?;
        }
        connection.execute_batch("PRAGMA ignore_check_constraints=1")?;
        let making = Arc::new(AtomicBool::new(false));
        let now = Arc::clone(&making);
        // `CREATE TABLE … AS SELECT …` computes something, for as long as it likes.
        connection.authorizer(Some(move |context: AuthContext<'_>| match context.action {
            AuthAction::Attach { .. } => Authorization::Deny,
            AuthAction::Select | AuthAction::Recursive if now.load(Ordering::Relaxed) => Authorization::Deny,
            _ => Authorization::Allow,
        }))?;
        Ok(Self { path, connection, making })
    }

    /// Adds lines, all or none of them.
    pub fn add<L: AsRef<[u8]>>(&mut self, lines: impl IntoIterator<Item = L>) -> Result<Added, RowsError> {
        self.put(lines.into_iter().map(|line| Line::parse(line.as_ref())))
    }

    /// The bytes of the database.
    pub fn into_bytes(mut self) -> Result<Vec<u8>, RowsError> {
        let bytes = self.connection.serialize(MAIN_DB).map(|data| data.to_vec());
        bytes.map_err(|error| RowsError::sqlite(&self.path, error))
    }

    fn put(&mut self, lines: impl Iterator<Item = Option<Line>>) -> Result<Added, RowsError> {
        let sqlite = |error| RowsError::sqlite(&self.path, error);
        let mut lines = lines.peekable();
        if let Some(Some(Line::Database(head))) = lines.peek() {
            // Too late once a transaction has begun; no effect where there are pages.
            self.connection.pragma_update(None, "page_size", head.page_size).map_err(sqlite)?;
        }
        // Undone when it is dropped before the commit.
        let transaction = self.connection.unchecked_transaction().map_err(sqlite)?;
        let mut work = Work {
            connection: &self.connection,
            making: &self.making,
            shapes: HashMap::new(),
            added: Added::default(),
        };
        for (number, line) in lines.enumerate() {
            let done = match line.ok_or(RowsError::NotALine { line: number })? {
                Line::Database(head) => work.head(head).map_err(sqlite)?,
                Line::Schema(sql) => work.schema(number, &sql)?,
                Line::Row(row) => work.row(&row).map_err(sqlite)?,
            };
            if let Err(why) = done {
                work.added.differing.push(Differing { line: number, why });
            }
        }
        let added = std::mem::take(&mut work.added);
        drop(work);
        transaction.commit().map_err(sqlite)?;
        Ok(added)
    }
}

/// Done, or why a line doesn't agree with what is there.
type Done = Result<(), String>;

/// One call of [`Writer::add`].
struct Work<'c> {
    connection: &'c Connection,
    making: &'c AtomicBool,
    /// By table and columns, as an SQL statement.
    shapes: HashMap<String, Shape<'c>>,
    added: Added,
}

/// How rows of one table with the same columns are written.
struct Shape<'c> {
    insert: Statement<'c>,
    find: Statement<'c>,
    /// For a table without a primary key that wasn't empty: how many times
    /// each row has come.
    seen: Option<HashMap<Vec<u8>, usize>>,
}

impl<'c> Work<'c> {
    /// Takes over the numbers of a database if this one is new.
    fn head(&self, head: Head) -> rusqlite::Result<Done> {
        let tables: i64 =
            self.connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        if tables == 0 {
            self.connection.pragma_update(None, "user_version", head.user_version)?;
            self.connection.pragma_update(None, "application_id", head.application_id)?;
        }
        Ok(Ok(()))
    }

    fn schema(&self, line: usize, sql: &str) -> Result<Done, RowsError> {
        const MAKE: [&str; 4] = ["CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ", "CREATE TRIGGER "];
        if !MAKE.iter().any(|make| sql.starts_with(make)) {
            return Err(RowsError::Schema { line, source: None });
        }
        let there = "SELECT count(*) FROM sqlite_master WHERE sql = ?1";
        let there = self.connection.query_row(there, [sql], |row| row.get::<_, bool>(0));
        if there.is_ok_and(|there| there) {
            return Ok(Ok(()));
        }
        self.making.store(true, Ordering::Relaxed);
        let made = self.connection.execute(sql, []);
        self.making.store(false, Ordering::Relaxed);
        match made {
            Ok(_) => Ok(Ok(())),
            Err(error) if error.to_string().contains("already exists") => {
                Ok(Err(format!("the schema here is another: {error}")))
            }
            Err(error) => Err(RowsError::Schema { line, source: Some(error) }),
        }
    }

    fn row(&mut self, row: &Row) -> rusqlite::Result<Done> {
        let names: Vec<_> = row.values.iter().map(|(name, _)| quoted(name)).collect();
        let key = format!("{}({})", quoted(&row.table), names.join(","));
        if !self.shapes.contains_key(&key) {
            match Shape::new(self.connection, row, &names)? {
                Ok(shape) => self.shapes.insert(key.clone(), shape),
                Err(why) => return Ok(Err(why)),
            };
        }
        let Some(shape) = self.shapes.get_mut(&key) else { return Ok(Ok(())) };
        if shape.is_there(row)? {
            self.added.same += 1;
            return Ok(Ok(()));
        }
        let values = || params_from_iter(row.values.iter().map(|(_, value)| value));
        let Err(error) = shape.insert.execute(values()) else {
            self.added.rows += 1;
            return Ok(Ok(()));
        };
        match error.sqlite_error().map(|error| error.extended_code) {
            Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID) => {
                if shape.count(row)? == 0 {
                    return Ok(Err(format!("`{}` has another row of this key", row.table)));
                }
                self.added.same += 1;
                Ok(Ok(()))
            }
            Some(SQLITE_CONSTRAINT_NOTNULL | SQLITE_CONSTRAINT_DATATYPE) => Ok(Err(error.to_string())),
            _ => Err(error),
        }
    }
}

impl<'c> Shape<'c> {
    fn new(
        connection: &'c Connection,
        row: &Row,
        names: &[String],
    ) -> rusqlite::Result<Result<Self, String>> {
        let (table, mut known, mut keyed, mut filled) = (quoted(&row.table), Vec::new(), false, Vec::new());
        connection.pragma(Some("main"), "table_info", &row.table, |column| {
            let name: String = column.get("name")?;
            let is_key = column.get::<_, i64>("pk")? > 0;
            let needed = column.get::<_, bool>("notnull")?
                && column.get_ref("dflt_value")?.as_str_or_null()?.is_none();
            if needed && !is_key && row.get(&name).is_none() {
                // A column that was left out, but must hold something.
                let number = column.get::<_, String>("type")?.to_ascii_uppercase().contains("INT");
                filled.push((quoted(&name), if number { "0" } else { "''" }));
            }
            keyed |= is_key;
            known.push(name);
            Ok(())
        })?;
        if known.is_empty() {
            return Ok(Err(format!("there is no table `{}`", row.table)));
        }
        if let Some((name, _)) = row.values.iter().find(|(name, _)| !known.contains(name)) {
            return Ok(Err(format!("`{}` has no column `{name}`", row.table)));
        }
        if names.iter().enumerate().any(|(i, name)| names.iter().take(i).any(|before| before == name)) {
            return Ok(Err(format!("a column of `{}` has two values", row.table)));
        }
        let (mut columns, mut values): (Vec<_>, Vec<_>) =
            names.iter().enumerate().map(|(i, name)| (name.clone(), format!("?{}", i + 1))).unzip();
        let equal: Vec<_> =
            columns.iter().zip(&values).map(|(name, value)| format!("{name} IS {value}")).collect();
        columns.extend(filled.iter().map(|(name, _)| name.clone()));
        values.extend(filled.iter().map(|(_, value)| (*value).to_owned()));
        let insert = match columns.is_empty() {
            true => format!("INSERT INTO {table} DEFAULT VALUES"),
            // `OR ABORT`, since the table may say `ON CONFLICT REPLACE`.
            false => {
                format!("INSERT OR ABORT INTO {table}({}) VALUES({})", columns.join(","), values.join(","))
            }
        };
        let (wanted, equal) = match names.is_empty() {
            true => ("NULL".to_owned(), "1".to_owned()),
            false => (names.join(","), equal.join(" AND ")),
        };
        let find = format!("SELECT {wanted} FROM {table} WHERE {equal}");
        let any = format!("SELECT EXISTS(SELECT 1 FROM {table})");
        let fresh = keyed || !connection.query_row(&any, [], |row| row.get::<_, bool>(0))?;
        Ok(Ok(Self {
            insert: connection.prepare(&insert)?,
            find: connection.prepare(&find)?,
            seen: (!fresh).then(HashMap::new),
        }))
    }

    /// Tells whether a row without a key is there as often as it has come.
    fn is_there(&mut self, row: &Row) -> rusqlite::Result<bool> {
        let Some(seen) = &mut self.seen else { return Ok(false) };
        let times = seen.entry(Line::Row(row.clone()).to_bytes()).or_default();
        *times += 1;
        let times = *times;
        Ok(self.count(row)? >= times)
    }

    /// How many rows are exactly this one. `IS` alone takes 1 for 1.0.
    fn count(&mut self, row: &Row) -> rusqlite::Result<usize> {
        let values: Vec<&Value> = row.values.iter().map(|(_, value)| value).collect();
        let mut rows = self.find.query(params_from_iter(&values))?;
        let mut count = 0;
        while let Some(found) = rows.next()? {
            let mut equal = true;
            for (i, value) in values.iter().enumerate() {
                equal &= Value::from(found.get_ref(i)?) == **value;
            }
            count += usize::from(equal);
        }
        Ok(count)
    }
}
