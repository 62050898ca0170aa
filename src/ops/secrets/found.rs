//! Findings, as they are shown: never the secret itself.

use crate::object::codec::{Decode, Encode};
use crate::object::id::Id;

/// How many places of one secret are told one by one.
const PLACES: usize = 1000;

/// How many places back the same one is looked for.
const LATELY: usize = 16;

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Found {
    /// Its id in this store.
    pub id: Id,
    /// The rule that found it.
    pub rule: String,
    /// The secret, masked.
    pub shown: String,
    /// Where it stands, the first thousand places.
    pub places: Vec<Place>,
    /// In how many places.
    pub count: u64,
}

/// Where a secret stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Place {
    /// The commit that it came with.
    pub commit: Option<Id>,
    /// The ref that leads to it, where no commit does.
    pub name: Option<String>,
}

impl Found {
    pub(super) fn new(id: Id, rule: &str, secret: &[u8]) -> Found {
        Found { id, rule: rule.to_owned(), shown: mask(secret), places: Vec::new(), count: 0 }
    }

    pub(super) fn add(&mut self, place: Place) {
        let known = self.places.iter().rev().take(LATELY).any(|known| *known == place);
        if known {
            return;
        }
        self.count += 1;
        if self.places.len() < PLACES {
            self.places.push(place);
        }
    }
}

impl Found {
    /// Takes over where else it was found.
    pub(crate) fn join(&mut self, other: Found) {
        let before = self.count;
        other.places.into_iter().for_each(|place| self.add(place));
        self.count = self.count.max(before + other.count);
    }

    /// Keeps those places alone.
    pub(crate) fn keep(&mut self, is_wanted: &dyn Fn(&Place) -> bool) {
        let all = self.places.len();
        self.places.retain(is_wanted);
        if self.places.len() < all {
            self.count = self.places.len() as u64;
        }
    }
}

/// Enough of a secret to know it again by, and too little to use.
fn mask(secret: &[u8]) -> String {
    let (first, last) = match secret.len() {
        0..8 => (0, 0),
        8..16 => (1, 1),
        _ => (4, 2),
    };
    let letter = |b: &u8| if b.is_ascii_graphic() { char::from(*b) } else { '?' };
    let first: String = secret.iter().take(first).map(letter).collect();
    let last: String = secret.get(secret.len() - last..).unwrap_or_default().iter().map(letter).collect();
    format!("{first}…{last} ({} chars)", secret.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_by_its_ends_alone() {
        assert_eq!(mask(b"hunter2"), "… (7 chars)");
        assert_eq!(mask(b"Tr0ub4dor&3"), "T…3 (11 chars)");
        assert_eq!(mask(b"ghp_0123456789abcdefghij\x1b"), "ghp_…j? (25 chars)");
    }
}
