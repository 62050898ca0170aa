//! A page: items one below the other, to be read line by line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::item::Item;
use super::key::Key;
use super::look::{Look, Looks};
use super::place::{Go, Place};
use crate::object::Id;

/// So much of a page is kept for the mark of the line that keys act on.
const MARGIN: u16 = 2;

/// Items, and how they were last laid out.
#[derive(Default)]
pub(super) struct Page {
    items: Vec<Item>,
    /// The lines, each with the number of its item.
    lines: Vec<(usize, Line<'static>)>,
    /// For how many columns they were made; `None` if they must be anew.
    laid: Option<u16>,
    place: Place,
    /// How many lines were seen last.
    room: usize,
}

impl Page {
    pub(super) fn new(items: Vec<Item>) -> Page {
        Page { items, ..Page::default() }
    }

    /// Adds items at the end.
    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = Item>) {
        self.items.extend(items);
        self.laid = None;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether the last line is seen.
    pub(super) fn is_at_end(&self) -> bool {
        self.laid.is_some() && self.place.top() + self.room >= self.lines.len()
    }

    /// The commit of the message that is read.
    pub(super) fn commit(&self) -> Option<Id> {
        self.here().and_then(|n| self.items.get(n)).and_then(|item| item.commit)
    }

    /// What a message says, as it is shown when all of it is unfolded.
    pub(super) fn message(&self, commit: Id) -> String {
        let items = self.items.iter().filter(|item| item.commit == Some(commit) && !item.is_head);
        let text: Vec<&str> = items.map(Item::whole).collect();
        text.join("\n").trim_end().to_owned()
    }

    /// The number of the item that keys act on.
    fn here(&self) -> Option<usize> {
        self.lines.get(self.place.at).map(|(item, _)| *item)
    }

    /// Does what a key means here; `false` if it means nothing.
    pub(super) fn key(&mut self, key: Key) -> bool {
        if let Some(way) = key.way() {
            self.go(way);
            return true;
        }
        match key {
            Key::Enter | Key::Char(' ') => return self.fold(),
            Key::Char('o') => {
                let all = self.items.iter().any(|item| item.folds() && !item.open);
                let here = self.here();
                self.items.iter_mut().for_each(|item| item.open = all && item.folds());
                self.keep(here);
            }
            Key::Char('n') => self.go_to_head(|at, head| head > at, false),
            Key::Char('p') => self.go_to_head(|at, head| head < at, true),
            _ => return false,
        }
        true
    }

    /// Goes.
    pub(super) fn go(&mut self, way: Go) {
        self.place.go(way, self.lines.len(), self.room);
    }

    /// Goes to a line that is seen.
    pub(super) fn click(&mut self, row: u16) {
        let at = self.place.top() + usize::from(row);
        if at < self.lines.len() {
            let again = at == self.place.at;
            self.place.at = at;
            if again {
                self.fold();
            }
        }
    }

    fn fold(&mut self) -> bool {
        let here = self.here();
        let Some(item) = here.and_then(|n| self.items.get_mut(n)).filter(|item| item.folds()) else {
            return false;
        };
        item.open = !item.open;
        self.keep(here);
        true
    }

    /// Stays at an item whose lines are others now.
    fn keep(&mut self, item: Option<usize>) {
        let Some(width) = self.laid.take() else { return };
        self.lay(width, Looks::new(false));
        self.laid = None;
        self.place.at = self.lines.iter().position(|(n, _)| Some(*n) == item).unwrap_or(0);
    }

    /// Goes to the nearest item of those that begin something.
    fn go_to_head(&mut self, wanted: fn(usize, usize) -> bool, last: bool) {
        let is_first =
            |at: usize| at == 0 || self.lines.get(at - 1).map(|l| l.0) != self.lines.get(at).map(|l| l.0);
        let is_head = |item: usize| self.items.get(item).is_some_and(|item| item.is_head);
        let heads = self.lines.iter().enumerate();
        let mut heads = heads.filter(|(at, (item, _))| is_head(*item) && is_first(*at)).map(|(at, _)| at);
        let here = self.place.at;
        let found = match last {
            true => heads.rfind(|at| wanted(here, *at)),
            false => heads.find(|at| wanted(here, *at)),
        };
        if let Some(at) = found {
            self.place.begin_at(at);
        }
    }

    fn lay(&mut self, width: u16, looks: Looks) {
        if self.laid == Some(width) {
            return;
        }
        let room = usize::from(width.saturating_sub(MARGIN));
        let items = self.items.iter().enumerate();
        self.lines = items
            .flat_map(|(n, item)| item.lines(room, looks).into_iter().map(move |line| (n, line)))
            .collect();
        self.laid = Some(width);
    }

    /// Draws what is seen of it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, looks: Looks, chosen: bool) {
        self.lay(area.width, looks);
        self.room = usize::from(area.height);
        let window = self.place.window(self.lines.len(), self.room);
        for (row, at) in (area.y..area.bottom()).zip(window) {
            let Some((item, line)) = self.lines.get(at) else { break };
            let folded = self.items.get(*item).is_some_and(|item| item.folds() && !item.open);
            let (sign, look) = match chosen && at == self.place.at {
                true => (if folded { "+" } else { ">" }, Look::Chosen),
                false => (if folded { "+" } else { " " }, Look::Faint),
            };
            let buffer = frame.buffer_mut();
            buffer.set_stringn(area.x, row, sign, 1, looks.of(look));
            let text =
                Rect { x: area.x + MARGIN, y: row, width: area.width.saturating_sub(MARGIN), height: 1 };
            frame.render_widget(line, text.intersection(area));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn draw(page: &mut Page, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let drawn = terminal.draw(|frame| page.draw(frame, frame.area(), Looks::new(false), true)).unwrap();
        let row = |y| (0..width).map(|x| drawn.buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| row(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn keys_go_from_message_to_message_and_the_beginning_is_seen() {
        let message =
            |n: usize| vec![Item::head(Look::Strong, format!("message {n}")), Item::new(Look::Plain, "a\nb")];
        let mut page = Page::new((0..5).flat_map(message).collect());
        assert_eq!(draw(&mut page, 20, 4), ["> message 0", "  a", "  b", "  message 1"]);
        assert!(page.key(Key::Char('n')) && page.key(Key::Char('n')));
        assert_eq!(draw(&mut page, 20, 4), ["> message 2", "  a", "  b", "  message 3"]);
        assert!(page.key(Key::Char('p')) && !page.is_at_end());
        assert_eq!(draw(&mut page, 20, 4)[0], "> message 1");
        assert!(page.key(Key::End));
        assert_eq!(draw(&mut page, 20, 4)[3], "> b");
        assert!(page.is_at_end() && !page.key(Key::Enter));
    }
}
