//! Sealed files: a magic word, a format number, a payload, a checksum.
//!
//! Small files that are replaced as a whole are kept so. A sealed file that is
//! cut, flipped or foreign is found out before a byte of it is believed.

use std::path::Path;

use super::disk;
use super::error::{Result, StoreError};
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::checksum;

const HEAD: usize = 12;
const TAIL: usize = 8;

/// Puts a payload between its seals.
pub(crate) fn seal(magic: &[u8; 8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + HEAD + TAIL);
    bytes.extend_from_slice(magic);
    bytes.extend_from_slice(&super::FORMAT.to_le_bytes());
    bytes.extend_from_slice(payload);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Takes the payload out, if the seals hold.
pub(crate) fn unseal<'b>(magic: &[u8; 8], bytes: &'b [u8], path: &Path) -> Result<&'b [u8]> {
    let bad = |offset: usize, what: &str| Err(StoreError::damaged(path, offset as u64, what));
    if bytes.len() < HEAD + TAIL || !bytes.starts_with(magic) {
        return bad(0, "not a file of this kind, or cut short");
    }
    let (sealed, sum) = bytes.split_at(bytes.len() - TAIL);
    if sum != checksum(sealed).to_le_bytes() {
        return bad(0, "its checksum does not match");
    }
    let format = sealed.get(8..HEAD).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    if format > super::FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found: format });
    }
    Ok(sealed.get(HEAD..).unwrap_or_default())
}

/// Replaces a sealed file by a value.
pub(crate) fn write<T: Encode>(magic: &[u8; 8], path: &Path, value: &T) -> Result<()> {
    disk::replace(path, &seal(magic, &codec::encode(value)?))
}

/// Reads a value from a sealed file.
pub(crate) fn read<T: Decode<()>>(magic: &[u8; 8], path: &Path) -> Result<T> {
    let bytes = disk::read(path)?;
    let payload = unseal(magic, &bytes, path)?;
    match codec::decode_prefix(payload) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(StoreError::damaged(path, 0, "it holds more than it should")),
        Err(e) => Err(StoreError::damaged(path, HEAD as u64, e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_or_cut_is_found() {
        let path = Path::new("x");
        let good = seal(b"SFSTEST\0", b"payload");
        assert_eq!(unseal(b"SFSTEST\0", &good, path).unwrap(), b"payload");
        assert!(unseal(b"SFSOTHR\0", &good, path).is_err());
        for at in 0..good.len() {
            assert!(unseal(b"SFSTEST\0", &good[..at], path).is_err());
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(unseal(b"SFSTEST\0", &bad, path).is_err());
            }
        }
    }
}
