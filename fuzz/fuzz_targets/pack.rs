//! Blocks and rows of a pack, and indexes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static DIR: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    match which % 2 {
        0 => sfs::store::fuzzing::pack(DIR.path(), bytes),
        _ => sfs::store::fuzzing::index(DIR.path(), bytes),
    }
});
