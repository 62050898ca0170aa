//! The proof by the real tools: Claude Code and Codex, installed from npm, run
//! against model servers of our own on the loopback interface.
//!
//! - [`script`] what a model is to answer, the same for both APIs
//! - [`mock`] a small HTTP server that records every request
//! - [`anthropic`], [`openai`], [`google`] the model APIs, each with the rules by which
//!   the real one refuses a request
//! - [`tools`] installs the tools, runs programs in a clean environment
//! - [`sandbox`] a throwaway home, project and store
//! - [`conversation`] what a recorded request says, free of its API
//! - [`compare`] two conversations, item by item
//! - [`chat`] the model API of most other tools
//! - [`handed`] a session handed to another tool, and what must arrive
//! - [`package`] other tools, each installed by itself
//! - [`hand`] sessions written by hand: the control for the comparison
//! - [`resume`] a session written by `sfs`, picked up by its tool
//! - [`scenario`] sessions made by the real tools, for the tests to start from

pub(crate) mod anthropic;
pub(crate) mod anthropic_rules;
pub(crate) mod chat;
pub(crate) mod compare;
pub(crate) mod conversation;
pub(crate) mod essence;
pub(crate) mod google;
pub(crate) mod hand;
pub(crate) mod handed;
pub(crate) mod mock;
pub(crate) mod openai;
pub(crate) mod openai_rules;
pub(crate) mod package;
pub(crate) mod resume;
pub(crate) mod sandbox;
pub(crate) mod scenario;
pub(crate) mod script;
pub(crate) mod tools;

/// An 8×8 PNG: a red square, small enough that no tool scales it.
pub(crate) const PNG_BASE64: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC";

/// The bytes behind `base64`, or `None` if it isn't strict, padded base64.
pub(crate) fn decode_base64(base64: &str) -> Option<Vec<u8>> {
    let digits = base64.as_bytes();
    let padding = digits.iter().rev().take_while(|b| **b == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let (mut out, mut held, mut bits) = (Vec::new(), 0u32, 0u32);
    for digit in digits.get(..digits.len() - padding)? {
        held = (held << 6) | u32::from(sextet(*digit)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    Some(out)
}

/// The value of one base64 digit.
fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
