//! Pages: a conversation as HTML that needs nothing beside it.
//!
//! Whatever comes out of a session is hostile. It reaches a page through
//! [`text::escape`] alone, and the page forbids the rest: its policy lets in
//! no script and no style but its own, by their hashes, and loads nothing.

mod call;
mod diff;
mod head;
mod highlight;
mod markdown;
mod message;
mod page;
mod pages;
mod plot;
pub mod site;
pub mod text;

pub use message::Writer;
pub use page::{Page, policy};
pub use pages::{File, Pages, part_name};

/// The most of a text that a page shows, in bytes; where it is cut, the page
/// says how to see the rest.
pub const SHOWN_MAX: usize = 64 << 10;

/// A moment, in milliseconds since 1970, as an element.
fn moment(ms: i64) -> String {
    time(ms, "%Y-%m-%d %H:%M UTC")
}

/// The same where the day is known.
fn time_of_day(ms: i64) -> String {
    time(ms, "%H:%M:%S")
}

fn time(ms: i64, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => {
            let words = at.to_zoned(jiff::tz::TimeZone::UTC).strftime(format).to_string();
            format!("<time datetime=\"{at}\" title=\"{at}\">{words}</time>")
        }
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests;
