//! Every tool's reader on lines that any program may have written: it says
//! something of each, and keeps little to go on.
#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use sfs::object::split::Splitter;
use sfs::tool::{FORMS, Found, Framing, Stamp, TOOLS};

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let n = usize::from(*first) % (TOOLS.len() + FORMS.len());
    let tool = TOOLS.iter().chain(FORMS).nth(n).expect("one of so many");
    let framing = if first & 0x80 == 0 { Framing::Lines } else { Framing::Document };
    let found = Found {
        native: "a".to_owned(),
        part: if first & 0x40 == 0 { String::new() } else { "b".to_owned() },
        path: PathBuf::from("/nowhere/c.jsonl"),
        place: "sessions/a/c.jsonl".to_owned(),
        framing,
        stamp: Stamp::default(),
        side: Vec::new(),
    };
    let (mut splitter, mut state, mut at) = (Splitter::default(), Vec::new(), 0);
    while let Some(piece) = splitter.next(&data[at..]) {
        splitter.split(&data[at..], piece, tool.lift());
        let mut reader = tool.reader(&found, &state);
        let known = splitter.row(&data[at..], piece).map(|row| reader.read(Some(row)));
        if known.is_none() && reader.read_text(&data[at..at + piece.end], splitter.texts()).is_none() {
            reader.read(None);
        }
        state = reader.state();
        assert!(state.len() < 1024, "{} keeps {} bytes", tool.name(), state.len());
        at += piece.end;
    }
});
