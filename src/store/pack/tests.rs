use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::write::CHUNK_ABOVE;
use super::*;
use crate::object::id::{Kind, Prefix};
use crate::object::sample::{self, Rng, any_id};
use crate::object::{Body, Commit, codec};
use crate::store::cache::Cache;
use crate::store::fold::{open_pack, rebuild_index};

/// What was put into a pack, by id.
#[derive(Default)]
struct Put {
    contents: BTreeMap<Id, (Kind, Vec<u8>)>,
    commits: BTreeMap<Id, (Commit, Body)>,
}

/// Fills a pack with objects that name each other, and others elsewhere.
fn fill(writer: &mut PackWriter, rng: &mut Rng, contents: usize, commits: usize) -> Put {
    let mut put = Put::default();
    let (mut ids, mut history) = (Vec::new(), Vec::new());
    for n in 0..contents.max(commits) {
        if n < contents {
            let (kind, bytes) = match rng.below(4) {
                0 => (Kind::Context, codec::encode(&sample::context(rng)).unwrap()),
                1 => (Kind::Tree, codec::encode(&sample::tree(rng, &mut any_id)).unwrap()),
                _ => {
                    let len = rng.below(3000);
                    (Kind::Blob, rng.words(len).into_bytes())
                }
            };
            let id = Id::of(kind, &bytes);
            writer.put_content(kind, id, &bytes).unwrap();
            put.contents.insert(id, (kind, bytes));
            ids.push(id);
        }
        if n < commits {
            let near = |rng: &mut Rng, all: &[Id]| match rng.below(8) {
                0 => any_id(rng),
                1 if !all.is_empty() => *rng.pick(all),
                _ => all.last().copied().unwrap_or_default(),
            };
            let body = sample::body(rng, &mut |rng| near(rng, &ids));
            let mut commit = sample::commit(rng, &mut |rng| near(rng, &history), &mut |rng| {
                *ids.last().unwrap_or(&any_id(rng))
            });
            commit.body = Id::of(Kind::Body, &codec::encode(&body).unwrap());
            let id = Id::of(Kind::Commit, &codec::encode(&commit).unwrap());
            writer.put_commit(id, &commit, body.clone()).unwrap();
            put.commits.insert(id, (commit, body));
            history.push(id);
        }
        // What is in already, as when a journal and a pack both have it, keeps
        // its number.
        if rng.below(4) == 0 {
            if !ids.is_empty() {
                let id = *rng.pick(&ids);
                let (kind, bytes) = &put.contents[&id];
                writer.put_content(*kind, id, bytes).unwrap();
            }
            if !history.is_empty() {
                let id = *rng.pick(&history);
                let (commit, body) = put.commits[&id].clone();
                writer.put_commit(id, &commit, body).unwrap();
            }
        }
    }
    put
}

fn bytes_of(pack: &Pack, stored: Stored, cache: &Cache) -> (Kind, Vec<u8>) {
    match stored {
        Stored::Whole(kind, bytes) => (kind, bytes),
        Stored::Chunks(chunks) => {
            let part = |id| {
                let n = pack.find_content(&id).unwrap().unwrap();
                bytes_of(pack, pack.content(n, cache).unwrap(), cache).1
            };
            (Kind::Blob, chunks.into_iter().flat_map(part).collect())
        }
    }
}

fn holds(pack: &Pack, put: &Put) {
    let cache = Cache::default();
    for (id, (commit, body)) in &put.commits {
        let n = pack.find_commit(id).unwrap().unwrap();
        assert_eq!(&*pack.commit(n, &cache).unwrap(), commit);
        assert_eq!(&pack.body(n, &cache).unwrap(), body);
        assert_eq!(pack.find_content(id).unwrap(), None);
    }
    for (id, content) in &put.contents {
        let n = pack.find_content(id).unwrap().unwrap();
        assert!(bytes_of(pack, pack.content(n, &cache).unwrap(), &cache) == *content);
    }
    pack.verify().unwrap();
    pack.index.verify().unwrap();
    assert_eq!(pack.find_commit(&any_id(&mut Rng::new(77))).unwrap(), None);
}

