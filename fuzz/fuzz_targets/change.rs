//! What calls and records say of files is read from any bytes, and what is made of it can be applied.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sfs::object::Action;
use sfs::tool::change::{What, changes, numbered, reads_whole, shown};

fuzz_target!(|data: &[u8]| {
    drop(shown(data));
    let text = String::from_utf8_lossy(data);
    drop(numbered(&text));
    let actions = [Action::Read, Action::Write, Action::Edit, Action::Shell];
    for action in actions {
        drop(reads_whole(action, &text));
        for change in changes("edit", action, &text) {
            if let What::Edit(list) = change.what {
                list.iter().for_each(|one| drop(one.apply(&text)));
            }
        }
    }
});
