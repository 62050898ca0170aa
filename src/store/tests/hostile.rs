//! Bytes that nobody wrote: nothing panics, nothing reserves what isn't there.
//!
//! The same doors as in `fuzz/`, with changed bytes of real files.

use super::*;
use crate::store::fuzzing;

/// Changes some bytes; most often a few, at times the length.
fn change(rng: &mut Rng, good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(bytes.len() + 1);
        let one = at..bytes.len().min(at + 1);
        let put: &[u8] = match rng.below(6) {
            0 => {
                bytes.truncate(at);
                continue;
            }
            1 => good.get(..20).unwrap_or_default(),
            2 => &[253, 255, 255, 255, 255, 1, 0, 0, 0],
            3 => &[252, 255, 255, 255, 255],
            4 => &[bytes.get(at).map_or(0, |b| b ^ 1 << rng.below(8))],
            _ => &[rng.next() as u8],
        };
        bytes.splice(one, put.iter().copied());
    }
    bytes
}

const ROUNDS: usize = 1000;

#[test]
fn no_bytes_stop_the_readers() {
    let dir = tempfile::tempdir().unwrap();
    let rng = &mut Rng::new(1);
    // What stands in the files of a small store, as the doors take it.
    let mut world = World::new(2);
    world.grow("head/s/main", 3);
    let journal = std::fs::read(world.store.journal.path()).unwrap();
    let head =
        codec::encode(&frame::Head { op: world.store.ops().unwrap().pop(), ..Default::default() }).unwrap();
    world.fold();
    let payload = |path: PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes[12..bytes.len() - 8].to_vec()
    };
    let state = payload(world.path().join("state/2"));
    let pack = &world.store.packs[0];
    let index = std::fs::read(pack.path().with_extension("idx")).unwrap();
    let (parts, counts) = pack.raw_blocks();
    let mut blocks = counts;
    blocks.extend(parts.concat());
    let head_end = 8 + u64::from_le_bytes(index[..8].try_into().unwrap()) as usize;
    let tables = &index[head_end..index.len() - 8];
    let index_head = &index[20..head_end - 8];
    for _ in 0..ROUNDS {
        fuzzing::sealed(&change(rng, &state));
        fuzzing::journal(&change(rng, &journal));
        fuzzing::journal(&change(rng, &head));
        fuzzing::pack(dir.path(), &change(rng, &blocks));
        let (mut head, tables) = (change(rng, index_head), change(rng, tables));
        // The door cuts in the middle.
        head.resize(head.len().max(tables.len()), 0);
        fuzzing::index(dir.path(), &[head, tables].concat());
    }
    fuzzing::pack(dir.path(), &blocks);
}

/// Index, journal and pack with wholly made up numbers.
#[test]
fn no_numbers_stop_the_readers() {
    let dir = tempfile::tempdir().unwrap();
    let rng = &mut Rng::new(3);
    for _ in 0..ROUNDS {
        let len = rng.below(200);
        let mut bytes = rng.bytes(len);
        bytes.iter_mut().for_each(|b| *b = if b.is_multiple_of(3) { *b } else { *b % 8 });
        fuzzing::sealed(&bytes);
        fuzzing::journal(&bytes);
        fuzzing::pack(dir.path(), &bytes);
        fuzzing::index(dir.path(), &bytes);
    }
}
