//! The operation log: every change of the refs, ever.

use super::error::{Result, StoreError};
use super::refs::{Op, Refs};
use super::{Store, sealed};

pub(super) const MAGIC: &[u8; 8] = b"SFSOPLG\0";

impl Store {
    /// All operations, oldest first.
    pub fn ops(&self) -> Result<Vec<Op>> {
        let mut ops = Vec::new();
        for number in &self.current.ops {
            ops.extend(self.ops_segment(*number)?);
        }
        ops.extend_from_slice(self.journal.ops());
        Ok(ops)
    }

    pub(super) fn ops_segment(&self, number: u64) -> Result<Vec<Op>> {
        let path = self.dir.join(format!("ops/{number}"));
        let packed: Vec<u8> = sealed::read(MAGIC, &path)?;
        let bytes =
            zstd::stream::decode_all(packed.as_slice()).map_err(StoreError::io("decompress", &path))?;
        let (ops, _) = crate::object::codec::decode_prefix(&bytes)
            .map_err(|e| StoreError::damaged(&path, 0, e.to_string()))?;
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
