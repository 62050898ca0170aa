//! The content blocks that are written, under the API's strict rules.

use crate::object::escape::Style;
use crate::object::id::digest;
use crate::object::message::{Input, Part};
use crate::tool::{Conversation, ToolError};

/// The pictures that the API takes.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The longest name of a tool that the API takes.
const NAME_MAX: usize = 128;

/// How the tool's own summaries begin.
const OWN_SUMMARY: &str = "This session is being continued from a previous conversation";

/// Makes ids from a seed: what is asked for twice is the same.
#[derive(Clone, Copy)]
pub(super) struct Ids(pub(super) u128);

impl Ids {
    fn bytes(self, kind: u8, number: u64) -> [u8; 16] {
        let mut from = [0; 25];
        let (seed, rest) = from.split_at_mut(16);
        seed.copy_from_slice(&self.0.to_le_bytes());
        let (place, last) = rest.split_at_mut(8);
        place.copy_from_slice(&number.to_le_bytes());
        last.fill(kind);
        digest(&from)
    }

    /// The id of a row.
    pub(super) fn row(self, number: u64) -> String {
        uuid::Builder::from_random_bytes(self.bytes(b'r', number)).into_uuid().to_string()
    }

    /// The id of an answer.
    pub(super) fn message(self, number: u64) -> String {
        format!("msg_{:032x}", u128::from_be_bytes(self.bytes(b'm', number)))
    }

    /// The id of a call.
    pub(super) fn call(self, number: u64) -> String {
        format!("toolu_{:032x}", u128::from_be_bytes(self.bytes(b'c', number)))
    }
}

/// A list of blocks, ready for the next one.
pub(super) fn next(list: &mut Vec<u8>) -> &mut Vec<u8> {
    if !list.is_empty() {
        list.push(b',');
    }
    list
}

/// Appends a string in quotes.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    Style::Plain.write(text.as_bytes(), out);
    out.push(b'"');
}

/// Appends a text block.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"text\",\"text\":");
    quote(text, out);
    out.push(b'}');
}

/// Appends a thought.
pub(super) fn thinking(text: &str, signature: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"thinking\",\"thinking\":");
    quote(text, out);
    out.extend_from_slice(b",\"signature\":");
    quote(signature, out);
    out.push(b'}');
}

/// Appends a call. `input` is JSON.
pub(super) fn call(id: &str, name: &str, input: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"tool_use\",\"id\":");
    quote(id, out);
    out.extend_from_slice(b",\"name\":");
    quote(name, out);
    out.extend_from_slice(b",\"input\":");
    out.extend_from_slice(input.as_bytes());
    out.push(b'}');
}

/// Appends a result. `content` is JSON.
pub(super) fn result(id: &str, content: &[u8], failed: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"tool_result\",\"tool_use_id\":");
    quote(id, out);
    out.extend_from_slice(b",\"content\":");
    out.extend_from_slice(content);
    out.extend_from_slice(if failed { b",\"is_error\":true}" } else { b"}" });
}

/// Appends a picture, or says that there was one, and returns false.
pub(super) fn image(media: &str, data: &str, out: &mut Vec<u8>) -> bool {
    let known = is_url(data) || PICTURES.contains(&media) && !data.is_empty();
    if known {
        source("image", media, data, out);
        out.push(b'}');
    } else {
        text("[image]", out);
    }
    known
}

/// Appends a document, or names it, and returns false.
pub(super) fn document(media: &str, name: &str, data: &str, out: &mut Vec<u8>) -> bool {
    let known = is_url(data) || media == "application/pdf" && !data.is_empty();
    if known {
        source("document", media, data, out);
        if !name.is_empty() {
            out.extend_from_slice(b",\"title\":");
            quote(name, out);
        }
        out.push(b'}');
    } else {
        text(&format!("[file: {name}]"), out);
    }
    known
}

fn is_url(data: &str) -> bool {
    data.starts_with("https://") || data.starts_with("http://")
}

fn source(kind: &str, media: &str, data: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":");
    quote(kind, out);
    if is_url(data) {
        out.extend_from_slice(b",\"source\":{\"type\":\"url\",\"url\":");
    } else {
        out.extend_from_slice(b",\"source\":{\"type\":\"base64\",\"media_type\":");
        quote(media, out);
        out.extend_from_slice(b",\"data\":");
    }
    quote(data, out);
    out.push(b'}');
}

/// The input of a call as a JSON object; what is none is wrapped in one.
pub(super) fn input(from: &mut dyn Conversation, input: &Input) -> Result<String, ToolError> {
    let json = match input {
        Input::Json(json) if json.literal.first() == Some(&b'{') => return from.json(json),
        Input::Json(json) => from.json(json)?,
        Input::Text(text) => {
            let mut quoted = Vec::new();
            quote(&from.string(text)?, &mut quoted);
            String::from_utf8_lossy(&quoted).into_owned()
        }
    };
    let json = if json.is_empty() { "null" } else { &json };
    Ok(format!("{{\"input\":{json}}}"))
}

/// The content of a result as JSON. An API error can't hold pictures; `lost`
/// is called for each one left out.
pub(super) fn parts(
    from: &mut dyn Conversation,
    parts: &[Part],
    failed: bool,
    lost: &mut dyn FnMut(),
) -> Result<Vec<u8>, ToolError> {
    if let [Part::Text(text)] = parts {
        let text = from.string(text)?;
        let mut out = Vec::with_capacity(text.len() + 2);
        quote(if failed && text.trim().is_empty() { "[error]" } else { &text }, &mut out);
        return Ok(out);
    }
    let mut list = Vec::new();
    for part in parts {
        match part {
            Part::Text(said) => {
                let said = from.string(said)?;
                if !said.trim().is_empty() {
                    text(&said, next(&mut list));
                }
            }
            Part::Image(..) if failed => {
                text("[image]", next(&mut list));
                lost();
            }
            Part::Image(media, data) => {
                let data = from.string(data)?;
                if !image(media, &data, next(&mut list)) {
                    lost();
                }
            }
            Part::Other(json) => text(&from.json(json)?, next(&mut list)),
        }
    }
    Ok(match (list.is_empty(), failed) {
        (true, true) => b"\"[error]\"".to_vec(),
        (true, false) => b"\"\"".to_vec(),
        _ => [b"[", list.as_slice(), b"]"].concat(),
    })
}

/// A result as plain text.
pub(super) fn parts_text(from: &mut dyn Conversation, parts: &[Part]) -> Result<String, ToolError> {
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            out.push('\n');
        }
        match part {
            Part::Text(said) => out.push_str(&from.string(said)?),
            Part::Image(..) => out.push_str("[image]"),
            Part::Other(json) => out.push_str(&from.json(json)?),
        }
    }
    Ok(out)
}

/// A summary as something that the user says.
pub(super) fn summary(text: String) -> String {
    if text.starts_with(OWN_SUMMARY) {
        text
    } else {
        format!("[Summary of the conversation so far]\n\n{text}")
    }
}

/// A tool's name as the API takes it.
pub(super) fn name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = name.chars().take(NAME_MAX).map(plain).collect();
    if name.is_empty() { "tool".to_owned() } else { name }
}
