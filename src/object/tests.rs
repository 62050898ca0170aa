//! Every kind of object has one encoding, and its decoder takes no other.

use super::codec::{Decode, Encode, decode, encode};
use super::sample::{self, Rng, any_id};
use super::*;

const SEEDS: u64 = 300;

/// Checks that `value` comes back, and that what its decoder makes of changed
/// bytes is exactly what those bytes say.
fn has_one_form<T: Encode + Decode<()> + PartialEq + std::fmt::Debug>(rng: &mut Rng, value: &T) {
    let bytes = encode(value).unwrap();
    assert_eq!(&decode::<T>(&bytes).unwrap(), value);
    let mut changed = bytes.clone();
    for _ in 0..20 {
        match rng.below(5) {
            0 => changed.truncate(rng.below(changed.len() + 1)),
            1 => changed.push(rng.next() as u8),
            2 if !changed.is_empty() => {
                let at = rng.below(changed.len());
                changed[at] ^= 1 << rng.below(8);
            }
            3 if !changed.is_empty() => {
                let at = rng.below(changed.len());
                changed[at] = *rng.pick(&[0, 1, 250, 251, 252, 253, 254, 255]);
            }
            // A number written longer than it must be.
            _ => {
                let at = rng.below(changed.len() + 1);
                let low = changed.get(at).copied().unwrap_or(0);
                changed.splice(at..changed.len().min(at + 1), [251, low, 0]);
            }
        }
        if let Ok(other) = decode::<T>(&changed) {
            assert_eq!(encode(&other).unwrap(), changed);
        }
        if rng.flip() {
            changed.clone_from(&bytes);
        }
    }
}

#[test]
fn every_kind_has_one_form() {
    for seed in 0..SEEDS {
        let rng = &mut Rng::new(seed);
        let names = &mut any_id;
        let commit = sample::commit(rng, names, &mut any_id);
        has_one_form(rng, &commit);
        let body = sample::body(rng, names);
        has_one_form(rng, &body);
        let message = sample::message(rng, names);
        has_one_form(rng, &message);
        let context = sample::context(rng);
        has_one_form(rng, &context);
        let tree = sample::tree(rng, names);
        assert!(tree.is_safe());
        has_one_form(rng, &tree);
        let config = sample::config(rng);
        has_one_form(rng, &config);
        let tag = sample::tag(rng, names);
        has_one_form(rng, &tag);
        let snapshot = sample::snapshot(rng, names, &mut any_id);
        has_one_form(rng, &snapshot);
    }
}

#[test]
fn a_number_has_one_form() {
    for n in [0, 1, 250, 251, 255, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        let bytes = encode(&n).unwrap();
        let long = [&[253], n.to_le_bytes().as_slice()].concat();
        assert_eq!(decode::<u64>(&bytes).unwrap(), n);
        assert_eq!(decode::<u64>(&long).is_ok(), long == bytes, "{n}");
    }
}

#[test]
fn every_id_of_a_body_is_visited_in_order() {
    for seed in 0..SEEDS {
        let mut given = Vec::new();
        let mut body = sample::body(&mut Rng::new(seed), &mut |rng| {
            given.push(any_id(rng));
            *given.last().unwrap()
        });
        let bytes = encode(&body).unwrap();
        let mut seen = Vec::new();
        body.for_each_id(&mut |id| seen.push(std::mem::take(id)));
        assert_eq!(seen, given);
        // Nothing names an object any more: no id is left in the bytes.
        let without = encode(&body).unwrap();
        assert_eq!(bytes.len(), without.len());
        assert!(given.iter().all(|id| !without.windows(Id::LEN).any(|w| w == id.bytes())));
    }
}
