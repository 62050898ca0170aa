//! Building: words of documents into a segment, in memory.

use std::hash::{BuildHasher, RandomState};

use super::columns::{Columns, Doc};
use super::error::Result;
use super::fold::Words;
use super::segment::{self, Segment};
use super::text::Piece;
use crate::object::id::IdMap;
use crate::object::{Commit, Id};

/// Words are known by so many bytes; longer ones share a place in the index,
/// and their texts tell them apart.
pub(super) const WORD_MAX: usize = 32;
/// Odd, and half of its bits set.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
/// What stands before the words of a file's path, which are no words of the text.
pub(super) const FILE: u8 = 1;

/// A word as the index knows it.
pub(super) fn clipped(word: &[u8]) -> &[u8] {
    word.get(..WORD_MAX).unwrap_or(word)
}

/// The words of a path, as the index knows them.
pub(super) fn path_words(path: &str) -> Vec<Vec<u8>> {
    let (mut words, mut found) = (Words::new(path), Vec::new());
    while words.next() {
        let mut word = vec![FILE];
        word.extend_from_slice(clipped(&words.word));
        found.push(word);
    }
    found
}

#[derive(Clone, Copy)]
struct Term {
    hash: u32,
    start: u32,
    len: u8,
}

/// Where no word stands: between two texts.
const NONE: u32 = u32::MAX;

/// A segment on its way.
pub(super) struct Builder {
    pub(super) columns: Columns,
    roots: IdMap<u32>,
    seed: u64,
    arena: Vec<u8>,
    terms: Vec<Term>,
    /// Places of terms by hash, one more than each; 0 is free.
    table: Vec<u32>,
    /// The term at each position.
    tokens: Vec<u32>,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder {
            columns: Columns::default(),
            roots: IdMap::default(),
            // Texts are anybody's: nobody shall know which words share a place.
            seed: RandomState::new().hash_one(0) | 1,
            arena: Vec::new(),
            terms: Vec::new(),
            table: vec![0; 1 << 12],
            tokens: Vec::new(),
        }
    }

    /// Bytes of text that were taken in.
    pub(super) fn text(&self) -> u64 {
        self.columns.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.docs() == 0
    }

    /// Takes a document in.
    pub(super) fn add(&mut self, id: Id, root: Id, commit: &Commit, role: u8, pieces: &[Piece]) {
        let start = self.position();
        let mut len = 0u32;
        for piece in pieces {
            let mut words = Words::new(&piece.text);
            while words.next() {
                let term = self.term(clipped(&words.word));
                self.tokens.push(term);
                len = len.saturating_add(1);
            }
            self.tokens.push(NONE);
        }
        for file in &commit.files {
            for word in path_words(file.get(1..).unwrap_or_default()) {
                let term = self.term(&word);
                self.tokens.push(term);
            }
            self.tokens.push(NONE);
        }
        let root = self.root(root);
        self.columns.push(Doc::new(id, root, (start, len), commit, role, pieces));
    }

    fn root(&mut self, root: Id) -> u32 {
        let (roots, next) = (&mut self.columns.roots, self.roots.len());
        *self.roots.entry(root).or_insert_with(|| {
            roots.push(root);
            u32::try_from(next).unwrap_or(u32::MAX)
        })
    }

    /// The next position.
    fn position(&self) -> u32 {
        u32::try_from(self.tokens.len()).unwrap_or(u32::MAX)
    }

    /// The number of a word.
    fn term(&mut self, word: &[u8]) -> u32 {
        if self.terms.len() * 2 >= self.table.len() {
            self.grow();
        }
        let hash = self.hash(word);
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let place = self.table.get(at).copied().unwrap_or(0);
            if place == 0 {
                break;
            }
            let known = self.terms.get(place as usize - 1);
            if known.is_some_and(|term| term.hash == hash && self.bytes(term) == word) {
                return place - 1;
            }
            at = (at + 1) & mask;
        }
        let n = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        let start = u32::try_from(self.arena.len()).unwrap_or(u32::MAX);
        self.arena.extend_from_slice(word);
        self.terms.push(Term { hash, start, len: u8::try_from(word.len()).unwrap_or(0) });
        if let Some(place) = self.table.get_mut(at) {
            *place = n + 1;
        }
        n
    }

    fn bytes(&self, term: &Term) -> &[u8] {
        let start = term.start as usize;
        self.arena.get(start..start + usize::from(term.len)).unwrap_or_default()
    }

    fn hash(&self, word: &[u8]) -> u32 {
        let mut state = self.seed ^ word.len() as u64;
        for chunk in word.chunks(8) {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            let wide = u128::from(state ^ u64::from_le_bytes(bytes)) * u128::from(MIX);
            state = (wide >> 64) as u64 ^ wide as u64;
        }
        (state >> 32) as u32 ^ state as u32
    }

    fn grow(&mut self) {
        let len = self.table.len() * 2;
        self.table = vec![0; len];
        for (n, term) in (1u32..).zip(&self.terms) {
            let mut at = term.hash as usize & (len - 1);
            while self.table.get(at).is_some_and(|place| *place != 0) {
                at = (at + 1) & (len - 1);
            }
            if let Some(place) = self.table.get_mut(at) {
                *place = n;
            }
        }
    }

    /// Takes in all documents of another segment.
    pub(super) fn absorb(&mut self, other: &Segment) -> Result<()> {
        let first = self.position();
        let theirs = other.columns()?;
        let roots: Vec<u32> = theirs.roots.iter().map(|root| self.root(*root)).collect();
        self.columns.append(&theirs, &roots, first);
        self.tokens.resize(self.tokens.len() + other.positions() as usize, NONE);
        other.for_each(&mut |word, positions| {
            let term = self.term(word);
            for position in positions {
                let token = self.tokens.get_mut((first + position) as usize);
                token.into_iter().for_each(|token| *token = term);
            }
        })
    }

    /// The bytes of the segment.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        let mut order: Vec<u32> = (0u32..).take(self.terms.len()).collect();
        let bytes = |n: &u32| self.terms.get(*n as usize).map_or(&[] as &[u8], |term| self.bytes(term));
        order.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
        let (ends, positions) = self.by_term();
        let mut writer = segment::Writer::new();
        for n in &order {
            let start = n.checked_sub(1).and_then(|n| ends.get(n as usize)).copied().unwrap_or(0);
            let end = ends.get(*n as usize).copied().unwrap_or(start);
            writer.term(bytes(n), positions.get(start..end).unwrap_or_default());
        }
        let count = self.position();
        writer.finish(self.columns, count)
    }

    /// The positions, those of a term together and in order, and where those
    /// of each end.
    fn by_term(&self) -> (Vec<usize>, Vec<u32>) {
        let mut ends = vec![0usize; self.terms.len()];
        for n in &self.tokens {
            ends.get_mut(*n as usize).into_iter().for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for end in &mut ends {
            // For now, where they begin.
            (*end, sum) = (sum, sum + *end);
        }
        let mut sorted = vec![0; sum];
        for (position, n) in (0u32..).zip(&self.tokens) {
            let Some(next) = ends.get_mut(*n as usize) else { continue };
            sorted.get_mut(*next).into_iter().for_each(|place| *place = position);
            *next += 1;
        }
        (ends, sorted)
    }
}