/// The index made again from the pack is the one that was written.
fn index_comes_back(dir: &Path, name: Id) {
    let path = dir.join(format!("{name}.idx"));
    let written = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    rebuild_index(dir, name).unwrap();
    assert!(std::fs::read(&path).unwrap() == written);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_put_in_is_read_back(seed: u64, contents in 0..60usize, commits in 0..80usize) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = PackWriter::create(dir.path(), 1).unwrap();
        let put = fill(&mut writer, &mut Rng::new(seed), contents, commits);
        prop_assume!(!writer.is_empty());
        let name = writer.finish(dir.path()).unwrap().name;
        holds(&Pack::open(dir.path(), name).unwrap(), &put);
        index_comes_back(dir.path(), name);
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

#[test]
fn objects_over_many_blocks_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = PackWriter::create(dir.path(), 1).unwrap();
    let mut put = fill(&mut writer, &mut Rng::new(5), 2500, 30000);
    // Blobs in chunks, the same twice, and one that shares chunks with it.
    let mut big = Rng::new(6).bytes(CHUNK_ABOVE * 2 + 5);
    for bytes in [big.clone(), big.clone(), {
        big.extend(*b"end");
        big
    }] {
        let id = Id::of(Kind::Blob, &bytes);
        writer.put_content(Kind::Blob, id, &bytes).unwrap();
        put.contents.insert(id, (Kind::Blob, bytes));
    }
    let name = writer.finish(dir.path()).unwrap().name;
    let pack = Pack::open(dir.path(), name).unwrap();
    let blocks = |space| pack.index.blocks().iter().filter(|b| b.space == space).count();
    let counts = [Space::Commits, Space::Bodies, Space::Contents].map(blocks);
    assert!(counts.iter().all(|n| *n > 1), "{counts:?}");
    let size = std::fs::metadata(pack.path()).unwrap().len();
    assert!(size < 3 * CHUNK_ABOVE as u64 + (6 << 20), "chunks are shared: {size}");
    holds(&pack, &put);
    index_comes_back(dir.path(), name);
    for digits in [1, 2, 3, 31, 32] {
        let some = put.commits.keys().next().unwrap().to_string();
        let prefix = Prefix::parse(&some[..digits]).unwrap();
        let wanted: Vec<Id> = put.commits.keys().filter(|id| prefix.matches(id)).copied().collect();
        assert_eq!(pack.commits_with(&prefix).unwrap(), wanted);
    }
}

#[test]
fn the_same_objects_make_the_same_pack() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<Id> = (0..2)
        .map(|_| {
            let mut writer = PackWriter::create(dir.path(), 3).unwrap();
            fill(&mut writer, &mut Rng::new(9), 100, 100);
            writer.finish(dir.path()).unwrap().name
        })
        .collect();
    assert_eq!(names[0], names[1]);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = PackWriter::create(dir.path(), 3).unwrap();
    fill(&mut writer, &mut Rng::new(1), 10, 10);
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn any_flip_is_found_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = PackWriter::create(dir.path(), 3).unwrap();
    let put = fill(&mut writer, &mut Rng::new(3), 30, 30);
    let name = writer.finish(dir.path()).unwrap().name;
    let path = dir.path().join(format!("{name}.pack"));
    let good = std::fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(good.len() / 300 + 1) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        let pack = open_pack(dir.path(), name).unwrap();
        let cache = Cache::default();
        assert!(pack.verify().is_err());
        for (id, content) in &put.contents {
            let n = pack.find_content(id).unwrap().unwrap();
            if let Ok(Stored::Whole(kind, bytes)) = pack.content(n, &cache) {
                assert!((kind, bytes) == *content);
            }
        }
        for (id, (commit, _)) in &put.commits {
            let n = pack.find_commit(id).unwrap().unwrap();
            assert!(
                pack.commit(n, &cache).is_ok_and(|found| *found == *commit)
                    || pack.commit(n, &cache).is_err()
            );
        }
        // Without its index it is refused, or its ids are still the same.
        let index = path.with_extension("idx");
        let kept = std::fs::read(&index).unwrap();
        if rebuild_index(dir.path(), name).is_ok() {
            assert!(std::fs::read(&index).unwrap() == kept, "at {at}");
        }
    }
}

/// A trailer that lies is refused, whatever it says.
#[test]
fn a_trailer_that_lies_is_refused() {
    let block = Block { space: Space::Contents, first: 0, count: 2, offset: 12, stored: 9, raw: 9, sum: 0 };
    let bodies = Block { space: Space::Bodies, ..block };
    let commits = Block { space: Space::Commits, ..block };
    let of = |blocks: &[Block], commits, contents| Trailer {
        blocks: blocks.to_vec(),
        externals: Vec::new(),
        commits,
        contents,
    };
    assert!(of(&[block, commits, bodies], 2, 2).settle());
    let lies = [
        of(&[block], 0, 3),
        of(&[block], 1, 2),
        of(&[block, block], 0, 4),
        of(&[commits, block], 2, 2),
        of(&[Block { first: 1, ..block }], 0, 3),
        of(&[Block { first: u32::MAX, ..block }], 0, 2),
        of(&[Block { count: u32::MAX, ..block }], 0, 2),
        of(&[Block { count: 0, ..block }], 0, 0),
        of(&[Block { raw: u32::MAX, ..block }], 0, 2),
        of(&[Block { offset: u64::MAX, ..block }], 0, 2),
        of(
            &[
                Block { count: u32::MAX, ..commits },
                Block { count: u32::MAX, ..bodies },
                Block { count: u32::MAX, ..block },
            ],
            u32::MAX,
            u32::MAX,
        ),
    ];
    for mut lie in lies {
        assert!(!lie.settle(), "{lie:?}");
    }
}

proptest! {
    #[test]
    fn references_come_back(n: u32, expected: u32, external: bool) {
        let r = if external { Ref::External(n) } else { Ref::Local(n) };
        prop_assert_eq!(Ref::unpack(r.pack(expected), expected), Some(r));
    }

    #[test]
    fn any_number_is_a_reference_or_none(number: u64, expected: u32) {
        if let Some(r) = Ref::unpack(number, expected) {
            prop_assert_eq!(r.pack(expected), number);
        }
    }
}
