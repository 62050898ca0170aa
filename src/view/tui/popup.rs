//! What is asked of the user: a line to type, a tool to choose, a plan to
//! agree to. It stands over the rest and takes all keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use super::ask::{Ask, Leave, Point};
use super::item::Item;
use super::key::Key;
use super::look::{Look, Looks};
use super::page::Page;
use super::place::Place;
use super::text::{cut, fit, width};
use super::{Choice, Setting, counted};
use crate::ops::checkout::CheckoutOutcome;
use crate::view::clean::clean;

/// The longest line that can be typed, in characters.
const TYPED_MAX: usize = 400;

/// What a line that is typed is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The name of a branch.
    Fork,
    /// A folder for files.
    Files,
}

/// What is asked.
pub(super) enum Popup {
    /// A line.
    Line {
        /// What for.
        purpose: Purpose,
        /// Where.
        at: Point,
        /// What was typed.
        typed: String,
    },
    /// A tool.
    Tool {
        /// What is carried on.
        at: Point,
        /// The tools, as numbers in the setting: the session's own first.
        tools: Vec<usize>,
        /// The one that keys act on.
        place: Place,
        /// How many were seen last.
        room: usize,
    },
    /// Whether files shall be written.
    Plan {
        /// The revision.
        at: Point,
        /// The folder.
        to: String,
        /// What would be done.
        page: Page,
        /// Whether something would.
        writes: bool,
    },
}

/// What becomes of it.
pub(super) enum Done {
    /// It stays.
    Not,
    /// It goes.
    Gone,
    /// It goes, and something is to be done.
    Asked(Ask),
}

impl Popup {
    /// An empty line.
    pub(super) fn line(purpose: Purpose, at: Point) -> Popup {
        Popup::Line { purpose, at, typed: String::new() }
    }

    /// The tools in which a revision can be carried on.
    pub(super) fn tools(at: Point, setting: &Setting) -> Popup {
        let mut tools: Vec<usize> = (0..setting.tools.len()).collect();
        let rank = |n: &usize| setting.tools.get(*n).map(|tool| (tool.name != at.tool, !tool.holds));
        tools.sort_by_key(rank);
        Popup::Tool { at, tools, place: Place::default(), room: 0 }
    }

