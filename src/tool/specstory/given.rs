//! Histories that the user points to, wherever they lie.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::cut::History;
use super::find;
use super::head::{head, is_generated};
use crate::object::id::checksum;
use crate::tool::form::{ends_with, stem};
use crate::tool::{Found, Pieces, stamp};

/// How far into a file it is looked for who speaks, in bytes.
const BEGINNING: u64 = 64 << 10;

/// Whether a file is a history: Markdown in which somebody speaks.
pub(super) fn is_in(path: &Path) -> io::Result<bool> {
    if !path.is_file() || !ends_with(path, &["md", "markdown"]) {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(BEGINNING).read_to_end(&mut bytes)?;
    Ok(is_generated(&bytes) || bytes.split(|byte| *byte == b'\n').any(|line| head(line).is_some()))
}

/// The history in a file. One that lies where the program puts it is known as
/// it is when it is found there; another by its name and how it begins.
pub(super) fn sources(path: &Path) -> io::Result<Vec<Found>> {
    let Some(stamp) = stamp(path) else { return Ok(Vec::new()) };
    let native = match path.parent().filter(|_| find::project(path).is_some()) {
        Some(folder) => find::native(folder, &stem(path)),
        None => {
            let mut history = History::of(std::fs::read(path)?, None);
            let first = history.next()?.map(std::borrow::Cow::into_owned).unwrap_or_default();
            format!("{}-{:016x}", stem(path), checksum(&first))
        }
    };
    Ok(vec![find::found(path, native, stamp)])
}
