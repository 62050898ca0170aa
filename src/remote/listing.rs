//! Lists of files as text: what a published remote's `index` holds, and what
//! a listing is on the wire.
//!
//! ```text
//! sfs-remote-index 1
//! <length> <key>
//! …
//! ```

use std::fmt::Write;
use std::ops::Range;

use super::{Folder, Key};

/// The most files that a listing is believed to have; where one comes in parts, a
/// part counts for one more. A server could go on for ever.
pub(super) const FILES_MAX: usize = 10_000_000;

/// The first line of an `index`.
const HEAD: &str = "sfs-remote-index 1\n";

/// The text of the `index` of a remote with these files.
pub fn index_text(mut files: Vec<(Key, u64)>) -> String {
    files.sort_unstable();
    HEAD.to_owned() + &lines(&files)
}

/// Reads an `index`; `None` if it is none. Lines for files of kinds unknown
/// here are passed over.
pub(super) fn parse_index(text: &str) -> Option<Vec<(Key, u64)>> {
    Some(parse_lines(text.strip_prefix(HEAD)?))
}

/// The text of the `index` of files that lie one after another.
pub(super) fn in_order(files: &[(Key, Range<u64>)]) -> String {
    let files: Vec<(Key, u64)> = files.iter().map(|(key, place)| (*key, place.end - place.start)).collect();
    HEAD.to_owned() + &lines(&files)
}

/// Reads it; `None` if those are not files that lie between `start` and `end`,
/// one after another. Files of kinds unknown here are passed over.
pub(super) fn parse_in_order(text: &str, start: u64, end: u64) -> Option<Vec<(Key, Range<u64>)>> {
    let (mut files, mut at) = (Vec::new(), start);
    for line in text.strip_prefix(HEAD)?.split_terminator('\n') {
        let (len, key) = line.split_once(' ')?;
        let next = at.checked_add(len.parse().ok()?)?;
        files.extend(Key::parse(key).map(|key| (key, at..next)));
        at = next;
    }
    (at == end).then_some(files)
}

/// Files, a line each.
pub(super) fn lines(files: &[(Key, u64)]) -> String {
    let mut text = String::new();
    for (key, len) in files {
        // Writing to a string doesn't fail.
        let _ = writeln!(text, "{len} {key}");
    }
    text
}

/// Reads lines of files; a last line that isn't whole counts for nothing.
pub(super) fn parse_lines(text: &str) -> Vec<(Key, u64)> {
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    whole.filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(Key, u64)> {
    let (len, key) = line.split_once(' ')?;
    Some((Key::parse(key)?, len.parse().ok()?))
}

/// Those of a folder.
pub(super) fn within(files: &[(Key, u64)], folder: Folder) -> Vec<(Key, u64)> {
    files.iter().copied().filter(|(key, _)| key.is_in(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Id;

    #[test]
    fn an_index_is_read_as_it_was_written() {
        let id = Id::from_bytes([0xab; 16]);
        let files = vec![(Key::Pack(id), u64::MAX), (Key::Index(id), 0), (Key::Table(id, 3), 9)];
        let text = index_text(files.clone());
        assert_eq!(text, format!("{HEAD}{} packs/{id}.pack\n0 packs/{id}.idx\n9 refs/{id}/3\n", u64::MAX));
        assert_eq!(parse_index(&text), Some(files.clone()));
        // Cut short, and with what a later version may add.
        assert_eq!(parse_index(&text[..text.len() - 1]), Some(files[..2].to_vec()));
        assert_eq!(parse_index(&format!("{HEAD}1 notes/x\n-1 refs/{id}/3\n\n")), Some(Vec::new()));
        assert_eq!(parse_index("<html>"), None);
        assert_eq!(within(&files, Folder::Refs), files[2..]);
    }
}
