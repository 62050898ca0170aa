//! Sessions that are many small files: each file a record.
//!
//! A record is `{"file":"<place>","json":<bytes>}` when the file is one JSON
//! value, with its bytes as they are, so that the strings in it are shared
//! with messages; else `"text"` and a string, or `"base64"` and the bytes.

use std::borrow::Cow;
use std::path::PathBuf;

use super::{Frame, Pieces, StepFacts};
use crate::object::escape::{self, Style};
use crate::object::json::{Tape, Value};

/// The files of a session, in the order of its records.
#[derive(Debug, Default)]
pub struct Folder {
    /// Each file: its place below the tool's root, and where it is.
    files: std::vec::IntoIter<(String, PathBuf)>,
    facts: StepFacts,
}

impl Folder {
    /// Reads these files. One that is gone when its turn comes is left out.
    pub fn of(files: Vec<(String, PathBuf)>, facts: StepFacts) -> Folder {
        Folder { files: files.into_iter(), facts }
    }
}

impl Pieces for Folder {
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        for (place, path) in self.files.by_ref() {
            match std::fs::read(path) {
                Ok(bytes) => return Ok(Some(Cow::Owned(record(&place, &bytes)))),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }

    fn frame(&mut self) -> std::io::Result<Frame> {
        Ok(Frame { facts: self.facts.clone(), ..Frame::default() })
    }
}

/// The record of a file.
pub fn record(place: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = b"{\"file\":\"".to_vec();
    Style::Plain.write(place.as_bytes(), &mut out);
    let mut tape = Tape::default();
    if tape.read(bytes).is_some_and(|len| bytes.get(len..).is_some_and(|rest| rest.trim_ascii().is_empty())) {
        out.extend_from_slice(b"\",\"json\":");
        out.extend_from_slice(bytes);
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        out.extend_from_slice(b"\",\"text\":\"");
        Style::Plain.write(text.as_bytes(), &mut out);
        out.push(b'"');
    } else {
        out.extend_from_slice(b"\",\"base64\":\"");
        Style::Base64.write(bytes, &mut out);
        out.push(b'"');
    }
    out.push(b'}');
    out
}

/// The file of a record: its place and bytes; `None` if it is no such record.
pub fn file(record: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut tape = Tape::default();
    tape.read(record)?;
    let root = tape.root(record);
    let place = root.get("file")?;
    let name = String::from_utf8(place.bytes()?.into_owned()).ok()?;
    let from = place.span().end + b"\",\"json\":".len();
    if root.get("json").is_some() {
        return Some((name, record.get(from..record.len().checked_sub(1)?)?.to_vec()));
    }
    let bytes = match (root.get("text"), root.get("base64")) {
        (Some(text), _) => text.bytes()?.into_owned(),
        (None, Some(packed)) if packed.raw().is_empty() => Vec::new(),
        (None, packed) => escape::decode_base64(packed?.raw())?.0,
    };
    Some((name, bytes))
}

/// What the JSON of the file of a record says, and the file's place.
pub fn json<'t>(row: Value<'t>) -> Option<(Cow<'t, str>, Value<'t>)> {
    Some((row.get("file")?.str()?, row.get("json")?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_stays_json() {
        let made = record("a/b.json", b"{\n  \"x\": 1\n}\n");
        assert_eq!(made, b"{\"file\":\"a/b.json\",\"json\":{\n  \"x\": 1\n}\n}");
        assert_eq!(file(&made).unwrap(), ("a/b.json".to_owned(), b"{\n  \"x\": 1\n}\n".to_vec()));
    }

    proptest! {
        #[test]
        fn any_file_comes_back(
            place in ".{0,20}",
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                "\\PC{0,40}".prop_map(String::into_bytes),
                Just(b" {\"json\":[1, 2],\"file\":\"x\"}\r\n".to_vec()),
                Just(b"\"}\"".to_vec()),
            ],
        ) {
            prop_assert_eq!(file(&record(&place, &bytes)).unwrap(), (place, bytes));
        }
    }
}