    /// What a checkout would do.
    pub(super) fn plan(at: Point, to: String, outcome: &CheckoutOutcome) -> Popup {
        let (created, replaced) = (outcome.created.len() as u64, outcome.replaced.len() as u64);
        let sums = format!(
            "{} new, {replaced} overwritten, {} as they were",
            counted(created, "file"),
            outcome.same
        );
        let mut items = vec![
            Item::new(Look::Plain, clean(&outcome.root.to_string_lossy())),
            Item::new(Look::Strong, sums),
        ];
        let group = |look: Look, word: &'static str, paths: &[String]| -> Vec<Item> {
            paths.iter().map(|path| Item::new(look, format!("{word} {}", clean(path)))).collect()
        };
        if replaced > 0 {
            items.push(Item::new(Look::Plain, "What is overwritten is kept as a snapshot first."));
        }
        items.extend(group(Look::Gone, "overwrite", &outcome.replaced));
        items.extend(group(Look::Name, "create   ", &outcome.created));
        let refused = outcome.refused.iter();
        items.extend(
            refused.map(|(path, why)| Item::new(Look::Gone, format!("not written: {} {why}", clean(path)))),
        );
        items.extend(group(Look::Faint, "known in part only, left out:", &outcome.partial));
        items.extend(group(Look::Faint, "nothing tells what it was:", &outcome.unknown));
        Popup::Plan { at, to, page: Page::new(items), writes: created + replaced > 0 }
    }

    /// Takes a text that was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        if let Popup::Line { typed, .. } = self {
            type_text(typed, text);
        }
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: Key, setting: &Setting) -> Done {
        if matches!(key, Key::Esc | Key::Ctrl('c')) {
            return Done::Gone;
        }
        match self {
            Popup::Line { purpose, at, typed } => match key {
                Key::Enter => Done::Asked(match purpose {
                    Purpose::Fork => Ask::Fork {
                        at: at.clone(),
                        name: Some(typed.trim().to_owned()).filter(|n| !n.is_empty()),
                    },
                    Purpose::Files => Ask::Checkout { at: at.clone(), to: typed.clone(), write: false },
                }),
                key => {
                    type_key(typed, key);
                    Done::Not
                }
            },
            Popup::Tool { at, tools, place, room } => {
                let start = matches!(key, Key::Enter);
                if let Some(way) = key.way().filter(|_| key != Key::Char('p')) {
                    place.go(way, tools.len(), *room);
                    return Done::Not;
                }
                let tool = tools.get(place.at).and_then(|n| setting.tools.get(*n));
                match (tool, start || key == Key::Char('p')) {
                    (Some(tool), true) => {
                        let tool = tool.name.to_owned();
                        Done::Asked(Ask::Leave(Leave::Resume { at: at.clone(), tool, start }))
                    }
                    _ if key == Key::Char('q') => Done::Gone,
                    _ => Done::Not,
                }
            }
            Popup::Plan { at, to, page, writes } => match key {
                Key::Char('w') if *writes => {
                    Done::Asked(Ask::Checkout { at: at.clone(), to: to.clone(), write: true })
                }
                Key::Char('q') => Done::Gone,
                key => {
                    page.key(key);
                    Done::Not
                }
            },
        }
    }

    /// Draws it over the rest.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, setting: &Setting, looks: Looks) {
        let (title, keys) = self.words();
        let height = match self {
            Popup::Line { .. } => 3,
            Popup::Tool { tools, .. } => u16::try_from(tools.len()).unwrap_or(u16::MAX).saturating_add(2),
            Popup::Plan { .. } => area.height.saturating_sub(2),
        };
        let area = middle(area, 76, height);
        frame.render_widget(Clear, area);
        let room = usize::from(area.width.saturating_sub(4));
        let frame_of = Block::bordered()
            .title(Line::styled(format!(" {} ", cut(&title, room)), looks.of(Look::Strong)))
            .title_bottom(Line::styled(format!(" {} ", cut(keys, room)), looks.of(Look::Faint)));
        let inner = frame_of.inner(area);
        frame.render_widget(frame_of, area);
        match self {
            Popup::Line { typed, .. } => draw_typed(frame, inner, "", typed, looks),
            Popup::Tool { tools, place, room, .. } => {
                *room = usize::from(inner.height);
                for (y, at) in (inner.y..inner.bottom()).zip(place.window(tools.len(), *room)) {
                    let Some(tool) = tools.get(at).and_then(|n| setting.tools.get(*n)) else { break };
                    let row = Rect { y, height: 1, ..inner };
                    frame.render_widget(Line::raw(tool_line(tool)), row);
                    if at == place.at {
                        frame.buffer_mut().set_style(row, looks.of(Look::Chosen));
                    }
                }
            }
            Popup::Plan { page, .. } => page.draw(frame, inner, looks, true),
        }
    }

    /// Its title and its keys.
    fn words(&self) -> (String, &'static str) {
        match self {
            Popup::Line { purpose: Purpose::Fork, at, .. } => (
                format!("Fork at {:.12}: name of the branch", at.commit),
                "Enter make it   Esc leave   empty: a free name",
            ),
            Popup::Line { at, .. } => (
                format!("Files as they were at {:.12}: folder", at.commit),
                "empty: the project   Enter see what would be done   Esc leave",
            ),
            Popup::Tool { at, .. } => {
                (format!("Resume {:.12} in", at.commit), "Enter start it   p print the command   Esc leave")
            }
            Popup::Plan { at, writes: true, .. } => {
                (format!("Files as they were at {:.12}", at.commit), "w write them   Esc leave")
            }
            Popup::Plan { at, .. } => {
                (format!("Files as they were at {:.12}", at.commit), "nothing to write   Esc leave")
            }
        }
    }
}

fn tool_line(tool: &Choice) -> String {
    let note = if tool.holds { "" } else { "  by a briefing" };
    format!(" {}{}{note}", fit(tool.name, 16), tool.title)
}

/// A key in a line that is typed.
pub(super) fn type_key(typed: &mut String, key: Key) {
    match key {
        Key::Char(c) if !c.is_control() && typed.chars().count() < TYPED_MAX => typed.push(c),
        Key::Backspace => drop(typed.pop()),
        Key::Ctrl('u') => typed.clear(),
        Key::Ctrl('w') => typed.truncate(typed.trim_end().rfind(' ').map_or(0, |at| at + 1)),
        _ => {}
    }
}

/// A text that was pasted into a line that is typed.
pub(super) fn type_text(typed: &mut String, text: &str) {
    clean(text).chars().for_each(|c| type_key(typed, Key::Char(c)));
}

/// Draws a line that is typed, its end if it is long.
pub(super) fn draw_typed(frame: &mut Frame<'_>, area: Rect, before: &str, typed: &str, looks: Looks) {
    let room = usize::from(area.width).saturating_sub(width(before) + 1);
    let mut seen = clean_typed(typed);
    while width(&seen) > room {
        seen.remove(0);
    }
    let buffer = frame.buffer_mut();
    let (x, y) = buffer.set_stringn(area.x, area.y, before, area.width.into(), looks.of(Look::Strong));
    let (x, y) = buffer.set_stringn(x, y, &seen, room, looks.of(Look::Plain));
    if x < area.right() {
        buffer.set_stringn(x, y, " ", 1, looks.of(Look::Chosen));
    }
}

/// What was typed, harmless, its last space kept.
fn clean_typed(typed: &str) -> String {
    let mut seen = clean(typed);
    if typed.ends_with(' ') && !seen.is_empty() {
        seen.push(' ');
    }
    seen
}

/// A part in the middle of an area.
fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
