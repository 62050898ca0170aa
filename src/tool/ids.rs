//! Ids of what is written, from the seed of a target: what is asked for twice
//! is the same.

use crate::object::id::digest;

fn bytes(seed: u128, kind: u8, number: u64) -> [u8; 16] {
    digest(&[seed.to_le_bytes().as_slice(), &number.to_le_bytes(), &[kind]].concat())
}

/// A UUID for a record.
pub(super) fn uuid(seed: u128, number: u64) -> String {
    uuid::Builder::from_random_bytes(bytes(seed, b'r', number)).into_uuid().to_string()
}

/// An id for a call.
pub(super) fn call(seed: u128, number: u64) -> String {
    format!("call_{:032x}", u128::from_be_bytes(bytes(seed, b'c', number)))
}
