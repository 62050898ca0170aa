//! Tokens counted.
//!
//! The event `token_count` and, since 0.169, the record `token_usage_record`
//! tell of the same API call, with the same total of the thread so far. So the
//! total is what names the call: events repeat the last count (on resume, on
//! news of limits), and totals grow with every call.

use crate::object::commit::Usage;
use crate::object::json::Value;
use crate::tool::{Counted, Key};

/// What a `token_count` event counts; nothing if its `info` is null.
pub(super) fn of_event(payload: Value<'_>) -> Option<Counted> {
    let info = payload.get("info")?;
    counted(info.get("total_token_usage"), info.get("last_token_usage"))
}

/// The tokens of the last call, named by the total after it.
pub(super) fn counted(total: Option<Value<'_>>, last: Option<Value<'_>>) -> Option<Counted> {
    let (total, last) = (usage(total?), usage(last?));
    let numbers = [total.input, total.cache_write, total.cache_read, total.output];
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    Some(Counted { api: Key::of(&bytes), usage: last }).filter(|_| !last.is_zero())
}

/// `input_tokens` includes those read from and written to the cache, and
/// `output_tokens` those of reasoning.
fn usage(value: Value<'_>) -> Usage {
    let number = |key| value.get(key).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let (cache_read, cache_write) = (number("cached_input_tokens"), number("cache_write_input_tokens"));
    let input = number("input_tokens").saturating_sub(cache_read).saturating_sub(cache_write);
    Usage { input, cache_write, cache_read, output: number("output_tokens") }
}
