//! The blobs that a conversation is made of: a table of bytes, each under the
//! SHA-256 of itself.
//!
//! The stores of the command line have a table `blobs(id, data)` of their own;
//! the IDE keeps the blobs of all projects together as `agentKv:blob:<id>` in
//! `cursorDiskKV`. So nothing is taken that is not reached from the root of
//! the conversation.

use std::collections::{HashMap, HashSet};

use super::wire::{Wire, fields};
use crate::tool::digest::hex;
use crate::tool::rows::{Database, Line, Row, RowsError, Select, Value};

/// The name of a blob.
pub(super) type BlobId = [u8; 32];

/// How many blobs are asked for at once.
const AT_ONCE: usize = 200;
/// How deep messages in messages are looked into for names of blobs.
const DEPTH: u32 = 12;

/// Where blobs are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shelf {
    /// The table.
    pub(super) table: &'static str,
    /// The column of the names.
    pub(super) name: &'static str,
    /// What stands before the name in it.
    pub(super) prefix: &'static str,
    /// The column of the bytes.
    pub(super) data: &'static str,
}

/// A blob, as row and as bytes.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    /// The line of its row.
    pub(super) line: Vec<u8>,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// All blobs that are reached from a root.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    found: HashMap<BlobId, Blob>,
    /// In the order in which they are reached.
    order: Vec<BlobId>,
}

impl Blobs {
    /// Reads what a root leads to. What it names and isn't there is left out.
    pub(super) fn reach(database: &Database, shelf: Shelf, root: &[u8]) -> Result<Blobs, RowsError> {
        let columns = database.columns(shelf.table)?;
        let mut blobs = Blobs::default();
        let mut asked: HashSet<BlobId> = HashSet::new();
        let mut next = names(root);
        while !next.is_empty() {
            next.retain(|id| asked.insert(*id));
            let mut after = Vec::new();
            for ids in next.chunks(AT_ONCE) {
                blobs.load(database, shelf, &columns, ids)?;
            }
            for id in next {
                if let Some(blob) = blobs.found.get(&id) {
                    blobs.order.push(id);
                    after.extend(names(&blob.bytes));
                }
            }
            next = after;
        }
        Ok(blobs)
    }

    fn load(
        &mut self,
        database: &Database,
        shelf: Shelf,
        columns: &[String],
        ids: &[BlobId],
    ) -> Result<(), RowsError> {
        let params: Vec<Value> = ids.iter().map(|id| name_of(shelf, id)).collect();
        let marks: Vec<String> = (1..=params.len()).map(|n| format!("?{n}")).collect();
        let filter = format!("{} IN ({})", shelf.name, marks.join(","));
        let select = Select { table: shelf.table, filter: &filter, params: &params, ..Select::default() };
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        for values in database.values(&select, &names)? {
            let row =
                Row { table: shelf.table.to_owned(), values: columns.iter().cloned().zip(values).collect() };
            let id = ids.iter().zip(&params).find(|(_, name)| row.get(shelf.name) == Some(*name));
            let bytes = row.get(shelf.data).and_then(Value::bytes).map(<[u8]>::to_vec);
            if let Some(((id, _), bytes)) = id.zip(bytes) {
                self.found.insert(*id, Blob { line: Line::Row(row).to_bytes(), bytes });
            }
        }
        Ok(())
    }

    /// A blob.
    pub(super) fn get(&self, id: &BlobId) -> Option<&Blob> {
        self.found.get(id)
    }

    /// All of them, in the order in which they are reached.
    pub(super) fn order(&self) -> &[BlobId] {
        &self.order
    }

    /// The blobs that one leads to, itself first, each before what it leads
    /// to. Those that `skip` tells are not entered.
    pub(super) fn below(&self, id: &BlobId, skip: &mut dyn FnMut(&BlobId, &Blob) -> bool) -> Vec<BlobId> {
        let (mut seen, mut out, mut open) = (HashSet::new(), Vec::new(), vec![*id]);
        while let Some(id) = open.pop() {
            let Some(blob) = self.found.get(&id).filter(|_| seen.insert(id)) else { continue };
            if skip(&id, blob) {
                continue;
            }
            out.push(id);
            open.extend(names(&blob.bytes).into_iter().rev());
        }
        out
    }
}

fn name_of(shelf: Shelf, id: &BlobId) -> Value {
    Value::from(format!("{}{}", shelf.prefix, hex(id)).as_str())
}

/// What may be names of blobs in a message and the messages in it: fields of
/// just that length. JSON names none.
fn names(message: &[u8]) -> Vec<BlobId> {
    let mut found = Vec::new();
    collect(message, DEPTH, &mut found);
    found
}

fn collect(message: &[u8], depth: u32, found: &mut Vec<BlobId>) {
    if matches!(message.first(), Some(b'{' | b'[')) {
        return;
    }
    for (_, value) in fields(message) {
        let Wire::Bytes(bytes) = value else { continue };
        match <BlobId>::try_from(bytes) {
            Ok(id) => found.push(id),
            Err(_) if depth > 0 && bytes.len() > size_of::<BlobId>() => collect(bytes, depth - 1, found),
            Err(_) => {}
        }
    }
}
