//! The canonical encoding of objects.
//!
//! Integers are variable-length little endian, sequences are a length and
//! their elements, enums are the number of the variant: bincode 2's standard
//! configuration, written down in `docs/format.md` so that a reader needs no
//! Rust. bincode alone accepts many byte strings for one value; [`decode`]
//! accepts only the one that [`encode`] writes.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian, Varint};

pub use bincode::{Decode, Encode};

/// The longest encoded object that is written or read, in bytes.
pub const DECODE_LIMIT: usize = 1 << 30;

/// How many times the memory of a value may exceed its encoding. An empty
/// element takes a byte or two there and up to a hundred bytes here.
const GROWTH: usize = 64;

type Canonical<const LIMIT: usize> = Configuration<LittleEndian, Varint, Limit<LIMIT>>;
type Fixed = Configuration<LittleEndian, Fixint, Limit<DECODE_LIMIT>>;

const CANONICAL: Canonical<DECODE_LIMIT> = bincode::config::standard().with_limit::<DECODE_LIMIT>();
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
    /// More bytes than an object may have.
    #[error("object has {0} bytes, more than are allowed")]
    TooLong(usize),
    /// A value that can't be written.
    #[error("object cannot be encoded: {0}")]
    Unencodable(#[from] bincode::error::EncodeError),
}

/// Encodes a value in canonical form.
pub fn encode<T: Encode>(value: &T) -> Result<Vec<u8>, CodecError> {
    let bytes = bincode::encode_to_vec(value, CANONICAL)?;
    // What is written can be read again.
    if bytes.len() > DECODE_LIMIT { Err(CodecError::TooLong(bytes.len())) } else { Ok(bytes) }
}

/// Appends a value in canonical form to `out`.
pub fn encode_into<T: Encode>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    bincode::encode_into_std_write(value, out, CANONICAL)?;
    let len = out.len() - before;
    if len > DECODE_LIMIT { Err(CodecError::TooLong(len)) } else { Ok(()) }
}

/// Decodes a value that fills `bytes` exactly, in canonical form only.
pub fn decode<T: Encode + Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, rest) = decode_prefix(bytes)?;
    if rest.is_empty() && encode(&value)? == bytes { Ok(value) } else { Err(CodecError::NotCanonical) }
}

/// Decodes a value that we wrote and whose bytes a checksum has vouched for,
/// from the front of `bytes`; returns what is left too.
///
/// A length that the bytes claim can't make it reserve more memory than
/// [`GROWTH`] times what there is (rounded up to a power of four).
pub fn decode_prefix<T: Decode<()>>(bytes: &[u8]) -> Result<(T, &[u8]), CodecError> {
    macro_rules! within {
        ($($log:literal)*) => {
            match bytes.len().saturating_mul(GROWTH) {
                $(n if n <= power($log) => bincode::decode_from_slice(
                    bytes,
                    bincode::config::standard().with_limit::<{ power($log) }>(),
                )?,)*
                _ => return Err(CodecError::TooLong(bytes.len())),
            }
        };
    }
    let (value, read): (T, usize) = within!(16 18 20 22 24 26 28 30 32 34 36);
    Ok((value, bytes.get(read..).unwrap_or_default()))
}

const fn power(log: u32) -> usize {
    if log < usize::BITS { 1 << log } else { usize::MAX }
}

/// Encodes a value of fixed width, as file headers hold it.
pub fn encode_fixed<T: Encode>(value: &T) -> Result<Vec<u8>, CodecError> {
    Ok(bincode::encode_to_vec(value, FIXED)?)
}

/// Decodes a value of fixed width from the front of `bytes`.
pub fn decode_fixed<T: Decode<()>>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
    Ok(bincode::decode_from_slice(bytes, FIXED)?)
}

/// Appends a number as [`encode`] writes it.
#[expect(clippy::cast_possible_truncation, reason = "each arm has looked at the size")]
pub fn push_number(n: u64, out: &mut Vec<u8>) {
    match n {
        0..251 => out.push(n as u8),
        251..0x1_0000 => {
            out.push(251);
            out.extend((n as u16).to_le_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(252);
            out.extend((n as u32).to_le_bytes());
        }
        _ => {
            out.push(253);
            out.extend(n.to_le_bytes());
        }
    }
}

/// Reads the number at `at`, and goes past it.
pub fn number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let rest = bytes.get(*at..)?;
    let (n, len) = match rest.split_first()? {
        (251, rest) => (u64::from(u16::from_le_bytes(*rest.first_chunk()?)), 3),
        (252, rest) => (u64::from(u32::from_le_bytes(*rest.first_chunk()?)), 5),
        (253, rest) => (u64::from_le_bytes(*rest.first_chunk()?), 9),
        (254 | 255, _) => return None,
        (n, _) => (u64::from(*n), 1),
    };
    *at += len;
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Block, Body, Message, Record, Role, Text};
    use proptest::prelude::*;

    #[test]
    fn a_claimed_length_reserves_no_memory() {
        // 253 and eight bytes: a sequence of 2^40 elements, or of 2^29.
        for len in [1u64 << 40, 1 << 29, u64::MAX] {
            let bytes = [&[253], len.to_le_bytes().as_slice()].concat();
            assert!(decode_prefix::<Vec<u8>>(&bytes).is_err());
            assert!(decode_prefix::<Vec<[u64; 16]>>(&bytes).is_err());
            assert!(decode_prefix::<Body>(&bytes).is_err());
        }
    }

    #[test]
    fn values_of_many_empty_elements_are_read() {
        let empty = Block::Text(Text::Inline(Vec::new()));
        for n in [0, 1, 100, 10_000, 300_000] {
            let message = Message { role: Role::User, blocks: vec![empty.clone(); n] };
            let body = Body { records: vec![Record::default(); n], message: Some(message) };
            assert!(decode::<Body>(&encode(&body).unwrap()).unwrap() == body, "{n}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_encoded_as_ever(n: u64, shift in 0..64u32, more: Vec<u8>) {
            let (n, mut bytes) = (n >> shift, Vec::new());
            push_number(n, &mut bytes);
            prop_assert_eq!(&bytes, &encode(&n).unwrap());
            let (len, mut at) = (bytes.len(), 0);
            bytes.extend(more);
            prop_assert_eq!(number(&bytes, &mut at), Some(n));
            prop_assert_eq!(at, len);
        }

        #[test]
        fn any_bytes_are_a_number_or_none(bytes: Vec<u8>, at: usize) {
            let mut after = at % 20;
            if number(&bytes, &mut after).is_some() {
                prop_assert!(after <= bytes.len());
            }
        }
    }
}
