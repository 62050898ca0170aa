//! What is known of a session's list of messages, in little space.
//!
//! Records add messages to a list, cut it off, or give it anew as a whole: on
//! each resume it is given anew, in another form. What is remembered tells how
//! much of such a list was read before.

use crate::object::id::checksum;
use crate::tool::{Key, Link};

/// How many messages are remembered one by one; of those before, the sum.
const IDS: usize = 72;
/// How many calls are remembered.
const CALLS: usize = 64;
/// How many notices are remembered.
const NOTICES: usize = 8;

/// Where the next message hangs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hang {
    #[default]
    Tip,
    Root,
    Key(u64),
}

/// What is new in what an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The answer is not known.
    All,
    /// It said nothing before.
    Words,
    /// It says something else.
    Other,
    /// Nothing is.
    Nothing,
}

/// The list of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// How many messages come before those in `ids`, and their sum; 0 if it is lost.
    base: u32,
    base_sum: u32,
    ids: Vec<u32>,
    /// How many messages of the list are in force: those after it were cut off.
    live: u32,
    hang: Hang,
    /// The key of the last message in force; 0 if there is none.
    last: u64,
    /// The last answer: its id, and the sum of what it says.
    answer: (u32, u32),
    /// The calls made last: the sum of their message and id, and of their id
    /// alone, the lowest bit of which tells whether they have a result.
    calls: Vec<(u32, u32)>,
    notices: Vec<u32>,
}

/// A short form of a key.
pub(super) fn short(key: Key) -> u32 {
    (key.0 >> 32) as u32
}

fn chain(sum: u32, id: u32) -> u32 {
    let bytes = [sum.to_le_bytes(), id.to_le_bytes()].concat();
    short(Key(checksum(&bytes))) | 1
}

impl Known {
    /// Whether a message is in force.
    pub(super) fn has(&self, id: u32) -> bool {
        self.place(id).is_some_and(|place| place < self.live)
    }

    /// Whether a message is the last one in force.
    pub(super) fn is_last(&self, key: Key) -> bool {
        self.tip() == Some(key)
    }

    fn place(&self, id: u32) -> Option<u32> {
        let place = self.ids.iter().rposition(|known| *known == id)?;
        Some(self.base + u32::try_from(place).ok()?)
    }

    /// Where what comes next hangs. What was cut off is forgotten.
    pub(super) fn link(&mut self) -> Link {
        match self.live.checked_sub(self.base) {
            Some(live) => self.ids.truncate(live as usize),
            None => {
                self.ids.clear();
                (self.base, self.base_sum) = (self.live, 0);
            }
        }
        match std::mem::take(&mut self.hang) {
            Hang::Tip => Link::Tip,
            Hang::Root => Link::Root,
            Hang::Key(key) => Link::Key(Key(key)),
        }
    }

    /// Adds a message. Returns where it hangs, and the same once more, to be
    /// found when there is something after it.
    pub(super) fn push(&mut self, id: u32, key: Key) -> (Link, Link) {
        let link = self.link();
        let before = match &link {
            Link::Tip if self.last == 0 => Link::Root,
            Link::Tip => Link::Key(Key(self.last)),
            other => other.clone(),
        };
        if self.ids.len() == IDS {
            let oldest = self.ids.remove(0);
            if self.base == 0 || self.base_sum != 0 {
                self.base_sum = chain(self.base_sum, oldest);
            }
            self.base += 1;
        }
        self.ids.push(id);
        self.live = self.total();
        self.last = key.0;
        (link, before)
    }

    fn total(&self) -> u32 {
        self.base + u32::try_from(self.ids.len()).unwrap_or_default()
    }

    /// How many messages at the beginning of a list are known.
    pub(super) fn prefix(&self, list: &[u32]) -> usize {
        let Some((before, after)) = list.split_at_checked(self.base as usize) else { return 0 };
        let sum = before.iter().fold(0, |sum, id| chain(sum, *id));
        if self.base > 0 && sum != self.base_sum {
            return 0;
        }
        before.len() + after.iter().zip(&self.ids).take_while(|(a, b)| a == b).count()
    }

    /// Whether a list seems to be the beginning of what is only known as a sum.
    pub(super) fn is_beginning(&self, list: &[u32]) -> bool {
        !list.is_empty() && list.len() <= self.base as usize && list.iter().all(|id| !self.ids.contains(id))
    }

    /// Cuts the list off after its first `n` messages, the last of which has
    /// this key.
    pub(super) fn cut(&mut self, n: usize, key: Option<Key>) {
        self.live = u32::try_from(n).unwrap_or_default().min(self.total());
        self.last = key.map_or(0, |key| key.0);
        self.hang = match key {
            _ if self.live == self.total() => Hang::Tip,
            Some(key) => Hang::Key(key.0),
            None => Hang::Root,
        };
    }

