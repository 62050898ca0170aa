//! The operation log: every change of the refs, ever.

use std::io::Read;
use std::path::Path;

use super::error::{Result, StoreError};
use super::refs::{Op, Refs};
use super::{State, Store, sealed};
use crate::object::codec;

const MAGIC: &[u8; 8] = b"SFSOPLG\0";
/// Written once in thousands of transactions, kept for ever.
const LEVEL: i32 = 9;

impl Store {
    /// All operations, oldest first.
    pub fn ops(&self) -> Result<Vec<Op>> {
        let mut ops = Vec::new();
        for number in &self.current.ops {
            ops.extend(segment(&self.dir, *number)?);
        }
        ops.extend_from_slice(self.journal.ops());
        Ok(ops)
    }

    /// The refs as they were after operation `number` (0: before the first).
    pub fn refs_after(&self, number: u64) -> Result<Refs> {
        let mut refs = Refs::new();
        for op in self.ops()?.iter().take_while(|op| op.number <= number) {
            op.apply(&mut refs);
        }
        Ok(refs)
    }
}

/// Writes a segment.
pub(super) fn write(dir: &Path, number: u64, ops: &[Op]) -> Result<()> {
    let path = dir.join(format!("ops/{number}"));
    let bytes = codec::encode(&ops.to_vec())?;
    let packed = zstd::bulk::compress(&bytes, LEVEL).map_err(StoreError::io("compress", &path))?;
    sealed::write(MAGIC, &path, &packed)
}

fn segment(dir: &Path, number: u64) -> Result<Vec<Op>> {
    let path = dir.join(format!("ops/{number}"));
    let packed: Vec<u8> = sealed::read(MAGIC, &path)?;
    let bad = |e: &dyn std::error::Error| StoreError::damaged(&path, 0, e.to_string());
    let decoder = zstd::stream::Decoder::new(packed.as_slice()).map_err(|e| bad(&e))?;
    let mut bytes = Vec::new();
    decoder.take(codec::DECODE_LIMIT as u64).read_to_end(&mut bytes).map_err(|e| bad(&e))?;
    codec::decode_prefix(&bytes).map(|(ops, _)| ops).map_err(|e| bad(&e))
}

/// The refs after all operations of the segments.
pub(super) fn replay(dir: &Path, segments: &[u64]) -> Result<State> {
    let (mut refs, mut last) = (Refs::new(), 0);
    for number in segments {
        for op in segment(dir, *number)? {
            op.apply(&mut refs);
            last = op.number;
        }
    }
    Ok(State { op: last, refs: refs.into_iter().collect() })
}
