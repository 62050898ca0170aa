//! Writing a segment, word by word.

use super::numbers::{Number, put};
use super::{BLOCK, Head, LONG, MAGIC, Place};
use crate::object::codec;
use crate::object::id::checksum;
use crate::search::columns::Columns;
use crate::search::error::Result;

/// Writes a segment, word by word in order.
pub(in crate::search) struct Writer {
    out: Vec<u8>,
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
    last: Vec<u8>,
}

impl Writer {
    pub(in crate::search) fn new() -> Writer {
        Writer { out: MAGIC.to_vec(), blocks: Vec::new(), last: Vec::new() }
    }

    /// Adds a word that comes after those before it, with its positions in order.
    pub(in crate::search) fn term(&mut self, word: &[u8], positions: &[u32]) {
        let (mut bytes, mut next) = (Vec::with_capacity(positions.len()), 0);
        for position in positions {
            put(&mut bytes, u64::from(position - next));
            next = position + 1;
        }
        if self.blocks.last().is_none_or(|(_, block)| block.len() >= BLOCK) {
            self.blocks.push((word.to_vec(), Vec::new()));
            self.last.clear();
        }
        let Some((_, block)) = self.blocks.last_mut() else { return };
        let shared = self.last.iter().zip(word).take_while(|(a, b)| a == b).count();
        let rest = word.get(shared..).unwrap_or_default();
        put(block, shared as u64);
        put(block, rest.len() as u64);
        block.extend_from_slice(rest);
        put(block, bytes.len() as u64);
        if bytes.len() <= LONG {
            block.extend_from_slice(&bytes);
        } else {
            put(block, self.out.len() as u64);
            self.out.extend_from_slice(&checksum(&bytes).to_le_bytes());
            self.out.extend_from_slice(&bytes);
        }
        self.last.clear();
        self.last.extend_from_slice(word);
    }

    pub(in crate::search) fn finish(mut self, columns: Columns, positions: u32) -> Result<Vec<u8>> {
        let mut head = Head { docs: columns.docs(), positions, text: columns.text, ..Head::default() };
        for (first, block) in std::mem::take(&mut self.blocks) {
            head.firsts.push(first);
            head.blocks.push(self.section(&block));
        }
        let ids: Vec<u8> = columns.ids.iter().flat_map(|id| *id.bytes()).collect();
        head.columns = vec![
            self.section(&ids),
            self.numbers(&columns.root),
            self.numbers(&columns.words),
            self.numbers(&columns.time),
            self.numbers(&columns.print),
            self.numbers(&columns.role),
            self.numbers(&columns.kinds),
            self.numbers(&columns.tool),
            self.numbers(&columns.model),
            self.numbers(&columns.start),
        ];
        (head.roots, head.names) = (columns.roots, columns.names);
        let bytes = codec::encode(&head).map_err(crate::store::StoreError::from)?;
        self.out.extend_from_slice(&bytes);
        self.out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.out.extend_from_slice(&checksum(&bytes).to_le_bytes());
        Ok(self.out)
    }

    fn section(&mut self, bytes: &[u8]) -> Place {
        let place = Place { offset: self.out.len() as u64, len: bytes.len() as u64, sum: checksum(bytes) };
        self.out.extend_from_slice(bytes);
        place
    }

    fn numbers<T: Number>(&mut self, numbers: &[T]) -> Place {
        let mut bytes = Vec::with_capacity(numbers.len() * T::LEN);
        numbers.iter().for_each(|n| n.write(&mut bytes));
        self.section(&bytes)
    }
}
