//! The canonical encoding of objects.
//!
//! Integers are variable-length little endian, sequences are a length and
//! their elements, enums are the number of the variant: bincode 2's standard
//! configuration, written down in `docs/format.md` so that a reader needs no
//! Rust. bincode alone accepts many byte strings for one value; [`decode`]
//! accepts only the one that [`encode`] writes.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian, Varint};

pub use bincode::{Decode, Encode};

/// The longest encoded object that is read, in bytes.
pub const DECODE_LIMIT: usize = 1 << 30;

type Canonical = Configuration<LittleEndian, Varint, Limit<DECODE_LIMIT>>;
type Fixed = Configuration<LittleEndian, Fixint, Limit<DECODE_LIMIT>>;

const CANONICAL: Canonical = bincode::config::standard().with_limit::<DECODE_LIMIT>();
const FIXED: Fixed = CANONICAL.with_fixed_int_encoding();

/// Why bytes are not an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end early, are too long, or hold an impossible value.
    #[error("malformed object: {0}")]
    Malformed(#[from] bincode::error::DecodeError),
    /// The bytes decode, but are not how the value is written.
    #[error("object is not in canonical form")]
    NotCanonical,
    /// A value too large to write.
    #[error("object cannot be encoded: {0}")]
    Unencodable(#[from] bincode::error::EncodeError),
}

/// Encodes a value in canonical form.
pub fn encode<T: Encode>(value: &T) -> Result<Vec<u8>, CodecError> {
    Ok(bincode::encode_to_vec(value, CANONICAL)?)
}

/// Appends a value in canonical form to `out`.
pub fn encode_into<T: Encode>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::encode_into_std_write(value, out, CANONICAL)?;
    Ok(())
}

/// Decodes a value that fills `bytes` exactly, in canonical form only.
pub fn decode<T: Encode + Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, read): (T, usize) = bincode::decode_from_slice(bytes, CANONICAL)?;
    if read != bytes.len() || encode(&value)? != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

/// Decodes a value that we wrote and whose bytes a checksum has vouched for,
/// from the front of `bytes`; returns what is left too.
pub fn decode_prefix<T: Decode<()>>(bytes: &[u8]) -> Result<(T, &[u8]), CodecError> {
    let (value, read) = bincode::decode_from_slice(bytes, CANONICAL)?;
    Ok((value, bytes.get(read..).unwrap_or_default()))
}

/// Encodes a value of fixed width, as file headers hold it.
pub fn encode_fixed<T: Encode>(value: &T) -> Result<Vec<u8>, CodecError> {
    Ok(bincode::encode_to_vec(value, FIXED)?)
}

/// Decodes a value of fixed width from the front of `bytes`.
pub fn decode_fixed<T: Decode<()>>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
    Ok(bincode::decode_from_slice(bytes, FIXED)?)
}
