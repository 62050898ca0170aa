mod hostile;
mod line;
mod open;
mod query;
mod restore;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rusqlite::Connection;

/// Makes a database by statements.
fn make(path: &Path, sql: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

/// Everything about the files of a folder that could change.
fn look(folder: &Path) -> Vec<(String, SystemTime, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, entry.metadata().unwrap().modified().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}
