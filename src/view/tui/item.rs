//! Items: what a page is made of, and how each becomes lines.

use ratatui::style::Style;
use ratatui::text::Line;

use super::code::Painter;
use super::look::{Look, Looks};
use super::text::{expand, wrap};
use super::{Setting, text};
use crate::object::{Id, Role};
use crate::ops::show::{Piece, Shown};
use crate::view::clean::clean;
use crate::view::message::{piece_text, role};

/// An item shows at most so many lines of its text.
const LINES_MAX: usize = 2000;

/// How the lines of an item are coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// All in its look.
    One,
    /// Prose in its look, what stands between fences as code.
    Prose,
    /// Code of a language.
    Code(&'static str),
}

/// A part of a page that folds and unfolds as one.
#[derive(Clone, Debug)]
pub(super) struct Item {
    look: Look,
    paint: Paint,
    /// What is shown: cleaned.
    text: String,
    /// What is shown when it is unfolded, if it can be.
    full: Option<String>,
    /// Whether it is.
    pub(super) open: bool,
    /// Whether it begins something that keys go to.
    pub(super) is_head: bool,
    /// The commit of the message that it is part of.
    pub(super) commit: Option<Id>,
}

impl Item {
    /// A text of a look, of one or more lines. It must be clean.
    pub(super) fn new(look: Look, text: impl Into<String>) -> Item {
        Item {
            look,
            paint: Paint::One,
            text: text.into(),
            full: None,
            open: false,
            is_head: false,
            commit: None,
        }
    }

    /// The same, as what keys go to.
    pub(super) fn head(look: Look, text: impl Into<String>) -> Item {
        Item { is_head: true, ..Item::new(look, text) }
    }

    /// The same, coloured otherwise.
    pub(super) fn painted(self, paint: Paint) -> Item {
        Item { paint, ..self }
    }

    /// Whether it can be unfolded.
    pub(super) fn folds(&self) -> bool {
        self.full.is_some()
    }

    /// All of its text.
    pub(super) fn whole(&self) -> &str {
        self.full.as_ref().unwrap_or(&self.text)
    }

    /// Its lines where there is room for so many columns.
    pub(super) fn lines(&self, room: usize, looks: Looks) -> Vec<Line<'static>> {
        let text = self.full.as_ref().filter(|_| self.open).unwrap_or(&self.text);
        if self.folds() && !self.open {
            let shown = text::cut(&expand(text.lines().next().unwrap_or_default()), room);
            return vec![Line::styled(shown, looks.of(self.look))];
        }
        let (mut lines, mut painting) = (Vec::new(), Painting::new(&self.paint));
        let base = looks.of(self.look);
        for line in text.split('\n') {
            if lines.len() >= LINES_MAX {
                let left = text.split('\n').count();
                let note = format!("… of {left} lines no more are shown; `sfs show` has them all");
                lines.push(Line::styled(text::cut(&note, room), looks.of(Look::Faint)));
                break;
            }
            lines.extend(wrap(&painting.spans(&expand(line), base, looks), room));
        }
        lines
    }
}

/// Colours the lines of an item, one after another.
struct Painting {
    painter: Option<Painter>,
    prose: bool,
}

impl Painting {
    fn new(paint: &Paint) -> Painting {
        match paint {
            Paint::One => Painting { painter: None, prose: false },
            Paint::Prose => Painting { painter: None, prose: true },
            Paint::Code(language) => Painting { painter: Some(Painter::new(language)), prose: false },
        }
    }

    fn spans(&mut self, line: &str, base: Style, looks: Looks) -> Vec<(Style, String)> {
        let fence = if self.prose { line.trim_start().strip_prefix("```") } else { None };
        if let Some(language) = fence {
            self.painter = if self.painter.is_some() { None } else { Some(Painter::new(language.trim())) };
            return vec![(looks.of(Look::Faint), line.to_owned())];
        }
        match &mut self.painter {
            None => vec![(if self.prose { heading(line, base) } else { base }, line.to_owned())],
            Some(painter) => {
                let pieces = painter.line(line);
                pieces.into_iter().map(|(look, piece)| (looks.of(look), piece.to_owned())).collect()
            }
        }
    }
}

/// A heading of Markdown is bold.
fn heading(line: &str, base: Style) -> Style {
    let rest = line.trim_start_matches('#');
    if rest.len() < line.len() && rest.starts_with(' ') { base.bold() } else { base }
}

/// A message: who speaks, and an item for each piece.
pub(super) fn of_message(shown: &Shown, setting: &Setting, sign: &str) -> Vec<Item> {
    let mut about = vec![format!("{sign}{}", role(shown.role))];
    about.extend(shown.time.map(setting.time));
    about.extend(shown.model.as_deref().map(clean));
    about.push(format!(":{}", shown.n));
    let look = if shown.role == Role::User { Look::User } else { Look::Strong };
    let mut items = vec![Item::head(look, about.join("  "))];
    items.extend(shown.pieces.iter().filter_map(of_piece));
    items.push(Item::new(Look::Plain, ""));
    items.iter_mut().for_each(|item| item.commit = Some(shown.id));
    items
}

fn of_piece(piece: &Piece) -> Option<Item> {
    let text = piece_text(piece, false);
    if text.is_empty() {
        return None;
    }
    let (look, paint) = match piece {
        Piece::Text(_) => return Some(Item::new(Look::Plain, text).painted(Paint::Prose)),
        Piece::Call { is_json: true, .. } => (Look::Call, Paint::Code("json")),
        Piece::Call { .. } => (Look::Call, Paint::Code("diff")),
        Piece::Result { failed: true, .. } => (Look::Gone, Paint::One),
        Piece::Summary(_) => (Look::Plain, Paint::Prose),
        Piece::Image(..) | Piece::File(..) => (Look::Name, Paint::One),
        Piece::Result { .. } | Piece::Thinking(_) | Piece::Notice(_) | Piece::Other(_) => {
            (Look::Faint, Paint::One)
        }
    };
    let full = Some(piece_text(piece, true)).filter(|full| *full != text);
    Some(Item { full, ..Item::new(look, text).painted(paint) })
}
