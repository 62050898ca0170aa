//! The blocks of the Messages API that are written, for all layouts.

use crate::tool::turns::quoted;

/// The pictures that the API takes.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The longest name of a tool that every API takes (OpenAI's: 64).
const NAME_MAX: usize = 64;

/// A text.
pub(in crate::tool) fn text(text: &str) -> String {
    format!("{{\"type\":\"text\",\"text\":{}}}", quoted(text))
}

/// A call. `input` is JSON.
pub(in crate::tool) fn call(id: &str, name: &str, input: &str) -> String {
    let (id, name) = (quoted(id), quoted(name));
    format!("{{\"type\":\"tool_use\",\"id\":{id},\"name\":{name},\"input\":{input}}}")
}

/// Whether a picture can be sent as one: base64 of a kind that the API takes.
pub(in crate::tool) fn is_picture(media: &str, data: &str) -> bool {
    PICTURES.contains(&media) && !data.is_empty() && !data.contains("://")
}

/// What stands for a picture that can't be sent.
pub(in crate::tool) fn no_picture(data: &str) -> String {
    text(&if data.contains("://") { format!("[picture at {data}]") } else { "[picture]".to_owned() })
}

/// What stands for a document.
pub(in crate::tool) fn document(name: &str) -> String {
    text(&format!("[document {name}]"))
}

/// A tool's name as every API takes it.
pub(in crate::tool) fn name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = name.chars().take(NAME_MAX).map(plain).collect();
    if name.is_empty() { "tool".to_owned() } else { name }
}

/// A name was changed.
pub(in crate::tool) const NAME: &str = "names of tools that models' APIs refuse are changed";
/// A picture was left out.
pub(in crate::tool) const PICTURE: &str = "pictures of kinds that models can't be sent are left out";
/// A document was left out.
pub(in crate::tool) const DOCUMENT: &str = "documents are left out, only their names stay";
/// A prompt was put before the conversation.
pub(in crate::tool) const NO_BEGINNING: &str =
    "the conversation begins with the model: a prompt is put before it";
/// What the model is told instead of a beginning.
pub(in crate::tool) const BEGINNING: &str = "[The beginning of this conversation is not there.]";
