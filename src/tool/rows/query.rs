//! Asking a database for rows.
//!
//! Schemas differ between the versions of a tool: what isn't certain to be there is asked for
//! with [`Database::columns`], and [`Database::values`] takes it for null.

use rusqlite::params_from_iter;

use super::error::RowsError;
use super::line::{Encoder, Head, Line};
use super::open::Database;
use super::quoted;
use super::value::Value;

/// Which rows, in which order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Select<'a> {
    /// The table.
    pub table: &'a str,
    /// What follows `WHERE`, with `?1`, `?2`, … for the parameters; empty for all rows.
    pub filter: &'a str,
    /// The parameters of the filter.
    pub params: &'a [Value],
    /// What follows `ORDER BY`. Rows that it doesn't tell apart come in the
    /// order in which they were inserted, as do all if it is empty.
    pub order: &'a str,
    /// Columns that are left out of lines: secrets.
    pub leave_out: &'a [&'a str],
}

/// What is known of a table.
struct Table {
    columns: Vec<String>,
    /// A name for the number of the row, if there is one.
    rowid: Option<&'static str>,
}

impl Database {
    /// The columns of a table, in order, without those that are computed from
    /// others. Empty if there is no such table, or it is a view or virtual.
    pub fn columns(&self, table: &str) -> Result<Vec<String>, RowsError> {
        Ok(self.table(table)?.map(|table| table.columns).unwrap_or_default())
    }

    /// The lines that make the given tables with their indexes and triggers,
    /// after one about the database. Tables that aren't there have no lines.
    pub fn schema(&self, tables: &[&str]) -> Result<Vec<Vec<u8>>, RowsError> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let head = || {
            Ok(Head {
                page_size: pragma("page_size")?,
                user_version: pragma("user_version")?,
                application_id: pragma("application_id")?,
            })
        };
        let statements = || {
            let sql = "SELECT type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL \
                       ORDER BY type = 'table' DESC, type = 'index' DESC, rowid";
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (kind, table, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let ours = matches!(kind.as_str(), "table" | "index" | "trigger");
                if ours && tables.contains(&table.as_str()) && !sql.starts_with("CREATE VIRTUAL") {
                    found.push(sql);
                }
            }
            Ok(found)
        };
        let mut lines = vec![Line::Database(head().map_err(|e| self.explain(e))?).to_bytes()];
        let statements = statements().map_err(|e| self.explain(e))?;
        lines.extend(statements.into_iter().map(|sql| Line::Schema(sql).to_bytes()));
        Ok(lines)
    }

    /// Gives the line of each row, one after another.
    pub fn lines(&self, select: &Select<'_>, give: &mut dyn FnMut(Vec<u8>)) -> Result<(), RowsError> {
        let mut table = self.expect(select.table)?;
        table.columns.retain(|column| !select.leave_out.contains(&column.as_str()));
        let wanted: Vec<_> = table.columns.iter().map(|column| quoted(column)).collect();
        let mut encoder = Encoder::default();
        self.each(select, &table, &wanted, &mut |row| {
            let mut values = Vec::with_capacity(table.columns.len());
            for (i, column) in table.columns.iter().enumerate() {
                values.push((column.as_str(), row.get_ref(i)?));
            }
            give(encoder.row(select.table, values.iter().copied()));
            Ok(())
        })
    }

    /// The values of some columns of each row; null for a column that the
    /// table hasn't got. For looking things up: all are held in memory.
    pub fn values(&self, select: &Select<'_>, columns: &[&str]) -> Result<Vec<Vec<Value>>, RowsError> {
        let table = self.expect(select.table)?;
        let wanted: Vec<_> = columns
            .iter()
            .map(|name| match table.columns.iter().any(|column| column == name) {
                true => quoted(name),
                false => "NULL".to_owned(),
            })
            .collect();
        let mut found = Vec::new();
        self.each(select, &table, &wanted, &mut |row| {
            let values = (0..wanted.len()).map(|i| Ok(Value::from(row.get_ref(i)?)));
            found.push(values.collect::<rusqlite::Result<_>>()?);
            Ok(())
        })?;
        Ok(found)
    }

    /// What a query of your own gives: for what one table alone can't tell.
    /// All is held in memory.
    pub fn ask(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, RowsError> {
        let run = || {
            let mut statement = self.connection.prepare(sql)?;
            let width = statement.column_count();
            let mut rows = statement.query(params_from_iter(params))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..width).map(|i| Ok(Value::from(row.get_ref(i)?)));
                found.push(values.collect::<rusqlite::Result<_>>()?);
            }
            Ok(found)
        };
        run().map_err(|error| self.explain(error))
    }

    fn each(
        &self,
        select: &Select<'_>,
        table: &Table,
        wanted: &[String],
        see: &mut dyn FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), RowsError> {
        // A row always has something, even when all is left out.
        let wanted = if wanted.is_empty() { "NULL".to_owned() } else { wanted.join(",") };
        let mut sql = format!("SELECT {wanted} FROM {}", quoted(select.table));
        if !select.filter.is_empty() {
            sql.push_str(&format!(" WHERE {}", select.filter));
        }
        let order: Vec<_> =
            [select.order, table.rowid.unwrap_or("")].into_iter().filter(|o| !o.is_empty()).collect();
        if !order.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
        }
        let mut run = || {
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query(params_from_iter(select.params))?;
            while let Some(row) = rows.next()? {
                see(row)?;
            }
            Ok(())
        };
        run().map_err(|error| self.explain(error))
    }

    fn expect(&self, name: &str) -> Result<Table, RowsError> {
        let missing = || RowsError::NoTable { path: self.path().to_owned(), table: name.to_owned() };
        self.table(name)?.ok_or_else(missing)
    }

    fn table(&self, name: &str) -> Result<Option<Table>, RowsError> {
        let look = || {
            let mut without_rowid = None;
            self.connection.pragma(Some("main"), "table_list", name, |row| {
                if matches!(row.get_ref("type")?.as_str()?, "table" | "shadow") {
                    without_rowid = Some(row.get::<_, bool>("wr")?);
                }
                Ok(())
            })?;
            let Some(without_rowid) = without_rowid else { return Ok(None) };
            let mut columns: Vec<String> = Vec::new();
            self.connection.pragma(Some("main"), "table_info", name, |row| {
                columns.push(row.get("name")?);
                Ok(())
            })?;
            let free = |name: &&str| !columns.iter().any(|column| column.eq_ignore_ascii_case(name));
            let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(free).filter(|_| !without_rowid);
            Ok(Some(Table { columns, rowid }))
        };
        look().map_err(|error| self.explain(error))
    }
}
