//! A turn: what was asked, and what came of it.

use super::{names, parts, rounds};
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::setting::{MODE, VERSION};
use crate::tool::step::first_words;
use crate::tool::{Draft, Key, Step};

/// The mark of what the editor's own vendor of models offers.
const VENDOR: &str = "copilot/";

/// What is known of an answer as a whole.
#[derive(Default)]
pub(super) struct Answer<'t> {
    pub(super) result: Option<Value<'t>>,
    /// When it was asked for and when it was done, in milliseconds since 1970.
    pub(super) asked: Option<i64>,
    pub(super) done: Option<i64>,
    pub(super) model: Option<String>,
}

impl<'t> Answer<'t> {
    fn of(request: Value<'t>) -> Answer<'t> {
        let time = |path: &[&str]| request.path(path)?.int().filter(|time| *time > 0);
        let result = request.get("result").filter(|result| result.kind() == Type::Object);
        let asked = time(&["timestamp"]);
        let elapsed = || result?.path(&["timings", "totalElapsed"])?.int();
        let done = time(&["modelState", "completedAt"]);
        let done = done.or_else(|| Some(asked?.saturating_add(elapsed().unwrap_or_default().max(0))));
        let named = request.string("modelId");
        let named = named.map(|name| name.strip_prefix(VENDOR).unwrap_or(&name).to_owned());
        // Where the editor chose one, the result tells which.
        let chosen = || result?.path(&["metadata", "resolvedModel"])?.str().map(Into::into);
        let model = if named.as_deref() == Some("auto") { chosen().or(named) } else { named };
        Answer { result, asked, done, model: model.filter(|name| !name.is_empty()) }
    }
}

/// Whether the state of an answer is a last one: complete, cancelled, failed.
pub(super) fn is_over(state: Value<'_>) -> bool {
    matches!(state.get("value").and_then(|value| value.int()), Some(1..=3))
}

/// The rounds that a result tells of, if it does.
pub(super) fn rounds(result: Value<'_>) -> Option<Value<'_>> {
    let rounds = result.path(&["metadata", "toolCallRounds"])?;
    rounds.items().next().is_some().then_some(rounds)
}

/// Whether nothing more is to come of a turn.
pub(super) fn is_finished(request: Value<'_>) -> bool {
    let result = request.get("result").filter(|result| result.kind() == Type::Object);
    if result.and_then(rounds).is_some() {
        return true;
    }
    match request.get("modelState").filter(|state| state.kind() == Type::Object) {
        Some(state) => is_over(state),
        // Older sessions have no state.
        None => result.is_some() || request.get("isCanceled").is_some_and(|it| it.is_true()),
    }
}

/// All that a turn says.
pub(super) fn all(request: Value<'_>, texts: &mut Texts) -> Vec<Step> {
    let mut steps = vec![prompt(request, texts)];
    let answer = Answer::of(request);
    match answer.result.filter(|result| rounds(*result).is_some()) {
        Some(result) => steps.extend(rounds::said(result, &answer, texts)),
        None => steps.extend(parts::said(request.get("response"), &answer, texts)),
    }
    steps.extend(why(&answer, texts));
    steps
}

/// Why there is no more of an answer.
fn why(answer: &Answer<'_>, texts: &mut Texts) -> Option<Step> {
    let message = answer.result?.path(&["errorDetails", "message"])?;
    let says = message.kind() == Type::String && !message.raw().is_empty();
    let block = says.then(|| Block::Notice(texts.of(message)))?;
    Some(Step { message: Some(Draft::of(Role::System, vec![block])), time: answer.done, ..Step::default() })
}

/// What was asked. Every turn begins with it, whatever it says.
fn prompt(request: Value<'_>, texts: &mut Texts) -> Step {
    let message = request.get("message");
    let text = message.and_then(|message| match message.kind() {
        Type::String => Some(message),
        _ => message.get("text").filter(|text| text.kind() == Type::String),
    });
    let text = text.filter(|text| !text.raw().is_empty());
    let mut blocks: Vec<Block> = text.map(|text| Block::Text(texts.of(text))).into_iter().collect();
    for variable in request.path(&["variableData", "variables"]).into_iter().flat_map(|list| list.items()) {
        blocks.extend(attached(variable, texts));
    }
    if blocks.is_empty() {
        blocks.push(Block::Text(match message {
            Some(message) => texts.of(message),
            None => texts.make(b""),
        }));
    }
    let mut step = Step {
        key: request.get("requestId").filter(|id| id.kind() == Type::String).map(|id| Key::of(id.raw())),
        prompt: Some(text.and_then(|text| text.str()).map(|text| first_words(&text)).unwrap_or_default()),
        time: request.get("timestamp").and_then(|time| time.int()).filter(|time| *time > 0),
        message: Some(Draft::of(Role::User, blocks)),
        ..Step::default()
    };
    let mode = request.get("modeInfo");
    let named = mode.and_then(|mode| mode.string("modeName").or_else(|| mode.string("modeId")));
    if let Some(mode) = named.or_else(|| mode.and_then(|mode| mode.string("kind"))) {
        step.settings.say(MODE, mode);
    }
    step.facts.version = request.path(&["agent", "extensionVersion"]).and_then(|v| v.str()).map(Into::into);
    if let Some(version) = &step.facts.version {
        step.settings.say(VERSION, version.as_str());
    }
    step
}

/// What is attached to a prompt, as far as it isn't the editor's own context:
/// pictures and pasted texts whole, files and the like by their names.
fn attached(variable: Value<'_>, texts: &mut Texts) -> Option<Block> {
    let (kind, name) = (variable.string("kind").unwrap_or_default(), variable.string("name"));
    let name = || name.clone().unwrap_or_default();
    match kind.as_str() {
        "image" => {
            let media = variable.string("mimeType").unwrap_or_else(|| "image/png".to_owned());
            let value = variable.get("value")?;
            // Bytes of a picture that isn't kept are an object without members.
            let data = value.get("base64").unwrap_or(value);
            (data.kind() == Type::String).then(|| Block::Image(media, texts.of(data)))
        }
        "paste" => {
            let code = variable.get("code").filter(|code| code.kind() == Type::String)?;
            Some(Block::File("text/plain".to_owned(), name(), texts.of(code)))
        }
        "file" | "directory" | "symbol" | "promptFile" | "notebookOutput" => {
            let path = names::path_of(variable.get("value")?)?;
            Some(Block::Notice(texts.make(format!("attached: {path}").as_bytes())))
        }
        _ => None,
    }
}
