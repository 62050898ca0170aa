//! Records: units of a source in native bytes, with the long texts taken out.

use super::codec::{self, CodecError, Decode, Encode};
use super::escape::Style;
use super::id::{Id, Kind};

/// What was taken out at a place of a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Fill {
    /// A blob, written in a style.
    Text(Id, Style),
    /// The value of that number in the record's [`Context`], verbatim.
    Context(u8),
}

/// One unit of a source. Its native bytes are `literal` with each hole filled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// The context whose values fill the context holes.
    pub context: Option<Id>,
    /// Where the skeleton stands if it is that of a record stored before:
    /// the number of a commit in [`super::Commit::copies`], and of a record in
    /// its body, which is no copy itself. Then `literal` and `holes` are empty.
    pub copy: Option<(u32, u32)>,
    /// The native bytes without what was taken out.
    pub literal: Vec<u8>,
    /// Where in `literal` something was taken out (never falling), and what.
    pub holes: Vec<(u64, Fill)>,
}

/// Values that nearly every record of a source repeats (session id, working
/// directory, version, …). Taken out of the records, so that a fork that
/// rewrites them on every line still shares every line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Context {
    /// The raw bytes of each value, by the number its adapter gives its key.
    pub values: Vec<Option<Vec<u8>>>,
}

/// Why a record can't be written out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError<E: std::error::Error> {
    /// A hole lies outside of the literal bytes, or before the one before it.
    #[error("record has a hole at byte {0}, where there is none")]
    BadHole(u64),
    /// A hole asks for a context value that isn't there.
    #[error("record asks for context value {0}, which is missing")]
    NoContext(u8),
    /// A text could not be read.
    #[error(transparent)]
    Text(E),
}

impl Record {
    /// The name of the skeleton: records of one name differ in context only.
    pub fn skeleton(&self) -> Result<Id, CodecError> {
        let skeleton = Record { context: None, ..self.clone() };
        Ok(Id::of(Kind::Body, &codec::encode(&skeleton)?))
    }

    /// Writes the native bytes to `out`. `text` gives a blob's bytes.
    pub fn rebuild<T: AsRef<[u8]>, E: std::error::Error>(
        &self,
        context: &Context,
        mut text: impl FnMut(Id) -> Result<T, E>,
        out: &mut Vec<u8>,
    ) -> Result<(), RebuildError<E>> {
        let mut done = 0usize;
        for (at, fill) in &self.holes {
            let end = usize::try_from(*at).map_err(|_| RebuildError::BadHole(*at))?;
            out.extend_from_slice(self.literal.get(done..end).ok_or(RebuildError::BadHole(*at))?);
            done = end;
            match fill {
                Fill::Text(id, style) => style.write(text(*id).map_err(RebuildError::Text)?.as_ref(), out),
                Fill::Context(slot) => {
                    let value = context.values.get(usize::from(*slot)).and_then(Option::as_ref);
                    out.extend_from_slice(value.ok_or(RebuildError::NoContext(*slot))?);
                }
            }
        }
        out.extend_from_slice(self.literal.get(done..).unwrap_or_default());
        Ok(())
    }
}
