//! Looks: what each sort of text looks like. Only the sixteen colours that
//! the terminal's user chose, never a colour behind text; without colour only
//! bold, faint and reversed.

use ratatui::style::{Color, Modifier, Style};

/// A sort of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What there is nothing to say of.
    Plain,
    /// What matters most.
    Strong,
    /// What matters least.
    Faint,
    /// An id, a revision.
    Id,
    /// A name, what is new.
    Name,
    /// What is gone, what failed.
    Gone,
    /// The user's words.
    User,
    /// A call.
    Call,
    /// A keyword of a program.
    Keyword,
    /// A number in a program.
    Number,
    /// The line that keys act on.
    Chosen,
}

/// Whether there is colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    color: bool,
}

impl Looks {
    pub(super) fn new(color: bool) -> Looks {
        Looks { color }
    }

    /// The style of a look.
    pub(super) fn of(self, look: Look) -> Style {
        let plain = Style::new();
        let color = |color: Color| if self.color { plain.fg(color) } else { plain };
        match look {
            Look::Plain => plain,
            Look::Strong => plain.add_modifier(Modifier::BOLD),
            // Bright black is the background in some palettes; faint is not.
            Look::Faint => plain.add_modifier(Modifier::DIM),
            Look::Id => color(Color::Yellow),
            Look::Name => color(Color::Green),
            Look::Gone => color(Color::Red),
            Look::User => color(Color::Cyan).add_modifier(Modifier::BOLD),
            Look::Call | Look::Number => color(Color::Cyan),
            Look::Keyword => color(Color::Magenta),
            Look::Chosen => plain.add_modifier(Modifier::REVERSED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_is_none() {
        for look in [Look::Id, Look::Name, Look::Gone, Look::User, Look::Call, Look::Keyword, Look::Number] {
            assert_eq!(Looks::new(false).of(look).fg, None, "{look:?}");
            assert!(Looks::new(true).of(look).fg.is_some(), "{look:?}");
        }
        assert!(Looks::new(false).of(Look::Chosen).add_modifier.contains(Modifier::REVERSED));
    }
}
