//! Doors for fuzzing: bytes into the decoders of the store's files. Where a
//! checksum would stop any change, it is made to fit. Nothing may panic, and
//! what is read must be what was named.

use std::path::Path;

use super::cache::Cache;
use super::pack::{self, Index, Pack, Space};
use super::{CURRENT_MAGIC, Current, STATE_MAGIC, State, frame, sealed};
use crate::object::codec::{self, Decode};
use crate::object::id::{Id, Kind, Prefix};

/// A sealed file of bytes, and of bytes under a seal that fits.
pub fn sealed(bytes: &[u8]) {
    let path = Path::new("sealed");
    drop(sealed::unseal(CURRENT_MAGIC, bytes, path));
    let whole = sealed::seal(STATE_MAGIC, bytes);
    assert!(sealed::unseal(STATE_MAGIC, &whole, path).is_ok_and(|payload| payload == bytes));
    value::<Current>(bytes);
    value::<State>(bytes);
    value::<Vec<super::Op>>(bytes);
}

fn value<T: Decode<()>>(bytes: &[u8]) {
    drop(codec::decode_prefix::<T>(bytes));
}

/// A journal of bytes, read from any offset on.
pub fn journal(bytes: &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        match frame::at(bytes, at) {
            Ok(Some(frame)) => {
                assert!(frame.data.end > at);
                at = frame.data.end;
                let data = bytes.get(frame.data).unwrap_or_default();
                drop(frame::objects(data, frame.raw));
            }
            Ok(None) | Err(_) => match frame::next(bytes, at) {
                Some(next) => {
                    assert!(next > at);
                    at = next;
                }
                None => break,
            },
        }
    }
    // A head of those bytes, in a frame that fits.
    if let Ok((head, [])) = codec::decode_prefix::<frame::Head>(bytes) {
        let objects = [(Kind::Blob, Id::ZERO, bytes.to_vec())];
        if let Ok(whole) = frame::build(5, &head, &objects) {
            let padded = [&[0; 5], whole.as_slice()].concat();
            drop(frame::at(&padded, 5));
            assert!(matches!(frame::at(&padded, 4), Ok(None)));
        }
    }
}

/// A pack whose three blocks hold the bytes, with as many objects as they say.
/// `dir` is for its files.
pub fn pack(dir: &Path, bytes: &[u8]) {
    let [commits, contents, externals, a, b, c, d, rest @ ..] = bytes else { return };
    let len = |low: &u8, high: &u8| usize::from(u16::from_le_bytes([*low, *high]));
    let (first, rest) = rest.split_at(len(a, b).min(rest.len()));
    let (second, third) = rest.split_at(len(c, d).min(rest.len()));
    let externals: Vec<Id> = (0..externals % 8).map(|n| Id::from_bytes([n; 16])).collect();
    let blocks = [
        (Space::Commits, u32::from(*commits), first),
        (Space::Bodies, u32::from(*commits), second),
        (Space::Contents, u32::from(*contents), third),
    ];
    let Ok((name, bytes)) = pack::raw_pack(&blocks, externals) else { return };
    let path = dir.join(format!("{name}.pack"));
    if std::fs::write(&path, bytes).is_ok() {
        drop(read(dir, name));
    }
    drop(std::fs::remove_file(path.with_extension("idx")));
    drop(std::fs::remove_file(path));
}

fn read(dir: &Path, name: Id) -> super::Result<()> {
    let trailer = pack::trailer(&dir.join(format!("{name}.pack")))?;
    let (commits, contents) = (trailer.commits, trailer.contents);
    let cache = Cache::default();
    // With ids of its own, whatever they are, each object can be asked for.
    let ids = pack::ids_of(dir, name, trailer.clone());
    let fake = |n: u32, kind| (0..n).map(|n| Id::of(kind, &n.to_le_bytes())).collect::<Vec<_>>();
    let of_objects = ids.is_ok();
    let (commit_ids, content_ids) =
        ids.unwrap_or_else(|_| (fake(commits, Kind::Commit), fake(contents, Kind::Blob)));
    let index = Index::build(name, &trailer, &commit_ids, &content_ids)?;
    // Not synced: this is done many times a second.
    std::fs::write(dir.join(format!("{name}.idx")), &index).map_err(super::StoreError::io("write", dir))?;
    let pack = Pack::open(dir, name)?;
    for n in 0..commits {
        let commit = pack.commit(n, &cache);
        drop(pack.body(n, &cache));
        if let (true, Ok(commit), Some(id)) = (of_objects, commit, commit_ids.get(n as usize)) {
            assert_eq!(Id::of(Kind::Commit, &codec::encode(&*commit)?), *id);
        }
    }
    (0..contents).for_each(|n| drop(pack.content(n, &cache)));
    Ok(())
}

/// An index whose head and tables hold the bytes. `dir` is for its file.
pub fn index(dir: &Path, bytes: &[u8]) {
    let (head, tables) = bytes.split_at(bytes.len() / 2);
    let Ok((name, bytes)) = Index::raw(head, tables) else { return };
    let path = dir.join("fuzz.idx");
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let Ok(index) = Index::open(path, name) else { return };
    drop(index.verify());
    for id in [Id::ZERO, name, Id::from_bytes([255; 16])] {
        if let Ok(Some(n)) = index.find(&id) {
            assert!(index.id(n).is_ok_and(|found| found == id));
        }
    }
    for prefix in ["0", "f", "00ff"].iter().filter_map(|text| Prefix::parse(text)) {
        drop(index.find_prefix(&prefix));
    }
    drop(index.ids());
}
