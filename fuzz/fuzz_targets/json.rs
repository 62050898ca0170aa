//! Every part of a value lies in the bytes, in order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sfs::object::json::{Tape, Value};

fn walk(value: Value<'_>, end: usize) {
    assert!(value.span().end <= end);
    let _ = (value.bytes(), value.int(), value.is_null());
    let mut last = value.span().start;
    for (_, member) in value.members() {
        assert!(member.span().start >= last);
        last = member.span().end;
        walk(member, end);
    }
    for item in value.items() {
        assert!(item.span().start >= last);
        last = item.span().end;
        walk(item, end);
    }
}

fuzz_target!(|data: &[u8]| {
    let mut tape = Tape::default();
    if let Some(len) = tape.read(data) {
        assert!(len <= data.len());
        walk(tape.root(data), len);
        // What follows a whole value changes nothing.
        assert_eq!(Tape::default().read(&data[..len]), Some(len));
    }
});
