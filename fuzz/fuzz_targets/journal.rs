//! Sealed files, and the frames of a journal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    sfs::store::fuzzing::sealed(data);
    sfs::store::fuzzing::journal(data);
});
