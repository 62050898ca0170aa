//! The bytes of a source, read a piece at a time while the tool may be writing.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::object::id::{Checksum, checksum};
use crate::store::refs::Mark;
use crate::tool::{Found, Framing, Stamp, stamp_of};

/// How much is read at once.
const STEP: usize = 1 << 20;
/// How much room there is for the first read.
const FIRST: usize = 64 << 10;

/// A source that is open.
pub(super) struct Input {
    reader: Box<dyn Read>,
    /// What the file was when it was opened.
    pub(super) stamp: Stamp,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
}

impl Input {
    /// Opens a source at the place where `mark` ends, if the file only grew
    /// since; else at its beginning. Tells which.
    pub(super) fn open(found: &Found, mark: Option<&Mark>) -> std::io::Result<(Input, bool)> {
        let mut file = File::open(&found.path)?;
        let stamp = stamp_of(&file.metadata()?).unwrap_or(found.stamp);
        let plain = found.framing == Framing::Lines;
        let grown = match mark {
            Some(mark) if plain && mark.offset > 0 => only_grew(&mut file, &stamp, mark)?,
            _ => false,
        };
        let at = mark.filter(|_| grown).map_or(0, |mark| mark.offset);
        file.seek(SeekFrom::Start(at))?;
        let reader: Box<dyn Read> = match found.framing {
            Framing::ZstdLines => Box::new(zstd::stream::read::Decoder::new(file)?),
            _ => Box::new(file),
        };
        Ok((Input { reader, stamp, buffer: Vec::new(), start: 0, ended: false }, grown))
    }

    /// What was read and not yet taken.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Takes bytes from the front.
    pub(super) fn take(&mut self, n: usize) {
        self.start += n;
    }

    /// Reads more; false at the end. More is read at once the more is waiting,
    /// so that a very long line isn't looked at again and again.
    pub(super) fn more(&mut self) -> std::io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        let want = STEP.max(before) as u64;
        // Else the first reads would be of a few bytes.
        self.buffer.reserve(FIRST);
        let n = self.reader.by_ref().take(want).read_to_end(&mut self.buffer)?;
        self.ended = (n as u64) < want;
        Ok(self.buffer.len() > before)
    }
}

/// Tells whether a file still begins as it did and has what it had before the mark.
fn only_grew(file: &mut File, stamp: &Stamp, mark: &Mark) -> std::io::Result<bool> {
    if stamp.len < mark.offset {
        return Ok(false);
    }
    let window = mark.offset.min(Mark::WINDOW as u64);
    Ok(window_at(file, 0, window)? == mark.start
        && window_at(file, mark.offset - window, window)? == mark.window)
}

fn window_at(file: &mut File, at: u64, len: u64) -> std::io::Result<u64> {
    let mut bytes = Vec::with_capacity(Mark::WINDOW);
    file.seek(SeekFrom::Start(at))?;
    file.by_ref().take(len).read_to_end(&mut bytes)?;
    Ok(checksum(&bytes))
}

/// What a [`Mark`] knows the bytes before it by, gathered while a source is
/// read.
pub(super) enum Passed {
    /// Of a file that grows at its end.
    Windows(Windows),
    /// Of a source that may change anywhere: all of them.
    All(Box<Checksum>),
}

impl Passed {
    /// Goes past bytes of the source.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        match self {
            Passed::Windows(windows) => windows.pass(bytes),
            Passed::All(sum) => sum.update(bytes),
        }
    }

    /// [`Mark::start`] and [`Mark::window`].
    pub(super) fn sums(&self) -> (u64, u64) {
        match self {
            Passed::Windows(windows) => windows.sums(),
            Passed::All(sum) => (sum.finish(), 0),
        }
    }
}

/// The checksums of a [`Mark`] of a file that grows at its end.
#[derive(Default)]
pub(super) struct Windows {
    head: Vec<u8>,
    last: Vec<u8>,
}

impl Windows {
    /// The windows of a source that is read on from a mark. What the mark
    /// remembers only as checksums is read again.
    pub(super) fn resume(path: &Path, offset: u64) -> std::io::Result<Windows> {
        let mut file = File::open(path)?;
        let [mut head, mut last] = [(); 2].map(|()| Vec::with_capacity(Mark::WINDOW));
        let window = offset.min(Mark::WINDOW as u64);
        file.by_ref().take(window).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(offset - window))?;
        file.by_ref().take(window).read_to_end(&mut last)?;
        Ok(Windows { head, last })
    }

    /// Goes past bytes of the source.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        let room = Mark::WINDOW - self.head.len().min(Mark::WINDOW);
        self.head.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        let tail = bytes.get(bytes.len().saturating_sub(Mark::WINDOW)..).unwrap_or_default();
        self.last.extend_from_slice(tail);
        // Much is dropped at once, so that it is moved seldom.
        if self.last.len() > Mark::WINDOW * 16 {
            self.last.drain(..self.last.len() - Mark::WINDOW);
        }
    }

    /// The checksums of the first and the last bytes passed.
    pub(super) fn sums(&self) -> (u64, u64) {
        let last = self.last.get(self.last.len().saturating_sub(Mark::WINDOW)..).unwrap_or_default();
        (checksum(&self.head), checksum(last))
    }
}
