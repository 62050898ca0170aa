//! What is said to a model: texts, and pictures of kinds that models see.

use crate::object::message::{Block, Input, Part, Text};
use crate::tool::{Conversation, Losses, ToolError};

use super::SUMMARY_MARK;

/// The pictures that models see.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The longest name of a tool that every API takes (OpenAI's: 64).
const NAME_MAX: usize = 64;

const NOTICES: &str = "what a tool put into the conversation on its own account is left out";
const UNSEEN: &str = "pictures of a kind that models can't see are left out";
const FARAWAY: &str = "pictures on the web are not sent, only their addresses";

/// A piece of what a user or a call says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tool) enum Content {
    /// A text, not empty.
    Text(String),
    /// A picture: its media type and its base64.
    Image(String, String),
}

/// Reads blocks and parts, and counts what can't be kept.
pub(super) struct Reading<'a> {
    pub(super) from: &'a mut dyn Conversation,
    pub(super) losses: &'a mut Losses,
}

impl Reading<'_> {
    /// What of a block a user can say. `system` if it is the tool that speaks.
    pub(super) fn said(&mut self, block: &Block, system: bool) -> Result<Option<Content>, ToolError> {
        let text = match block {
            Block::Text(_) if system => {
                self.losses.add(NOTICES);
                String::new()
            }
            Block::Text(text) => self.from.string(text)?,
            Block::Summary(text) if text.is_empty() => String::new(),
            Block::Summary(text) => {
                self.losses.add("summaries become messages; all that they sum up is sent too");
                format!("{SUMMARY_MARK}{}", self.from.string(text)?)
            }
            Block::Notice(_) => {
                self.losses.add(NOTICES);
                String::new()
            }
            Block::Image(media, data) => return self.picture(media, data).map(Some),
            Block::File(media, name, _) => {
                self.losses.add("documents are left out, only their names stay");
                format!("[document {name} ({media})]")
            }
            Block::Other(json) => {
                self.losses.add("parts of a kind that isn't known become text");
                self.from.json(json)?
            }
            Block::Thinking { .. } => {
                self.losses.add("thoughts that aren't the model's are left out");
                String::new()
            }
            Block::Call { .. } | Block::Result { .. } => String::new(),
        };
        Ok(Some(Content::Text(text)).filter(|content| !content.is_blank()))
    }

    /// What a result gives.
    pub(super) fn parts(&mut self, parts: &[Part]) -> Result<Vec<Content>, ToolError> {
        let mut content = Vec::with_capacity(parts.len());
        for part in parts {
            content.push(match part {
                Part::Text(text) => Content::Text(self.from.string(text)?),
                Part::Image(media, data) => self.picture(media, data)?,
                Part::Other(json) => Content::Text(self.from.json(json)?),
            });
        }
        content.retain(|c| !matches!(c, Content::Text(text) if text.is_empty()));
        Ok(content)
    }

    fn picture(&mut self, media: &str, data: &Text) -> Result<Content, ToolError> {
        let data = self.from.string(data)?;
        if data.starts_with("http://") || data.starts_with("https://") {
            self.losses.add(FARAWAY);
            return Ok(Content::Text(format!("[picture at {data}]")));
        }
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let media = if media == "image/jpg" { "image/jpeg".to_owned() } else { media };
        if data.is_empty() || !PICTURES.contains(&media.as_str()) {
            self.losses.add(UNSEEN);
            return Ok(Content::Text(format!("[picture of type {media}]")));
        }
        Ok(Content::Image(media, data))
    }

    /// The input of a call as an object.
    pub(super) fn input(&mut self, input: &Input) -> Result<String, ToolError> {
        let json = match input {
            Input::Json(json) => self.from.json(json)?,
            Input::Text(text) => serde_json::Value::String(self.from.string(text)?).to_string(),
        };
        if json.starts_with('{') {
            return Ok(json);
        }
        self.losses.add("inputs of calls that are no objects are put into one");
        Ok(format!("{{\"input\":{}}}", if json.is_empty() { "null" } else { &json }))
    }

    /// A name that every API takes.
    pub(super) fn name(&mut self, name: &str) -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(fits) {
            return name.to_owned();
        }
        self.losses.add("names of tools that models' APIs refuse are changed");
        let name: String = name.chars().take(NAME_MAX).map(|c| if fits(c) { c } else { '_' }).collect();
        if name.is_empty() { "tool".to_owned() } else { name }
    }
}

impl Content {
    /// Tells whether it is a text that says nothing.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Content::Text(text) if text.trim().is_empty())
    }

    /// How many bytes it is.
    pub(super) fn len(&self) -> usize {
        match self {
            Content::Text(text) => text.len(),
            Content::Image(_, data) => data.len(),
        }
    }
}
