//! Where the bytes of a segment are, and any part of them.

use std::fs::File;
use std::path::Path;

use crate::search::error::{Result, SearchError};
use crate::store::read_exact_at;

/// The bytes of a segment.
pub(super) enum Bytes {
    /// In a file of this length.
    File(File, u64),
    /// In memory only.
    Memory(Vec<u8>),
}

impl Bytes {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Bytes> {
        let file = File::open(path).map_err(SearchError::io("open", path))?;
        let len = file.metadata().map_err(SearchError::io("read", path))?.len();
        Ok(Bytes::File(file, len))
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Bytes::File(_, len) => *len,
            Bytes::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// A part of them; `path` is told where that fails.
    pub(super) fn read(&self, path: &Path, offset: u64, len: u64) -> Result<Vec<u8>> {
        let short = || SearchError::damaged(path, "it is too short");
        match self {
            Bytes::File(file, total) => {
                if offset.checked_add(len).is_none_or(|end| end > *total) {
                    return Err(short());
                }
                let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
                read_exact_at(file, &mut bytes, offset).map_err(SearchError::io("read", path))?;
                Ok(bytes)
            }
            Bytes::Memory(all) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
                all.get(start..end).map(<[u8]>::to_vec).ok_or_else(short)
            }
        }
    }
}
