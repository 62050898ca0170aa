//! Finding the conversations of the IDE in its one database.
//!
//! Since 3.12 the table `composerHeaders` lists them with the times of their
//! last change; before, the conversations themselves must be looked at.

use std::collections::HashMap;
use std::path::Path;

use super::places;
use crate::object::id::checksum;
use crate::object::json::Tape;
use crate::tool::rows::{Database, RowsError, Select, Value};
use crate::tool::{Discovery, Found, Framing, Places, Stamp, Trouble};

/// What the keys of conversations begin with.
const KEY: &str = "composerData:";
const FROM_TO: &str = "key >= 'composerData:' AND key < 'composerData;'";

/// Finds all conversations.
pub(super) fn discover(places: &Places) -> Discovery {
    let path = places::database(places);
    let mut discovery = Discovery::default();
    if !path.exists() {
        return discovery;
    }
    let listed = super::patiently(|| list(&path));
    match listed {
        Ok(list) => {
            let place = places::place(places, &path);
            discovery.found =
                list.into_iter().map(|(native, stamp)| found(native, stamp, &path, &place)).collect();
        }
        Err(error) => discovery.trouble.push(Trouble { path, error }),
    }
    discovery
}

/// The ids of all conversations, as far as they can be known.
pub(super) fn ids(places: &Places) -> Vec<String> {
    let path = places::database(places);
    if !path.exists() {
        return Vec::new();
    }
    let read = || keys(&Database::open(&path)?);
    super::patiently(read).unwrap_or_default()
}

fn found(native: String, stamp: Stamp, path: &Path, place: &str) -> Found {
    Found {
        native,
        part: String::new(),
        path: path.to_owned(),
        place: place.to_owned(),
        framing: Framing::Rows,
        stamp,
        side: Vec::new(),
    }
}

fn keys(database: &Database) -> Result<Vec<String>, RowsError> {
    if database.columns("cursorDiskKV")?.is_empty() {
        return Ok(Vec::new());
    }
    let select = Select { table: "cursorDiskKV", filter: FROM_TO, ..Select::default() };
    let rows = database.values(&select, &["key"])?;
    let ids = rows.iter().flatten().filter_map(|key| key.text()?.strip_prefix(KEY));
    Ok(ids.filter(|id| !id.is_empty()).map(str::to_owned).collect())
}

/// All conversations that hold something, each with what tells whether it
/// changed.
fn list(path: &Path) -> Result<Vec<(String, Stamp)>, RowsError> {
    let database = Database::open(path)?;
    let mut list = Vec::new();
    let headers = headers(&database)?;
    for id in keys(&database)? {
        let stamp = match headers.get(&id) {
            Some(stamp) => *stamp,
            None => from_value(&database, &id)?,
        };
        list.extend(stamp.map(|stamp| (id, stamp)));
    }
    database.still_valid()?;
    Ok(list)
}

type Headers = HashMap<String, Option<Stamp>>;

/// The rows of the list. A draft that nothing was said in is none.
fn headers(database: &Database) -> Result<Headers, RowsError> {
    let columns = database.columns("composerHeaders")?;
    if !columns.iter().any(|column| column == "composerId") {
        return Ok(Headers::new());
    }
    let select = Select { table: "composerHeaders", ..Select::default() };
    let wanted = ["composerId", "lastUpdatedAt", "checkpointAt", "recency", "value"];
    let row = |values: Vec<Value>| {
        let [id, updated, checkpoint, recency, value] = values.as_slice() else { return None };
        let json = value.bytes().unwrap_or_default();
        let times = [updated, checkpoint, recency].map(|time| time.int().unwrap_or(0));
        let sum = times.iter().fold(checksum(json), |sum, time| sum.rotate_left(13) ^ time.cast_unsigned());
        let stamp = stamp_of(json, times.into_iter().max().unwrap_or(0), sum);
        let mut tape = Tape::default();
        let draft =
            tape.read(json).is_some() && tape.root(json).get("isDraft").is_some_and(|it| it.is_true());
        Some((id.text()?.to_owned(), (!draft).then_some(stamp)))
    };
    Ok(database.values(&select, &wanted)?.into_iter().filter_map(row).collect())
}

/// What a conversation that isn't listed tells itself; nothing if it holds
/// nothing.
fn from_value(database: &Database, id: &str) -> Result<Option<Stamp>, RowsError> {
    let params = [Value::from(format!("{KEY}{id}").as_str())];
    let select = Select { table: "cursorDiskKV", filter: "key = ?1", params: &params, ..Select::default() };
    let rows = database.values(&select, &["value"])?;
    let Some(json) = rows.iter().flatten().next().and_then(Value::bytes) else { return Ok(None) };
    let mut tape = Tape::default();
    if tape.read(json).is_none() {
        return Ok(Some(stamp_of(json, 0, checksum(json))));
    }
    let data = tape.root(json);
    let filled = |key| data.get(key).is_some_and(|list| list.items().next().is_some());
    let state = data.string("conversationState").is_some_and(|state| state.len() > 1);
    if !state && !filled("fullConversationHeadersOnly") && !filled("conversation") {
        return Ok(None);
    }
    let time = ["lastUpdatedAt", "createdAt"].into_iter().find_map(|key| data.get(key)?.int());
    Ok(Some(stamp_of(json, time.unwrap_or(0), checksum(json))))
}

fn stamp_of(json: &[u8], millis: i64, sum: u64) -> Stamp {
    Stamp { len: json.len() as u64, mtime: millis.saturating_mul(1_000_000), inode: sum }
}
