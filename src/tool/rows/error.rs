//! What can be wrong with a database, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why rows can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The file is missing, may not be read, or can't be made.
    #[error("cannot open {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file isn't what SQLite writes.
    #[error("{} is not a SQLite database, or is encrypted", path.display())]
    NotDatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is cut short, or its pages contradict each other.
    #[error("{} is damaged: copy it away and let its own tool repair it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: rusqlite::Error,
    },
    /// The file was written to while it was read: what was read means nothing.
    #[error("{} was written to while it was read: try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A rollback journal lies beside: a transaction is under way, or was cut off.
    #[error("{} has an unfinished transaction: try again, or open it once with its own tool", path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// There is no such table, or it is a view or a virtual table.
    #[error("{} has no table `{table}`", path.display())]
    NoTable {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// A line that isn't one of ours.
    #[error("line {line} is no row, schema or database line")]
    NotALine {
        /// Its number among those given, from 0.
        line: usize,
    },
    /// A schema line that may not be run or can't be.
    #[error("cannot run the schema in line {line}")]
    Schema {
        /// Its number among those given, from 0.
        line: usize,
        /// Why; nothing where it isn't a statement that makes a table, an
        /// index or a trigger.
        source: Option<rusqlite::Error>,
    },
    /// Anything else.
    #[error("SQLite fails on {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl RowsError {
    /// Tells whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, RowsError::Busy { .. } | RowsError::Unfinished { .. })
    }

    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        RowsError::Io { path: path.to_owned(), source }
    }

    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => RowsError::Damaged { path, source },
            Some(ErrorCode::NotADatabase) => RowsError::NotDatabase { path },
            _ => RowsError::Sqlite { path, source },
        }
    }
}
