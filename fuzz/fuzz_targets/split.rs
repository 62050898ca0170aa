//! What is split is written out again, byte for byte.
#![no_main]

use std::collections::HashMap;
use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use sfs::object::Id;
use sfs::object::split::Splitter;

fuzz_target!(|data: &[u8]| {
    let mut splitter = Splitter::default();
    let (mut at, mut out) = (0, Vec::new());
    while let Some(piece) = splitter.next(&data[at..]) {
        let parts = splitter.split(&data[at..], piece, &["sessionId", "cwd"]);
        if let Some((value, texts)) = splitter.row(&data[at..], piece) {
            let _ = (texts.json(value), texts.data_url(value));
        }
        let texts: HashMap<Id, Vec<u8>> = splitter.texts().drain().collect();
        let text = |id| Ok::<_, Infallible>(&texts[&id]);
        parts.record.rebuild(&parts.context, text, &mut out).unwrap();
        at += piece.end;
    }
    out.extend_from_slice(&data[at..]);
    assert_eq!(out, data);
});
