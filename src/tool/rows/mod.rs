//! Sessions that live in SQLite: rows as lines, and lines as rows again.
//!
//! A record of such a session is a row, written as one line of JSON (a row
//! line, see [`Line`]) from which the row can be rebuilt exactly. [`Database`] reads
//! somebody else's database without a trace; [`Writer`] makes a new one that
//! holds the same rows: the same tables, columns, storage classes and values.
//! Its pages, indexes' layout and rowids are its own.

mod error;
mod line;
mod open;
mod query;
mod restore;
#[cfg(test)]
mod tests;
mod value;

pub use error::RowsError;
pub use line::{Head, Line, Row};
pub use open::Database;
pub use query::Select;
pub use restore::{Added, Differing, Writer, build, write};
pub use value::Value;

/// An identifier for SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
