//! `config.toml`: read into keys and values; changed in one place, all else in
//! it, comments too, left as it is.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{Key, Kind, LIMIT, SettingsError};

/// The keys of a file and their values as words, tables joined by dots. What
/// is a list or a date is a value that no key allows.
pub(super) fn values(path: &Path) -> Result<Vec<(String, String)>, SettingsError> {
    let document = document(path)?;
    let mut found = Vec::new();
    gather(document.as_table(), "", &mut found);
    Ok(found)
}

fn gather(table: &dyn TableLike, above: &str, found: &mut Vec<(String, String)>) {
    for (name, item) in table.iter() {
        let name = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        match item.as_table_like() {
            // Settings are two deep; what is deeper is not known anyway.
            Some(table) if above.is_empty() => gather(table, &name, found),
            _ => found.push((name, words(item))),
        }
    }
}

fn words(item: &Item) -> String {
    match item.as_value() {
        Some(Value::String(text)) => text.value().clone(),
        Some(Value::Integer(number)) => number.value().to_string(),
        Some(Value::Boolean(on)) => on.value().to_string(),
        _ => item.to_string().trim().to_owned(),
    }
}

/// Sets a key in the file, which is made if there is none.
pub fn set(path: &Path, key: &'static Key, value: &str) -> Result<(), SettingsError> {
    if !key.kind.allows(value) {
        return Err(SettingsError::Value { key, value: value.to_owned(), path: None });
    }
    let mut document = document(path)?;
    let new = match (key.kind, value.parse::<i64>()) {
        (Kind::Switch, _) => Value::from(value == "true"),
        (Kind::Number(..), Ok(number)) => Value::from(number),
        _ => Value::from(value),
    };
    let (table, name) = match key.name.split_once('.') {
        None => (document.as_table_mut() as &mut dyn TableLike, key.name),
        Some((table, name)) => {
            let table = document.entry(table).or_insert_with(toml_edit::table);
            let not_a_table =
                || SettingsError::Syntax { path: path.to_owned(), why: format!("{} is no table", key.name) };
            (table.as_table_like_mut().ok_or_else(not_a_table)?, name)
        }
    };
    match table.get_mut(name).and_then(Item::as_value_mut) {
        // What stands around it, a comment behind it above all, stays.
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(name, Item::Value(new));
        }
    }
    write(path, &document.to_string())
}

/// Takes a key out of the file; whether it was there.
pub fn unset(path: &Path, name: &str) -> Result<bool, SettingsError> {
    let mut document = document(path)?;
    let removed = match name.split_once('.') {
        None => document.remove(name),
        Some((table, name)) => {
            document.get_mut(table).and_then(Item::as_table_like_mut).and_then(|table| table.remove(name))
        }
    };
    if removed.is_some() {
        write(path, &document.to_string())?;
    }
    Ok(removed.is_some())
}

fn document(path: &Path) -> Result<DocumentMut, SettingsError> {
    let io = |source| SettingsError::Io { act: "read", path: path.to_owned(), source };
    let syntax = |why| SettingsError::Syntax { path: path.to_owned(), why };
    // To open a pipe may take for ever.
    let opened = std::fs::metadata(path).and_then(|meta| match meta.file_type() {
        kind if kind.is_file() || kind.is_dir() => std::fs::File::open(path),
        _ => Err(std::io::Error::other("it is not a file")),
    });
    let file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(DocumentMut::new()),
        Err(e) => return Err(io(e)),
    };
    let mut text = String::new();
    file.take(LIMIT + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > LIMIT {
        return Err(syntax("it is longer than 1 MiB".to_owned()));
    }
    text.parse().map_err(|e: toml_edit::TomlError| syntax(e.to_string().trim().to_owned()))
}

/// Replaces the file, all or nothing. What a link leads to is replaced, not
/// the link, and it may be read by whom it could be read before.
fn write(path: &Path, text: &str) -> Result<(), SettingsError> {
    let io = |source| SettingsError::Io { act: "write", path: path.to_owned(), source };
    let place: PathBuf = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = place.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(folder).map_err(io)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    if let Ok(old) = std::fs::metadata(&place) {
        file.as_file().set_permissions(old.permissions()).map_err(io)?;
    }
    file.as_file().sync_all().map_err(io)?;
    file.persist(&place).map_err(|e| io(e.error))?;
    Ok(())
}
