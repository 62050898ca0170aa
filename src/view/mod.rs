//! Seeing: values to text, to JSON and to a screen. Neither store nor terminal.
//!
//! What comes out of a session is text of strangers: all of it passes
//! [`clean`] on its way to text.

pub mod blame;
pub mod clean;
pub mod graph;
pub mod html;
pub mod json;
pub mod md;
pub mod message;
pub mod plot;
pub mod search;
pub mod stats;
pub mod sync;
pub mod tui;

/// A number of tokens, as people read it.
pub fn tokens(n: u64) -> String {
    match n {
        0..1000 => n.to_string(),
        1000..1_000_000 => format!("{:.1}k", n as f64 / 1000.0),
        _ => format!("{:.1}M", n as f64 / 1_000_000.0),
    }
}

/// `1 turn`, `2 turns`.
pub fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A file that was touched: how, and its path.
pub fn file(file: &str) -> String {
    let how = match file.chars().next() {
        Some('r') => "read ",
        Some('w') => "write",
        Some('e') => "edit ",
        _ => return clean::clean(file),
    };
    format!("{how} {}", clean::clean(file.get(1..).unwrap_or_default()))
}