    /// Cuts the list off before a message. `before` is the key of where it hung.
    pub(super) fn rewind(&mut self, id: u32, before: Key) {
        self.live = self.place(id).filter(|place| *place < self.live).unwrap_or(self.base.min(self.live));
        self.last = before.0;
        self.hang = Hang::Key(before.0);
    }

    /// Takes another list for the one in force; what comes next goes on from the tip.
    pub(super) fn replace(&mut self, list: impl Iterator<Item = (u32, Key)>) {
        (self.base, self.base_sum, self.live, self.hang) = (0, 0, 0, Hang::Tip);
        self.ids.clear();
        for (id, key) in list {
            self.push(id, key);
        }
    }

    /// What is new in what an answer says, by its sum, which is 0 if it says
    /// nothing. Only the last answer can say something else than before.
    pub(super) fn answers(&mut self, id: u32, sum: u32) -> News {
        let known = self.has(id);
        let before = std::mem::replace(&mut self.answer, (id, sum));
        match before {
            _ if !known => News::All,
            (same, 0) if same == id && sum != 0 => News::Words,
            (same, before) if same == id && sum != 0 && sum != before => News::Other,
            _ => News::Nothing,
        }
    }

    /// The last message, if what comes next hangs on it.
    pub(super) fn tip(&self) -> Option<Key> {
        (self.hang == Hang::Tip && self.last != 0).then_some(Key(self.last))
    }

    /// Takes note of a call; false if it was known. One without an id never is.
    pub(super) fn calls(&mut self, message: Key, call: Key) -> bool {
        if call == Key::of(b"") {
            return true;
        }
        let both = chain(short(message), short(call));
        if self.calls.iter().any(|(known, _)| *known == both) {
            return false;
        }
        self.note((both, short(call) & !1));
        true
    }

    /// Takes note of a result; false if it was known.
    pub(super) fn results(&mut self, call: Key) -> bool {
        if call == Key::of(b"") {
            return true;
        }
        let call = short(call) | 1;
        match self.calls.iter_mut().rfind(|(_, known)| *known | 1 == call) {
            Some((_, known)) if *known == call => false,
            Some((_, known)) => {
                *known = call;
                true
            }
            None => {
                self.note((0, call));
                true
            }
        }
    }

    fn note(&mut self, call: (u32, u32)) {
        if self.calls.len() == CALLS {
            self.calls.remove(0);
        }
        self.calls.push(call);
    }

    /// Takes note of a notice; false if it was known.
    pub(super) fn notices(&mut self, id: u32) -> bool {
        if self.notices.contains(&id) {
            return false;
        }
        if self.notices.len() == NOTICES {
            self.notices.remove(0);
        }
        self.notices.push(id);
        true
    }

    /// Appends it to a state.
    pub(super) fn save(&self, out: &mut Vec<u32>) {
        let (kind, key) = match self.hang {
            Hang::Tip => (0, 0),
            Hang::Root => (1, 0),
            Hang::Key(key) => (2, key),
        };
        let halves = |word: u64| [(word >> 32) as u32, (word & u64::from(u32::MAX)) as u32];
        let lens = [self.ids.len(), self.calls.len(), self.notices.len()];
        out.extend([self.base, self.base_sum, self.live, kind]);
        out.extend(halves(key).into_iter().chain(halves(self.last)).chain([self.answer.0, self.answer.1]));
        out.extend(lens.map(|len| u32::try_from(len).unwrap_or_default()));
        out.extend(self.ids.iter().chain(self.calls.iter().flat_map(|(a, b)| [a, b])).chain(&self.notices));
    }

    /// Takes it from a state.
    pub(super) fn load(words: &mut dyn Iterator<Item = u32>) -> Known {
        let mut next = || words.next().unwrap_or_default();
        let (base, base_sum, live, kind) = (next(), next(), next(), next());
        let mut long = || u64::from(next()) << 32 | u64::from(next());
        let (key, last) = (long(), long());
        let answer = (next(), next());
        let lens = [(); 3].map(|()| next() as usize);
        let [ids, calls, notices] = lens;
        let ids = (0..ids.min(IDS)).map(|_| next()).collect();
        let calls = (0..calls.min(CALLS)).map(|_| (next(), next())).collect();
        let notices = (0..notices.min(NOTICES)).map(|_| next()).collect();
        let hang = match kind {
            1 => Hang::Root,
            2 => Hang::Key(key),
            _ => Hang::Tip,
        };
        Known { base, base_sum, ids, live, hang, last, answer, calls, notices }
    }
}
