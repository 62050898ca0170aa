//! A place in a long list: which row keys act on, and which rows are seen.

use std::ops::Range;

/// The row that keys act on, and the first that is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The row.
    pub(super) at: usize,
    top: usize,
}

/// A way to go in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    /// So many rows down, or up if less than 0.
    By(isize),
    /// So many windows down or up, in halves.
    Half(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl Place {
    /// Goes, in a list of `len` rows of which `room` are seen.
    pub(super) fn go(&mut self, way: Go, len: usize, room: usize) {
        let last = len.saturating_sub(1);
        let half = isize::try_from((room / 2).max(1)).unwrap_or(1);
        self.at = match way {
            Go::By(n) => self.at.saturating_add_signed(n),
            Go::Half(n) => self.at.saturating_add_signed(half.saturating_mul(n)),
            Go::First => 0,
            Go::Last => last,
        };
        self.at = self.at.min(last);
    }

    /// The rows that are seen where there is room for so many: as few as
    /// possible move since the last time.
    pub(super) fn window(&mut self, len: usize, room: usize) -> Range<usize> {
        self.at = self.at.min(len.saturating_sub(1));
        let lowest = (self.at + 1).saturating_sub(room);
        self.top = self.top.clamp(lowest, self.at.max(lowest));
        // No room stays empty while there are rows above.
        self.top = self.top.min(len.saturating_sub(room));
        self.top..len.min(self.top + room)
    }

    /// Goes to a row and makes it the first that is seen, as far as there are
    /// rows below it.
    pub(super) fn begin_at(&mut self, at: usize) {
        (self.at, self.top) = (at, at);
    }

    /// The first row that is seen.
    pub(super) fn top(&self) -> usize {
        self.top
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_is_always_seen_and_no_room_is_empty() {
        let mut place = Place::default();
        place.go(Go::Last, 100, 10);
        assert_eq!((place.at, place.window(100, 10)), (99, 90..100));
        place.go(Go::By(-5), 100, 10);
        assert_eq!((place.at, place.window(100, 10)), (94, 90..100));
        place.go(Go::Half(-2), 100, 10);
        assert_eq!((place.at, place.window(100, 10)), (84, 84..94));
        assert_eq!((place.window(3, 10), place.at), (0..3, 2));
        assert_eq!((place.window(0, 10), place.at), (0..0, 0));
        assert_eq!(place.window(5, 0), 0..0);
        place.go(Go::By(-7), 0, 0);
        assert_eq!(place.at, 0);
    }
}
