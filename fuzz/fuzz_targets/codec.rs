//! What decodes is encoded to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sfs::object::codec::{Decode, Encode, decode, encode};
use sfs::object::{Body, Commit, Config, Context, Message, Snapshot, Tag, Tree};

fn one<T: Encode + Decode<()>>(bytes: &[u8]) {
    if let Ok(value) = decode::<T>(bytes) {
        assert_eq!(encode(&value).unwrap(), bytes);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 8 {
        0 => one::<Commit>(bytes),
        1 => one::<Body>(bytes),
        2 => one::<Message>(bytes),
        3 => one::<Context>(bytes),
        4 => one::<Tree>(bytes),
        5 => one::<Config>(bytes),
        6 => one::<Tag>(bytes),
        _ => one::<Snapshot>(bytes),
    }
});
