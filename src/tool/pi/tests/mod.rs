//! The adapter as a whole, on small sessions made for it.

mod reading;
mod writing;

use super::*;
use crate::object::message::{Message, Text};
use crate::tool::{Step, testing};

fn steps(entries: &str) -> Vec<Step> {
    testing::steps(&Pi, entries.as_bytes())
}

fn messages(steps: &[Step]) -> Vec<&Message> {
    steps.iter().filter_map(|step| Some(&step.message.as_ref()?.message)).collect()
}

fn inline(words: &str) -> Text {
    testing::text(words)
}
