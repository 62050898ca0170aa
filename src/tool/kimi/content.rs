//! What messages consist of, in Kimi Code as in the program before it.

use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::{Draft, Key, Step};

/// What the tools' own tools do: Kimi Code's of 2.1, then those of kimi-cli.
const ACTIONS: &[(&str, Action)] = &[
    ("Bash", Action::Shell),
    ("Read", Action::Read),
    ("ReadMediaFile", Action::Read),
    ("Write", Action::Write),
    ("Edit", Action::Edit),
    ("Grep", Action::Search),
    ("Glob", Action::Search),
    ("WebSearch", Action::Fetch),
    ("FetchURL", Action::Fetch),
    ("Agent", Action::Task),
    ("AgentSwarm", Action::Task),
    ("TodoList", Action::Plan),
    ("Shell", Action::Shell),
    ("ReadFile", Action::Read),
    ("WriteFile", Action::Write),
    ("StrReplaceFile", Action::Edit),
    ("SearchWeb", Action::Fetch),
    ("Task", Action::Task),
    ("SetTodoList", Action::Plan),
];

/// A string member that isn't empty.
pub(super) fn string<'t>(value: Value<'t>, key: &str) -> Option<Value<'t>> {
    value.get(key).filter(|text| text.kind() == Type::String && !text.raw().is_empty())
}

/// The pieces of a content, which may be a string alone; none of them empty texts.
fn items(content: Option<Value<'_>>) -> impl Iterator<Item = Value<'_>> {
    let whole = content.filter(|content| content.kind() == Type::String);
    let items = content.into_iter().flat_map(|content| content.items());
    whole.into_iter().chain(items).filter(|item| text_of(*item).is_none_or(|text| !text.raw().is_empty()))
}

/// The text of a piece, if it is one.
fn text_of(item: Value<'_>) -> Option<Value<'_>> {
    match item.kind() {
        Type::String => Some(item),
        _ if item.get("type").is_some_and(|kind| kind.raw() == b"text") => {
            item.get("text").filter(|text| text.kind() == Type::String)
        }
        _ => None,
    }
}

/// A piece of a message. What a picture is kept as, apart from the transcript,
/// stays a name: `blobref:<type>;<hash>`.
pub(super) fn block(item: Value<'_>, texts: &mut Texts) -> Block {
    if let Some(text) = text_of(item) {
        return Block::Text(texts.of(text));
    }
    let kind = item.get("type").map(|kind| kind.raw()).unwrap_or_default();
    if let (b"think", Some(think)) = (kind, item.get("think").filter(|think| think.kind() == Type::String)) {
        let signature = string(item, "encrypted").map(|proof| texts.of(proof));
        return Block::Thinking { text: texts.of(think), signature };
    }
    // Written `imageUrl` by one program and `image_url` by the other.
    let url = item.path(&["imageUrl", "url"]).or_else(|| item.path(&["image_url", "url"]));
    match url.filter(|url| kind == b"image_url" && url.kind() == Type::String) {
        Some(url) => match texts.data_url(url) {
            Some((media, data)) => Block::Image(media, data),
            None => Block::Image(String::new(), texts.of(url)),
        },
        None => Block::Other(texts.json(item)),
    }
}

/// The pieces of a content as parts of a result.
pub(super) fn parts(content: Option<Value<'_>>, texts: &mut Texts) -> Vec<Part> {
    let part = |item| match block(item, texts) {
        Block::Text(text) => Part::Text(text),
        Block::Image(media, data) => Part::Image(media, data),
        _ => Part::Other(texts.json(item)),
    };
    match content.map(|content| content.kind()) {
        Some(Type::String | Type::Array) | None => items(content).map(part).collect(),
        Some(_) => content.map(|content| Part::Other(texts.json(content))).into_iter().collect(),
    }
}

/// A result of the call of that native id.
pub(super) fn outcome(id: Key, failed: bool, parts: Vec<Part>) -> Draft {
    let status = if failed { Status::Error } else { Status::Ok };
    let blocks = vec![Block::Result { call: None, status, parts }];
    Draft { results: vec![id], ..Draft::of(Role::User, blocks) }
}

/// A call: its block, and the file that it is about.
pub(super) fn call(
    name: &str,
    arguments: Option<Value<'_>>,
    texts: &mut Texts,
    files: &mut Vec<String>,
) -> Block {
    let action = step::action(ACTIONS, name);
    let input = match arguments {
        // The arguments as the model wrote them: JSON in a string.
        Some(text) if text.kind() == Type::String => {
            let text = text.bytes().unwrap_or_default();
            let path = serde_json::from_slice::<serde_json::Value>(&text).ok();
            let path = path.as_ref().and_then(|args| args.get("path")?.as_str());
            files.extend(path.and_then(|path| step::file(action, path)));
            texts.input(&text)
        }
        Some(args) if !args.is_null() => {
            files.extend(args.string("path").and_then(|path| step::file(action, &path)));
            Input::Json(texts.json(args))
        }
        _ => Input::Json(Json { literal: b"{}".to_vec(), holes: Vec::new() }),
    };
    Block::Call { name: name.to_owned(), action, input }
}

/// The pieces of a prompt, with its first words.
pub(super) fn prompt(content: Option<Value<'_>>, texts: &mut Texts, step: &mut Step) {
    let blocks: Vec<Block> = items(content).map(|item| block(item, texts)).collect();
    if blocks.is_empty() {
        return;
    }
    let words = items(content).filter_map(|item| text_of(item)?.str().map(|text| first_words(&text)));
    step.prompt = Some(words.into_iter().find(|words| !words.is_empty()).unwrap_or_default());
    step.message = Some(Draft::of(Role::User, blocks));
}

/// The words of a content, joined, without the white space around them.
pub(super) fn words(content: Option<Value<'_>>) -> Vec<u8> {
    let texts = items(content).filter_map(|item| Some(text_of(item)?.bytes()?.into_owned()));
    texts.collect::<Vec<_>>().concat().trim_ascii().to_vec()
}

/// What nobody typed: each text as `make` has it.
pub(super) fn put_in(
    content: Option<Value<'_>>,
    texts: &mut Texts,
    make: fn(crate::object::message::Text) -> Block,
) -> Option<Draft> {
    let blocks = items(content).map(|item| match block(item, texts) {
        Block::Text(text) => make(text),
        other => other,
    });
    let blocks: Vec<Block> = blocks.collect();
    (!blocks.is_empty()).then(|| Draft::of(Role::System, blocks))
}

/// An answer with its calls; `function` leads from a call to what holds its
/// name and arguments, if that isn't the call itself.
pub(super) fn answer(
    message: Value<'_>,
    calls: Option<Value<'_>>,
    function: Option<&str>,
    texts: &mut Texts,
    step: &mut Step,
) {
    let mut blocks: Vec<Block> = items(message.get("content")).map(|item| block(item, texts)).collect();
    let mut ids = Vec::new();
    for item in calls.into_iter().flat_map(|calls| calls.items()) {
        let body = function.map_or(Some(item), |key| item.get(key)).unwrap_or(item);
        let name = body.string("name").unwrap_or_default();
        blocks.push(call(&name, body.get("arguments"), texts, &mut step.files));
        ids.push(native(item, "id"));
    }
    if !blocks.is_empty() {
        step.message = Some(Draft { calls: ids, ..Draft::of(Role::Assistant, blocks) });
    }
}

/// A native id.
pub(super) fn native(value: Value<'_>, key: &str) -> Key {
    Key::of(value.get(key).map(|id| id.raw()).unwrap_or_default())
}
