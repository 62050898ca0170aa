//! What comes through ssh, and texts of remotes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static DIR: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    match which % 3 {
        0 => sfs::remote::fuzzing::requests(DIR.path(), bytes),
        1 => sfs::remote::fuzzing::answers(bytes),
        _ => sfs::remote::fuzzing::texts(&String::from_utf8_lossy(bytes)),
    }
});
