//! JSON as the tool writes messages: compact, the members by name.

use crate::object::escape::Style;
use crate::tool::turns::quoted;

/// An object of members whose values are JSON. They come in the order of the
/// names.
pub(super) fn object(members: &[(&str, &str)]) -> String {
    let mut members = members.to_vec();
    members.sort_unstable_by_key(|(name, _)| *name);
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// A list of JSON values.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

/// Bytes as base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    Style::Base64.write(bytes, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
