//! The state on the screen: a line of what is shown, a list and its page, and a
//! line of what can be done.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::key::KEYS;
use super::super::look::{Look, Looks};
use super::super::popup::draw_typed;
use super::super::text::{cut, fit, width};
use super::{App, Said, View};
use crate::view::clean::clean;

/// Wider than this, a list and its page stand side by side.
const WIDE: u16 = 120;
/// Lower than this, only one of them is shown.
const LOW: u16 = 14;

/// Where the list and the page are; where they aren't they are empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Areas {
    pub(super) list: Rect,
    pub(super) page: Rect,
    /// The line over the page.
    title: Rect,
}

impl App {
    /// Draws all of it.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let whole = frame.area();
        if whole.height < 4 || whole.width < 10 {
            frame.render_widget(Line::raw("too small"), whole);
            return;
        }
        let top = Rect { height: 1, ..whole };
        let bottom = Rect { y: whole.bottom() - 1, height: 1, ..whole };
        let middle = Rect { y: whole.y + 1, height: whole.height - 2, ..whole };
        self.draw_top(frame, top);
        self.draw_middle(frame, middle);
        self.draw_bottom(frame, bottom);
        if let Some(popup) = &mut self.popup {
            popup.draw(frame, middle, &self.setting, self.looks);
        }
    }

    fn draw_top(&self, frame: &mut Frame<'_>, area: Rect) {
        let what = match self.views.last() {
            None => self.sessions.summary(),
            Some(View::Story(story)) => story.summary(),
            Some(View::Page(_, title)) => title.clone(),
        };
        let marked = self.marked.as_ref().map(|at| format!("  marked {:.12}", at.commit)).unwrap_or_default();
        let room = usize::from(area.width).saturating_sub(width(&marked) + 1);
        let line = format!("{}{marked} ", fit(&format!(" sfs  {what}"), room));
        frame.render_widget(Line::styled(line, self.looks.of(Look::Chosen)), area);
    }

    fn draw_middle(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let (looks, setting, reading) = (self.looks, &self.setting, self.reading);
        if let Some(View::Page(page, _)) = self.views.last_mut() {
            self.areas = Areas { page: area, ..Areas::default() };
            return page.draw(frame, area, looks, true);
        }
        let rows = match self.views.last() {
            Some(View::Story(story)) => story.len(),
            _ => self.sessions.len(),
        };
        let areas = split(area, reading, rows);
        self.areas = areas;
        let title = match self.views.last_mut() {
            Some(View::Story(story)) => {
                story.draw(frame, areas.list, setting, looks, !reading);
                story.page.draw(frame, areas.page, looks, reading);
                story.page_title()
            }
            _ => {
                self.sessions.draw(frame, areas.list, setting, looks, !reading);
                self.sessions.page.draw(frame, areas.page, looks, reading);
                String::new()
            }
        };
        draw_title(frame, areas, &title, looks);
    }

    fn draw_bottom(&self, frame: &mut Frame<'_>, area: Rect) {
        let looks = self.looks;
        if self.filtering {
            return draw_typed(frame, area, "/", &self.sessions.filter, looks);
        }
        let room = usize::from(area.width);
        let line = match &self.said {
            Some(Said::Done(words)) => Line::styled(cut(&clean(words), room), looks.of(Look::Name)),
            Some(Said::Failed(words)) => Line::styled(cut(&clean(words), room), looks.of(Look::Gone)),
            None if !self.sessions.filter.is_empty() && self.views.is_empty() => {
                let words = format!(
                    "filter: {}   s searches what was said, Esc takes it away",
                    clean(&self.sessions.filter)
                );
                Line::styled(cut(&words, room), looks.of(Look::Id))
            }
            None => hints(room, looks),
        };
        frame.render_widget(line, area);
    }
}

/// As many keys as there is room for; help and the end always.
fn hints(room: usize, looks: Looks) -> Line<'static> {
    let spans = |(key, word, _): &(&'static str, &'static str, &'static str)| {
        [
            Span::styled(*key, looks.of(Look::Strong)),
            Span::styled(format!(" {word}  "), looks.of(Look::Faint)),
        ]
    };
    let wide = |(key, word, _): &(&str, &str, &str)| width(key) + width(word) + 3;
    let (first, last) = KEYS.split_at(KEYS.len().saturating_sub(2));
    let mut left = room.saturating_sub(last.iter().map(wide).sum());
    let fits = |key: &&(&str, &str, &str)| {
        let fits = wide(key) <= left;
        left = if fits { left - wide(key) } else { 0 };
        fits
    };
    first.iter().filter(fits).chain(last).flat_map(spans).collect::<Vec<_>>().into()
}

/// The line between a list and its page.
fn draw_title(frame: &mut Frame<'_>, areas: Areas, title: &str, looks: Looks) {
    let area = areas.title;
    if area.is_empty() {
        return;
    }
    let look = looks.of(Look::Faint);
    if area.width == 1 {
        for y in area.y..area.bottom() {
            frame.buffer_mut().set_stringn(area.x, y, "│", 1, look);
        }
        return;
    }
    let room = usize::from(area.width);
    let title =
        if title.is_empty() { String::new() } else { format!("─ {} ", cut(title, room.saturating_sub(4))) };
    let line = format!("{title}{}", "─".repeat(room.saturating_sub(width(&title))));
    frame.render_widget(Line::styled(line, look), area);
}

/// Where list and page go: side by side, one over the other, or only the one
/// that keys go to, which is the larger in any case. A list of few rows leaves
/// its room to the page.
fn split(area: Rect, reading: bool, rows: usize) -> Areas {
    if area.width >= WIDE {
        let list = Rect { width: if reading { area.width * 2 / 5 } else { area.width / 2 }, ..area };
        let title = Rect { x: list.right(), width: 1, ..area };
        let page = Rect { x: title.right(), width: area.width - list.width - 1, ..area };
        return Areas { list, page, title };
    }
    if area.height < LOW {
        let (list, page) = if reading { (Rect::default(), area) } else { (area, Rect::default()) };
        return Areas { list, page, title: Rect::default() };
    }
    let share = if reading { area.height / 4 } else { area.height * 3 / 5 };
    let list = Rect { height: share.min(u16::try_from(rows).unwrap_or(u16::MAX).max(1)), ..area };
    let title = Rect { y: list.bottom(), height: 1, ..area };
    let page = Rect { y: title.bottom(), height: area.height - list.height - 1, ..area };
    Areas { list, page, title }
}
