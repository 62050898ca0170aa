//! Ids for what is written: they look random, and what is asked for twice is
//! the same.

use crate::object::id::digest;

/// Makes ids from a seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids(pub(super) u128);

impl Ids {
    fn bytes(self, kind: &str, number: u64) -> [u8; 16] {
        digest(&[self.0.to_le_bytes().as_slice(), kind.as_bytes(), &number.to_le_bytes()].concat())
    }

    /// A UUID (version 4) for the thing of that kind and number.
    pub(super) fn uuid(self, kind: &str, number: u64) -> String {
        uuid::Builder::from_random_bytes(self.bytes(kind, number)).into_uuid().to_string()
    }

    /// 32 digits for the thing of that kind and number.
    pub(super) fn hex(self, kind: &str, number: u64) -> String {
        format!("{:032x}", u128::from_be_bytes(self.bytes(kind, number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_seed_kind_and_number() {
        let ids = Ids(7);
        assert_eq!(ids.hex("call", 1), ids.hex("call", 1));
        let all = [ids.hex("call", 1), ids.hex("call", 2), ids.hex("row", 1), Ids(8).hex("call", 1)];
        assert!(all.iter().enumerate().all(|(at, id)| !all[..at].contains(id) && id.len() == 32));
        assert_eq!(uuid::Uuid::parse_str(&ids.uuid("row", 1)).unwrap().get_version_num(), 4);
    }
}
