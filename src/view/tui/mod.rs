//! The screen: sessions, turns and messages to go through, as a state that
//! events change and that is drawn.
//!
//! It owns no terminal and reads no store. Keys go in ([`Event`]), what must be
//! read or done comes out ([`Ask`]) and is answered ([`Answer`]); between two
//! events it is drawn to a [`ratatui::Frame`]. So a test sees all that a user
//! would. What comes from a session passes [`super::clean`] when it becomes an
//! item of a page or a row of a list.
//!
//! Lists are as long as they are; only the rows that are seen are made.

mod app;
mod ask;
mod code;
mod compare;
mod item;
mod key;
mod look;
mod page;
mod place;
mod popup;
mod sessions;
mod story;
#[cfg(test)]
mod tests;
mod text;

pub use app::App;
pub use ask::{Answer, Ask, Difference, Leave, Point};
pub use key::{Event, Key};

/// What the screen knows of the world.
pub struct Setting {
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// A moment, in milliseconds since 1970, as the user's clock shows it.
    pub time: fn(i64) -> String,
    /// Whether there is colour.
    pub color: bool,
    /// Tools in which a session can be carried on.
    pub tools: Vec<Choice>,
}

/// A tool in which a session can be carried on.
pub struct Choice {
    /// The name users type.
    pub name: &'static str,
    /// The name its makers use.
    pub title: &'static str,
    /// Whether it can hold the session; if not, it is given a briefing.
    pub holds: bool,
}

/// How long ago a moment was, in at most four characters.
fn age(now: i64, at: i64) -> String {
    let seconds = now.saturating_sub(at) / 1000;
    match seconds {
        ..60 => "now".to_owned(),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        86_400..1_209_600 => format!("{}d", seconds / 86_400),
        1_209_600..31_536_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// `1 turn`, `2 turns`.
fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
