//! A string for which a style is found is written back exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sfs::object::escape::{Style, decode, decode_styled};

fuzz_target!(|data: &[u8]| {
    if let Some((bytes, style)) = decode_styled(data) {
        let mut out = Vec::new();
        style.write(&bytes, &mut out);
        assert_eq!(out, data);
    }
    let mut plain = Vec::new();
    Style::Plain.write(data, &mut plain);
    assert_eq!(decode(&plain), data);
});
