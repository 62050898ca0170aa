//! Listings of servers, which are XML.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| sfs::remote::fuzzing::listings(&String::from_utf8_lossy(data)));
