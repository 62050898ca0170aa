//! The content of a message, as a list of blocks.

use crate::object::message::{Block, Input, Part, Status, Text};
use crate::tool::turns::quoted;
use crate::tool::{Conversation, Losses, ToolError};

/// The blocks of a line, as they are written.
pub(super) struct Content {
    blocks: Vec<String>,
    /// How many calls there were in the conversation so far.
    calls: u64,
    names: Vec<String>,
}

impl Content {
    /// Begins after so many calls.
    pub(super) fn after(calls: u64) -> Content {
        Content { blocks: Vec::new(), calls, names: Vec::new() }
    }

    /// How many calls there were in the conversation so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    /// The names of what was called.
    pub(super) fn names(&mut self) -> Vec<String> {
        std::mem::take(&mut self.names)
    }

    /// The list.
    pub(super) fn finish(self) -> String {
        format!("[{}]", self.blocks.join(","))
    }

    /// Adds a block.
    pub(super) fn block(
        &mut self,
        from: &mut dyn Conversation,
        block: &Block,
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        match block {
            Block::Text(text) | Block::Notice(text) => self.text("text", &from.string(text)?),
            Block::Summary(text) => self.text("summary", &from.string(text)?),
            Block::Thinking { text, signature } => {
                let text = quoted(&from.string(text)?);
                let signature = signature.as_ref().map(|proof| from.string(proof)).transpose()?;
                let proof = signature.map(|proof| format!(",\"signature\":{}", quoted(&proof)));
                let proof = proof.unwrap_or_default();
                self.blocks.push(format!("{{\"type\":\"thinking\",\"text\":{text}{proof}}}"));
            }
            Block::Call { name, input, .. } => self.call(from, name, input, losses)?,
            Block::Result { call, status, parts } => self.result(from, *call, *status, parts, losses)?,
            Block::Image(media, data) => self.image(from, media, data)?,
            Block::File(media, name, data) => {
                let source = source(media, &from.string(data)?);
                let name = quoted(name);
                self.blocks.push(format!("{{\"type\":\"document\",\"title\":{name},\"source\":{source}}}"));
            }
            Block::Other(json) => self.blocks.push(from.json(json)?),
        }
        Ok(())
    }

    fn text(&mut self, kind: &str, text: &str) {
        self.blocks.push(format!("{{\"type\":\"{kind}\",\"text\":{}}}", quoted(text)));
    }

    fn call(
        &mut self,
        from: &mut dyn Conversation,
        name: &str,
        input: &Input,
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        let input = match input {
            Input::Json(json) => from.json(json)?,
            Input::Text(text) => quoted(&from.string(text)?),
        };
        let input = if input.trim_start().starts_with('{') {
            input
        } else {
            losses.add("the input of a call that is no object is put into one");
            format!("{{\"input\":{input}}}")
        };
        let (id, called) = (id(self.calls), quoted(name));
        self.calls += 1;
        self.names.push(name.to_owned());
        self.blocks.push(format!(
            "{{\"type\":\"tool_use\",\"tool_use_id\":\"{id}\",\"name\":{called},\"input\":{input}}}"
        ));
        Ok(())
    }

    /// Adds what came of a call: one text. A picture in it stands behind it.
    fn result(
        &mut self,
        from: &mut dyn Conversation,
        back: Option<u32>,
        status: Status,
        parts: &[Part],
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        let (mut words, mut images) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text(text) => words.push(from.string(text)?),
                Part::Image(media, data) => images.push((media, data)),
                Part::Other(json) => {
                    losses.add("a part of a result that is neither text nor picture becomes text");
                    words.push(from.json(json)?);
                }
            }
        }
        if words.len() > 1 {
            losses.add("the texts of a result become one");
        }
        let number = back.and_then(|back| self.calls.checked_sub(u64::from(back) + 1));
        let id = number.map(id).unwrap_or_default();
        let (words, failed) = (quoted(&words.join("\n")), status == Status::Error);
        self.blocks.push(format!(
            "{{\"type\":\"tool_result\",\"tool_use_id\":\"{id}\",\"content\":{words},\"is_error\":{failed}}}"
        ));
        for (media, data) in images {
            losses.add("a picture in a result stands behind it");
            self.image(from, media, data)?;
        }
        Ok(())
    }

    fn image(&mut self, from: &mut dyn Conversation, media: &str, data: &Text) -> Result<(), ToolError> {
        let source = source(media, &from.string(data)?);
        self.blocks.push(format!("{{\"type\":\"image\",\"source\":{source}}}"));
        Ok(())
    }
}

/// The id of a call.
fn id(number: u64) -> String {
    format!("call_{number}")
}

/// Where a picture or document is: in base64, or at a URL.
fn source(media: &str, data: &str) -> String {
    let is_url = media.is_empty() || data.starts_with("http://") || data.starts_with("https://");
    let kind = if is_url { "url" } else { "base64" };
    let (media, data) = (quoted(media), quoted(data));
    format!("{{\"type\":\"{kind}\",\"media_type\":{media},\"data\":{data}}}")
}
