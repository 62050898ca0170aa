//! Calls and their outputs, as a rollout pairs them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::tools::Failed;
use super::write::{Content, ERROR_MARK, Writer};
use crate::object::escape::Style;
use crate::object::id::checksum;
use crate::object::message::{Input, Part, Status};
use crate::tool::ToolError;

/// The output of a call that never got one.
pub(super) const INTERRUPTED: &str = "[interrupted]";
/// Stands before the output of a call that isn't there.
const ORPHAN_MARK: &str = "[result of an earlier call]\n";
/// The longest name of a tool that the API takes.
const NAME_MAX: usize = 128;

/// How a call is written, and so its output.
#[derive(Clone, Copy)]
enum Form {
    /// Its arguments are JSON.
    Function,
    /// Its input is a text.
    Custom,
}

/// The calls so far. Their ids follow from their numbers, so only those that
/// wait for their output are remembered.
pub(super) struct Calls {
    seed: u128,
    count: u64,
    open: BTreeMap<u64, Form>,
}

impl Calls {
    /// No calls yet.
    pub(super) fn new(seed: u128) -> Calls {
        Calls { seed, count: 0, open: BTreeMap::new() }
    }

    fn id(&self, n: u64) -> String {
        let bits = checksum(&[self.seed.to_le_bytes().as_slice(), b"call", &n.to_le_bytes()].concat());
        format!("call_{bits:016x}{n:08x}")
    }
}

impl Writer<'_> {
    /// Writes a call.
    pub(super) fn call(
        &mut self,
        time: Option<i64>,
        name: &str,
        input: Input,
        own: bool,
    ) -> Result<(), ToolError> {
        let n = self.calls.count;
        self.calls.count += 1;
        let (form, input) = match input {
            Input::Text(text) => (Form::Custom, self.conversation.string(&text)?),
            Input::Json(json) => (Form::Function, self.conversation.json(&json)?),
        };
        if own && name == "web_search" && input.starts_with("{\"type\":") {
            // The provider's own search has no output of its own.
            return self.row(time, "response_item", |item| {
                item.text("type", "web_search_call").text("status", "completed").json("action", &input);
            });
        }
        let (id, name) = (self.calls.id(n), self.tool_name(name));
        self.calls.open.insert(n, form);
        match form {
            Form::Custom => self.row(time, "response_item", |item| {
                item.text("type", "custom_tool_call")
                    .text("status", "completed")
                    .text("call_id", &id)
                    .text("name", &name)
                    .text("input", &input);
            }),
            Form::Function => {
                let arguments = self.arguments(input);
                self.row(time, "response_item", |item| {
                    item.text("type", "function_call")
                        .text("name", &name)
                        .text("arguments", &arguments)
                        .text("call_id", &id);
                })
            }
        }
    }

    /// A name that the API takes.
    fn tool_name<'n>(&mut self, name: &'n str) -> Cow<'n, str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(fits) {
            return Cow::Borrowed(name);
        }
        self.losses.add("names of tools that the model's API refuses are changed");
        let name: String = name.chars().take(NAME_MAX).map(|c| if fits(c) { c } else { '_' }).collect();
        Cow::Owned(if name.is_empty() { "tool".to_owned() } else { name })
    }

    /// Arguments are an object.
    fn arguments(&mut self, json: String) -> String {
        if json.starts_with('{') {
            return json;
        }
        self.losses.add("inputs of calls that are no objects are put into one");
        format!("{{\"input\":{json}}}")
    }

    /// Writes the output of a call. What has no call that waits for it goes
    /// to `late`, to be said in words.
    pub(super) fn result(
        &mut self,
        time: Option<i64>,
        back: Option<u32>,
        status: Status,
        parts: Vec<Part>,
        late: &mut Vec<Content>,
    ) -> Result<(), ToolError> {
        let mut content = Vec::with_capacity(parts.len());
        for part in parts {
            content.push(match part {
                Part::Text(text) => Content::Text(self.conversation.string(&text)?),
                Part::Image(media, data) => self.image(&media, &data)?,
                Part::Other(json) => Content::Text(self.conversation.json(&json)?),
            });
        }
        content.retain(|c| !matches!(c, Content::Text(text) if text.is_empty()));
        if status == Status::Error {
            flag(&mut content);
        }
        let n = back.and_then(|back| self.calls.count.checked_sub(u64::from(back) + 1));
        match n.and_then(|n| Some((n, self.calls.open.remove(&n)?))) {
            Some((n, form)) => self.output(time, n, form, &content),
            None => {
                self.losses.add("results without a call become messages");
                late.push(Content::Text(ORPHAN_MARK.to_owned()));
                late.append(&mut content);
                Ok(())
            }
        }
    }

    fn output(
        &mut self,
        time: Option<i64>,
        n: u64,
        form: Form,
        content: &[Content],
    ) -> Result<(), ToolError> {
        let id = self.calls.id(n);
        let kind = match form {
            Form::Function => "function_call_output",
            Form::Custom => "custom_tool_call_output",
        };
        self.row(time, "response_item", |item| {
            item.text("type", kind).text("call_id", &id);
            match content {
                [] => item.text("output", ""),
                [Content::Text(text)] => item.text("output", text),
                many => item.objects("output", many, |object, piece| piece.write(object)),
            };
        })
    }

    /// Gives each call that waits for its output one that says it never came.
    pub(super) fn interrupt(&mut self) -> Result<(), ToolError> {
        while let Some((n, form)) = self.calls.open.pop_first() {
            self.losses.add("calls without a result get one that says so");
            self.output(None, n, form, &[Content::Text(INTERRUPTED.to_owned())])?;
        }
        Ok(())
    }
}

/// Makes an output say that its call failed: only its text can.
fn flag(content: &mut Vec<Content>) {
    match content.first_mut() {
        Some(Content::Text(text)) => {
            let (mut failed, mut raw) = (Failed::default(), Vec::new());
            Style::Plain.write(text.as_bytes(), &mut raw);
            failed.look(&raw);
            if failed.status() == Status::Ok {
                text.insert_str(0, &format!("{ERROR_MARK}\n"));
            }
        }
        _ => content.insert(0, Content::Text(ERROR_MARK.to_owned())),
    }
}
