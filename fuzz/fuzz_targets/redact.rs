//! Secrets are found within bounds and in order, and what is left has none.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sfs::redact::{Scanner, UserRules, redact};

static SCANNER: OnceLock<Scanner> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let scanner = SCANNER.get_or_init(|| Scanner::new(&UserRules::default()).expect("the built-in rules"));
    let hits = scanner.scan(data);
    let mut done = 0;
    for hit in &hits {
        assert!(done <= hit.span.start && hit.span.start < hit.span.end && hit.span.end <= data.len());
        done = hit.span.end;
    }
    let instead = |hit: &sfs::redact::Hit| format!("[redacted:{}:0a1b2c3d]", scanner.rule(hit.rule));
    let left = redact(&|bytes| scanner.scan(bytes), data, &mut |hit| Some(instead(hit)));
    assert_eq!(left.is_some(), !hits.is_empty());
    assert!(left.is_none_or(|left| scanner.scan(&left).is_empty()));
});
