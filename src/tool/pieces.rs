//! How a source is cut into records.

use std::borrow::Cow;

use super::StepFacts;
use crate::object::id::Checksum;

/// How a source is cut into records, and what becomes of them when it is
/// written out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// JSON values, a line each, in a file that grows at its end.
    Lines,
    /// Like `Lines`, the whole compressed as one or more zstd frames.
    ZstdLines,
    /// A file that the tool rewrites whole, cut by [`super::Tool::open`]: the lead,
    /// the records and the trail joined are its bytes.
    Document,
    /// Rows of a database, read by [`super::Tool::open`]: each record is a line as
    /// [`super::rows`] makes them, and they become a database again.
    Rows,
    /// Files of their own, read by [`super::Tool::open`]: each record is a file as
    /// [`super::folder`] makes them, and they become files again.
    Folder,
}

/// How a record begins, of a source of rows or files, that is neither: what a
/// row says before it is final, in words of the adapter's. No restore writes it.
pub const EARLY: &[u8] = b"{\"early\":";

impl Framing {
    /// Whether [`super::Tool::open`] reads it.
    pub fn is_opened(self) -> bool {
        !matches!(self, Framing::Lines | Framing::ZstdLines)
    }
}

/// The records of a source that its tool may change anywhere, in order.
///
/// A record that says something must only be given once it is final: what a
/// tool still writes on (an answer that streams, the rows of a step that isn't
/// finished) goes into the trail as long as nothing follows it, so that capture
/// in steps and capture at once make the same commits. So does what changes
/// with every write and says nothing (time of last change, totals): into lead
/// or trail.
pub trait Pieces {
    /// The bytes of the next record; `None` after the last.
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>>;

    /// Goes past the first `len` bytes of records if they are whole records
    /// and what they were, by their [`checksum`](crate::object::id::checksum);
    /// their checksum so far. `None` if not: then it must be opened anew. Only
    /// called before anything is read.
    fn pass(&mut self, len: u64, sum: u64) -> std::io::Result<Option<Checksum>> {
        let (mut known, mut passed) = (Checksum::default(), 0);
        while passed < len {
            let Some(record) = self.next()? else { return Ok(None) };
            known.update(&record);
            passed += record.len() as u64;
        }
        Ok((passed == len && known.finish() == sum).then_some(known))
    }

    /// What stands around the records. Only asked for after the last record.
    /// An error says that what was read can't be trusted.
    fn frame(&mut self) -> std::io::Result<Frame>;
}

/// What stands around the records of a source that is rewritten whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The bytes before the first record.
    pub lead: Vec<u8>,
    /// The bytes after the last record.
    pub trail: Vec<u8>,
    /// What they tell of the session.
    pub facts: StepFacts,
}
