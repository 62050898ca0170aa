//! A table of refs as what changed since another one: a machine with thousands
//! of sessions says little when little is new.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Result, StoreError};
use super::exchange::{Table, pack_table, unpack_table};
use super::refs::RefValue;
use super::sealed;
use crate::object::codec::{Decode, Encode};
use crate::object::id::{Id, checksum};

const MAGIC: &[u8; 8] = b"SFSREFD\0";

/// The refs of one writer, as they lie on a remote when few of them changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Delta {
    /// The writer.
    pub writer: Id,
    /// Its version: the highest counts.
    pub number: u64,
    /// The version that it leans on: a whole table of the same writer.
    pub base: u64,
    /// The checksum of that table's file.
    pub sum: u64,
    /// Refs that are new since or stand for something else, by name.
    pub changed: Vec<(String, RefValue)>,
    /// Refs that are there no more.
    pub removed: Vec<String>,
}

/// What a file of `refs/` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableFile {
    /// All refs.
    Whole(Table),
    /// What changed.
    Delta(Delta),
}

/// A whole table that others may lean on, as it lies on the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// It.
    pub table: Table,
    /// The length of its file, in bytes.
    pub len: u64,
    /// The checksum of its file.
    pub sum: u64,
}

impl Base {
    /// A table whose file has these bytes.
    pub fn new(table: Table, bytes: &[u8]) -> Base {
        Base { table, len: bytes.len() as u64, sum: checksum(bytes) }
    }
}

impl TableFile {
    /// Reads the bytes of the file at `path`; see [`Table::unseal`].
    pub fn unseal(bytes: &[u8], path: &Path) -> Result<TableFile> {
        if !bytes.starts_with(MAGIC) {
            return Table::unseal(bytes, path).map(TableFile::Whole);
        }
        let mut delta: Delta = unpack_table(sealed::unseal(MAGIC, bytes, path)?, path)?;
        super::exchange::keep_good(&mut delta.changed, path)?;
        Ok(TableFile::Delta(delta))
    }
}

impl Delta {
    /// What changed since a table.
    pub fn since(base: &Base, table: &Table) -> Delta {
        let old: BTreeMap<&str, &RefValue> = base.table.refs.iter().map(|(n, v)| (n.as_str(), v)).collect();
        let new: BTreeMap<&str, &RefValue> = table.refs.iter().map(|(n, v)| (n.as_str(), v)).collect();
        let changed = table.refs.iter().filter(|(name, value)| old.get(name.as_str()) != Some(&value));
        let removed = old.keys().filter(|name| !new.contains_key(**name));
        Delta {
            writer: table.writer,
            number: table.number,
            base: base.table.number,
            sum: base.sum,
            changed: changed.cloned().collect(),
            removed: removed.map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The bytes of the file.
    pub fn seal(&self) -> Result<Vec<u8>> {
        Ok(sealed::seal(MAGIC, &pack_table(self)?))
    }

    /// The whole table; fails if `base` isn't the one that it leans on.
    pub fn apply(self, base: &Base, path: &Path) -> Result<Table> {
        if (self.writer, self.base, self.sum) != (base.table.writer, base.table.number, base.sum) {
            return Err(StoreError::damaged(path, 0, "the table that it leans on is another one"));
        }
        let mut refs: BTreeMap<String, RefValue> = base.table.refs.iter().cloned().collect();
        refs.extend(self.changed);
        self.removed.iter().for_each(|name| drop(refs.remove(name)));
        Ok(Table { writer: self.writer, number: self.number, refs: refs.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Kind;

    #[test]
    fn a_delta_and_its_base_make_the_table() {
        let path = Path::new("refs/x/2");
        let (writer, session) = (Id::of(Kind::Session, b"w"), Id::of(Kind::Session, b"s"));
        let head = |label: &str, text: &[u8]| {
            (format!("head/{session}/{label}"), RefValue::Commit(Id::of(Kind::Commit, text)))
        };
        let old = Table { writer, number: 1, refs: vec![head("a", b"1"), head("b", b"1"), head("c", b"1")] };
        let new = Table { writer, number: 2, refs: vec![head("a", b"1"), head("c", b"2"), head("d", b"1")] };
        let base = Base::new(old.clone(), &old.seal().unwrap());
        let bytes = Delta::since(&base, &new).seal().unwrap();
        let read = || match TableFile::unseal(&bytes, path).unwrap() {
            TableFile::Delta(delta) => delta,
            TableFile::Whole(_) => panic!(),
        };
        assert_eq!((read().changed.len(), read().removed.len()), (2, 1));
        assert_eq!(read().apply(&base, path).unwrap(), new);
        let other = Base { sum: base.sum ^ 1, ..base.clone() };
        assert!(read().apply(&other, path).is_err());
        assert_eq!(TableFile::unseal(&old.seal().unwrap(), path).unwrap(), TableFile::Whole(old));
        // What no ref can be is refused here as well.
        let odd = Table { writer, number: 2, refs: vec![("head/../x".to_owned(), head("a", b"1").1)] };
        assert!(TableFile::unseal(&Delta::since(&base, &odd).seal().unwrap(), path).is_err());
    }
}
