//! Names of packs and writers, ciphered: each is one block of AES-256, so that
//! whoever has the secret can read them off the listing, and others see only
//! that two are the same.

use aes::Aes256;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};

use crate::object::id::Id;

/// Hides and shows names.
pub(super) struct Names(Aes256);

impl Names {
    pub(super) fn new(secret: &[u8; 32]) -> Names {
        Names(Aes256::new(GenericArray::from_slice(secret)))
    }

    pub(super) fn hide(&self, name: Id) -> Id {
        let mut block = GenericArray::from(*name.bytes());
        self.0.encrypt_block(&mut block);
        Id::from_bytes(block.into())
    }

    pub(super) fn show(&self, name: Id) -> Id {
        let mut block = GenericArray::from(*name.bytes());
        self.0.decrypt_block(&mut block);
        Id::from_bytes(block.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_shown_and_is_aes() {
        // FIPS 197, appendix C.3.
        let secret: [u8; 32] = std::array::from_fn(|n| n as u8);
        let name = Id::from_hex("00112233445566778899aabbccddeeff").unwrap();
        let names = Names::new(&secret);
        assert_eq!(names.hide(name).to_string(), "8ea2b7ca516745bfeafc49904b496089");
        assert_eq!(names.show(names.hide(name)), name);
    }
}
