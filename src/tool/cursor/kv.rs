//! Rows of the IDE's `cursorDiskKV`, by key. The table holds all projects and
//! may be gigabytes, so it is only ever asked for the keys of one conversation.

use crate::tool::rows::{Database, Line, Row, RowsError, Select, Value};

/// The table.
const TABLE: &str = "cursorDiskKV";

/// A database of the IDE.
pub(super) struct Kv<'d> {
    pub(super) database: &'d Database,
    columns: Vec<String>,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its key, without what all that were asked for begin with.
    pub(super) name: String,
    /// Its value; nothing where that is null.
    pub(super) value: Option<Vec<u8>>,
    row: Row,
}

impl Entry {
    /// Its line.
    pub(super) fn line(self) -> Vec<u8> {
        Line::Row(self.row).to_bytes()
    }

    /// Its line with another value.
    pub(super) fn line_with(mut self, bytes: Vec<u8>) -> Vec<u8> {
        for (_, value) in self.row.values.iter_mut().filter(|(name, _)| name == "value") {
            *value = match value {
                Value::Blob(_) => Value::Blob(bytes.clone()),
                _ => Value::Text(bytes.clone()),
            };
        }
        Line::Row(self.row).to_bytes()
    }
}

impl<'d> Kv<'d> {
    /// Begins to ask; `None` if the table isn't there.
    pub(super) fn of(database: &'d Database) -> Result<Option<Kv<'d>>, RowsError> {
        let columns = database.columns(TABLE)?;
        let usable = ["key", "value"].iter().all(|name| columns.iter().any(|column| column == name));
        Ok(usable.then_some(Kv { database, columns }))
    }

    /// The row of a key.
    pub(super) fn get(&self, key: &str) -> Result<Option<Entry>, RowsError> {
        let params = [Value::from(key)];
        Ok(self.rows("key = ?1", &params, key.len())?.pop())
    }

    /// The rows whose keys begin so, by key, as far as their values are no
    /// longer than `max` bytes.
    pub(super) fn below(&self, prefix: &str, max: i64) -> Result<Vec<Entry>, RowsError> {
        let params = [Value::from(prefix), Value::from(end(prefix).as_str()), Value::from(max)];
        let filter = "key >= ?1 AND key < ?2 AND (value IS NULL OR length(value) <= ?3)";
        self.rows(filter, &params, prefix.len())
    }

    fn rows(&self, filter: &str, params: &[Value], skip: usize) -> Result<Vec<Entry>, RowsError> {
        let select = Select { table: TABLE, filter, params, order: "key", leave_out: &[] };
        let names: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let entry = |values: Vec<Value>| {
            let row =
                Row { table: TABLE.to_owned(), values: self.columns.iter().cloned().zip(values).collect() };
            let name = row.get("key")?.text()?.get(skip..)?.to_owned();
            let value = row.get("value").and_then(Value::bytes).map(<[u8]>::to_vec);
            Some(Entry { name, value, row })
        };
        Ok(self.database.values(&select, &names)?.into_iter().filter_map(entry).collect())
    }
}

/// What comes after all keys that begin so: they end with `:`.
fn end(prefix: &str) -> String {
    format!("{};", prefix.strip_suffix(':').unwrap_or(prefix))
}
