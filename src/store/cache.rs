//! Blocks that were read lately, decompressed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::pack::Decoded;
use crate::object::id::Id;

/// How many bytes of blocks are kept.
const ROOM: usize = 48 << 20;

/// Which block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    /// The pack.
    pub(crate) pack: Id,
    /// Where in it.
    pub(crate) offset: u64,
}

/// The blocks read lately; the least lately used goes first.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    blocks: HashMap<Slot, (Arc<Decoded>, usize, u64)>,
    weight: usize,
    clock: u64,
}

impl Cache {
    pub(crate) fn get(&self, slot: &Slot) -> Option<Arc<Decoded>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let clock = kept.clock;
        let (decoded, _, used) = kept.blocks.get_mut(slot)?;
        *used = clock;
        Some(decoded.clone())
    }

    pub(crate) fn put(&self, slot: Slot, decoded: Arc<Decoded>, weight: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let clock = kept.clock;
        if kept.blocks.insert(slot, (decoded, weight, clock)).is_none() {
            kept.weight += weight;
        }
        while kept.weight > ROOM && kept.blocks.len() > 1 {
            let Some(oldest) =
                kept.blocks.iter().min_by_key(|(_, (_, _, used))| *used).map(|(slot, _)| *slot)
            else {
                break;
            };
            if let Some((_, weight, _)) = kept.blocks.remove(&oldest) {
                kept.weight -= weight;
            }
        }
    }
}
